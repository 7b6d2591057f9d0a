/** The options of a bridge network, as clients name them (`docker network create -o`). Pure. */

import { InvalidArgument } from '../../../base/errors.ts';
import { readBoolean } from '../../../base/go-boolean.ts';
import { shortId } from '../../../formats/digest.ts';
import { networkFailure } from '../../../model/failures/network.ts';
import { FAMILIES, type Family, isAddress } from '../../addresses/address.ts';
import type { SubnetPool } from '../../addresses/choose.ts';
import type { Range, Subnet } from '../../addresses/subnet.ts';
import type { GatewayMode } from '../../firewall/territory.ts';
import type { Apart } from './bridge.ts';

/** One bridge network. */
export interface BridgeOptions extends Partial<Omit<BridgeLabels, 'bridgeName' | 'mtu'>> {
  /** At most 15 characters; one engine's own. */
  readonly bridgeName: string;
  readonly mtu: number;
  /** At most one of each family. */
  readonly subnets?: readonly Subnet[];
  /** Families whose subnet is what the bridge has, else a free one, unless `subnets` has it. Absent: IPv4 when `subnets` is empty. */
  readonly sought?: readonly Family[];
  /** Where a free one is looked for first. */
  readonly pools?: readonly SubnetPool[];
  /** Ranges that it must keep away from though the host may not have them yet: those of the engine's other networks. */
  readonly others?: () => readonly Range[];
  /** Its containers reach each other and this host, nobody else. */
  readonly internal?: boolean;
  /** How neighbours are kept apart without `icc`. Absent: as the host can. */
  readonly apart?: Apart;
}

/** What settings say about the default network. */
export type DefaultBridge = Required<Pick<BridgeOptions, 'subnets' | 'sought' | 'icc' | 'masquerade'>> &
  Pick<BridgeOptions, 'hostAddress'>;

/** What a network's labels can say. */
export interface BridgeLabels {
  /** Absent: the network is named by its id. */
  readonly bridgeName?: string;
  readonly mtu?: number;
  /** Whether neighbours reach each other on all ports (default), or by links alone. */
  readonly icc: boolean;
  /** Whether containers reach the world under the host's address (default). */
  readonly masquerade: boolean;
  /** Where ports are published that name no address: absent, on all addresses. */
  readonly hostAddress?: string;
  /** The bridge has no IPv4 address. */
  readonly inhibitIpv4: boolean;
  readonly modes: Readonly<Record<Family, GatewayMode>>;
  /** What interfaces in containers are called, before their number. */
  readonly interfacePrefix?: string;
}

/** What holds where no label says otherwise. */
export const DEFAULT_LABELS: BridgeLabels = {
  icc: true,
  masquerade: true,
  inhibitIpv4: false,
  modes: { 4: 'nat', 6: 'nat' },
};

/** What a network's bridge is called where no label says otherwise. */
export const bridgeNameOf = (networkId: string): string => `br-${shortId(networkId)}`;

const BRIDGE = 'com.docker.network.bridge.';
const MODES: readonly string[] = ['nat', 'nat-unprotected', 'routed', 'isolated'] satisfies GatewayMode[];
const isMode = (text: string): text is GatewayMode => MODES.includes(text);
/** A bridge's name: at most IFNAMSIZ less its terminator. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/;
/** Room for a number behind it. */
const PREFIX = /^[a-zA-Z][a-zA-Z0-9_.-]{0,11}$/;
/** IPv4's least (RFC 791), and what a length field of IP can say. */
const MTU = { min: 68, max: 65_535 } as const;

type Reader = (value: string, before: BridgeLabels) => Partial<BridgeLabels>;
/** Refuses with the reason that follows. */
class Nonsense extends Error {}

function flag(value: string): boolean {
  const read = readBoolean(value);
  if (read === undefined)
    throw new Nonsense(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  return read;
}
function mode(value: string): GatewayMode {
  if (!isMode(value)) throw new Nonsense(`unknown gateway mode ${value}`);
  return value;
}
function matching(value: string, form: RegExp, what: string): string {
  if (!form.test(value)) throw new Nonsense(what);
  return value;
}
function mtuIn(value: string): number | undefined {
  if (!/^[+-]?\d+$/.test(value))
    throw new Nonsense(`strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  const mtu = Number(value);
  if (mtu === 0) return undefined; // the default
  if (mtu < MTU.min || mtu > MTU.max) throw new Nonsense(`not between ${MTU.min} and ${MTU.max}`);
  return mtu;
}
function address(value: string): string {
  if (!isAddress(value)) throw new Nonsense('nil ip');
  return value;
}

const READERS: Readonly<Record<string, Reader>> = {
  [`${BRIDGE}name`]: (value) => ({ bridgeName: matching(value, NAME, 'not the name of an interface') }),
  [`${BRIDGE}enable_icc`]: (value) => ({ icc: flag(value) }),
  [`${BRIDGE}enable_ip_masquerade`]: (value) => ({ masquerade: flag(value) }),
  [`${BRIDGE}host_binding_ipv4`]: (value) => ({ hostAddress: address(value) }),
  [`${BRIDGE}inhibit_ipv4`]: (value) => ({ inhibitIpv4: flag(value) }),
  [`${BRIDGE}gateway_mode_ipv4`]: (value, { modes }) => ({ modes: { ...modes, 4: mode(value) } }),
  [`${BRIDGE}gateway_mode_ipv6`]: (value, { modes }) => ({ modes: { ...modes, 6: mode(value) } }),
  'com.docker.network.driver.mtu': (value) => {
    const mtu = mtuIn(value);
    return mtu === undefined ? {} : { mtu };
  },
  'com.docker.network.container_iface_prefix': (value) => ({
    interfacePrefix: matching(value, PREFIX, 'not the beginning of an interface name'),
  }),
};

/**
 * What labels say about a bridge; others mean nothing to it.
 * @throws InvalidArgument `failed to parse com.docker.network.bridge.enable_icc value: maybe (…)`
 */
export function bridgeOptionsFrom(labels: Readonly<Record<string, string>>): BridgeLabels {
  let read: BridgeLabels = DEFAULT_LABELS;
  for (const [label, value] of Object.entries(labels)) {
    const reader = Object.hasOwn(READERS, label) ? READERS[label] : undefined;
    if (reader === undefined) continue;
    try {
      read = { ...read, ...reader(value, read) };
    } catch (error) {
      if (!(error instanceof Nonsense)) throw error;
      throw networkFailure.optionInvalid({ label, value, why: error.message });
    }
  }
  return read;
}

/** @throws InvalidArgument for what no bridge network can be */
export function checkBridgeOptions({
  bridgeName,
  subnets = [],
  internal = false,
  modes,
}: BridgeOptions): void {
  if (!NAME.test(bridgeName)) throw new InvalidArgument(`invalid bridge name: ${JSON.stringify(bridgeName)}`);
  for (const family of FAMILIES) {
    if (subnets.filter(({ base }) => base.family === family).length > 1)
      throw networkFailure.severalSubnets();
    if (modes?.[family] === 'isolated' && !internal) throw networkFailure.isolatedNotInternal();
  }
}
