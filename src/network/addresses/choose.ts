/** Which subnets networks get that ask for none: the first free one of some address pools. Pure. */
import { createHash } from 'node:crypto';
import { networkFailure } from '../../model/failures/network.ts';
import { addressFromBytes, type Family } from './address.ts';
import { lastOf, overlaps, parseRange, type Range, type Subnet, sizeOf, subnetOf } from './subnet.ts';

/** A range that subnets are cut from (`--default-address-pool base=…,size=…`). */
export interface SubnetPool {
  readonly base: Range;
  /** Prefix length of each subnet; the base's at least. */
  readonly size: number;
}

/** Docker's own pools of IPv4. */
const DOCKER_POOLS: readonly SubnetPool[] = [
  ...[
    '172.17.0.0/16',
    '172.18.0.0/16',
    '172.19.0.0/16',
    '172.20.0.0/14',
    '172.24.0.0/14',
    '172.28.0.0/14',
  ].map((base) => ({ base: parseRange(base), size: 16 })),
  { base: parseRange('192.168.0.0/16'), size: 20 },
];

/** A /48 of the unique local addresses (RFC 4193) that only this engine is likely to have, for subnets of 64 bits. */
function localPool(mark: string): SubnetPool {
  const globalId = createHash('sha256').update(mark).digest().subarray(0, 5);
  const base = addressFromBytes(Buffer.concat([Buffer.from([0xfd]), globalId, Buffer.alloc(10)]));
  return { base: { base, prefixLength: 48 }, size: 64 };
}

/** The pools of an engine: those that were asked for; where they lack a family, Docker's and unique local addresses. */
export function subnetPools(asked: readonly SubnetPool[], mark: string): readonly SubnetPool[] {
  const lacks = (family: Family): boolean => !asked.some(({ base }) => base.base.family === family);
  return [...asked, ...(lacks(4) ? DOCKER_POOLS : []), ...(lacks(6) ? [localPool(mark)] : [])];
}

/**
 * The first subnet of the pools, in their order, that overlaps nothing that is taken; its gateway is its first address.
 * @throws Failed when there is none
 */
export function freeSubnet(family: Family, pools: readonly SubnetPool[], taken: readonly Range[]): Subnet {
  for (const { base, size } of pools) {
    if (base.base.family !== family) continue;
    const bytes = sizeOf(family, size);
    // Each step goes past what it met, so that there are no more of them than there are taken ranges.
    for (let value = base.base.value; value <= lastOf(base).value; ) {
      const candidate = subnetOf({ family, value: value + 1n }, size);
      const met = taken.find((each) => overlaps(each, candidate));
      if (met === undefined) return candidate;
      const end = [lastOf(met).value, lastOf(candidate).value].reduce((a, b) => (a > b ? a : b));
      value = (end / bytes + 1n) * bytes;
    }
  }
  throw networkFailure.noSubnetFree({ family });
}
