/** The sandboxes of an engine: who runs in them, on which networks they are, and which of those leads out. */
import { Conflict, messageOf } from '../base/errors.ts';
import { undoUnlessDone } from '../base/lifetime.ts';
import { Mailbox } from '../base/mailbox.ts';
import type { NetworkHost, SandboxUser } from './host.ts';
import type { NameView } from './names/answer.ts';
import type { Network } from './network.ts';
import type { Reservation } from './published/host-ports.ts';
import type { PortRequest, PublishedPort } from './published/port.ts';
import { freeNumber, heldFor, type NetworkRequest, withPorts } from './requests.ts';
import type { Endpoint, Endpoints } from './sandbox/endpoint.ts';
import { leaderOf } from './sandbox/leader.ts';
import type { ReadySandbox } from './sandbox/pool.ts';
import { makeSandboxOf, openSandbox, type Sandbox } from './sandbox/sandbox.ts';

/** A sandbox that is wanted. */
export interface SandboxRequest {
  /** Names the sandbox, and its file. */
  readonly sandboxId: string;
  /** The container that it is made for: its ports are open as long as it holds the sandbox. */
  readonly owner: string;
  /** Ports of the host that lead to it, by the network that leads out. */
  readonly ports: readonly PortRequest[];
  /** The networks it is to be on: the first is `eth0`. */
  readonly endpoints: readonly NetworkRequest[];
  /** Whose the namespace is. Undefined: as those that are made ahead. */
  readonly user?: SandboxUser | undefined;
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

/** A sandbox in memory. */
interface Known {
  readonly owner: string;
  readonly holders: Set<string>;
  endpoints: Endpoints;
  /** The ports of the host, while they are held. */
  reservation: Reservation | undefined;
  /** Joining, leaving and ending, one at a time. */
  readonly mailbox: Mailbox;
}

type Made = Pick<Known, 'endpoints' | 'reservation'>;

/** What the sandboxes need of the rest of the room. */
export interface SandboxesDeps {
  readonly host: NetworkHost;
  readonly networkOf: (id: string) => Network | undefined;
  /** Resolves when what an earlier life left on the host is as it should be. */
  readonly restored: () => Promise<void>;
  /** Whether an interface of this name may be one that a network put into a sandbox. */
  readonly isOurs: (interfaceName: string) => boolean;
  /** There is a first sandbox, or one more. */
  readonly onOpen: () => void;
  /** One has gone; `left` are there still. */
  readonly onClose: (left: number) => void;
}

/** All of an engine's. */
export class Sandboxes {
  readonly #host: NetworkHost;
  readonly #deps: SandboxesDeps;
  readonly #known = new Map<string, Known>();
  /** Sandboxes that are being made or changed. */
  readonly #busy = new Set<string>();

  constructor(deps: SandboxesDeps) {
    this.#host = deps.host;
    this.#deps = deps;
  }

  /** Whether an interface may be on its way. */
  get busy(): boolean {
    return this.#busy.size > 0;
  }

