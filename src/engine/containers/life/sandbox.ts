/** The network sandbox of a container's run: its own, or another container's in which it is a guest. */
import { inContext } from '../../../base/errors.ts';
import { isFailure } from '../../../base/failures.ts';
import { networkContext, networkFailure } from '../../../model/failures/network.ts';
import type { Endpoint, Endpoints, LivingSandbox, Networks } from '../../../network/index.ts';
import { asGuest, networkModeOf } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import type { WithDirectory, WithNetworks } from '../needs.ts';
import { NO_SANDBOX, type SandboxRecord } from '../record.ts';
import { publishedPorts } from '../settle/ports.ts';

/** Enters it; `undo` leaves it. @throws Failed when a port or address is taken, NotFound, Conflict */
export async function enterSandbox(
  deps: WithDirectory & WithNetworks,
  container: Container,
  undo: AsyncDisposableStack,
): Promise<SandboxRecord> {
  const { hostConfig, config } = container.record;
  const mode = networkModeOf(hostConfig);
  if (config.NetworkDisabled) return NO_SANDBOX;
  if (mode.is === 'network') return await openOwn(deps, container, mode.name, undo);
  return mode.is === 'container' ? shareOf(deps, container, deps.directory.find(mode.id), undo) : NO_SANDBOX;
}

async function openOwn(
  { networks }: WithNetworks,
  { record }: Container,
  networkName: string,
  undo: AsyncDisposableStack,
): Promise<SandboxRecord> {
  const { id, hostConfig, config, macAddress } = record;
  const network = networks.find(networkName);
  if (network === undefined) return NO_SANDBOX;
  const sandboxId = networks.freeSandboxId(id);
  const ports = publishedPorts(hostConfig, config.ExposedPorts);
  const endpoints = await networks
    .open({ sandboxId, owner: id, endpoints: [{ network, macAddress, ports }] })
    .catch((cause: unknown) => {
      // Where Docker's clients look for it when a port is taken.
      const isTaken =
        isFailure(cause, networkFailure.portNotBound) || isFailure(cause, networkFailure.portsAllocated);
      throw isTaken
        ? inContext(cause, networkContext.publish({ container: record.name, network: network.id }))
        : cause;
    });
  undo.defer(() => networks.leave(sandboxId, id));
  return { sandboxId, endpoints };
}

/** The other's sandbox lives as long as a guest runs in it, whatever becomes of the other. */
function shareOf(
  { networks }: WithNetworks,
  { id }: Container,
  other: Container,
  undo: AsyncDisposableStack,
): SandboxRecord {
  const { sandboxId } = other.record;
  const endpoints = sandboxId === undefined ? undefined : networks.share(sandboxId, id);
  if (sandboxId === undefined || endpoints === undefined) return NO_SANDBOX;
  undo.defer(() => networks.leave(sandboxId, id));
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
    const isOwner = networkModeOf(hostConfig).is === 'network';
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
