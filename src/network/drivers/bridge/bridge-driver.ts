/** The bridge driver: containers on a bridge of the host's, masqueraded to the world, reached by published ports. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Mailbox } from '../../../base/mailbox.ts';
import { FAMILIES, type Family, formatAddress } from '../../addresses/address.ts';
import { type SubnetPool, subnetPools } from '../../addresses/choose.ts';
import { formatRange, isSameRange, type Range, type Subnet } from '../../addresses/subnet.ts';
import { isForwarding } from '../../firewall/forwarding.ts';
import { closeHostChain, openHostChain, warnOfLegacyRules } from '../../firewall/host-chain.ts';
import type { Publication, Service } from '../../firewall/port-elements.ts';
import type { NetworkHost } from '../../host.ts';
import { findLink } from '../../netlink/link-list.ts';
import * as route from '../../netlink/route.ts';
import type { NetlinkSocket } from '../../netlink/socket.ts';
import { forgetStrayDatagrams } from '../../published/conntrack.ts';
import { heldNowhere, type Reservation } from '../../published/host-ports.ts';
import type { PortRequest } from '../../published/port.ts';
import type { Endpoint } from '../../sandbox/endpoint.ts';
import type { Sandbox, SandboxInterface } from '../../sandbox/sandbox.ts';
import type { Driver, InterfaceNames } from '../driver.ts';
import {
  type Apart,
  allowLoopbackRouting,
  apartHere,
  type Bridge,
  ensureBridge,
  subnetsToCome,
} from './bridge.ts';
import { hostSides, reattach, removeLinks } from './links.ts';
import { type BridgeLabels, type BridgeOptions, checkBridgeOptions, DEFAULT_LABELS } from './options.ts';

/** Then the container starts all the same, on a bridge that is slow to notice it. */
const PLUG_IN_MAX_MS = 1000;
const PLUG_IN_POLL_MS = 3;

const familiesOf = (subnets: readonly Subnet[]): Family[] => subnets.map(({ base }) => base.family);

/** @throws InvalidArgument for what no bridge network can be; Forbidden for two subnets of a family */
export function createBridgeDriver(host: NetworkHost, options: BridgeOptions): Driver {
  checkBridgeOptions(options);
  return new BridgeDriver(host, options);
}

class BridgeDriver implements Driver {
  readonly kind = 'bridge';
  readonly ownHardwareAddresses = true;
  readonly isAlone = false;
  readonly leadsOutBy = 'gateway';
  readonly configured: readonly Subnet[];
  readonly interfacePrefix: string;
  readonly #host: NetworkHost;
  /** What is mended is not stopped half-way, nor the other way about. */
  readonly #turns = new Mailbox();
  readonly #options: BridgeOptions & BridgeLabels;
  readonly #name: string;
  readonly #pools: readonly SubnetPool[];
  readonly #others: () => readonly Range[];
  /** Families whose subnet is found or chosen. */
  readonly #sought: readonly Family[];
  #bridge: Bridge | undefined;
  /** What was told of subnets to come: a start takes them where they are still free. */
  #planned: readonly Subnet[] = [];
  #loopbackAllowed = false;
  /** The firewall's generation when the host was last seen to let pass what it must. */
  #looked = -1;

  constructor(host: NetworkHost, options: BridgeOptions) {
    const { bridgeName, subnets = [], pools = [], interfacePrefix = 'eth' } = options;
    const { sought = subnets.length === 0 ? [4] : [] } = options;
    this.#host = host;
    this.#options = { ...DEFAULT_LABELS, ...options };
    this.#name = bridgeName;
    this.#pools = subnetPools(pools, host.mark);
    this.#others = options.others ?? (() => []);
    this.#sought = sought.filter((family) => !familiesOf(subnets).includes(family));
    this.configured = subnets;
    this.interfacePrefix = interfacePrefix;
  }

