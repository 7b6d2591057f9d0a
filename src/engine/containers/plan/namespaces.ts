/** Namespaces that a container shares: with the host, with another container, or with nobody. */
import { Conflict } from '../../../base/errors.ts';
import type { HostConfig } from '../../../model/container.ts';
import type { Namespace } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import type { ContainersDeps } from '../deps.ts';
import type { Directory } from '../directory.ts';
import { isAlive } from '../life/state.ts';
import type { ContainerRecord } from '../record.ts';

/** @throws NotFound, Conflict when the other container does not run */
export function joinedNamespaces(
  deps: ContainersDeps,
  container: Container,
): { network: Namespace; pid: Namespace; ipc: Namespace } {
  const { hostConfig, id, config } = container.record;
  const { NetworkMode = '', PidMode = '', IpcMode = '' } = hostConfig;
  return {
    network: config.NetworkDisabled ? 'private' : network(deps, NetworkMode, id),
    pid: joined(deps, PidMode, 'pid'),
    ipc: IpcMode === 'none' ? 'private' : joined(deps, IpcMode, 'ipc'),
  };
}

function network(deps: ContainersDeps, mode: string, id: string): Namespace {
  if (mode === 'bridge' && deps.network) return { path: deps.network.namespacePath(id) };
  return joined(deps, mode, 'net');
}

function joined(deps: ContainersDeps, mode: string, kind: 'net' | 'pid' | 'ipc'): Namespace {
  if (mode === 'host') return 'host';
  if (!mode.startsWith('container:')) return 'private';
  return { path: `/proc/${donor(deps, mode, kind).pid}/ns/${kind}` };
}

/** The running container that a mode names, and its first process. @throws NotFound, Conflict */
function donor(
  deps: ContainersDeps,
  mode: string,
  kind: 'net' | 'pid' | 'ipc',
): { container: Container; pid: number } {
  const container = deps.directory.find(mode.slice('container:'.length));
  const { record, task } = container;
  if (isAlive(record.state) && task !== undefined) return { container, pid: task.pid };
  throw new Conflict(
    `cannot join ${kind === 'net' ? 'network' : `${kind} namespace`} of a non running container: ${record.id}`,
  );
}

/** Modes that name a container by its id, so that they hold when it is renamed; what names none stays as it is. */
export function byId(directory: Pick<Directory, 'find'>, host: HostConfig): HostConfig {
  const id = (mode: string): string => {
    try {
      return `container:${directory.find(mode.slice('container:'.length)).id}`;
    } catch {
      return mode; // told when it starts
    }
  };
  const named = (['NetworkMode', 'PidMode', 'IpcMode'] as const).filter((name) =>
    /^container:./.test(host[name] ?? ''),
  );
  return { ...host, ...Object.fromEntries(named.map((name) => [name, id(host[name] ?? '')])) };
}

/** Whether others may join: then its /dev/shm is one that the engine made, outside of every container's hands. */
export const sharesMemory = ({
  hostConfig,
  mounts,
}: Pick<ContainerRecord, 'hostConfig' | 'mounts'>): boolean =>
  hostConfig.IpcMode === 'shareable' && !mounts.some(({ point }) => point.Destination === '/dev/shm');

/** The tmpfs of the engine's that the container has for /dev/shm: its own, or the one of whom it joins. @throws Conflict */
export function sharedMemoryOf(deps: ContainersDeps, { record }: Container): string | undefined {
  const mode = record.hostConfig.IpcMode ?? '';
  if (sharesMemory(record)) return deps.supervisor.sharedMemory(record.id);
  if (!mode.startsWith('container:')) return undefined;
  const { container: other } = donor(deps, mode, 'ipc');
  // It may itself have joined another one's. No ring can be: whoever starts does not run yet.
  const shared = sharedMemoryOf(deps, other);
  if (shared !== undefined) return shared;
  throw new Conflict(
    `failed to join IPC namespace: container ${other.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
}
