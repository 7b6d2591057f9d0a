/** The bridge and its subnets: found, made, or left to whoever made it. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Conflict, codeOf, Failed } from '../../../base/errors.ts';
import { type Address, addressOf, type Family, isSame } from '../../addresses/address.ts';
import { freeSubnet, type SubnetPool } from '../../addresses/choose.ts';
import { randomHardwareAddress } from '../../addresses/hardware.ts';
import { contains, overlaps, type Range, rangeOf, type Subnet, subnetOf } from '../../addresses/subnet.ts';
import { findLink } from '../../netlink/link-list.ts';
import * as route from '../../netlink/route.ts';
import { NetlinkError, type NetlinkSocket } from '../../netlink/socket.ts';
import { takenRanges } from '../../netlink/taken.ts';

/** The bridge that is wanted. */
export interface BridgePlan {
  readonly name: string;
  /** Written on the bridge; tells this engine's bridge from everybody else's. */
  readonly mark: string;
  readonly mtu: number;
  /** At most one of each family. */
  readonly subnets: readonly Subnet[];
  /** Families without such a subnet: it is the one that the bridge has, else a free one. */
  readonly sought: readonly Family[];
  /** Where a free one is looked for. */
  readonly pools: readonly SubnetPool[];
  /** Ranges of the engine's other networks: the host may not have them yet. */
  readonly others: readonly Range[];
  /** Families in which the bridge has no address, so that containers do not reach this host by it. */
  readonly without: readonly Family[];
  /** How neighbours are kept apart; undefined: they are not. */
  readonly apart: Apart | undefined;
}

/**
 * How neighbours on a bridge are kept apart. `firewall`: it is asked for frames between them too (br_netfilter).
 * `isolation`: they do not hear each other, and the host answers in their place, so that what they may tell each other
 * goes by way of it and through its firewall (RFC 3069); links of IPv6 there are none. With br_netfilter the second would
 * lose what is redirected from neighbour to neighbour: it is not routed then, but bridged.
 */
export type Apart = 'firewall' | 'isolation';

/** The way that this host has. */
export const apartHere = (): Apart => (existsSync('/proc/sys/net/bridge') ? 'firewall' : 'isolation');

/** A bridge that stands. */
export interface Bridge {
  readonly index: number;
  readonly subnets: readonly Subnet[];
}

/** Another engine may choose the same subnet at the same moment; who sees the other gives way. */
const ATTEMPTS = 8;
const GIVE_WAY_MS = 40;
/** fe80::/10, and fe80::1, which Docker's bridges have. */
const LINK_LOCAL = rangeOf(addressOf(6, 0xfe80n << 112n), 10);
const OWN_LINK_LOCAL = addressOf(6, (0xfe80n << 112n) + 1n);
const LINK_LOCAL_PREFIX = 64;

/** The bridge, up and with its addresses. @throws Conflict when it belongs to another engine; Failed */
export async function ensureBridge(host: NetlinkSocket, plan: BridgePlan): Promise<Bridge> {
  for (let attempt = 1; ; attempt++) {
    const found = await findBridge(host, plan);
    if (found) return found;
    const made = await makeBridge(host, plan);
    if (plan.sought.length === 0 || (await alone(host, made))) return made;
    await host.ask([route.deleteLink(plan.name)]);
    if (attempt === ATTEMPTS)
      throw new Failed(`bridge ${plan.name}: other bridges took every subnet that was free`);
    await sleep(Math.random() * GIVE_WAY_MS * attempt);
  }
}

/** The address of this host on a subnet. */
const ownAddress = ({ hostAddress, gateway }: Subnet): Address => hostAddress ?? gateway;
const has = (present: readonly route.LinkAddress[], subnet: Subnet): boolean =>
  present.some(
    ({ address, prefixLength }) =>
      isSame(address, ownAddress(subnet)) && prefixLength === subnet.prefixLength,
  );

