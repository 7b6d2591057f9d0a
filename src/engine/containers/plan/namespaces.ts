/** Namespaces that a container shares: with the host, with another container, or with nobody. */
import type { HostConfig } from '../../../model/container.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import { joinedContainer, modeOfJoining } from '../../../model/namespace-mode.ts';
import type { Namespace, Supervisor } from '../../../runtime/index.ts';
import { type NetworkMode, networkModeOf } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import type { Directory } from '../directory.ts';
import type { WithDirectory, WithNetworks } from '../needs.ts';
import type { ContainerRecord } from '../record.ts';
import { isAlive } from '../state.ts';

/** What joined namespaces are found by. */
export type NamespacesDeps = WithDirectory & WithNetworks;

/** @throws NotFound, Conflict when the other container does not run */
export function joinedNamespaces(
  deps: NamespacesDeps,
  container: Container,
  sandboxId: string | undefined,
): { network: Namespace; pid: Namespace; ipc: Namespace } {
  const { hostConfig, config } = container.record;
  const { PidMode = '', IpcMode = '' } = hostConfig;
  return {
    network: config.NetworkDisabled ? 'private' : network(deps, networkModeOf(hostConfig), sandboxId),
    pid: joined(deps, PidMode, 'pid'),
    ipc: IpcMode === 'none' ? 'private' : joined(deps, IpcMode, 'ipc'),
  };
}

function network(deps: NamespacesDeps, mode: NetworkMode, sandboxId: string | undefined): Namespace {
  switch (mode.is) {
    case 'host':
      return 'host';
    case 'container':
      return { path: `/proc/${donor(deps, mode.id, 'net').pid}/ns/net` };
    case 'none':
    case 'network':
      return sandboxId === undefined ? 'private' : { path: deps.networks.sandboxes.sandboxPath(sandboxId) };
    default:
      return mode satisfies never;
  }
}

function joined(deps: WithDirectory, mode: string, kind: 'pid' | 'ipc'): Namespace {
  if (mode === 'host') return 'host';
  const other = joinedContainer(mode);
  if (other === undefined) return 'private';
  return { path: `/proc/${donor(deps, other, kind).pid}/ns/${kind}` };
}

/** The running container whose namespace is joined, and its first process. @throws NotFound, Conflict */
function donor(
  deps: WithDirectory,
  name: string,
  kind: 'net' | 'pid' | 'ipc',
): { container: Container; pid: number } {
  const container = deps.directory.find(name);
  const task = joinableTask(container);
  if (task !== undefined) return { container, pid: task.pid };
  throw containerFailure.joinsNotRunning({
    what: kind === 'net' ? 'network' : `${kind} namespace`,
    id: container.id,
  });
}

/** The task whose namespaces others can join now; undefined when the container does not run, or is about to end. */
export const joinableTask = ({ record, task }: Container): Container['task'] =>
  isAlive(record.state) && task !== undefined && !task.ending ? task : undefined;

/** Modes that name a container by its id, so that they hold when it is renamed; what names none stays as it is. */
export function byId(directory: Pick<Directory, 'lookUp'>, host: HostConfig): HostConfig {
  const named = (['NetworkMode', 'PidMode', 'IpcMode'] as const).flatMap((member) => {
    const name = joinedContainer(host[member]);
    const other = name ? directory.lookUp(name) : undefined; // who asked tells of one that is unknown
    return other ? [[member, modeOfJoining(other.id)] as const] : [];
  });
  return { ...host, ...Object.fromEntries(named) };
}

/** Whether others may join: then its /dev/shm is one that the engine made, outside of every container's hands. */
export const sharesMemory = ({
  hostConfig,
  mounts,
}: Pick<ContainerRecord, 'hostConfig' | 'mounts'>): boolean =>
  hostConfig.IpcMode === 'shareable' && !mounts.some(({ point }) => point.Destination === '/dev/shm');

const HOST_SHARED_MEMORY = '/dev/shm';

/**
 * What the container has for /dev/shm: a tmpfs of the engine's, its own or that of the donor at whom a chain of joins
 * ends; the host's, where the chain ends at the host. Undefined: a tmpfs that nobody else may have. @throws Conflict
 */
export function sharedMemoryOf(
  deps: WithDirectory & { readonly supervisor: Pick<Supervisor, 'sharedMemory'> },
  { record }: Container,
): string | undefined {
  if (sharesMemory(record)) return deps.supervisor.sharedMemory(record.id);
  if (record.hostConfig.IpcMode === 'host') return HOST_SHARED_MEMORY;
  const name = joinedContainer(record.hostConfig.IpcMode);
  if (name === undefined) return undefined;
  const { container: other } = donor(deps, name, 'ipc');
  // It may itself have joined another one's. No ring can be: whoever starts does not run yet.
  const shared = sharedMemoryOf(deps, other);
  if (shared !== undefined) return shared;
  throw containerFailure.ipcNotShareable({ id: other.id });
}