  /** An id for a sandbox of this container: its own, unless a sandbox of an earlier run has guests. */
  freeSandboxId(containerId: string): string {
    let id = containerId;
    for (let run = 2; this.#known.has(id); run++) id = `${containerId}${RUN_MARK}${run}`;
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
    this.#claim(sandboxId);
    try {
      await this.#deps.restored();
      const { endpoints, reservation } = await undoUnlessDone((undo) => this.#make(request, undo));
      this.#know(sandboxId, { owner, holders: [owner], endpoints, reservation });
      return endpoints;
    } finally {
      this.#busy.delete(sandboxId);
    }
  }

  /** Takes over a namespace that a container has already, so that it can join networks. @throws Conflict, SystemError */
  async adopt(sandboxId: string, owner: string, namespacePath: string): Promise<void> {
    this.#claim(sandboxId);
    try {
      await this.#deps.restored();
      using sandbox = openSandbox(namespacePath);
      sandbox.withoutIpv6();
      this.#host.files.keep(sandboxId, sandbox.fd);
      this.#know(sandboxId, { owner, holders: [owner], endpoints: {}, reservation: undefined });
    } finally {
      this.#busy.delete(sandboxId);
    }
  }

  #claim(sandboxId: string): void {
    this.#host.files.pathOf(sandboxId);
    if (this.#known.has(sandboxId) || this.#busy.has(sandboxId))
      throw new Conflict(`sandbox ${sandboxId} exists already`);
    this.#busy.add(sandboxId);
  }

  #know(
    sandboxId: string,
    { holders, ...rest }: Omit<Known, 'holders' | 'mailbox'> & { readonly holders: Iterable<string> },
  ): void {
    this.#known.set(sandboxId, { ...rest, holders: new Set(holders), mailbox: new Mailbox() });
    this.#deps.onOpen();
  }

  async #make(request: SandboxRequest, undo: AsyncDisposableStack): Promise<Made> {
    const { sandboxId, endpoints, ports, user } = request;
    using held = heldFor(endpoints);
    const [first] = held.requests;
    if (first === undefined) return await this.#makeLonely(request, undo);
    const leader = this.#leaderOf(held.wouldBe);
    const reservation = leader?.reserve(ports);
    undo.defer(() => reservation?.release());
    const ready = await first.network.takeReady(user);
    using sandbox = ready.sandbox; // its file keeps it from here on
    const joined: [string, Endpoint][] = [];
    for (const [index, request] of held.requests.entries()) {
      const { network } = request;
      const plugged: ReadySandbox =
        index === 0 ? ready : { sandbox, ...(await network.attach(sandbox, index)) };
      const endpoint = await network.join(sandboxId, plugged, request, undo);
      joined.push([
        network.id,
        network === leader ? { ...endpoint, ports: reservation?.ports ?? [] } : endpoint,
      ]);
    }
    const made = Object.fromEntries(joined);
    if (leader !== undefined) await sandbox.leadOut(made[leader.id]);
    this.#host.files.keep(sandboxId, sandbox.fd);
    undo.defer(() => this.#host.files.drop(sandboxId));
    for (const { network } of held.requests) {
      network.enter(sandboxId, made[network.id]!);
      undo.defer(() => network.leave(sandboxId));
    }
    await leader?.publish(sandboxId, made[leader.id]!);
    return { endpoints: made, reservation };
  }

  /** One that is on no network yet. */
  async #makeLonely({ sandboxId, user }: SandboxRequest, undo: AsyncDisposableStack): Promise<Made> {
    using sandbox = await makeSandboxOf(this.#host.userNamespace(user));
    await sandbox.raise('lo');
    this.#host.files.keep(sandboxId, sandbox.fd);
    undo.defer(() => this.#host.files.drop(sandboxId));
    return { endpoints: {}, reservation: undefined };
  }

  /**
   * Makes a sandbox what is on record of it, after a daemon died while networks were joined or left: interfaces of ours
   * that are no endpoint's go, and the default route is the leader's. The container's own interfaces stay.
   */
  async settle(sandboxId: string): Promise<void> {
    const known = this.#known.get(sandboxId);
    await known?.mailbox.run(async () => {
      using sandbox = openSandbox(this.sandboxPath(sandboxId));
      const kept = new Set(Object.values(known.endpoints).map(({ interfaceName }) => interfaceName));
      for (const name of await sandbox.interfaces())
        if (this.#deps.isOurs(name) && !kept.has(name)) await sandbox.remove(name);
      const leader = this.#leaderOf(known.endpoints);
      await sandbox.leadOut(leader && known.endpoints[leader.id]);
    });
  }

  #leaderOf(endpoints: Endpoints): Network | undefined {
    const id = leaderOf(endpoints, (each) => this.#deps.networkOf(each));
    return id === undefined ? undefined : this.#deps.networkOf(id);
  }

  /**
   * One more network for a sandbox in which containers run; its default route and ports follow. The endpoints that the
   * sandbox has then; undefined: the sandbox is gone.
   * @throws as `open`; Conflict when it is on the network: then all is as before
   */
  async connect(sandboxId: string, request: NetworkRequest): Promise<Endpoints | undefined> {
    return await this.#change(sandboxId, async (known) => {
      const { network } = request;
      if (known.endpoints[network.id] !== undefined)
        throw new Conflict(`sandbox ${sandboxId} is on network ${network.name} already`);
      using held = network.hold(request);
      using sandbox = openSandbox(this.sandboxPath(sandboxId));
      await undoUnlessDone(async (undo) => {
        const plugged = await network.attach(sandbox, freeNumber(network, known.endpoints));
        undo.defer(() => sandbox.remove(plugged.link.name));
        const endpoint = await network.join(sandboxId, { sandbox, ...plugged }, held, undo);
        network.enter(sandboxId, endpoint);
        undo.defer(() => network.leave(sandboxId));
        const before = known.endpoints;
        undo.defer(() => this.#lead(sandboxId, known, before, sandbox));
        await this.#lead(sandboxId, known, { ...before, [network.id]: endpoint }, sandbox);
      });
    });
  }

  /** Takes a sandbox off a network; its default route and ports follow. Not on it: nothing to do. Undefined: the sandbox is gone. */
  async disconnect(sandboxId: string, network: Network): Promise<Endpoints | undefined> {
    return await this.#change(sandboxId, async (known) => {
      const { [network.id]: leaving, ...rest } = known.endpoints;
      if (leaving === undefined) return;
      using sandbox = openSandbox(this.sandboxPath(sandboxId));
      await this.#lead(sandboxId, known, rest, sandbox);
      await sandbox.remove(leaving.interfaceName);
      await network.leave(sandboxId);
    });
  }

