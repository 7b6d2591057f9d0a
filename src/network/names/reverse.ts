/** Names that ask for an address's name: RFC 1035, 3.5 and RFC 3596, 2.5. Pure. */
import { addressFromBytes, formatAddress } from '../addresses/address.ts';

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/i;
const IPV6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/i;

/** The address in `2.0.17.172.in-addr.arpa`, or its like of 32 digits below ip6.arpa; undefined for other names. */
export function addressOfReverseName(name: string): string | undefined {
  const four = IPV4.exec(name)?.slice(1).map(Number).reverse();
  if (four !== undefined)
    return four.every((byte) => byte < 256)
      ? formatAddress(addressFromBytes(Uint8Array.from(four)))
      : undefined;
  const digits = IPV6.exec(name)?.[1];
  if (digits === undefined) return undefined;
  const hex = digits.replaceAll('.', '').split('').reverse().join('');
  return formatAddress(addressFromBytes(Buffer.from(hex, 'hex')));
}
