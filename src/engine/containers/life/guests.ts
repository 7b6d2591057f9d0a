/** Guests: containers that run in another container's sandbox, also when that one has ended. */
import { formatAddress, type NetworkRequest, parseAddress } from '../../../network/index.ts';
import { asGuest, networkModeOf } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import type { WithDirectory, WithLog, WithNetworks } from '../needs.ts';
import type { ContainerRecord } from '../record.ts';
import { isAlive } from '../state.ts';

const isGuest = ({ hostConfig }: ContainerRecord): boolean => networkModeOf(hostConfig).is === 'container';

/** Whether the container whose sandbox it runs in runs too. */
export function isGuestOfRunning({ directory }: WithDirectory, { record }: Container): boolean {
  if (!isGuest(record)) return false;
  return [...directory].some(
    ({ record: other }) => other.sandboxId === record.sandboxId && isAlive(other.state) && !isGuest(other),
  );
}

/**
 * Addresses that are asked for, and that only guests of an ended container have, go to who asks: the guests leave that
 * network, as they do on dockerd when the other one ends. @throws NetlinkError
 */
export async function takeFromGuests(
  deps: WithDirectory & WithLog & WithNetworks,
  requests: readonly NetworkRequest[],
): Promise<void> {
  for (const { network, addresses = [] } of requests) {
    if (addresses.length === 0) continue; // nearly always: then nobody need be looked at
    const wanted = new Set(addresses.map((each) => formatAddress(parseAddress(each))));
    const holders = [...deps.directory].filter(
      (each) => hasOneOf(each, network.id, wanted) && !isGuestOfRunning(deps, each),
    );
    for (const sandboxId of new Set(holders.map(({ record }) => record.sandboxId)))
      if (sandboxId !== undefined) await takeOff(deps, sandboxId, network);
  }
}

function hasOneOf({ record }: Container, networkId: string, wanted: ReadonlySet<string>): boolean {
  const { addresses = [] } = record.endpoints[networkId] ?? {};
  return isGuest(record) && isAlive(record.state) && addresses.some(({ address }) => wanted.has(address));
}

/** On record first: after a kill in between, the next daemon takes the interface away. */
async function takeOff(
  deps: WithDirectory & WithLog & WithNetworks,
  sandboxId: string,
  network: NetworkRequest['network'],
): Promise<void> {
  const { sandboxes } = deps.networks;
  const guests = [...deps.directory].filter(({ record }) => record.sandboxId === sandboxId);
  const endpoints = asGuest(sandboxes.without(sandboxId, network));
  for (const guest of guests) await guest.save({ endpoints, networksChange: true });
  await sandboxes.disconnect(sandboxId, network);
  for (const guest of guests) await guest.keep({ networksChange: false }, deps);
}
