/** All networks of an engine on one host, and the sandboxes that are on them. */
import { createHash } from 'node:crypto';
import { Conflict } from '../base/errors.ts';
import { undoUnlessDone } from '../base/lifetime.ts';
import type { SubnetPool } from './addresses/choose.ts';
import { createBridgeDriver } from './drivers/bridge/bridge-driver.ts';
import type { BridgeOptions } from './drivers/bridge/options.ts';
import type { Driver } from './drivers/driver.ts';
import { NetworkHost, type NetworkHostOptions } from './host.ts';
import { type EndpointRequest, type HeldRequest, Network, type NetworkOptions } from './network.ts';
import type { Endpoint, Endpoints } from './sandbox/endpoint.ts';
import type { ReadySandbox } from './sandbox/pool.ts';
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

/** A sandbox that is wanted. */
export interface SandboxRequest {
  /** Names the sandbox, and its file. */
  readonly sandboxId: string;
  /** The container that it is made for: its ports are open as long as it holds the sandbox. */
  readonly owner: string;
  /** The networks it is to be on: the first is `eth0`, and leads to the world. */
  readonly endpoints: readonly ({ readonly network: Network } & EndpointRequest)[];
}

/** A sandbox that lives on from an earlier life of the engine. */
export interface LivingSandbox {
  readonly endpoints: Endpoints;
  readonly owner: string;
  /** The containers that run in it; the owner may have left. */
  readonly holders: readonly string[];
}

/** Stands between a container's id and the number of its run in the id of a sandbox. */
const RUN_MARK = '-run';
const ownerOf = (sandboxId: string): string => sandboxId.split(RUN_MARK)[0] ?? sandboxId;

interface Known {
  readonly owner: string;
  readonly holders: Set<string>;
  readonly endpoints: Endpoints;
}

/** An engine's networks. Several engines live side by side on a host. */
export class Networks {
  readonly #host: NetworkHost;
  readonly #upkeep: Upkeep;
  readonly #pools: readonly SubnetPool[];
  readonly #defaults: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly #networks = new Map<string, Network>();
  readonly #sandboxes = new Map<string, Known>();
  /** Sandboxes that are being made. */
  readonly #busy = new Set<string>();

