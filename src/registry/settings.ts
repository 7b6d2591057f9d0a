/** Which addresses a registry has: mirrors first, TLS or not, with which certificates. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgument } from '../base/errors.ts';
import { inSubnet, isThisMachine, nameOf } from './addresses.ts';
import type { Proxies } from './proxies.ts';

/** What the daemon was told of registries. */
export interface RegistrySettings {
  /** Base URLs, asked before Docker Hub itself. */
  readonly mirrors: readonly string[];
  /** `HOST`, `HOST:PORT` or subnets that may be spoken to without TLS, or with any certificate. */
  readonly insecure: readonly string[];
  /** Directories with one folder a registry (`HOST:PORT/ca.crt`, `client.cert`, `client.key`), first match wins. */
  readonly certificates: readonly string[];
  /** Default: every address is reached directly. */
  readonly proxies?: Proxies;
  /** A registry that says nothing for so long has hung up. Default: a minute. */
  readonly silenceMs?: number;
}

/** How a TLS connection proves who is who. */
export interface TlsOptions {
  readonly ca: readonly string[];
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** False: any certificate will do. */
  readonly verify: boolean;
}

/** One address under which a registry may be reached. */
export interface Address {
  /** `https://host:port`, without a slash at the end. */
  readonly base: string;
  /** Credentials for the registry itself are never shown to a mirror. */
  readonly mirror: boolean;
  readonly tls: TlsOptions;
}

export const HUB = 'docker.io';
const HUB_HOST = 'registry-1.docker.io';

/** The addresses to try for pulling, in this order. @throws InvalidArgument for a name that is no plain host */
export function pullAddresses(domain: string, settings: RegistrySettings): Address[] {
  const mirrors = domain === HUB ? settings.mirrors.map((url) => mirrorAddress(url, settings)) : [];
  return [...mirrors, ...pushAddresses(domain, settings)];
}

/** The registry's own addresses. */
export function pushAddresses(domain: string, settings: RegistrySettings): Address[] {
  const host = domain === HUB ? HUB_HOST : domain;
  // What is not plain ASCII may be read as another name by whoever checks the certificate.
  if (!/^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9a-fA-F:]+\](:\d{1,5})?$/.test(host))
    throw new InvalidArgument(`invalid registry name ${JSON.stringify(host.slice(0, 100))}`);
  const verify = !isInsecure(host, settings.insecure);
  const secure: Address = {
    base: `https://${host}`,
    mirror: false,
    tls: { ...certificatesFor(host, settings), verify },
  };
  return verify ? [secure] : [secure, { ...secure, base: `http://${host}` }];
}

function mirrorAddress(url: string, settings: RegistrySettings): Address {
  const { host, origin, pathname } = new URL(url);
  return {
    base: `${origin}${pathname.replace(/\/$/, '')}`,
    mirror: true,
    tls: { ...certificatesFor(host, settings), verify: !isInsecure(host, settings.insecure) },
  };
}

/** Loopback, and what the settings name. Names are not looked up: whoever answers for a name could claim any address. */
function isInsecure(host: string, insecure: readonly string[]): boolean {
  const name = nameOf(host);
  if (isThisMachine(name)) return true;
  return insecure.some((each) =>
    each.includes('/') ? inSubnet(name, each) : each === host || each === name,
  );
}

const LOCAL = ['169.254.0.0/16', '0.0.0.0/8', 'fe80::/10'];

/** An address that names this machine or its link, where credentials must never go by somebody's word. */
export function isLocalLiteral(host: string): boolean {
  const name = nameOf(host);
  return isThisMachine(name) || LOCAL.some((subnet) => inSubnet(name, subnet));
}

/** `*.crt` are authorities, `NAME.cert` with `NAME.key` is what we show (Docker's layout of `certs.d`). */
function certificatesFor(host: string, settings: RegistrySettings): Omit<TlsOptions, 'verify'> {
  const found = {
    ca: [] as string[],
    cert: undefined as string | undefined,
    key: undefined as string | undefined,
  };
  for (const directory of settings.certificates) {
    const names = namesIn(join(directory, host));
    for (const name of names) {
      const read = () => readFileSync(join(directory, host, name), 'utf8');
      if (name.endsWith('.crt')) found.ca.push(read());
      if (!name.endsWith('.cert')) continue;
      const key = name.replace(/\.cert$/, '.key');
      if (!names.includes(key))
        throw new InvalidArgument(`missing key ${key} for client certificate ${name}`);
      found.cert = read();
      found.key = readFileSync(join(directory, host, key), 'utf8');
    }
    if (names.length > 0) break;
  }
  return found;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
