/** The bridge driver: containers on a bridge of the host's, masqueraded to the world, reached by published ports. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failed, InvalidArgument } from '../../../base/errors.ts';
import { formatAddress } from '../../addresses/address.ts';
import { type SubnetPool, subnetPools } from '../../addresses/choose.ts';
import { formatRange, type Subnet } from '../../addresses/subnet.ts';
import { closeHostChain, openHostChain, warnOfLegacyRules } from '../../firewall/host-chain.ts';
import type { Publication } from '../../firewall/table.ts';
import type { NetworkHost } from '../../host.ts';
import * as route from '../../netlink/route.ts';
import type { NetlinkSocket } from '../../netlink/socket.ts';
import { forgetStrayDatagrams } from '../../published/conntrack.ts';
import type { Reservation } from '../../published/host-ports.ts';
import type { PortRequest } from '../../published/port.ts';
import type { Endpoint } from '../../sandbox/endpoint.ts';
import type { Sandbox, SandboxInterface } from '../../sandbox/sandbox.ts';
import type { Driver, InterfaceNames } from '../driver.ts';
import { allowLoopbackRouting, type Bridge, ensureBridge } from './bridge.ts';
import { hostSides, reattach, removeLinks } from './links.ts';

const BRIDGE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/;
/** Then the container starts all the same, on a bridge that is slow to notice it. */
const PLUG_IN_MAX_MS = 1000;
const PLUG_IN_POLL_MS = 3;

/** One bridge network. */
export interface BridgeOptions {
  /** At most 15 characters; one engine's own. */
  readonly bridgeName: string;
  /** Empty or absent: what the bridge has, or a free one. */
  readonly subnets?: readonly Subnet[];
  /** Where a free one is looked for first. */
  readonly pools?: readonly SubnetPool[];
  readonly mtu: number;
}

/** @throws InvalidArgument for a subnet that no bridge can have; Failed for an impossible name */
export function createBridgeDriver(host: NetworkHost, options: BridgeOptions): Driver {
  if (!BRIDGE_NAME.test(options.bridgeName))
    throw new Failed(`invalid bridge name: ${JSON.stringify(options.bridgeName)}`);
  for (const subnet of options.subnets ?? [])
    if (subnet.base.family === 6)
      throw new InvalidArgument(
        `invalid subnet ${formatRange(subnet)}: bridge networks have IPv4 subnets only`,
      );
  return new BridgeDriver(host, options);
}

class BridgeDriver implements Driver {
  readonly kind = 'bridge';
  readonly configured: readonly Subnet[];
  readonly #host: NetworkHost;
  readonly #name: string;
  readonly #mtu: number;
  readonly #pools: readonly SubnetPool[];
  #bridge: Bridge | undefined;
  #loopbackAllowed = false;

  constructor(host: NetworkHost, { bridgeName, mtu, subnets = [], pools = [] }: BridgeOptions) {
    this.#host = host;
    this.#name = bridgeName;
    this.#mtu = mtu;
    this.configured = subnets;
    this.#pools = subnetPools(pools, host.mark);
  }

