/** The default bridge network: connects containers, takes them back, and finds its way after a crash. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Conflict, Failed, messageOf } from '../../../base/errors.ts';
import { undoUnlessDone } from '../../../base/lifetime.ts';
import type { Log } from '../../../base/log.ts';
import {
  AddressPool,
  formatAddress,
  formatHardwareAddress,
  formatSubnet,
  hardwareAddressFor,
  overlaps,
  parseAddress,
  parseHardwareAddress,
  parseSubnet,
  rangeOf,
  type Subnet,
} from '../../addresses/addresses.ts';
import { Forwarding } from '../../firewall/forwarding.ts';
import { closeHostChain, openHostChain, warnOfLegacyRules } from '../../firewall/host-chain.ts';
import { Firewall, removeFirewall } from '../../firewall/table.ts';
import * as route from '../../netlink/route.ts';
import { NetlinkSocket, PROTOCOL } from '../../netlink/socket.ts';
import type { BridgeNetwork, ConnectRequest, Endpoint } from '../../network.ts';
import { forgetStrayDatagrams } from '../../published/conntrack.ts';
import { HostPorts, type Reservation } from '../../published/host-ports.ts';
import { RetiredAddresses } from '../../published/released.ts';
import { NamespaceFiles } from '../../sandbox/files.ts';
import { configure, NamespacePool, releaseNamespace } from '../../sandbox/pool.ts';
import { allowLoopbackRouting, type Bridge, ensureBridge } from './bridge.ts';
import { hostSides, reattach, removeLinks } from './links.ts';

/** Others' changes are mended well within five seconds. */
const WATCH_EVERY_MS = 2000;
/** A namespace that something else still holds keeps its veth: it is taken away this long after the container went. */
const SWEEP_AFTER_MS = 5000;
const BRIDGE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/;
const TABLE_NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,63}$/;

export interface BridgeNetworkOptions {
  readonly name: string;
  /** At most 15 characters; one engine's own. */
  readonly bridgeName: string;
  /** `172.30.0.1/16`: the gateway's address and the prefix. Undefined: what the bridge has, or a free one. */
  readonly subnet?: string | undefined;
  /** Namespaces are kept at `<execRoot>/netns/<container>`. */
  readonly execRoot: string;
  /** The nft table, one engine's own. */
  readonly tableName: string;
  readonly mtu: number;
  readonly log: Log;
  /** How often bridge and rules are looked after while containers use them. */
  readonly watchEveryMs?: number;
}

/** The parts that exist from the first use on. */
interface Running {
  readonly bridge: Bridge;
  readonly addresses: AddressPool;
  readonly firewall: Firewall;
}

interface Connected {
  readonly endpoint: Endpoint;
  readonly reservation: Reservation | undefined;
}

/** @throws InvalidArgument for a subnet that no bridge can have; Failed for an impossible name */
export async function openBridgeNetwork(options: BridgeNetworkOptions): Promise<BridgeNetwork> {
  if (!BRIDGE_NAME.test(options.bridgeName))
    throw new Failed(`invalid bridge name: ${JSON.stringify(options.bridgeName)}`);
  if (!TABLE_NAME.test(options.tableName))
    throw new Failed(`invalid table name: ${JSON.stringify(options.tableName)}`);
  return new DefaultBridge(options, options.subnet === undefined ? undefined : parseSubnet(options.subnet));
}

class DefaultBridge implements BridgeNetwork {
  readonly id: string;
  readonly #options: BridgeNetworkOptions;
  readonly #host = new NetlinkSocket(PROTOCOL.ROUTE);
  readonly #netfilter = new NetlinkSocket(PROTOCOL.NETFILTER);
  readonly #forwarding: Forwarding;
  readonly #retired: RetiredAddresses;
  readonly #files: NamespaceFiles;
  readonly #namespaces: NamespacePool;
  readonly #ports = new HostPorts();
  readonly #connected = new Map<string, Connected>();
  /** A container runs whose endpoint nobody knows: no interface is taken for a stray one. */
  #keepsUnknown = false;
  readonly #busy = new Set<string>();
  /** Host interfaces of this engine start with this. */
  readonly #prefix: string;
  readonly #mark: string;
  readonly #configured: Subnet | undefined;
  #subnet: Subnet | undefined;
  #running: Promise<Running> | undefined;
  #bridgeIndex = 0;
  #loopbackAllowed = false;
  #watch: NodeJS.Timeout | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #mending: Promise<void> | undefined;

