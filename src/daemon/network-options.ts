/** What a daemon is told about networks: the default bridge, the pools of others, and what it may change on its host. Pure. */
import { InvalidArgument } from '../base/errors.ts';
import {
  bridgeOptionsFrom,
  contains,
  type DefaultBridge,
  FAMILIES,
  type Family,
  formatRange,
  isAddress,
  parseAddress,
  parseRange,
  parseSubnet,
  type Subnet,
  type SubnetPool,
} from '../network/index.ts';
import type { SettingValue, Values } from './settings.ts';

/** The part of the daemon's options that is about networks. */
export interface NetworkOptions {
  /** Undefined: one of the engine's own; `none`: no default network. */
  readonly bridge: string | undefined;
  readonly mtu: number;
  /** What the default network is to be. */
  readonly defaultBridge: DefaultBridge;
  /** Where subnets are looked for that nobody asked for. */
  readonly addressPools: readonly SubnetPool[];
  /** By driver: options of networks whose creator does not say otherwise. */
  readonly networkDefaults: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Families whose packets the engine sets firewall rules for. */
  readonly firewallFamilies: readonly Family[];
  /** Whether it may turn the host's forwarding on. */
  readonly mayForward: boolean;
  /** Who reaches published ports: everybody, or whom the host's own input chains let in. */
  readonly publishedPorts: 'open' | 'host-policy';
}

const DEFAULT_MTU = 1500;
const MTU_MAX = 65_535;
/** IPv4's least: RFC 791 asks every link for 68 bytes. */
const MTU_MIN = 68;
/** IFNAMSIZ less its terminator. */
const INTERFACE_NAME_MAX_BYTES = 15;
/** Prefix lengths of subnets from a pool: room for containers. */
const POOL_SIZE_MAX = { 4: 30, 6: 126 } as const;

/** @throws InvalidArgument, one line that names the setting */
export function readNetworkOptions(values: Values): NetworkOptions {
  const bridge = readBridge(text(values, 'bridge'));
  const isOn = (key: string): boolean => values.get(key) !== false;
  const firewallFamilies = FAMILIES.filter((family) => isOn(family === 4 ? 'iptables' : 'ip6tables'));
  const defaultBridge = readDefaultBridge(values);
  if (bridge === 'none')
    for (const key of ['bip', 'bip6', 'fixed-cidr', 'fixed-cidr-v6', 'default-gateway', 'default-gateway-v6'])
      if (text(values, key) !== undefined)
        throw new InvalidArgument(`${key}: there is no bridge to give an address to (bridge is none)`);
  if (!defaultBridge.icc && !firewallFamilies.includes(4))
    throw new InvalidArgument('icc: neighbours are kept apart by firewall rules (iptables is false)');
  return {
    bridge,
    mtu: readMtu(values.get('mtu')),
    defaultBridge,
    addressPools: recordsOf(values.get('default-address-pools')).map(readPool),
    networkDefaults: readDefaults(values.get('default-network-opts')),
    firewallFamilies,
    mayForward: isOn('ip-forward'),
    publishedPorts: readPolicy(text(values, 'published-ports')),
  };
}

// The kinds of the values were checked when they were read (settings.ts, config-file.ts): these only narrow.
const text = (values: Values, key: string): string | undefined =>
  (values.get(key) as string | undefined) || undefined;
const recordsOf = (value: SettingValue | undefined) =>
  (value ?? []) as readonly Readonly<Record<string, unknown>>[];
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readPolicy(given = 'open'): NetworkOptions['publishedPorts'] {
  if (given !== 'open' && given !== 'host-policy')
    throw new InvalidArgument(`published-ports: unknown ${JSON.stringify(given)} (know open, host-policy)`);
  return given;
}

function readBridge(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (
    Buffer.byteLength(given) > INTERFACE_NAME_MAX_BYTES ||
    !/^[^\s/:]+$/.test(given) ||
    /^\.{1,2}$/.test(given)
  )
    throw new InvalidArgument(`bridge ${given}: not the name of an interface`);
  return given;
}

function readMtu(given: SettingValue | undefined): number {
  if (given === undefined || given === 0) return DEFAULT_MTU; // 0 means the default to dockerd too
  const mtu = given as number;
  if (mtu < MTU_MIN || mtu > MTU_MAX)
    throw new InvalidArgument(`mtu ${mtu}: not between ${MTU_MIN} and ${MTU_MAX}`);
  return mtu;
}

