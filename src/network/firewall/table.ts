/**
 * The engine's firewall: one nft table of its own, laid down in one commit. Published ports are elements of two maps.
 * What the rules promise is told in README.md beside this file.
 */
import { addressBytes, formatSubnet, parseAddress, type Subnet } from '../addresses/addresses.ts';
import * as rule from '../netlink/expressions.ts';
import type { Request } from '../netlink/message.ts';
import * as nft from '../netlink/nftables.ts';
import { NetlinkError, type NetlinkSocket } from '../netlink/socket.ts';
import { type Endpoint, isAnyAddress, type PublishedPort } from '../network.ts';

/** Key (protocol, port), for ports published on every address of the host. */
const MAP_EVERYWHERE = 'published';
/** Key (address, protocol, port), for ports published on one address. */
const MAP_ONE_ADDRESS = 'published_at';
const LOOPBACK = Buffer.from([127, 0, 0, 0]);
const LOOPBACK_PREFIX = 8;
// Priorities of linux/netfilter_ipv4.h. `raw` comes before connection tracking: addresses are still those on the wire.
const PRIORITY = { raw: -300, dstnat: -100, filter: 0, srcnat: 100 } as const;

export interface Territory {
  readonly table: string;
  readonly bridge: string;
  readonly subnet: Subnet;
}

export class Firewall {
  readonly #netfilter: NetlinkSocket;
  readonly #territory: Territory;
  readonly #rules: readonly Request[];
  #generation = -1;

  constructor(netfilter: NetlinkSocket, territory: Territory) {
    this.#netfilter = netfilter;
    this.#territory = territory;
    this.#rules = rulesOf(territory);
  }

