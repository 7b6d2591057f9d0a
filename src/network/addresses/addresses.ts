/** IPv4 subnets, the addresses in them, and hardware addresses made from addresses. Pure. */
import { randomBytes } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { Failed, InvalidArgument } from '../../base/errors.ts';

/** A subnet with the address of its gateway; addresses as unsigned 32-bit numbers. */
export interface Subnet {
  readonly base: number;
  readonly prefixLength: number;
  readonly gateway: number;
}
/** What somebody else uses: a route's destination or an interface's network. */
export interface Range {
  readonly base: number;
  readonly prefixLength: number;
}

const maskOf = (prefixLength: number): number =>
  prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
const sizeOf = (prefixLength: number): number => 2 ** (32 - prefixLength);

export const formatAddress = (address: number): string => [...addressBytes(address)].join('.');
export function addressBytes(address: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(address >>> 0);
  return out;
}
export const isAddress = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text);
/** @throws InvalidArgument unless it is four decimal numbers */
export function parseAddress(text: string): number {
  if (!isAddress(text)) throw new InvalidArgument(`invalid IPv4 address: ${JSON.stringify(text)}`);
  return Buffer.from(ipaddr.IPv4.parse(text).toByteArray()).readUInt32BE(0);
}
export const formatSubnet = (subnet: Range): string => `${formatAddress(subnet.base)}/${subnet.prefixLength}`;

/** The network that an address with a prefix length lies in. */
export const rangeOf = (address: number, prefixLength: number): Range => ({
  base: (address & maskOf(prefixLength)) >>> 0,
  prefixLength,
});
export const overlaps = (a: Range, b: Range): boolean => {
  const mask = maskOf(Math.min(a.prefixLength, b.prefixLength));
  return (a.base & mask) === (b.base & mask);
};

/** Networks a bridge cannot have: loopback, link-local, multicast and what follows it, "this network". */
const UNUSABLE: readonly Range[] = [
  { base: 0, prefixLength: 8 },
  rangeOf(parseAddress('127.0.0.0'), 8),
  rangeOf(parseAddress('169.254.0.0'), 16),
  rangeOf(parseAddress('224.0.0.0'), 3),
];

/**
 * Reads `172.30.0.1/16`: the address is the gateway; with host bits of zero, the first address is.
 * @throws InvalidArgument when it is no subnet for a bridge
 */
export function parseSubnet(text: string): Subnet {
  const parts = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const prefixLength = Number(parts?.[2]);
  if (!parts || prefixLength < 4 || prefixLength > 30)
    throw new InvalidArgument(
      `invalid subnet ${JSON.stringify(text)}: want ADDRESS/PREFIX with a prefix from 4 to 30`,
    );
  const address = parseAddress(parts[1] ?? '');
  const range = rangeOf(address, prefixLength);
  if (UNUSABLE.some((each) => overlaps(each, range)))
    throw new InvalidArgument(`invalid subnet ${text}: a bridge cannot have this network`);
  const gateway = address === range.base ? range.base + 1 : address;
  if (gateway === range.base + sizeOf(prefixLength) - 1)
    throw new InvalidArgument(`invalid subnet ${text}: the gateway is the broadcast address`);
  return { ...range, gateway };
}

/** Where a bridge's subnet is looked for, in this order (the same as Docker's default pools). */
const CANDIDATES: readonly Subnet[] = [
  ...Array.from({ length: 15 }, (_, i) => parseSubnet(`172.${17 + i}.0.0/16`)),
  ...Array.from({ length: 16 }, (_, i) => parseSubnet(`192.168.${16 * i}.0/20`)),
];

/** @throws Failed when everything is taken */
export function chooseSubnet(taken: readonly Range[]): Subnet {
  const free = CANDIDATES.find((candidate) => !taken.some((each) => overlaps(each, candidate)));
  if (!free)
    throw new Failed(
      'could not find an available, non-overlapping IPv4 address pool: configure one by --bip',
    );
  return free;
}

/** The addresses of a subnet; the next free one after the last given, so that a freed one rests for a while. */
export class AddressPool {
  readonly subnet: Subnet;
  readonly #used = new Set<number>();
  #last: number;

  constructor(subnet: Subnet) {
    this.subnet = subnet;
    this.#last = subnet.gateway;
  }

  /** @throws Failed when none is free */
  take(): number {
    const { base, prefixLength, gateway } = this.subnet;
    const hosts = sizeOf(prefixLength) - 2;
    for (let step = 1; step <= hosts; step++) {
      const address = base + 1 + ((this.#last - base - 1 + step) % hosts);
      if (address === gateway || this.#used.has(address)) continue;
      this.#used.add(address);
      this.#last = address;
      return address;
    }
    throw new Failed(
      `no available IPv4 addresses on this network's address pools: ${formatSubnet(this.subnet)}`,
    );
  }

  /** Marks one as used that was given in an earlier life. */
  claim(address: number): void {
    this.#used.add(address);
    this.#last = address;
  }
  release(address: number): void {
    this.#used.delete(address);
  }
}

/** 02:42 (locally administered) and the four bytes of the address, as Docker does. */
export const hardwareAddressFor = (address: number): Buffer =>
  Buffer.from([0x02, 0x42, ...addressBytes(address)]);
export const randomHardwareAddress = (): Buffer => Buffer.from([0x02, 0x42, ...randomBytes(4)]);

export const formatHardwareAddress = (mac: Buffer): string =>
  [...mac].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
/** @throws InvalidArgument unless it is a unicast address of six bytes, separated by `:` or `-` */
export function parseHardwareAddress(text: string): Buffer {
  if (!/^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}$/i.test(text))
    throw new InvalidArgument(`invalid MAC address: ${JSON.stringify(text)}`);
  const bytes = Buffer.from(text.replace(/[:-]/g, ''), 'hex');
  if ((bytes.readUInt8(0) & 1) === 1 || bytes.every((byte) => byte === 0))
    throw new InvalidArgument(`invalid MAC address: ${text} is not a unicast address`);
  return bytes;
}
