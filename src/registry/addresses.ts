/** Which addresses are whose, by what is written: names are not looked up. */
import { BlockList, isIP } from 'node:net';

/** The name in `HOST` or `HOST:PORT`, brackets off. */
export const nameOf = (host: string): string => host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

/** `localhost`, and the addresses of loopback. */
export const isThisMachine = (name: string): boolean =>
  name === 'localhost' || inSubnet(name, '127.0.0.0/8') || inSubnet(name, '::1/128');

/** Whether `name` is an address of this subnet, be it one of IPv4 in IPv6's clothes. False for what is no address. */
export function inSubnet(name: string, subnet: string): boolean {
  const [address = '', bits = ''] = subnet.split('/');
  const [family, own] = [isIP(address), isIP(name)];
  if (family === 0 || own === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 6 ? 128 : 32))
    return false;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  return list.check(name, own === 6 ? 'ipv6' : 'ipv4');
}