  get #apart(): Apart | undefined {
    const { apart = apartHere(), icc } = this.#options;
    return icc ? undefined : apart;
  }

  get #port(): route.BridgePort {
    return { hairpin: true, isolated: this.#apart === 'isolation' };
  }

  get #families(): Family[] {
    return FAMILIES.filter((family) => [...familiesOf(this.configured), ...this.#sought].includes(family));
  }

  start(subnets: readonly Subnet[], living: ReadonlyMap<string, Endpoint>): Promise<readonly Subnet[]> {
    return this.#turns.run(() => this.#start(subnets, living));
  }

  async #start(
    subnets: readonly Subnet[],
    living: ReadonlyMap<string, Endpoint>,
  ): Promise<readonly Subnet[]> {
    const { firewall, log } = this.#host;
    const bridge = await this.#ensureBridge(this.#wanted(subnets));
    const published = [...living.values()].filter(({ ports }) => ports.length > 0);
    const { internal = false, icc, masquerade, modes } = this.#options;
    await firewall.enter(
      { bridge: this.#name, subnets: bridge.subnets, internal, icc, masquerade, modes },
      new Map(published.map((each) => [each.endpointId, this.#publicationOf(each)])),
    );
    for (const family of familiesOf(bridge.subnets))
      if (firewall.families.includes(family)) warnOfLegacyRules(this.#name, family, log);
      else log.warn('network.without-rules', { bridge: this.#name, family });
    await this.#openTheHost();
    if (published.length > 0) await this.#allowLoopback();
    if (living.size > 0) await this.#reattach(bridge, living);
    log.info('network.ready', { bridge: this.#name, subnets: bridge.subnets.map(formatRange) });
    return bridge.subnets;
  }

  async plan(): Promise<readonly Subnet[]> {
    if (this.#planned.length === 0 && this.#sought.length > 0)
      this.#planned = await subnetsToCome(this.#host.route, {
        name: this.#name,
        sought: this.#sought,
        pools: this.#pools,
        others: this.#others(),
      });
    return [...this.configured, ...this.#planned];
  }

  /** Records of endpoints know a subnet's gateway, and no more of it: what is configured says more. */
  #wanted(subnets: readonly Subnet[]): Subnet[] {
    const known = subnets.map((each) => this.configured.find((own) => isSameRange(own, each)) ?? each);
    const others = this.configured.filter(
      ({ base }) => !known.some((each) => each.base.family === base.family),
    );
    return [...known, ...others];
  }

  /** A veth pair: one end on the bridge, the other inside. @throws NetlinkError, Failed */
  async attach(sandbox: Sandbox, { inside, outside }: InterfaceNames): Promise<SandboxInterface> {
    await this.#host.route.ask([
      route.addVeth({
        host: outside,
        bridgeIndex: this.#bridge?.index ?? 0,
        namespaceFd: sandbox.fd,
        inside,
        mtu: this.#options.mtu,
      }),
      route.setBridgePort(outside, this.#port),
      route.withoutLinkLocal(outside),
      route.raise(outside),
    ]);
    const link = await sandbox.raise(inside);
    await untilForwarding(this.#host.route, outside);
    return link;
  }

  reserve(ports: readonly PortRequest[]): Reservation {
    const { internal = false, modes, hostAddress } = this.#options;
    if (internal) return heldNowhere([]);
    const isRouted = (family: Family): boolean => modes[family] === 'routed';
    return this.#host.ports.reserve(ports, {
      translated: this.#families.filter((family) => !isRouted(family)),
      routed: this.#families.filter(isRouted),
      hostAddress,
    });
  }

  async publish(endpoint: Endpoint): Promise<void> {
    const { firewall, released } = this.#host;
    if (endpoint.ports.length === 0) return;
    await this.#allowLoopback();
    await firewall.publish(endpoint.endpointId, this.#publicationOf(endpoint));
    if (!endpoint.ports.some((port) => port.protocol === 'udp')) return;
    await released.settled(); // what an earlier owner of the port left
    await forgetStrayDatagrams(released.socket, endpoint.ports, () => this.#hostAddresses());
  }

  async link(from: Endpoint, to: Endpoint, ports: readonly Service[]): Promise<void> {
    await this.#host.firewall.openLink(linkName(from, to), {
      from: from.addresses.map(({ address }) => address),
      to: to.addresses.map(({ address }) => address),
      ports: this.#options.icc ? [] : ports,
    });
  }

  async unlink(from: Endpoint, to: Endpoint): Promise<void> {
    await this.#host.firewall.closeLink(linkName(from, to));
  }

  async withdraw(endpoint: Endpoint): Promise<void> {
    await this.#host.firewall.withdraw(endpoint.endpointId);
  }

  mend(endpoints: ReadonlyMap<string, Endpoint>): Promise<boolean> {
    return this.#turns.run(() => this.#mend(endpoints));
  }

  async #mend(endpoints: ReadonlyMap<string, Endpoint>): Promise<boolean> {
    if (this.#bridge === undefined) return false; // stopped meanwhile
    const { firewall, log } = this.#host;
    const lost = await this.#isLost(this.#bridge);
    if (lost) {
      log.warn('network.bridge-lost', { bridge: this.#name });
      const bridge = await this.#ensureBridge(this.#bridge?.subnets ?? this.configured);
      await this.#reattach(bridge, endpoints);
      if (this.#loopbackAllowed)
        await allowLoopbackRouting(this.#host.route, this.#name, bridge, firewall.families);
    }
    if (!(await firewall.intact())) {
      log.warn('network.rules-lost', { bridge: this.#name });
      await firewall.install();
    }
    if (lost || !(await this.#isAsItWas())) {
      const { generation } = firewall;
      await this.#openTheHost();
      this.#looked = generation;
    }
    return lost;
  }

  /** Where the list says so it may have been made since: then the kernel is asked. */
  async #isLost({ index }: Bridge): Promise<boolean> {
    const { links, route: socket } = this.#host;
    if ((await links.indexOf(this.#name)) === index) return false;
    return (await findLink(socket, this.#name))?.index !== index;
  }

  /** Whether nobody has touched what {@link #openTheHost} sees to, since it last did. */
  async #isAsItWas(): Promise<boolean> {
    const { firewall, mayForward } = this.#host;
    if (firewall.generation === -1 || firewall.generation !== this.#looked) return false;
    const families = mayForward && !this.#options.internal ? familiesOf(this.#bridge?.subnets ?? []) : [];
    for (const family of families)
      if (firewall.families.includes(family) && !(await isForwarding(family))) return false;
    return true;
  }

  interfaces(prefix: string): Promise<string[]> {
    return hostSides(this.#host.route, prefix);
  }

  async remove(names: readonly string[]): Promise<void> {
    await removeLinks(this.#host.route, names);
  }

  stop(): Promise<void> {
    return this.#turns.run(() => this.#stop());
  }

  async #stop(): Promise<void> {
    const { firewall, forwarding, mark, netfilter } = this.#host;
    this.#bridge = undefined;
    this.#loopbackAllowed = false;
    const link = await findLink(this.#host.route, this.#name);
    if (link?.alias === mark) await this.#host.route.ask([route.deleteLink(this.#name)]);
    await firewall.leave(this.#name);
    for (const family of FAMILIES) {
      await closeHostChain(netfilter, this.#name, family);
      await forwarding.release(this.#name, family);
    }
  }

  async #ensureBridge(subnets: readonly Subnet[]): Promise<Bridge> {
    const { mtu, inhibitIpv4, modes } = this.#options;
    const isolated = FAMILIES.filter((family) => modes[family] === 'isolated');
    this.#bridge = await ensureBridge(this.#host.route, {
      name: this.#name,
      mark: this.#host.mark,
      mtu,
      subnets,
      sought: this.#sought.filter((family) => !familiesOf(subnets).includes(family)),
      pools: [...this.#planned.map((base) => ({ base, size: base.prefixLength })), ...this.#pools],
      others: this.#others(),
      without: inhibitIpv4 ? [...isolated, 4] : isolated,
      apart: this.#apart,
    });
    return this.#bridge;
  }

  async #reattach({ index }: Bridge, endpoints: ReadonlyMap<string, Endpoint>): Promise<void> {
    for (const sandbox of await reattach(this.#host.route, index, endpoints, this.#port))
      this.#host.log.warn('network.interface-lost', { sandbox });
  }

  /**
   * What the host must let pass. An internal network needs no way; and without rules that keep it from being everybody's
   * router the host's forwarding is left as it is.
   */
  async #openTheHost(): Promise<void> {
    const { firewall, forwarding, log, mayForward, netfilter } = this.#host;
    if (this.#options.internal) return;
    for (const family of familiesOf(this.#bridge?.subnets ?? [])) {
      if (!firewall.families.includes(family)) continue;
      if (mayForward) await forwarding.enable(this.#name, family);
      if (await openHostChain(netfilter, this.#name, family))
        log.info('network.passage-opened', { bridge: this.#name, family, chain: 'filter FORWARD' });
    }
  }

  async #allowLoopback(): Promise<void> {
    if (this.#loopbackAllowed || this.#bridge === undefined) return;
    await allowLoopbackRouting(this.#host.route, this.#name, this.#bridge, this.#host.firewall.families);
    this.#loopbackAllowed = true;
  }

  async #hostAddresses(): Promise<ReadonlySet<string>> {
    const addresses = route.readAddresses(await this.#host.route.ask([route.listAddresses()]));
    return new Set(addresses.map((each) => formatAddress(each.address)));
  }

  #publicationOf({ ports, addresses }: Endpoint): Publication {
    return {
      ports,
      addresses: addresses.map(({ address }) => address),
      routed: FAMILIES.filter((family) => this.#options.modes[family] === 'routed'),
    };
  }
}

const linkName = (from: Endpoint, to: Endpoint): string => `${from.endpointId} ${to.endpointId}`;

/**
 * The bridge learns in the background that the cable is plugged in on both ends (the kernel's linkwatch), and drops
 * packets until then: a first connection would wait a second. Asking for the link hastens it (Linux 6.8 and up).
 */
async function untilForwarding(host: NetlinkSocket, name: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < PLUG_IN_MAX_MS; waitedMs += PLUG_IN_POLL_MS) {
    const link = await findLink(host, name);
    if (link === undefined || link.forwarding) return;
    await sleep(PLUG_IN_POLL_MS);
  }
}