function readDefaultBridge(values: Values): DefaultBridge {
  const ipv6 = values.get('ipv6') === true;
  const keys = { 4: KEYS[4], 6: KEYS[6] };
  if (!ipv6)
    for (const key of Object.values(keys[6]))
      if (text(values, key) !== undefined) throw new InvalidArgument(`${key}: ipv6 is not switched on`);
  const subnets = FAMILIES.flatMap((family) => readSubnet(values, family) ?? []);
  const hostAddress = text(values, 'ip');
  if (hostAddress !== undefined && !isAddress(hostAddress))
    throw new InvalidArgument(`ip ${hostAddress}: not an IP address`);
  return {
    subnets,
    sought: ipv6 ? FAMILIES : [4],
    icc: values.get('icc') !== false,
    masquerade: values.get('ip-masq') !== false,
    ...(hostAddress === undefined ? {} : { hostAddress }),
  };
}

const KEYS = {
  4: { address: 'bip', range: 'fixed-cidr', gateway: 'default-gateway' },
  6: { address: 'bip6', range: 'fixed-cidr-v6', gateway: 'default-gateway-v6' },
} as const;

/** The subnet that address, range and gateway make together; undefined when none of them is given. */
function readSubnet(values: Values, family: Family): Subnet | undefined {
  const keys = KEYS[family];
  const own = text(values, keys.address);
  const part = text(values, keys.range);
  const gateway = text(values, keys.gateway);
  if (own === undefined && part === undefined) {
    if (gateway === undefined) return undefined;
    throw new InvalidArgument(`${keys.gateway} ${gateway}: of which subnet? (${keys.address} is not set)`);
  }
  const whole =
    own === undefined ? subnetIn(keys.range, part ?? '', family) : addressIn(keys.address, own, family);
  const range = part === undefined ? undefined : rangeIn(keys.range, part, whole);
  const subnet = { ...whole, ...(range === undefined ? {} : { range }) };
  if (gateway === undefined) return subnet;
  if (!isAddress(gateway) || !contains(whole, parseAddress(gateway)))
    throw new InvalidArgument(`${keys.gateway} ${gateway}: no address of ${formatRange(whole)}`);
  return { ...subnet, gateway: parseAddress(gateway), hostAddress: whole.gateway };
}

/** The bridge's own address with its prefix length. */
function addressIn(key: string, given: string, family: Family): Subnet {
  const subnet = subnetIn(key, given, family);
  if (parseAddress(given.split('/')[0] ?? '').value === subnet.base.value)
    throw new InvalidArgument(`${key} ${given}: no host's address in its subnet; the first is reserved`);
  return subnet;
}

function subnetIn(key: string, given: string, family: Family): Subnet {
  const subnet = named(key, given, parseSubnet);
  if (subnet.base.family !== family) throw new InvalidArgument(`${key} ${given}: not of IPv${family}`);
  return subnet;
}

function rangeIn(key: string, given: string, whole: Subnet) {
  const range = named(key, given, parseRange);
  if (!contains(whole, range.base) || range.prefixLength < whole.prefixLength)
    throw new InvalidArgument(`${key} ${given}: not within ${formatRange(whole)}`);
  return range;
}

/** Reads it, and says which setting it was that cannot be read. */
function named<T>(key: string, given: string, read: (text: string) => T): T {
  try {
    return read(given);
  } catch (error) {
    if (!(error instanceof InvalidArgument)) throw error;
    throw new InvalidArgument(`${key} ${given}: ${error.message}`, { cause: error });
  }
}

function readPool({ base, size, ...rest }: Readonly<Record<string, unknown>>): SubnetPool {
  const key = 'default-address-pools';
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new InvalidArgument(`${key}: unknown ${unknown} (know base, size)`);
  if (typeof base !== 'string') throw new InvalidArgument(`${key}: a pool has no base`);
  const range = named(key, base, parseRange);
  const length = Number(size);
  const most = POOL_SIZE_MAX[range.base.family];
  if (!Number.isInteger(length) || length < range.prefixLength || length > most)
    throw new InvalidArgument(
      `${key} ${base}: size ${String(size)} is no prefix length from ${range.prefixLength} to ${most}`,
    );
  return { base: range, size: length };
}

function readDefaults(given: SettingValue | undefined): NetworkOptions['networkDefaults'] {
  const key = 'default-network-opts';
  const all: Record<string, Record<string, string>> = {};
  for (const [driver, options] of Object.entries((given ?? {}) as Readonly<Record<string, unknown>>)) {
    if (!isRecord(options)) throw new InvalidArgument(`${key} ${driver}: must be an object`);
    for (const [name, value] of Object.entries(options)) {
      if (typeof value !== 'string') throw new InvalidArgument(`${key} ${driver}: ${name} must be a string`);
      all[driver] = { ...all[driver], [name]: value };
    }
  }
  named(key, 'bridge', () => bridgeOptionsFrom(all.bridge ?? {}));
  return all;
}
