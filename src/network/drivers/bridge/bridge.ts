/** The bridge and its subnet: found, made, or left to whoever made it. */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Conflict, codeOf, Failed } from '../../../base/errors.ts';
import { isSame } from '../../addresses/address.ts';
import { freeSubnet, type SubnetPool } from '../../addresses/choose.ts';
import { randomHardwareAddress } from '../../addresses/hardware.ts';
import { overlaps, rangeOf, type Subnet, subnetOf } from '../../addresses/subnet.ts';
import * as route from '../../netlink/route.ts';
import { NetlinkError, type NetlinkSocket } from '../../netlink/socket.ts';
import { takenRanges } from '../../netlink/taken.ts';

/** The bridge that is wanted. */
export interface BridgePlan {
  readonly name: string;
  /** Written on the bridge; tells this engine's bridge from everybody else's. */
  readonly mark: string;
  readonly mtu: number;
  /** Undefined: the subnet that the bridge has, else a free one. */
  readonly subnet: Subnet | undefined;
  /** Where a free one is looked for. */
  readonly pools: readonly SubnetPool[];
}

/** A bridge that stands. */
export interface Bridge {
  readonly index: number;
  readonly subnet: Subnet;
}

/** Another engine may choose the same subnet at the same moment; who sees the other gives way. */
const ATTEMPTS = 8;
const GIVE_WAY_MS = 40;

/** The bridge, up and with its gateway address. @throws Conflict when it belongs to another engine; Failed */
export async function ensureBridge(host: NetlinkSocket, plan: BridgePlan): Promise<Bridge> {
  for (let attempt = 1; ; attempt++) {
    const found = await findBridge(host, plan);
    if (found) return found;
    const made = await makeBridge(host, plan);
    if (plan.subnet !== undefined || (await alone(host, made))) return made;
    await host.ask([route.deleteLink(plan.name)]);
    if (attempt === ATTEMPTS)
      throw new Failed(`bridge ${plan.name}: other bridges took every subnet that was free`);
    await sleep(Math.random() * GIVE_WAY_MS * attempt);
  }
}

/** The bridge as it stands; undefined when there is none, or one of ours that was left without an address. */
async function findBridge(host: NetlinkSocket, plan: BridgePlan): Promise<Bridge | undefined> {
  const [link] = route.readLinks(await host.ask([route.getLink(plan.name)]));
  if (link === undefined) return undefined;
  if (link.kind !== 'bridge') throw new Conflict(`interface ${plan.name} exists and is not a bridge`);
  if (link.alias.startsWith('gantry ') && link.alias !== plan.mark)
    throw new Conflict(`bridge ${plan.name} belongs to another engine (${link.alias})`);
  const ours = link.alias === plan.mark;
  const address = route
    .readAddresses(await host.ask([route.listAddresses(4)]))
    .find((each) => each.linkIndex === link.index);
  const present = address && subnetOf(address.address, address.prefixLength);
  const wanted = plan.subnet;
  if (present && (wanted === undefined || same(present, wanted))) {
    await settle(host, plan.name);
    return { index: link.index, subnet: wanted ?? present };
  }
  if (!ours) {
    if (wanted === undefined)
      throw new Failed(`bridge ${plan.name} has no IPv4 address: give it one, or configure a subnet`);
    await host.ask([route.addAddress(link.index, wanted.gateway, wanted.prefixLength)]);
    return { index: link.index, subnet: wanted };
  }
  await host.ask([route.deleteLink(plan.name)]); // ours, but half made or with the subnet of an earlier configuration
  return undefined;
}

const same = (a: Subnet, b: Subnet): boolean =>
  isSame(a.gateway, b.gateway) && a.prefixLength === b.prefixLength;

async function makeBridge(host: NetlinkSocket, plan: BridgePlan): Promise<Bridge> {
  const subnet = plan.subnet ?? freeSubnet(4, plan.pools, await takenRanges(host, 4));
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
  const [link] = route.readLinks(await host.ask([route.getLink(plan.name)]));
  if (link === undefined) throw new Failed(`bridge ${plan.name} vanished while it was made`);
  await settle(host, plan.name);
  await host.ask([route.addAddress(link.index, subnet.gateway, subnet.prefixLength)]);
  return { index: link.index, subnet };
}

/** The host takes no IPv6 from containers: neither addresses nor router advertisements. */
async function settle(host: NetlinkSocket, name: string): Promise<void> {
  await host.ask([route.raise(name)]);
  for (const [key, value] of [
    ['accept_ra', '0'],
    ['disable_ipv6', '1'],
  ] as const)
    await writeFile(`/proc/sys/net/ipv6/conf/${name}/${key}`, value).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
}

async function alone(host: NetlinkSocket, bridge: Bridge): Promise<boolean> {
  const addresses = route.readAddresses(await host.ask([route.listAddresses(4)]));
  return !addresses.some(
    (each) =>
      each.linkIndex !== bridge.index && overlaps(rangeOf(each.address, each.prefixLength), bridge.subnet),
  );
}

/**
 * Lets connections from the host's own 127.0.0.1 leave by the bridge, towards published ports. The guard chain of
 * firewall/rules.ts keeps containers from using it in the other direction.
 */
export const allowLoopbackRouting = (name: string): Promise<void> =>
  writeFile(`/proc/sys/net/ipv4/conf/${name}/route_localnet`, '1');