  /** What a disconnect would leave, without doing it: to be on record before. */
  without(sandboxId: string, network: Network): Endpoints {
    const { [network.id]: leaving, ...rest } = this.#known.get(sandboxId)?.endpoints ?? {};
    const leader = this.#leaderOf(rest);
    return leader === undefined || leaving === undefined ? rest : withPorts(rest, leader.id, leaving.ports);
  }

  async #change(sandboxId: string, change: (known: Known) => Promise<void>): Promise<Endpoints | undefined> {
    await this.#deps.restored();
    const known = this.#known.get(sandboxId);
    return await known?.mailbox.run(async () => {
      if (this.#known.get(sandboxId) !== known) return undefined;
      this.#busy.add(sandboxId); // an interface on its way is no stray one
      try {
        await change(known);
        return known.endpoints;
      } finally {
        this.#busy.delete(sandboxId);
      }
    });
  }

  /** Default route and ports go by the endpoint that leads out of these. @throws NetlinkError: then what `known` says is still so, but for the ports */
  async #lead(sandboxId: string, known: Known, endpoints: Endpoints, sandbox: Sandbox): Promise<void> {
    const before = this.#leaderOf(known.endpoints);
    const leader = this.#leaderOf(endpoints);
    if (leader !== before || leader === undefined) await sandbox.leadOut(leader && endpoints[leader.id]);
    if (leader === before) {
      known.endpoints = endpoints;
      return;
    }
    const ports = known.reservation?.ports ?? [];
    if (before !== undefined) await before.closePorts(sandboxId);
    known.endpoints = withPorts(endpoints, leader?.id, ports);
    if (leader === undefined || ports.length === 0) return;
    known.reservation?.release(); // held again in the same breath: what a kind of network holds is its own
    known.reservation = this.#holdAgain(sandboxId, leader, ports);
    await leader.publish(sandboxId, known.endpoints[leader.id]!);
  }

