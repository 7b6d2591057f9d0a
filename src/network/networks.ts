/** All networks of an engine on one host, and the sandboxes that are on them. */
import { createHash } from 'node:crypto';
import { messageOf } from '../base/errors.ts';
import type { Family } from './addresses/address.ts';
import { type SubnetPool, subnetPools } from './addresses/choose.ts';
import type { Range } from './addresses/subnet.ts';
import { createBridgeDriver } from './drivers/bridge/bridge-driver.ts';
import { removeLinks } from './drivers/bridge/links.ts';
import type { BridgeOptions } from './drivers/bridge/options.ts';
import type { Driver } from './drivers/driver.ts';
import { strayLinks } from './fsck/stray.ts';
import { NetworkHost, type NetworkHostOptions } from './host.ts';
import type { Member } from './members.ts';
import { findLink } from './netlink/link-list.ts';
import { listLinks, readLinks } from './netlink/route.ts';
import { takenRanges } from './netlink/taken.ts';
import { Network, type NetworkOptions } from './network.ts';
import { type LivingSandbox, Sandboxes } from './sandboxes.ts';
import { MEND_EVERY_MS, Upkeep } from './upkeep.ts';

/** How the networks of an engine are opened. */
export interface NetworksOptions extends NetworkHostOptions {
  /** How often bridges and rules are looked after while containers use them. */
  readonly watchEveryMs?: number;
  /** Where subnets are looked for first that nobody asked for. */
  readonly pools?: readonly SubnetPool[];
  /** By driver: options of networks whose creator does not say otherwise. */
  readonly defaults?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** An engine's networks. Several engines live side by side on a host. */
export class Networks {
  readonly #host: NetworkHost;
  readonly #upkeep: Upkeep;
  readonly #pools: readonly SubnetPool[];
  readonly #defaults: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly #networks = new Map<string, Network>();
  /** Settled, unless sandboxes were claimed that are not restored yet. */
  #restored = Promise.withResolvers<void>();
  #isRestoring = false;
  /** What containers run in. */
  readonly sandboxes: Sandboxes;

