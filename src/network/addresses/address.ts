/** IP addresses of both families, as numbers that say which they are of. Pure. */
import ipaddr from 'ipaddr.js';
import { InvalidArgument } from '../../base/errors.ts';

/** The IP version. */
export type Family = 4 | 6;

/** Both IP versions, in the order in which they are handled. */
export const FAMILIES: readonly Family[] = [4, 6];
/** AF_INET and AF_INET6, which NFPROTO_IPV4 and NFPROTO_IPV6 equal. */
export const FAMILY_NUMBERS = { 4: 2, 6: 10 } as const;
/** The IP version that such a number means; undefined: another family's. */
export const familyOfNumber = (number: number | undefined): Family | undefined =>
  FAMILIES.find((family) => FAMILY_NUMBERS[family] === number);
/** Every address of a family. */
export const ANY_ADDRESS = { 4: '0.0.0.0', 6: '::' } as const;

/** An address: its bits as one number. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** Bits of an address: 32 or 128. */
export const bitsOf = (family: Family): 32 | 128 => (family === 4 ? 32 : 128);

/** The address with these bits. @throws RangeError when the family has no such address */
export function addressOf(family: Family, value: bigint): Address {
  if (value < 0n || value >> BigInt(bitsOf(family)) !== 0n)
    throw new RangeError(`${value} is no IPv${family} address`);
  return { family, value };
}

/** Whether the text is one address: four decimal numbers, or IPv6 without a zone. */
export const isAddress = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && /^[0-9a-f:.]+$/i.test(text));

/** Which family the text of an address is of. */
export const familyOf = (text: string): Family => (text.includes(':') ? 6 : 4);

/** @throws InvalidArgument unless it is one address of either family */
export function parseAddress(text: string): Address {
  if (!isAddress(text)) throw new InvalidArgument(`invalid IP address: ${JSON.stringify(text)}`);
  return addressFromBytes(Uint8Array.from(ipaddr.parse(text).toByteArray()));
}

/** Reads four or sixteen bytes in network order. @throws RangeError for any other length */
export function addressFromBytes(bytes: Uint8Array): Address {
  if (bytes.length !== 4 && bytes.length !== 16) throw new RangeError(`an address of ${bytes.length} bytes`);
  const value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  return { family: bytes.length === 4 ? 4 : 6, value };
}

/** The bytes in network order. */
export const addressBytes = ({ family, value }: Address): Buffer =>
  Buffer.from(value.toString(16).padStart(bitsOf(family) / 4, '0'), 'hex');

/** The customary text: dotted decimal, or IPv6 shortened as RFC 5952 wants it. */
export const formatAddress = (address: Address): string =>
  ipaddr.fromByteArray([...addressBytes(address)]).toString();

/** Whether they are one address. */
export const isSame = (a: Address, b: Address): boolean => a.family === b.family && a.value === b.value;