  constructor(options: NetworksOptions) {
    this.#pools = options.pools ?? [];
    this.#defaults = options.defaults ?? {};
    this.#host = new NetworkHost(options);
    this.#upkeep = new Upkeep({
      mend: () => this.#mend(),
      sweep: () => this.#sweep(),
      everyMs: options.watchEveryMs ?? MEND_EVERY_MS,
      log: options.log,
    });
  }

  /** A bridge network, with an id that is the same in each life of the engine. @throws InvalidArgument, Failed */
  addBridge(options: BridgeOptions & Pick<NetworkOptions, 'name'>): Network {
    const { name, bridgeName } = options;
    const id = createHash('sha256').update(`${this.#host.mark}\0${bridgeName}\0${name}`).digest('hex');
    return this.add({ id, name }, (host) => createBridgeDriver(host, { pools: this.#pools, ...options }));
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

  /** An id for a sandbox of this container: its own, unless a sandbox of an earlier run has guests. */
  freeSandboxId(containerId: string): string {
    let id = containerId;
    for (let run = 2; this.#sandboxes.has(id); run++) id = `${containerId}${RUN_MARK}${run}`;
    return id;
  }

  /** The file by which the runtime enters the sandbox. @throws InvalidArgument when it could not be a sandbox's name */
  sandboxPath(sandboxId: string): string {
    return this.#host.files.pathOf(sandboxId);
  }

  /**
   * Makes a sandbox with an endpoint on each of the networks; it lives until its last holder leaves. What the networks
   * need on the host is made at their first use.
   * @throws Failed `Bind for IP:PORT failed: port is already allocated`, or no free address · Conflict when there is such
   * a sandbox, or a bridge belongs to another engine · InvalidArgument for a malformed request
   */
  async open(request: SandboxRequest): Promise<Endpoints> {
    const { sandboxId, owner } = request;
    this.#host.files.pathOf(sandboxId);
    if (this.#sandboxes.has(sandboxId) || this.#busy.has(sandboxId))
      throw new Conflict(`sandbox ${sandboxId} exists already`);
    this.#busy.add(sandboxId);
    try {
      const endpoints = await undoUnlessDone((undo) => this.#make(request, undo));
      this.#sandboxes.set(sandboxId, { owner, holders: new Set([owner]), endpoints });
      this.#upkeep.watch();
      return endpoints;
    } finally {
      this.#busy.delete(sandboxId);
    }
  }

  async #make({ sandboxId, endpoints }: SandboxRequest, undo: AsyncDisposableStack): Promise<Endpoints> {
    const held = endpoints.map(({ network, ...wanted }) => {
      const request = network.hold(wanted);
      undo.defer(() => request.reservation.release());
      return request;
    });
    const [first] = held;
    if (first === undefined) throw new Conflict(`sandbox ${sandboxId} is to be on no network`);
    const ready = await first.network.takeReady();
    using sandbox = ready.sandbox; // its file keeps it from here on
    const joined: [HeldRequest, Endpoint][] = [];
    for (const [index, request] of held.entries()) {
      const plugged: ReadySandbox =
        index === 0 ? ready : { sandbox, ...(await request.network.attach(sandbox, index)) };
      const leadsOut = index === 0;
      joined.push([request, await request.network.join(sandboxId, plugged, request, { leadsOut, undo })]);
    }
    this.#host.files.keep(sandboxId, sandbox.fd);
    undo.defer(() => this.#host.files.drop(sandboxId));
    for (const [{ network, reservation }, endpoint] of joined) {
      await network.publish(sandboxId, endpoint, reservation);
      undo.defer(() => network.leave(sandboxId));
      undo.defer(() => network.closePorts(sandboxId));
    }
    return Object.fromEntries(joined.map(([{ network }, endpoint]) => [network.id, endpoint]));
  }

  /** One more container runs in the sandbox; undefined when there is none (any more). */
  share(sandboxId: string, holder: string): Endpoints | undefined {
    const known = this.#sandboxes.get(sandboxId);
    known?.holders.add(holder);
    return known?.endpoints;
  }

  /**
   * A container runs in the sandbox no longer. With the owner its ports go; with the last holder addresses and sandbox.
   * Never waits for the kernel's removal of interfaces. Absent: nothing to do.
   */
  async leave(sandboxId: string, holder: string): Promise<void> {
    const known = this.#sandboxes.get(sandboxId);
    if (known === undefined) return await this.#host.files.drop(sandboxId);
    known.holders.delete(holder);
    if (known.holders.size === 0) return await this.#close(sandboxId, known);
    if (holder !== known.owner) return;
    await using steps = new AsyncDisposableStack();
    for (const network of this.#of(known)) steps.defer(() => network.withdraw(sandboxId));
  }

  async #close(sandboxId: string, known: Known): Promise<void> {
    this.#sandboxes.delete(sandboxId);
    await using steps = new AsyncDisposableStack(); // every step is done, also when another fails; last one first
    steps.defer(() => {
      if (this.#sandboxes.size === 0) this.#upkeep.rest();
      this.#upkeep.planSweep();
    });
    for (const network of this.#of(known)) steps.defer(() => network.leave(sandboxId));
    steps.defer(() => this.#host.files.drop(sandboxId));
    for (const network of this.#of(known)) steps.defer(() => network.closePorts(sandboxId));
  }

  #of({ endpoints }: Known): Network[] {
    return Object.keys(endpoints).flatMap((id) => this.find(id) ?? []);
  }

  /**
   * After a restart: these are alive, with their addresses and ports; everything else of ours is removed. `isKept`:
   * whether a container may run of whose sandbox nobody knows more. Then no interface is taken for a stray one.
   */
  async recover(
    alive: ReadonlyMap<string, LivingSandbox>,
    isKept: (containerId: string) => boolean = () => false,
  ): Promise<void> {
    let keepsUnknown = false;
    for (const [id, known] of this.#sandboxes) if (!alive.has(id)) await this.#close(id, known);
    for (const [id, { owner, holders, endpoints }] of alive)
      if (!this.#sandboxes.has(id)) this.#sandboxes.set(id, { owner, holders: new Set(holders), endpoints });
    for (const id of this.#host.files.ids()) {
      if (alive.has(id) || this.#busy.has(id)) continue;
      if (isKept(ownerOf(id))) keepsUnknown = true;
      else await this.#host.files.drop(id);
    }
    const members = [...this.#networks.values()].map((network) => ({
      network,
      living: this.#membersOf(network, alive),
    }));
    // Those that stay come first: what all networks share is not taken away and made again.
    await this.#host.firewall.together(async () => {
      for (const { network, living } of members.toSorted((a, b) => b.living.size - a.living.size))
        await network.recover(living, { keepsUnknown });
    });
    if (alive.size > 0) this.#upkeep.watch();
  }

  #membersOf(network: Network, alive: ReadonlyMap<string, LivingSandbox>) {
    return new Map(
      [...alive].flatMap(([id, { endpoints, owner, holders }]) => {
        const endpoint = endpoints[network.id];
        return endpoint === undefined
          ? []
          : [[id, { endpoint, published: holders.includes(owner) }] as const];
      }),
    );
  }

  /** Orderly end: networks without endpoints leave the host, the others work on. */
  async close(): Promise<void> {
    await this.#upkeep.close();
    await this.#host.released.close();
    for (const network of this.#networks.values()) await network.close();
    this.#host.close();
  }

  async #mend(): Promise<void> {
    if (this.#busy.size > 0) return;
    for (const network of this.#networks.values()) await network.mend();
  }

  async #sweep(): Promise<boolean> {
    for (const network of this.#networks.values())
      if (!(await network.sweep(() => this.#busy.size > 0))) return false;
    return true;
  }
}