/** The bridge as it stands; undefined when there is none, or one of ours that is not what it should be. */
async function findBridge(host: NetlinkSocket, plan: BridgePlan): Promise<Bridge | undefined> {
  const link = await findLink(host, plan.name);
  if (link === undefined) return undefined;
  if (link.kind !== 'bridge') throw new Conflict(`interface ${plan.name} exists and is not a bridge`);
  if (link.alias.startsWith('gantry ') && link.alias !== plan.mark)
    throw new Conflict(`bridge ${plan.name} belongs to another engine (${link.alias})`);
  const present = await addressesOf(host, link.index);
  const found = soughtIn(present, plan.sought);
  const lacking = plan.sought.filter((family) => !found.some(({ base }) => base.family === family));
  const missing = plan.subnets.filter(
    (subnet) => !plan.without.includes(subnet.base.family) && !has(present, subnet),
  );
  if (link.alias === plan.mark && (lacking.length > 0 || missing.length > 0)) {
    await host.ask([route.deleteLink(plan.name)]); // half made, or with the subnet of an earlier configuration
    return undefined;
  }
  if (lacking.includes(4))
    throw new Failed(`bridge ${plan.name} has no IPv4 address: give it one, or configure a subnet`);
  const chosen = await choose(host, plan, lacking);
  const subnets = [...plan.subnets, ...found, ...chosen].toSorted(byFamily);
  await settle(host, plan, subnets);
  await addAddresses(host, link.index, [...missing, ...chosen]);
  await addLinkLocal(host, link.index, plan, subnets);
  return { index: link.index, subnets };
}

/** Subnets of the families that are sought: what the bridge has, else what would be chosen now. @throws Failed when none is free */
export async function subnetsToCome(
  host: NetlinkSocket,
  plan: Pick<BridgePlan, 'name' | 'sought' | 'pools' | 'others'>,
): Promise<Subnet[]> {
  const link = await findLink(host, plan.name);
  const found = link === undefined ? [] : soughtIn(await addressesOf(host, link.index), plan.sought);
  const lacking = plan.sought.filter((family) => !found.some(({ base }) => base.family === family));
  return [...found, ...(await choose(host, plan, lacking))];
}

const soughtIn = (present: readonly route.LinkAddress[], sought: readonly Family[]): Subnet[] =>
  sought.flatMap((family) => {
    const own = present.find(({ address }) => address.family === family);
    return own === undefined ? [] : [subnetOf(own.address, own.prefixLength)];
  });

const byFamily = (a: Subnet, b: Subnet): number => a.base.family - b.base.family;

const allAddressesOf = async (host: NetlinkSocket, index: number): Promise<route.LinkAddress[]> =>
  route.readAddresses(await host.ask([route.listAddresses()])).filter(({ linkIndex }) => linkIndex === index);
const addressesOf = async (host: NetlinkSocket, index: number): Promise<route.LinkAddress[]> =>
  (await allAddressesOf(host, index)).filter(({ address }) => !contains(LINK_LOCAL, address));

async function choose(
  host: NetlinkSocket,
  { pools, others }: Pick<BridgePlan, 'pools' | 'others'>,
  families: readonly Family[],
): Promise<Subnet[]> {
  const chosen: Subnet[] = [];
  for (const family of families)
    chosen.push(freeSubnet(family, pools, [...others, ...(await takenRanges(host, family))]));
  return chosen;
}

const addAddresses = async (
  host: NetlinkSocket,
  index: number,
  subnets: readonly Subnet[],
): Promise<void> => {
  if (subnets.length > 0)
    await host.ask(subnets.map((subnet) => route.addAddress(index, ownAddress(subnet), subnet.prefixLength)));
};

