/** Which addresses an endpoint gets of its network's pools. */
import { isFailure } from '../../base/failures.ts';
import { shortId } from '../../formats/digest.ts';
import { networkFailure } from '../../model/failures/network.ts';
import { type Address, FAMILIES, formatAddress } from './address.ts';
import type { AddressPool } from './pool.ts';
import { contains, formatRange, type Subnet } from './subnet.ts';

/** What an endpoint asks of its network's pools. */
export interface AddressWish {
  readonly wanted: readonly Address[];
  /** Taken where none is wanted, if they are free. */
  readonly former: readonly Address[];
  /** Who has the pools' addresses, by the sandboxes' ids, which are their owners': said when none is left. */
  readonly holders: () => readonly string[];
}

/**
 * One address of each family that the pools have: the wanted one, else the former one, else the next of
 * the first pool that has one free. `undo`
 * gives them back. @throws as `AddressPool.take`
 */
export function takeEach(
  pools: readonly AddressPool[],
  { wanted, former, holders }: AddressWish,
  undo: AsyncDisposableStack,
): { readonly address: Address; readonly subnet: Subnet }[] {
  for (const each of wanted)
    if (!pools.some(({ subnet }) => contains(subnet, each)))
      throw networkFailure.addressOutOfRange({ address: formatAddress(each) });
  return FAMILIES.flatMap((family) => {
    const mine = pools.filter(({ subnet }) => subnet.base.family === family);
    if (mine.length === 0) return [];
    const asked = wanted.find((each) => each.family === family);
    const { pool, address } =
      (asked === undefined && takeAgain(mine, former)) || takeOne(mine, asked, holders);
    undo.defer(() => pool.release(address));
    return [{ address, subnet: pool.subnet }];
  });
}

/** The first former one that one of the pools still has. */
function takeAgain(
  pools: readonly AddressPool[],
  former: readonly Address[],
): { readonly pool: AddressPool; readonly address: Address } | undefined {
  for (const each of former)
    for (const pool of pools) {
      const address = contains(pool.subnet, each) ? pool.takeIfFree(each) : undefined;
      if (address !== undefined) return { pool, address };
    }
  return undefined;
}

/** @throws Failed when none of the pools has one free; Forbidden when the wanted one is taken */
function takeOne(
  pools: readonly AddressPool[],
  asked: Address | undefined,
  holders: AddressWish['holders'],
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
  if (!isFailure(full, networkFailure.noAddressFree)) throw full;
  const [{ subnet }] = fitting as readonly [AddressPool];
  throw networkFailure.noAddressFree({
    family: subnet.base.family,
    subnet: fitting.map((pool) => formatRange(pool.subnet)).join(', '),
    holders: holders().map(shortId),
  });
}