  constructor(options: BridgeNetworkOptions, subnet: Subnet | undefined) {
    this.#options = options;
    this.#configured = subnet;
    this.#subnet = subnet;
    this.#forwarding = new Forwarding(this.#netfilter, options.bridgeName, options.log);
    this.#retired = new RetiredAddresses(options.log);
    this.#mark = `gantry ${options.tableName} ${options.execRoot}`.slice(0, 255);
    const digest = createHash('sha256')
      .update(`${this.#mark}\0${options.bridgeName}\0${options.name}`)
      .digest('hex');
    this.id = digest;
    this.#prefix = `veth${digest.slice(0, 4)}`;
    this.#files = new NamespaceFiles(join(options.execRoot, 'netns'));
    this.#netfilter.roomForMany();
    this.#namespaces = new NamespacePool(
      { host: this.#host, bridgeIndex: () => this.#bridgeIndex, mtu: options.mtu, prefix: this.#prefix },
      (error) => options.log.warn('network.namespace.not-prepared', { error: messageOf(error) }),
    );
  }

  get bridgeName(): string {
    return this.#options.bridgeName;
  }
  get subnet(): string {
    return this.#subnet === undefined ? '' : formatSubnet(this.#subnet);
  }
  get gateway(): string {
    return this.#subnet === undefined ? '' : formatAddress(this.#subnet.gateway);
  }
  namespacePath(containerId: string): string {
    return this.#files.pathOf(containerId);
  }

