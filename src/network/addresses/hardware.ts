/** Hardware (MAC) addresses: six bytes. */
import { randomBytes } from 'node:crypto';
import { InvalidArgument } from '../../base/errors.ts';
import { type Address, addressBytes } from './address.ts';

/** 02:42 (locally administered) and the last four bytes of the address, as Docker makes it from an IPv4 address. */
export const hardwareAddressFor = (address: Address): Buffer =>
  Buffer.from([0x02, 0x42, ...addressBytes(address).subarray(-4)]);

/** One that nobody else is likely to have, for an interface of the host's. */
export const randomHardwareAddress = (): Buffer => Buffer.from([0x02, 0x42, ...randomBytes(4)]);

/** Six pairs of hex digits with colons. */
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