  /** Someone may have taken a port meanwhile: the redirection works all the same, so this is only told. */
  #holdAgain(sandbox: string, leader: Network, ports: readonly PublishedPort[]): Reservation {
    try {
      return leader.reserve(ports);
    } catch (error) {
      this.#host.log.warn('network.port-not-held', { sandbox, error: messageOf(error) });
      return this.#host.ports.account(ports);
    }
  }

  /**
   * The sandbox has a name server from now on, that sees what the view says. It has one, or the sandbox is gone: nothing
   * to do. @throws NetlinkError, SystemError
   */
  async serveNames(sandboxId: string, view: NameView): Promise<void> {
    const known = this.#known.get(sandboxId);
    await known?.mailbox.run(async () => {
      if (this.#known.get(sandboxId) !== known) return;
      await this.#host.names.open(sandboxId, this.sandboxPath(sandboxId), view);
    });
  }

  /** The networks that a sandbox is on: the one that leads out first, the others by name. */
  networksOf(sandboxId: string): readonly Network[] {
    const known = this.#known.get(sandboxId);
    if (known === undefined) return [];
    const leader = this.#leaderOf(known.endpoints);
    return this.#of(known).toSorted(
      (a, b) => Number(b === leader) - Number(a === leader) || (a.name < b.name ? -1 : 1),
    );
  }

  /** One more container runs in the sandbox; undefined when there is none (any more). */
  share(sandboxId: string, holder: string): Endpoints | undefined {
    const known = this.#known.get(sandboxId);
    known?.holders.add(holder);
    return known?.endpoints;
  }

  /**
   * A container runs in the sandbox no longer. With the owner its ports go; with the last holder addresses and sandbox.
   * Never waits for the kernel's removal of interfaces. Absent: nothing to do.
   */
  async leave(sandboxId: string, holder: string): Promise<void> {
    await this.#deps.restored();
    const known = this.#known.get(sandboxId);
    if (known === undefined) return await this.#host.files.drop(sandboxId);
    await known.mailbox.run(async () => {
      known.holders.delete(holder);
      if (known.holders.size === 0) return await this.#close(sandboxId, known);
      if (holder !== known.owner) return;
      await using steps = new AsyncDisposableStack();
      steps.defer(() => this.#release(known));
      for (const network of this.#of(known)) steps.defer(() => network.withdraw(sandboxId));
    });
  }

  async #close(sandboxId: string, known: Known): Promise<void> {
    this.#known.delete(sandboxId);
    await using steps = new AsyncDisposableStack(); // every step is done, also when another fails; last one first
    steps.defer(() => this.#deps.onClose(this.#known.size));
    steps.defer(() => this.#release(known));
    for (const network of this.#of(known)) steps.defer(() => network.leave(sandboxId));
    steps.defer(() => this.#host.files.drop(sandboxId));
    steps.defer(() => this.#host.names.close(sandboxId)); // it keeps the namespace
    for (const network of this.#of(known)) steps.defer(() => network.closePorts(sandboxId));
  }

  #release(known: Known): void {
    known.reservation?.release();
    known.reservation = undefined;
  }

  /** Ids of the networks that any of them is on, also of those that are not there any more. */
  networkIds(): string[] {
    return [...this.#known.values()].flatMap(({ endpoints }) => Object.keys(endpoints));
  }

  #of({ endpoints }: Known): Network[] {
    return Object.keys(endpoints).flatMap((id) => this.#deps.networkOf(id) ?? []);
  }

  /** These live on from an earlier life of the engine; their ports are held again. */
  claim(alive: ReadonlyMap<string, LivingSandbox>): void {
    for (const [id, { owner, holders, endpoints }] of alive) {
      if (this.#known.has(id)) continue;
      const reservation = holders.includes(owner) ? this.#heldBefore(id, endpoints) : undefined;
      this.#know(id, { owner, holders, endpoints, reservation });
    }
  }

  /** What keeps a namespace of ours and is not known is removed. True: some may belong to who `isKept`. */
  async dropOthers(isKept: (containerId: string) => boolean): Promise<boolean> {
    let keepsUnknown = false;
    for (const id of this.#host.files.ids()) {
      if (this.#known.has(id)) continue;
      if (isKept(ownerOf(id))) keepsUnknown = true;
      else await this.#host.files.drop(id);
    }
    return keepsUnknown;
  }

  #heldBefore(sandboxId: string, endpoints: Endpoints): Reservation | undefined {
    const leading = Object.entries(endpoints).find(([, { ports }]) => ports.length > 0);
    const network = leading && this.#deps.networkOf(leading[0]);
    return network && this.#holdAgain(sandboxId, network, leading[1].ports);
  }

  /** Gives held ports back: the engine ends. */
  close(): void {
    for (const known of this.#known.values()) this.#release(known);
  }
}
