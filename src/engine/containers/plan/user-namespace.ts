/** The user namespace of a container, where containers have ids of their own. */
import { closeSync, openSync } from 'node:fs';
import { userNamespaceOf } from '../../../linux/index.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import { joinedContainer } from '../../../model/namespace-mode.ts';
import type { Namespace } from '../../../runtime/index.ts';
import { networkModeOf } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import type { WithDirectory, WithLayers, WithNetworks } from '../needs.ts';
import { joinableTask } from './namespaces.ts';

type Deps = WithDirectory & WithLayers;

/** Whether its ids are not the host's. */
export const isMapped = ({ storage }: WithLayers, { id }: Pick<Container, 'id'>): boolean =>
  storage.layers.mappedIds(id) !== undefined;

/**
 * That of a container whose namespaces it joins: they belong to it. Undefined: it joins none. @throws Conflict when the
 * other does not run, or has the host's ids
 */
export function joinedUserNamespace(
  deps: Deps,
  { record }: Pick<Container, 'record'>,
  kinds: readonly ('ipc' | 'net' | 'pid')[] = ['net', 'ipc', 'pid'],
): string | undefined {
  const { IpcMode, PidMode } = record.hostConfig;
  const network = networkModeOf(record.hostConfig);
  const names = {
    net: network.is === 'container' ? network.id : undefined,
    ipc: joinedContainer(IpcMode),
    pid: joinedContainer(PidMode),
  };
  const name = kinds.map((kind) => names[kind]).find(Boolean);
  if (name === undefined) return undefined;
  const other = deps.directory.find(name);
  const task = joinableTask(other);
  if (task === undefined) return undefined; // who joins tells of it
  if (!isMapped(deps, other)) throw containerFailure.joinsHostIds({ id: other.id });
  return `/proc/${task.pid}/ns/user`;
}

/** `held`: keeps it until the runtime has entered it. @throws Conflict, SystemError */
export function userNamespaceFor(
  deps: Deps & WithNetworks,
  container: Container,
  sandboxId: string | undefined,
  held: DisposableStack,
): Namespace {
  if (!isMapped(deps, container)) return 'host';
  const joined = joinedUserNamespace(deps, container);
  if (joined !== undefined) return { path: joined };
  if (sandboxId === undefined) return 'private';
  const network = openSync(deps.networks.sandboxes.sandboxPath(sandboxId), 'r');
  try {
    const fd = held.adopt(userNamespaceOf(network), closeSync);
    return { path: `/proc/${process.pid}/fd/${fd}` };
  } finally {
    closeSync(network);
  }
}
