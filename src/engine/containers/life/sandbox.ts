/** The network sandbox of a container's run: its own, or another container's in which it is a guest. */
import { inContext } from '../../../base/errors.ts';
import { isFailure } from '../../../base/failures.ts';
import { networkContext, networkFailure } from '../../../model/failures/network.ts';
import type { Endpoint, Endpoints, LivingSandbox, NetworkRequest, Networks } from '../../../network/index.ts';
import { asGuest, networkModeOf } from '../../networks/index.ts';
import { wantedNetworks } from '../attachments/wanted.ts';
import type { Container } from '../container.ts';
import type { WithDirectory, WithLayers, WithLog, WithNames, WithNetworks } from '../needs.ts';
import { isMapped, joinedUserNamespace } from '../plan/user-namespace.ts';
import { NO_SANDBOX, type SandboxRecord } from '../record.ts';
import { publishedPorts } from '../settle/ports.ts';
import { takeFromGuests } from './guests.ts';

/** Enters it; `undo` leaves it. @throws Failed when a port or address is taken, NotFound, Conflict */
export async function enterSandbox(
  deps: WithDirectory & WithLayers & WithLog & WithNames & WithNetworks,
  container: Container,
  undo: AsyncDisposableStack,
): Promise<SandboxRecord> {
  const { hostConfig, config } = container.record;
  const mode = networkModeOf(hostConfig);
  if (config.NetworkDisabled) return NO_SANDBOX;
  if (mode.is === 'container') return shareOf(deps, container, deps.directory.find(mode.id), undo);
  const { requests, attachments } = wantedNetworks(deps, container.record);
  container.set({ attachments, networksChange: false });
  if (mode.is !== 'network' && requests.length === 0) return NO_SANDBOX;
  return await openOwn(deps, container, requests, undo);
}

async function openOwn(
  deps: WithDirectory & WithLayers & WithLog & WithNames & WithNetworks,
  container: Container,
  requests: readonly NetworkRequest[],
  undo: AsyncDisposableStack,
): Promise<SandboxRecord> {
  const { names, networks } = deps;
  const { record } = container;
  const { id, hostConfig, config } = record;
  const sandboxId = networks.sandboxes.freeSandboxId(id);
  const ports = publishedPorts(hostConfig, config.ExposedPorts);
  await takeFromGuests(deps, requests);
  const endpoints = await networks.sandboxes
    .open({ sandboxId, owner: id, ports, endpoints: requests, user: userOf(deps, container) })
    .catch((cause: unknown) => {
      // Where Docker's clients look for it when a port is taken.
      const isTaken =
        isFailure(cause, networkFailure.portNotBound) || isFailure(cause, networkFailure.portsAllocated);
      const network = requests[0]?.network.id ?? '';
      throw isTaken ? inContext(cause, networkContext.publish({ container: record.name, network })) : cause;
    });
  undo.defer(() => networks.sandboxes.leave(sandboxId, id));
  names.renew(record, endpoints);
  undo.defer(() => names.forget(id));
  await names.serve(container, sandboxId);
  return { sandboxId, endpoints };
}

/** Without ids of its own where others have such, or with those of a container whose namespaces it joins. @throws Conflict */
function userOf(
  deps: WithDirectory & WithLayers,
  container: Container,
): 'host' | { readonly path: string } | undefined {
  if (deps.storage.mappedIds === undefined) return undefined;
  if (!isMapped(deps, container)) return 'host';
  const path = joinedUserNamespace(deps, container);
  return path === undefined ? undefined : { path };
}

/** The other's sandbox lives as long as a guest runs in it, whatever becomes of the other. */
function shareOf(
  { networks }: WithNetworks,
  { id }: Container,
  other: Container,
  undo: AsyncDisposableStack,
): SandboxRecord {
  const { sandboxId } = other.record;
  const endpoints = sandboxId === undefined ? undefined : networks.sandboxes.share(sandboxId, id);
  if (sandboxId === undefined || endpoints === undefined) return NO_SANDBOX;
  undo.defer(() => networks.sandboxes.leave(sandboxId, id));
  return { sandboxId, endpoints: asGuest(endpoints) };
}

/** The sandboxes that these running containers are in. A sandbox's owner, while it is among them, knows its ports. */
export function livingSandboxes(
  networks: Networks,
  running: readonly Container[],
): Map<string, LivingSandbox> {
  const found = new Map<string, LivingSandbox>();
  for (const container of running) {
    const { id, hostConfig, sandboxId } = container.record;
    if (sandboxId === undefined) continue;
    const endpoints = byNetworkId(networks, container.record.endpoints);
    container.set({ endpoints });
    const isOwner = networkModeOf(hostConfig).is !== 'container';
    const known = found.get(sandboxId);
    found.set(sandboxId, {
      endpoints: isOwner || known === undefined ? endpoints : known.endpoints,
      owner: isOwner ? id : (known?.owner ?? ''),
      holders: [...(known?.holders ?? []), id],
    });
  }
  return found;
}

/** An older layout of the record knew its network by name. */
export const byNetworkId = (networks: Networks, endpoints: Endpoints): Endpoints =>
  Object.fromEntries(
    Object.entries(endpoints).map(([key, endpoint]): [string, Endpoint] => [
      networks.find(key)?.id ?? key,
      endpoint,
    ]),
  );
