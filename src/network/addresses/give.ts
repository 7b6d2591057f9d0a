/** Which addresses an endpoint gets of its network's pools. */
import { networkFailure } from '../../model/failures/network.ts';
import { type Address, type Family, formatAddress } from './address.ts';
import type { AddressPool } from './pool.ts';
import { contains, type Subnet } from './subnet.ts';

const FAMILIES: readonly Family[] = [4, 6];

/**
 * One address of each family that the pools have: the wanted one, else the next of the first pool that has one free. `undo`
 * gives them back. @throws as `AddressPool.take`
 */
export function takeEach(
  pools: readonly AddressPool[],
  wanted: readonly Address[],
  undo: AsyncDisposableStack,
): { readonly address: Address; readonly subnet: Subnet }[] {
  for (const each of wanted)
    if (!pools.some(({ subnet }) => contains(subnet, each)))
      throw networkFailure.addressOutOfRange({ address: formatAddress(each) });
  return FAMILIES.flatMap((family) => {
    const mine = pools.filter(({ subnet }) => subnet.base.family === family);
    if (mine.length === 0) return [];
    const asked = wanted.find((each) => each.family === family);
    const { pool, address } = takeOne(mine, asked);
    undo.defer(() => pool.release(address));
    return [{ address, subnet: pool.subnet }];
  });
}

/** @throws Failed when none of the pools has one free; Forbidden when the wanted one is taken */
function takeOne(
  pools: readonly AddressPool[],
  asked: Address | undefined,
): { readonly pool: AddressPool; readonly address: Address } {
  const fitting = asked === undefined ? pools : pools.filter(({ subnet }) => contains(subnet, asked));
  let full: unknown;
  for (const pool of fitting) {
    try {
      return { pool, address: pool.take(asked) };
    } catch (error) {
      full = error;
    }
  }
  throw full;
}
