/** Which proxy leads to an address: the settings and their meaning are those of Go's programs, dockerd among them. */
import { isIP } from 'node:net';
import { inSubnet, isThisMachine, nameOf } from './addresses.ts';

/** The proxies, and the addresses that are reached without one. */
export interface Proxies {
  /** For `http:` and for `https:` addresses; '' for none. */
  readonly http: string;
  readonly https: string;
  /**
   * What is reached without one, between commas: `*`, a host with all below it, `.HOST` for those below it alone, an
   * address or a subnet; each but a subnet with `:PORT`, or for all ports.
   */
  readonly none: string;
}

export const NO_PROXIES: Proxies = { http: '', https: '', none: '' };

const SCHEMES = ['http:', 'https:', 'socks5:'];

/** `HOST:PORT` is one that is spoken to in plain HTTP. Undefined: that is no proxy's address. */
export function readProxy(given: string): URL | undefined {
  const url = URL.parse(/^[a-z0-9]+:\/\//i.test(given) ? given : `http://${given}`);
  return url && SCHEMES.includes(url.protocol) && url.hostname !== '' ? url : undefined;
}

/** Undefined: without one. This machine itself is never reached by a proxy. */
export function proxyFor(url: URL, proxies: Proxies): URL | undefined {
  const given = url.protocol === 'https:' ? proxies.https : proxies.http;
  if (given === '' || isDirect(url, proxies.none)) return undefined;
  return readProxy(given);
}

function isDirect({ hostname, protocol, port: said }: URL, none: string): boolean {
  const host = nameOf(hostname).replace(/\.$/, '');
  if (isThisMachine(host)) return true;
  const port = said || (protocol === 'https:' ? '443' : '80');
  return none
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .some((each) => each !== '' && covers(each, host, port));
}

function covers(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return inSubnet(host, entry);
  const [, name = entry, entryPort] = /^(.*?):(\d+)$/.exec(isIP(entry) === 6 ? '' : entry) ?? [];
  if (entryPort !== undefined && entryPort !== port) return false;
  const plain = name.replace(/^\[|\]$/g, '').replace(/^\*\./, '.');
  if (isIP(plain) !== 0) return isIP(host) === isIP(plain) && host === canonical(plain);
  return plain.startsWith('.') ? host.endsWith(plain) : host === plain || host.endsWith(`.${plain}`);
}

/** As the WHATWG's URLs write an address. */
const canonical = (address: string): string =>
  isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
