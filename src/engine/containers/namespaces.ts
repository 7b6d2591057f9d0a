/** Namespaces that a container shares: with the host, with another container, or with nobody. */
import { Conflict } from '../../base/errors.ts';
import type { Namespace } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { ContainersDeps } from './deps.ts';
import { isAlive } from './state.ts';

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
  const other = deps.directory.find(mode.slice('container:'.length));
  const { state } = other.record;
  if (!isAlive(state) || other.task === undefined)
    throw new Conflict(
      `cannot join ${kind === 'net' ? 'network' : `${kind} namespace`} of a non running container: ${other.id}`,
    );
  return { path: `/proc/${other.task.pid}/ns/${kind}` };
}
