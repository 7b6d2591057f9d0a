/** What the engine's firewall consists of, as data: rules in their order, and published ports as elements of maps. Pure. */
import { addressBytes, type Family, parseAddress } from '../addresses/address.ts';
import { formatRange, type Range, rangeOf, type Subnet } from '../addresses/subnet.ts';
import * as rule from '../netlink/expressions.ts';
import type { Request } from '../netlink/message.ts';
import * as nft from '../netlink/nftables.ts';
import { isAnyAddress, type PublishedPort } from '../published/port.ts';

/** Key (protocol, port), for ports published on every address of the host. */
const MAP_EVERYWHERE = 'published';
/** Key (address, protocol, port), for ports published on one address. */
const MAP_ONE_ADDRESS = 'published_at';
/** Both maps: what is published lies in one or the other. */
export const MAPS: readonly string[] = [MAP_EVERYWHERE, MAP_ONE_ADDRESS];
const LOOPBACK: Readonly<Record<Family, Range>> = {
  4: rangeOf(parseAddress('127.0.0.0'), 8),
  6: rangeOf(parseAddress('::1'), 128),
};
// Priorities of linux/netfilter_ipv4.h. `raw` comes before connection tracking: addresses are still those on the wire.
const PRIORITY = { raw: -300, dstnat: -100, filter: 0, srcnat: 100 } as const;

/** A bridge whose containers the firewall guards, with its subnets of either family. */
export interface Territory {
  readonly bridge: string;
  readonly subnets: readonly Subnet[];
}

/** A published port as the element of one of the {@link MAPS}. */
export interface PortElement extends nft.Element {
  readonly map: string;
}

/**
 * A container's published ports as elements: those that its address can serve, which are those of its family.
 * @throws InvalidArgument for a host address that is none
 */
export function elementsOf(ports: readonly PublishedPort[], containerAddress: string): PortElement[] {
  const target = parseAddress(containerAddress);
  return ports.flatMap((port) => {
    const service = [nft.protocolField(port.protocol), nft.portField(port.hostPort)];
    const value = Buffer.concat([addressBytes(target), nft.portField(port.containerPort)]);
    if (isAnyAddress(port.hostIp))
      return target.family === 4 ? [{ map: MAP_EVERYWHERE, key: Buffer.concat(service), value }] : [];
    const host = parseAddress(port.hostIp);
    if (host.family !== target.family) return [];
    if (host.value === 0n) return [{ map: MAP_EVERYWHERE, key: Buffer.concat(service), value }];
    return [{ map: MAP_ONE_ADDRESS, key: Buffer.concat([addressBytes(host), ...service]), value }];
  });
}

/** The table's maps and chains. */
export function frameOf(table: nft.Table): Request[] {
  const chain = (name: string, type: nft.Hook['type'], hook: nft.Hook['hook'], priority: number): Request =>
    nft.addChain(table, name, { type, hook, priority, policy: 'accept' });
  return [
    nft.addMap(table, MAP_EVERYWHERE, ['protocol', 'port'], ['address', 'port']),
    nft.addMap(table, MAP_ONE_ADDRESS, ['address', 'protocol', 'port'], ['address', 'port']),
    chain('guard', 'filter', 'prerouting', PRIORITY.raw),
    chain('prerouting', 'nat', 'prerouting', PRIORITY.dstnat),
    chain('output', 'nat', 'output', PRIORITY.dstnat),
    chain('forward', 'filter', 'forward', PRIORITY.filter),
    chain('postrouting', 'nat', 'postrouting', PRIORITY.srcnat),
  ];
}

/** The rules, in order: the whole policy for packets of the table's family. What they promise is told in README.md of the room. */
export const rulesOf = (table: nft.Table, territories: readonly Territory[]): Request[] => [
  ...sharedRules(table),
  ...territories.flatMap((territory) => rulesOfBridge(table, territory.bridge)),
  ...territories.flatMap(({ bridge, subnets }) =>
    subnets
      .filter(({ base }) => base.family === table.family)
      .flatMap((subnet) => rulesOfSubnet(table, bridge, subnet)),
  ),
];

type Steps = readonly (readonly rule.Expression[])[];
const add = (table: nft.Table, chain: string, comment: string, ...steps: Steps): Request =>
  nft.addRule(table, chain, steps.flat(), comment);
const dropped = [rule.counter, rule.drop];

/** What holds for all bridges: published ports are redirected. */
function sharedRules(table: nft.Table): Request[] {
  const { family } = table;
  const redirections = (chain: string): Request[] => [
    add(table, chain, 'ports published on one address', rule.redirectByAddress(family, MAP_ONE_ADDRESS)),
    add(
      table,
      chain,
      'ports published on every address',
      rule.toThisHost,
      rule.redirectByPort(family, MAP_EVERYWHERE),
    ),
  ];
  return [
    add(
      table,
      'prerouting',
      'loopback addresses from a wire',
      rule.cameInElsewhere('lo'),
      rule.to(LOOPBACK[family]),
      [rule.leave],
    ),
    ...redirections('prerouting'),
    ...redirections('output'),
  ];
}

/** What holds for a bridge, whatever its subnets are. */
function rulesOfBridge(table: nft.Table, bridge: string): Request[] {
  const loopback = LOOPBACK[table.family];
  const out = rule.goesOut(bridge);
  return [
    add(
      table,
      'guard',
      'the host loopback is not for containers',
      rule.cameIn(bridge),
      rule.to(loopback),
      dropped,
    ),
    add(table, 'forward', 'answers', out, rule.answering, [rule.accept]),
    add(table, 'forward', 'published ports', out, rule.redirected, [rule.accept]),
    add(table, 'forward', 'neighbours', rule.cameIn(bridge), out, [rule.accept]),
    add(table, 'forward', 'nothing else comes in', out, dropped),
    add(table, 'postrouting', 'host loopback to a published port', out, rule.from(loopback), [
      rule.masquerade,
    ]),
  ];
}

/** What holds for a subnet of a bridge. */
function rulesOfSubnet(table: nft.Table, bridge: string, subnet: Subnet): Request[] {
  const fromUs = rule.from(subnet);
  return [
    add(
      table,
      'guard',
      `only ${bridge} reaches ${formatRange(subnet)} directly`,
      rule.cameInElsewhere(bridge),
      rule.cameInElsewhere('lo'),
      rule.to(subnet),
      rule.toOtherThan(subnet.gateway),
      dropped,
    ),
    add(table, 'postrouting', 'containers to the world', fromUs, rule.goesOutElsewhere(bridge), [
      rule.masquerade,
    ]),
    add(table, 'postrouting', 'own published port', fromUs, rule.goesOut(bridge), rule.redirected, [
      rule.masquerade,
    ]),
  ];
}