  async connect(request: ConnectRequest): Promise<Endpoint> {
    const id = request.containerId;
    this.#files.pathOf(id);
    if (this.#connected.has(id) || this.#busy.has(id))
      throw new Conflict(`container ${id} is already connected`);
    this.#busy.add(id);
    try {
      return await this.#connect(request);
    } finally {
      this.#busy.delete(id);
    }
  }

  #connect({ containerId, macAddress, ports }: ConnectRequest): Promise<Endpoint> {
    return undoUnlessDone(async (undo) => {
      const wantedMac = macAddress === undefined ? undefined : parseHardwareAddress(macAddress);
      const reservation = this.#ports.reserve(ports);
      undo.defer(() => reservation.release());
      const { addresses, firewall } = await this.#start();
      const address = addresses.take();
      undo.defer(() => addresses.release(address));
      const mac = wantedMac ?? hardwareAddressFor(address);
      const ready = await this.#namespaces.take();
      using _ready = { [Symbol.dispose]: () => releaseNamespace(ready) }; // the file keeps it from here on
      await configure(ready, address, mac, addresses.subnet);
      this.#files.keep(containerId, ready.fd);
      undo.defer(() => this.#files.drop(containerId));
      const endpoint: Endpoint = {
        endpointId: createHash('sha256').update(`${containerId}\0${ready.hostInterface}`).digest('hex'),
        ipAddress: formatAddress(address),
        prefixLength: addresses.subnet.prefixLength,
        gateway: formatAddress(addresses.subnet.gateway),
        macAddress: formatHardwareAddress(mac),
        hostInterface: ready.hostInterface,
        ports: reservation.ports,
      };
      await this.#open(endpoint, firewall);
      this.#connected.set(containerId, { endpoint, reservation });
      this.#startWatch();
      return endpoint;
    });
  }

  async #open(endpoint: Endpoint, firewall: Firewall): Promise<void> {
    if (endpoint.ports.length === 0) return;
    if (!this.#loopbackAllowed) {
      await allowLoopbackRouting(this.bridgeName);
      this.#loopbackAllowed = true;
    }
    await firewall.publish(endpoint.ports, endpoint.ipAddress);
    if (!endpoint.ports.some((port) => port.protocol === 'udp')) return;
    await this.#retired.settled(); // what an earlier owner of the port left
    await forgetStrayDatagrams(this.#retired.socket, endpoint.ports, () => this.#hostAddresses());
  }

  async #hostAddresses(): Promise<ReadonlySet<string>> {
    const addresses = route.readAddresses(await this.#host.ask([route.listAddresses()]));
    return new Set(addresses.map((each) => formatAddress(each.bytes.readUInt32BE(0))));
  }

  async disconnect(containerId: string): Promise<void> {
    const known = this.#connected.get(containerId);
    this.#connected.delete(containerId);
    await using steps = new AsyncDisposableStack(); // every step is done, also when another fails; last one first
    steps.defer(() => {
      if (this.#connected.size === 0) this.#stopWatch();
    });
    if (known !== undefined) steps.defer(() => this.#retire(known.endpoint));
    steps.defer(() => this.#files.drop(containerId));
    if (known !== undefined) steps.defer(() => this.#unpublish(known));
  }

  async #unpublish({ endpoint, reservation }: Connected): Promise<void> {
    try {
      const { firewall } = await this.#start();
      await firewall.withdraw(endpoint.ports, endpoint.ipAddress);
    } finally {
      reservation?.release();
    }
  }

  async #retire({ ports, ipAddress }: Endpoint): Promise<void> {
    this.#planSweep();
    const { addresses } = await this.#start();
    this.#retired.add(ipAddress, ports, () => addresses.release(parseAddress(ipAddress)));
  }

  async recover(
    alive: ReadonlyMap<string, Endpoint>,
    isKept: (containerId: string) => boolean = () => false,
  ): Promise<void> {
    for (const id of this.#connected.keys()) if (!alive.has(id)) await this.disconnect(id);
    for (const [id, endpoint] of alive)
      if (!this.#connected.has(id))
        this.#connected.set(id, { endpoint, reservation: this.#holdAgain(id, endpoint) });
    for (const id of this.#files.containers())
      if (alive.has(id) || this.#busy.has(id)) continue;
      else if (isKept(id)) this.#keepsUnknown = true;
      else await this.#files.drop(id);
    await this.#removeStrayLinks();
    const [first] = alive.values();
    if (first === undefined) {
      this.#namespaces.empty();
      if (!this.#keepsUnknown) await this.#tearDown();
      return;
    }
    this.#subnet = subnetOf(first);
    const { addresses } = await this.#start();
    for (const endpoint of alive.values()) addresses.claim(parseAddress(endpoint.ipAddress));
    await this.#reattach();
    const living = new Set(this.#endpoints().map((endpoint) => endpoint.ipAddress));
    this.#retired.forgetAll(
      (address) => !living.has(address) && overlaps(addresses.subnet, rangeOf(parseAddress(address), 32)),
    );
    this.#startWatch();
  }

  async close(): Promise<void> {
    this.#stopWatch();
    clearTimeout(this.#sweep);
    await this.#mending?.catch(() => undefined);
    await this.#retired.close();
    await this.#namespaces.close();
    if (this.#connected.size === 0 && this.#running !== undefined && !this.#keepsUnknown) {
      await this.#removeStrayLinks();
      await this.#tearDown();
    }
    for (const { reservation } of this.#connected.values()) reservation?.release();
    this.#host.close();
    this.#netfilter.close();
  }

  /** Someone may have taken a port while no engine ran: the redirection works on, so this is only told. */
  #holdAgain(containerId: string, endpoint: Endpoint): Reservation | undefined {
    try {
      return this.#ports.reserve(endpoint.ports);
    } catch (error) {
      this.#options.log.warn('network.port-not-held', { container: containerId, error: messageOf(error) });
      return undefined;
    }
  }

  /** Everything that must be there before a container can be connected; made once. */
  #start(): Promise<Running> {
    this.#running ??= this.#makeRunning().catch((error: unknown) => {
      this.#running = undefined;
      throw error;
    });
    return this.#running;
  }

  async #makeRunning(): Promise<Running> {
    const { bridgeName, tableName, log } = this.#options;
    const bridge = await this.#ensureBridge();
    this.#subnet = bridge.subnet;
    const firewall = new Firewall(this.#netfilter, {
      table: tableName,
      bridge: bridgeName,
      subnet: bridge.subnet,
    });
    await firewall.install(this.#endpoints());
    await this.#forwarding.enable();
    await this.#openHostChain();
    await warnOfLegacyRules(bridgeName, log);
    if (this.#endpoints().some((endpoint) => endpoint.ports.length > 0))
      await allowLoopbackRouting(bridgeName);
    log.info('network.ready', { bridge: bridgeName, subnet: formatSubnet(bridge.subnet), table: tableName });
    return { bridge, addresses: new AddressPool(bridge.subnet), firewall };
  }

  async #ensureBridge(): Promise<Bridge> {
    const { bridgeName, mtu } = this.#options;
    const bridge = await ensureBridge(this.#host, {
      name: bridgeName,
      mark: this.#mark,
      mtu,
      subnet: this.#subnet,
    });
    this.#bridgeIndex = bridge.index;
    return bridge;
  }

  async #openHostChain(): Promise<void> {
    const changed = await openHostChain(this.#netfilter, this.bridgeName);
    if (changed)
      this.#options.log.info('network.passage-opened', { bridge: this.bridgeName, chain: 'filter FORWARD' });
  }

  #endpoints(): Endpoint[] {
    return [...this.#connected.values()].map(({ endpoint }) => endpoint);
  }

  #startWatch(): void {
    if (this.#watch !== undefined) return;
    this.#watch = setInterval(() => {
      this.#mending ??= this.#mend()
        .catch((error: unknown) => this.#options.log.error('network.not-mended', { error: messageOf(error) }))
        .finally(() => {
          this.#mending = undefined;
        });
    }, this.#options.watchEveryMs ?? WATCH_EVERY_MS);
    this.#watch.unref();
  }
  #stopWatch(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /** Puts back what others took away: rules after a flush, the bridge, the forwarding switch. */
  async #mend(): Promise<void> {
    if (this.#running === undefined || this.#busy.size > 0) return;
    const { firewall } = await this.#running;
    const [link] = route.readLinks(await this.#host.ask([route.getLink(this.bridgeName)]));
    if (link?.index !== this.#bridgeIndex) {
      this.#options.log.warn('network.bridge-lost', { bridge: this.bridgeName });
      await this.#ensureBridge();
      this.#namespaces.empty();
      await this.#reattach();
      if (this.#loopbackAllowed) await allowLoopbackRouting(this.bridgeName);
    }
    if (!(await firewall.intact(this.#endpoints())) && this.#busy.size === 0) {
      this.#options.log.warn('network.rules-lost', { table: this.#options.tableName });
      await firewall.install(this.#endpoints());
    }
    await this.#forwarding.enable();
    await this.#openHostChain();
  }

  async #reattach(): Promise<void> {
    const endpoints = new Map([...this.#connected].map(([id, { endpoint }]) => [id, endpoint]));
    for (const container of await reattach(this.#host, this.#bridgeIndex, endpoints))
      this.#options.log.warn('network.interface-lost', { container });
  }

  #planSweep(): void {
    clearTimeout(this.#sweep);
    this.#sweep = setTimeout(() => {
      this.#removeStrayLinks().catch((error: unknown) =>
        this.#options.log.warn('network.not-swept', { error: messageOf(error) }),
      );
    }, SWEEP_AFTER_MS);
    this.#sweep.unref();
  }

  /** Host interfaces of ours that belong to no container and do not wait to be used. */
  async #removeStrayLinks(): Promise<void> {
    if (this.#keepsUnknown) return;
    const present = await hostSides(this.#host, this.#prefix);
    if (this.#busy.size > 0) return this.#planSweep(); // an interface may be on its way from the pool to a container
    const wanted = new Set([
      ...this.#endpoints().map((each) => each.hostInterface),
      ...this.#namespaces.interfaces(),
    ]);
    await removeLinks(
      this.#host,
      present.filter((name) => !wanted.has(name)),
    );
  }

  /** Bridge, table and switch: as if we had never been here. */
  async #tearDown(): Promise<void> {
    const { bridgeName, tableName } = this.#options;
    this.#running = undefined;
    this.#subnet = this.#configured;
    this.#loopbackAllowed = false;
    const [link] = route.readLinks(await this.#host.ask([route.getLink(bridgeName)]));
    if (link?.alias === this.#mark) await this.#host.ask([route.deleteLink(bridgeName)]);
    await removeFirewall(this.#netfilter, tableName);
    await closeHostChain(this.#netfilter, bridgeName);
    await this.#forwarding.release();
  }
}

function subnetOf(endpoint: Endpoint): Subnet {
  const gateway = parseAddress(endpoint.gateway);
  return { ...rangeOf(gateway, endpoint.prefixLength), gateway };
}