  /** Makes the table anew with the ports of these endpoints; conversations under way go on. @throws NetlinkError */
  async install(endpoints: Iterable<Endpoint>): Promise<void> {
    const { table } = this.#territory;
    const elements = [...endpoints].flatMap((endpoint) => elementsOf(endpoint.ports, endpoint.ipAddress));
    await this.#netfilter.ask(
      nft.batch([
        ...[nft.addTable(table), nft.deleteTable(table), nft.addTable(table)],
        ...frameOf(table),
        ...this.#rules,
        ...addAll(table, elements),
      ]),
    );
  }

  /** Opens the ports for a container at `address`. @throws NetlinkError */
  async publish(ports: readonly PublishedPort[], address: string): Promise<void> {
    const elements = elementsOf(ports, address);
    if (elements.length > 0) await this.#netfilter.ask(nft.batch(addAll(this.#territory.table, elements)));
  }

  /** Closes the ports again; those that are gone already are no failure. @throws NetlinkError */
  async withdraw(ports: readonly PublishedPort[], address: string): Promise<void> {
    const { table } = this.#territory;
    const elements = elementsOf(ports, address);
    if (elements.length === 0) return;
    try {
      await this.#netfilter.ask(nft.batch(deleteAll(table, elements)));
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.systemCode !== 'ENOENT') throw error;
      // One missing element fails its whole batch: take them one by one.
      for (const each of elements)
        await this.#netfilter.ask(nft.batch(deleteAll(table, [each]))).catch(unlessMissing);
    }
  }

  /** False when somebody took rules of ours away. Cheap while nobody changes any rule on this host. */
  async intact(expected: Iterable<Endpoint>): Promise<boolean> {
    const { table } = this.#territory;
    const generation = nft.readGeneration(await this.#netfilter.ask([nft.getGeneration()]));
    if (generation === this.#generation) return true;
    const rules = nft.readRules(await this.#netfilter.ask([nft.listRules(table)]));
    if (rules.length !== this.#rules.length) return false;
    const wanted = [...expected].flatMap((endpoint) => elementsOf(endpoint.ports, endpoint.ipAddress));
    for (const map of [MAP_EVERYWHERE, MAP_ONE_ADDRESS]) {
      const present = nft.readElements(await this.#netfilter.ask([nft.listElements(table, map)]));
      const keys = new Set(present.map(({ key }) => key.toString('hex')));
      const here = wanted.filter((each) => each.map === map);
      if (here.length !== keys.size || !here.every(({ key }) => keys.has(key.toString('hex')))) return false;
    }
    this.#generation = generation;
    return true;
  }
}

/** Takes the table away with all that is in it. Absent: nothing to do. */
export async function removeFirewall(netfilter: NetlinkSocket, table: string): Promise<void> {
  await netfilter.ask(nft.batch([nft.deleteTable(table)])).catch(unlessMissing);
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof NetlinkError) || error.systemCode !== 'ENOENT') throw error;
}

interface PortElement extends nft.Element {
  readonly map: string;
}
const addAll = (table: string, elements: readonly PortElement[]): Request[] =>
  [...Map.groupBy(elements, (each) => each.map)].flatMap(([map, some]) => nft.addElements(table, map, some));
const deleteAll = (table: string, elements: readonly PortElement[]): Request[] =>
  [...Map.groupBy(elements, (each) => each.map)].flatMap(([map, some]) =>
    nft.deleteElements(table, map, some),
  );

/** A container's published ports as map elements. */
export function elementsOf(ports: readonly PublishedPort[], containerAddress: string): PortElement[] {
  const target = addressBytes(parseAddress(containerAddress));
  return ports.map((port) => {
    const service = [nft.protocolField(port.protocol), nft.portField(port.hostPort)];
    const value = Buffer.concat([target, nft.portField(port.containerPort)]);
    if (isAnyAddress(port.hostIp)) return { map: MAP_EVERYWHERE, key: Buffer.concat(service), value };
    const host = addressBytes(parseAddress(port.hostIp));
    return { map: MAP_ONE_ADDRESS, key: Buffer.concat([host, ...service]), value };
  });
}

function frameOf(table: string): Request[] {
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

/** The rules, in order. Exported for its test: it is the whole policy, as data. */
export function rulesOf({ table, bridge, subnet }: Territory): Request[] {
  const network = addressBytes(subnet.base);
  const gateway = addressBytes(subnet.gateway);
  const fromUs = rule.from(network, subnet.prefixLength);
  const toUs = rule.to(network, subnet.prefixLength);
  const toLoopback = rule.to(LOOPBACK, LOOPBACK_PREFIX);
  const add = (chain: string, comment: string, ...steps: (readonly Buffer[])[]): Request =>
    nft.addRule(table, chain, steps.flat(), comment);
  const redirections = (chain: string): Request[] => [
    add(chain, 'ports published on one address', rule.redirectByAddress(MAP_ONE_ADDRESS)),
    add(chain, 'ports published on every address', rule.toThisHost, rule.redirectByPort(MAP_EVERYWHERE)),
  ];
  return [
    add('guard', 'the host loopback is not for containers', rule.cameIn(bridge), toLoopback, [
      rule.counter,
      rule.drop,
    ]),
    add(
      'guard',
      `only ${bridge} reaches ${formatSubnet(subnet)} directly`,
      rule.cameInElsewhere(bridge),
      rule.cameInElsewhere('lo'),
      toUs,
      rule.toOtherThan(gateway),
      [rule.counter, rule.drop],
    ),
    add('prerouting', 'loopback addresses from a wire', rule.cameInElsewhere('lo'), toLoopback, [rule.leave]),
    ...redirections('prerouting'),
    ...redirections('output'),
    add('forward', 'answers', rule.goesOut(bridge), rule.answering, [rule.accept]),
    add('forward', 'published ports', rule.goesOut(bridge), rule.redirected, [rule.accept]),
    add('forward', 'neighbours', rule.cameIn(bridge), rule.goesOut(bridge), [rule.accept]),
    add('forward', 'nothing else comes in', rule.goesOut(bridge), [rule.counter, rule.drop]),
    add('postrouting', 'containers to the world', fromUs, rule.goesOutElsewhere(bridge), [rule.masquerade]),
    add('postrouting', 'own published port', fromUs, rule.goesOut(bridge), rule.redirected, [
      rule.masquerade,
    ]),
    add(
      'postrouting',
      'host loopback to a published port',
      rule.goesOut(bridge),
      rule.from(LOOPBACK, LOOPBACK_PREFIX),
      [rule.masquerade],
    ),
  ];
}