  async start(subnets: readonly Subnet[], living: ReadonlyMap<string, Endpoint>): Promise<readonly Subnet[]> {
    const { firewall, forwarding, log } = this.#host;
    const bridge = await this.#ensureBridge(subnets[0] ?? this.configured[0]);
    const published = [...living.values()].filter(({ ports }) => ports.length > 0);
    await firewall.enter(
      { bridge: this.#name, subnets: [bridge.subnet] },
      new Map(published.map((each) => [each.endpointId, publicationOf(each)])),
    );
    await forwarding.enable(this.#name);
    await this.#openHostChain();
    await warnOfLegacyRules(this.#name, log);
    if (published.length > 0) await this.#allowLoopback();
    if (living.size > 0) await this.#reattach(bridge, living);
    log.info('network.ready', { bridge: this.#name, subnet: formatRange(bridge.subnet) });
    return [bridge.subnet];
  }

  /** A veth pair: one end on the bridge, the other inside. @throws NetlinkError, Failed */
  async attach(sandbox: Sandbox, { inside, outside }: InterfaceNames): Promise<SandboxInterface> {
    await this.#host.route.ask([
      route.addVeth({
        host: outside,
        bridgeIndex: this.#bridge?.index ?? 0,
        namespaceFd: sandbox.fd,
        inside,
        mtu: this.#mtu,
      }),
      route.hairpin(outside),
      route.withoutLinkLocal(outside),
      route.raise(outside),
    ]);
    const link = await sandbox.raise(inside);
    await untilForwarding(this.#host.route, outside);
    return link;
  }

  reserve(ports: readonly PortRequest[]): Reservation {
    return this.#host.ports.reserve(ports);
  }

  async publish(endpoint: Endpoint): Promise<void> {
    const { firewall, released } = this.#host;
    if (endpoint.ports.length === 0) return;
    await this.#allowLoopback();
    await firewall.publish(endpoint.endpointId, publicationOf(endpoint));
    if (!endpoint.ports.some((port) => port.protocol === 'udp')) return;
    await released.settled(); // what an earlier owner of the port left
    await forgetStrayDatagrams(released.socket, endpoint.ports, () => this.#hostAddresses());
  }

  async withdraw(endpoint: Endpoint): Promise<void> {
    await this.#host.firewall.withdraw(endpoint.endpointId);
  }

  async mend(endpoints: ReadonlyMap<string, Endpoint>): Promise<boolean> {
    const { firewall, forwarding, log } = this.#host;
    const [link] = route.readLinks(await this.#host.route.ask([route.getLink(this.#name)]));
    const lost = link?.index !== this.#bridge?.index;
    if (lost) {
      log.warn('network.bridge-lost', { bridge: this.#name });
      const bridge = await this.#ensureBridge(this.#bridge?.subnet);
      await this.#reattach(bridge, endpoints);
      if (this.#loopbackAllowed) await allowLoopbackRouting(this.#name);
    }
    if (!(await firewall.intact())) {
      log.warn('network.rules-lost', { bridge: this.#name });
      await firewall.install();
    }
    await forwarding.enable(this.#name);
    await this.#openHostChain();
    return lost;
  }

  interfaces(prefix: string): Promise<string[]> {
    return hostSides(this.#host.route, prefix);
  }

  async remove(names: readonly string[]): Promise<void> {
    await removeLinks(this.#host.route, names);
  }

  async stop(): Promise<void> {
    const { firewall, forwarding, mark, netfilter } = this.#host;
    this.#bridge = undefined;
    this.#loopbackAllowed = false;
    const [link] = route.readLinks(await this.#host.route.ask([route.getLink(this.#name)]));
    if (link?.alias === mark) await this.#host.route.ask([route.deleteLink(this.#name)]);
    await firewall.leave(this.#name);
    await closeHostChain(netfilter, this.#name);
    await forwarding.release(this.#name);
  }

  async #ensureBridge(subnet: Subnet | undefined): Promise<Bridge> {
    this.#bridge = await ensureBridge(this.#host.route, {
      name: this.#name,
      mark: this.#host.mark,
      mtu: this.#mtu,
      subnet,
      pools: this.#pools,
    });
    return this.#bridge;
  }

  async #reattach({ index }: Bridge, endpoints: ReadonlyMap<string, Endpoint>): Promise<void> {
    for (const sandbox of await reattach(this.#host.route, index, endpoints))
      this.#host.log.warn('network.interface-lost', { sandbox });
  }

  async #openHostChain(): Promise<void> {
    const changed = await openHostChain(this.#host.netfilter, this.#name);
    if (changed)
      this.#host.log.info('network.passage-opened', { bridge: this.#name, chain: 'filter FORWARD' });
  }

  async #allowLoopback(): Promise<void> {
    if (this.#loopbackAllowed) return;
    await allowLoopbackRouting(this.#name);
    this.#loopbackAllowed = true;
  }

  async #hostAddresses(): Promise<ReadonlySet<string>> {
    const addresses = route.readAddresses(await this.#host.route.ask([route.listAddresses(4)]));
    return new Set(addresses.map((each) => formatAddress(each.address)));
  }
}

const publicationOf = ({ ports, addresses }: Endpoint): Publication => ({
  ports,
  addresses: addresses.map(({ address }) => address),
});

/**
 * The bridge learns in the background that the cable is plugged in on both ends (the kernel's linkwatch), and drops
 * packets until then: a first connection would wait a second. Asking for the link hastens it (Linux 6.8 and up).
 */
async function untilForwarding(host: NetlinkSocket, name: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < PLUG_IN_MAX_MS; waitedMs += PLUG_IN_POLL_MS) {
    const [link] = route.readLinks(await host.ask([route.getLink(name)]));
    if (link === undefined || link.forwarding) return;
    await sleep(PLUG_IN_POLL_MS);
  }
}