  constructor(options: NetworksOptions) {
    this.#pools = options.pools ?? [];
    this.#defaults = options.defaults ?? {};
    this.#host = new NetworkHost(options);
    this.#restored.resolve();
    this.#upkeep = new Upkeep({
      mend: () => this.#mend(),
      guard: () => this.#host.firewall.keep(),
      sweep: () => this.#sweep(),
      everyMs: options.watchEveryMs ?? MEND_EVERY_MS,
      log: options.log,
    });
    this.sandboxes = new Sandboxes({
      host: this.#host,
      networkOf: (id) => this.#networks.get(id),
      restored: () => this.restored,
      isOurs: (name) =>
        [...this.#networks.values()].some((network) =>
          isNumbered(name, network.interfaceName(0).slice(0, -1)),
        ),
      onOpen: () => this.#upkeep.watch(),
      onClose: (left) => {
        if (left === 0) this.#upkeep.rest();
        this.#upkeep.planSweep();
      },
    });
  }

  /** A bridge network, with an id that is the same in each life of the engine. @throws InvalidArgument, Failed */
  addBridge(options: BridgeOptions & Pick<NetworkOptions, 'name'>): Network {
    const { name, bridgeName, internal = false } = options;
    const id = this.idOf(`${bridgeName}\0${name}`);
    const others = (): readonly Range[] =>
      [...this.#networks.values()].flatMap((each) => (each.id === id ? [] : each.subnets));
    return this.add({ id, name, internal }, (host) =>
      createBridgeDriver(host, { pools: this.#pools, others, ...options }),
    );
  }

  /** An id for what is the same in each life of the engine. */
  idOf(what: string): string {
    return createHash('sha256').update(`${this.#host.mark}\0${what}`).digest('hex');
  }

  /** Where subnets are looked for that nobody asked for, in this order. */
  get pools(): readonly SubnetPool[] {
    return subnetPools(this.#pools, this.#host.mark);
  }

  /** Options of networks of this driver, as far as their creator does not say otherwise. */
  defaultsOf(driver: string): Readonly<Record<string, string>> {
    return this.#defaults[driver] ?? {};
  }

  /** A network of any kind. @throws what the driver throws */
  add(options: NetworkOptions, driver: (host: NetworkHost) => Driver): Network {
    const network = new Network(this.#host, driver(this.#host), options);
    this.#networks.set(network.id, network);
    return network;
  }

  /** The network of this name or id. */
  find(nameOrId: string): Network | undefined {
    const all = [...this.#networks.values()];
    return this.#networks.get(nameOrId) ?? all.find(({ name }) => name === nameOrId);
  }

  /** Takes a network away that nobody is on, or is about to be. False: somebody is. */
  async remove(network: Network): Promise<boolean> {
    await this.restored;
    if (!network.retire()) return false;
    this.#networks.delete(network.id);
    await network.takeAway();
    return true;
  }

  /** Whether this host has an interface of that name. */
  async hasInterface(name: string): Promise<boolean> {
    return (await findLink(this.#host.route, name)) !== undefined;
  }

  /** The ranges of a family that a new network must keep away from, each with whose it is. */
  async taken(
    family: Family,
  ): Promise<{ readonly range: Range; readonly owner: string; readonly isHost: boolean }[]> {
    await this.restored; // what belongs to nobody has left the host then
    const own = [...this.#networks.values()].flatMap(({ name, subnets }) =>
      subnets
        .filter(({ base }) => base.family === family)
        .map((range) => ({ range, owner: `network ${name}`, isHost: false })),
    );
    const host = await takenRanges(this.#host.route, family);
    return [...own, ...host.map((range) => ({ range, owner: 'a route of the host', isHost: true }))];
  }

  /**
   * After a restart: these are alive, and their addresses and ports are theirs from now on. Nothing is done on the host
   * yet; whoever joins, leaves or removes a network waits for {@link restore}.
   */
  claim(alive: ReadonlyMap<string, LivingSandbox>): void {
    this.#restored = Promise.withResolvers();
    this.sandboxes.claim(alive);
    for (const network of this.#networks.values()) network.claim(membersOf(network, alive));
  }

  /**
   * The claimed go on, and everything else of ours is removed. `isKept`: whether a container may run of whose sandbox
   * nobody knows more; then no interface is taken for a stray one. What fails is logged: the others go on.
   */
  async restore(isKept: (containerId: string) => boolean = () => false): Promise<void> {
    this.#isRestoring = true;
    try {
      const keepsUnknown = await this.sandboxes.dropOthers(isKept);
      // Those that stay come first: what all networks share is not taken away and made again.
      const networks = [...this.#networks.values()].sort((a, b) => Number(b.inUse) - Number(a.inUse));
      await this.#host.firewall.together(async () => {
        for (const network of networks) await this.#restore(network, keepsUnknown);
      });
      if (!keepsUnknown) await this.#dropStray();
    } catch (error) {
      this.#host.log.error('network.not-restored', { error: messageOf(error) });
    } finally {
      this.#isRestoring = false;
      this.#restored.resolve();
    }
  }

  /** What a removal left that was cut off when the network was on record no longer. */
  async #dropStray(): Promise<void> {
    const { mark, route } = this.#host;
    const links = readLinks(await route.ask([listLinks()]));
    const networkIds = [...this.#networks.keys(), ...this.sandboxes.networkIds()];
    await removeLinks(
      route,
      strayLinks(links, { mark, networkIds }).map(({ name }) => name),
    );
  }

  /** Its next use tries again. */
  async #restore(network: Network, keepsUnknown: boolean): Promise<void> {
    try {
      await network.restore({ keepsUnknown });
    } catch (error) {
      this.#host.log.error('network.not-restored', { name: network.name, error: messageOf(error) });
    }
  }

  /** Resolves when {@link restore} has ended, where one is to come. */
  get restored(): Promise<void> {
    return this.#restored.promise;
  }

  /** Orderly end: networks without endpoints leave the host, the others work on. */
  async close(): Promise<void> {
    await this.#upkeep.close();
    await this.#host.released.close();
    for (const network of this.#networks.values()) await network.close();
    this.sandboxes.close();
    this.#host.close();
  }

  async #mend(): Promise<void> {
    if (this.sandboxes.busy || this.#isRestoring) return;
    for (const network of this.#networks.values()) await network.mend();
  }

  async #sweep(): Promise<boolean> {
    for (const network of this.#networks.values())
      if (network.isOnHost && !(await network.sweep(() => this.sandboxes.busy))) return false;
    return true;
  }
}

const membersOf = (
  { id: networkId }: Network,
  alive: ReadonlyMap<string, LivingSandbox>,
): Map<string, Member> =>
  new Map(
    [...alive].flatMap(([id, { endpoints, owner, holders }]) => {
      const endpoint = endpoints[networkId];
      return endpoint === undefined ? [] : [[id, { endpoint, published: holders.includes(owner) }] as const];
    }),
  );

/** Whether a name is the beginning and a number. */
const isNumbered = (name: string, beginning: string): boolean =>
  name.startsWith(beginning) && /^\d+$/.test(name.slice(beginning.length));