/** With none, the kernel asks no container for its hardware address on behalf of others whose packets it forwards. */
async function addLinkLocal(
  host: NetlinkSocket,
  index: number,
  { without }: BridgePlan,
  subnets: readonly Subnet[],
): Promise<void> {
  if (without.includes(6) || !subnets.some(({ base }) => base.family === 6)) return;
  const present = await allAddressesOf(host, index);
  if (present.some(({ address }) => contains(LINK_LOCAL, address))) return;
  await host.ask([route.addAddress(index, OWN_LINK_LOCAL, LINK_LOCAL_PREFIX)]);
}

async function makeBridge(host: NetlinkSocket, plan: BridgePlan): Promise<Bridge> {
  const chosen = await choose(host, plan, plan.sought);
  const subnets = [...plan.subnets, ...chosen].toSorted(byFamily);
  try {
    await host.ask([
      route.addBridge(plan.name, randomHardwareAddress(), plan.mtu),
      route.setAlias(plan.name, plan.mark),
      route.withoutLinkLocal(plan.name),
    ]);
  } catch (error) {
    if (error instanceof NetlinkError && error.systemCode === 'EOPNOTSUPP')
      throw new Failed(
        `cannot make bridge ${plan.name}: the kernel has no bridge support (modprobe bridge)`,
        { cause: error },
      );
    throw error;
  }
  const link = await findLink(host, plan.name);
  if (link === undefined) throw new Failed(`bridge ${plan.name} vanished while it was made`);
  await settle(host, plan, subnets);
  const own = subnets.filter(({ base }) => !plan.without.includes(base.family));
  await addAddresses(host, link.index, own);
  await addLinkLocal(host, link.index, plan, subnets);
  return { index: link.index, subnets };
}

/** The host takes no router advertisements from containers, and no IPv6 at all from those that have none. */
async function settle(
  host: NetlinkSocket,
  { name, apart }: BridgePlan,
  subnets: readonly Subnet[],
): Promise<void> {
  await host.ask([route.raise(name), ...(apart === 'firewall' ? [route.askFirewallOfFrames(name)] : [])]);
  const hasIpv6 = subnets.some(({ base }) => base.family === 6);
  for (const [path, value] of [
    [`ipv6/conf/${name}/accept_ra`, '0'],
    [`ipv6/conf/${name}/disable_ipv6`, hasIpv6 ? '0' : '1'],
    [`ipv4/conf/${name}/proxy_arp_pvlan`, apart === 'isolation' ? '1' : '0'],
    ...(apart === 'isolation' ? [[`ipv4/neigh/${name}/proxy_delay`, '0'] as const] : []),
  ] as const)
    await writeFile(`/proc/sys/net/${path}`, value).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
      if (hasIpv6) throw new Failed(`bridge ${name}: this host has no IPv6`, { cause: error });
    });
}

async function alone(host: NetlinkSocket, bridge: Bridge): Promise<boolean> {
  const addresses = route.readAddresses(await host.ask([route.listAddresses()]));
  return !addresses.some(
    ({ linkIndex, address, prefixLength }) =>
      linkIndex !== bridge.index &&
      bridge.subnets.some((subnet) => overlaps(rangeOf(address, prefixLength), subnet)),
  );
}

/**
 * Lets connections from the host's own 127.0.0.1 and ::1 leave by the bridge, towards published ports, and their answers
 * come back. In IPv6 the kernel drops what comes from a wire for ::1, but looks up the way of an answer (which names ::1
 * once the redirection is undone) among the routes of the interface alone: hence one there. In IPv4 the guard chain of
 * firewall/frame.ts keeps containers from using it in the other direction: only in families that are `guarded`.
 */
export async function allowLoopbackRouting(
  host: NetlinkSocket,
  name: string,
  { index, subnets }: Bridge,
  guarded: readonly Family[],
): Promise<void> {
  const families = subnets.map(({ base }) => base.family).filter((family) => guarded.includes(family));
  if (families.includes(4)) await writeFile(`/proc/sys/net/ipv4/conf/${name}/route_localnet`, '1');
  if (families.includes(6)) await host.ask([route.addLocalRoute(addressOf(6, 1n), index)]);
}
