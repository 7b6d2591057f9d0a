/** Ranges of addresses with a common prefix, and subnets: ranges with a gateway. Both families. Pure. */
import { InvalidArgument } from '../../base/errors.ts';
import {
  type Address,
  bitsOf,
  type Family,
  familyOf,
  formatAddress,
  isAddress,
  isSame,
  parseAddress,
} from './address.ts';

/** All addresses that share the first `prefixLength` bits of `base`; the bits after them are zero in `base`. */
export interface Range {
  readonly base: Address;
  readonly prefixLength: number;
}

/** What a network gives its containers: addresses of the range, and the way out. */
export interface Subnet extends Range {
  readonly gateway: Address;
  /** This host's address on it, where another machine is the way out. Absent: the gateway. */
  readonly hostAddress?: Address;
  /** The part that addresses are given from when none is asked for. Absent: all of it. */
  readonly range?: Range;
  /** Addresses of other machines on the network: given to nobody. */
  readonly reserved?: readonly Address[];
}

/** How many addresses have this prefix. */
export const sizeOf = (family: Family, prefixLength: number): bigint =>
  1n << BigInt(bitsOf(family) - prefixLength);

const maskOf = (family: Family, prefixLength: number): bigint =>
  (1n << BigInt(bitsOf(family))) - sizeOf(family, prefixLength);

/** The range that an address with a prefix length lies in. */
export const rangeOf = ({ family, value }: Address, prefixLength: number): Range => ({
  base: { family, value: value & maskOf(family, prefixLength) },
  prefixLength,
});

/** The subnet that a gateway with a prefix length stands for. */
export const subnetOf = (gateway: Address, prefixLength: number): Subnet => ({
  ...rangeOf(gateway, prefixLength),
  gateway,
});

/** The last address of a range: in IPv4 its broadcast address. */
export const lastOf = ({ base: { family, value }, prefixLength }: Range): Address => ({
  family,
  value: value + sizeOf(family, prefixLength) - 1n,
});

/** Whether the address lies in the range. */
export const contains = (range: Range, address: Address): boolean =>
  range.base.family === address.family &&
  (address.value & maskOf(address.family, range.prefixLength)) === range.base.value;

/** Whether an address lies in both; ranges of different families never overlap. */
export const overlaps = (a: Range, b: Range): boolean =>
  a.prefixLength <= b.prefixLength ? contains(a, b.base) : contains(b, a.base);

/** Whether they are the same addresses. */
export const isSameRange = (a: Range, b: Range): boolean =>
  isSame(a.base, b.base) && a.prefixLength === b.prefixLength;

/** `172.17.0.0/16`, `fd00::/64`. */
export const formatRange = ({ base, prefixLength }: Range): string =>
  `${formatAddress(base)}/${prefixLength}`;

/** Reads `172.28.5.0/24`; bits behind the prefix may be set. @throws InvalidArgument unless it is an address with a prefix length */
export function parseRange(text: string): Range {
  const [, host = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  if (!isAddress(host) || Number(digits) > bitsOf(familyOf(host)))
    throw new InvalidArgument(`invalid CIDR address: ${text}`);
  return rangeOf(parseAddress(host), Number(digits));
}

/**
 * What no network can have. IPv4: this network, loopback, link-local, multicast and what follows it. IPv6: loopback
 * and the forms of IPv4 addresses, link-local, multicast.
 */
const UNUSABLE: readonly Range[] = [
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'],
  ...['::/8', 'fe80::/10', 'ff00::/8'],
].map(parseRange);

/** As an exception a network may have the subnet that every link has: Docker allows it. */
const LINK_LOCAL = parseRange('fe80::/64');

/** Prefix lengths of subnets: room for a gateway and a container, and no more than a pool can mean. */
const PREFIXES = { 4: [4, 30], 6: [8, 126] } as const;

/**
 * Reads `172.30.0.1/16` or `fd00::1/64`: the address is the gateway; with host bits of zero, the first address is.
 * @throws InvalidArgument when it is no subnet for a network
 */
export function parseSubnet(text: string): Subnet {
  const [, host = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = familyOf(host);
  const [least, most] = PREFIXES[family];
  const prefixLength = Number(digits);
  if (!isAddress(host) || prefixLength < least || prefixLength > most)
    throw new InvalidArgument(
      `invalid subnet ${JSON.stringify(text)}: want ADDRESS/PREFIX with a prefix from ${least} to ${most}`,
    );
  const address = parseAddress(host);
  const whole = rangeOf(address, prefixLength);
  if (UNUSABLE.some((each) => overlaps(each, whole)) && !isSameRange(whole, LINK_LOCAL))
    throw new InvalidArgument(`invalid subnet ${text}: a network cannot have this range`);
  const isBase = address.value === whole.base.value;
  const gateway = isBase ? ({ family, value: address.value + 1n } as const) : address;
  if (family === 4 && gateway.value === lastOf(whole).value)
    throw new InvalidArgument(`invalid subnet ${text}: the gateway is the broadcast address`);
  return { ...whole, gateway };
}
