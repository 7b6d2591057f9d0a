/** One network: its addresses, its endpoints, and the driver that carries them. */
import { createHash } from 'node:crypto';
import { messageOf } from '../base/errors.ts';
import { networkFailure } from '../model/failures/network.ts';
import { formatAddress, parseAddress } from './addresses/address.ts';
import { FormerAddresses } from './addresses/former.ts';
import { takeEach } from './addresses/give.ts';
import { formatHardwareAddress } from './addresses/hardware.ts';
import { AddressPool } from './addresses/pool.ts';
import { contains, formatRange, type Subnet } from './addresses/subnet.ts';
import { freeCableName } from './cable-name.ts';
import type { Driver } from './drivers/driver.ts';
import { hardwareAddressIn } from './drivers/hardware-address.ts';
import type { Service } from './firewall/port-elements.ts';
import type { NetworkHost, SandboxUser } from './host.ts';
import { type Member, Members } from './members.ts';
import { Openings } from './openings.ts';
import type { Reservation } from './published/host-ports.ts';
import type { PortRequest } from './published/port.ts';
import { type Endpoint, endpointAddress, subnetsOf } from './sandbox/endpoint.ts';
import type { Leading } from './sandbox/leader.ts';
import { type ReadySandbox, SandboxPool } from './sandbox/pool.ts';
import { makeSandboxOf, type Sandbox } from './sandbox/sandbox.ts';
import { type EndpointRequest, type EndpointWish, readWish } from './wish.ts';

/** Digits of a network's id that its host interfaces' names have: networks of one engine differ in them. */
const ID_DIGITS_IN_NAMES = 6;

/** A network as others know it. */
export interface NetworkOptions {
  /** 64 hex digits. No two of an engine's begin with the same {@link interfaceKey}. */
  readonly id: string;
  readonly name: string;
  /** Its containers reach each other and nothing else. */
  readonly internal?: boolean;
}

/** By what the host interfaces of a network are told from those of another. */
export const interfaceKey = (id: string): string => id.slice(0, ID_DIGITS_IN_NAMES);

/** A request that can be tried, and keeps its network from being removed; to be joined or let go. */
export interface HeldRequest extends Disposable {
  readonly network: Network;
  readonly wish: EndpointWish;
}

/** What exists from the first use on. */
interface Started {
  readonly pools: readonly AddressPool[];
}

/** A network of the engine. Nothing of it is on the host before its first use. */
export class Network implements Leading {
  readonly id: string;
  readonly name: string;
  readonly internal: boolean;
  readonly #host: NetworkHost;
  readonly #driver: Driver;
  readonly #ready: SandboxPool;
  readonly #members = new Members();
  readonly #former = new FormerAddresses();
  readonly #openings: Openings;
  /** Host interfaces of this network start with this. */
  readonly #prefix: string;
  /** A container runs whose endpoint nobody knows: no interface is taken for a stray one. */
  #keepsUnknown = false;
  /** Requests that are under way. */
  #held = 0;
  #retired = false;
  #subnets: readonly Subnet[];
  #planned: readonly Subnet[] = [];
  #started: Promise<Started> | undefined;
  /** Also of a start that failed something may be there. */
  #mayBeOnHost = false;
  #pools: readonly AddressPool[] | undefined;

  constructor(host: NetworkHost, driver: Driver, { id, name, internal = false }: NetworkOptions) {
    this.id = id;
    this.name = name;
    this.internal = internal;
    this.#host = host;
    this.#driver = driver;
    this.#openings = new Openings(driver);
    this.#prefix = `veth${interfaceKey(id)}`;
    this.#subnets = driver.configured;
    this.#ready = new SandboxPool({
      newName: () => this.#newInterfaceName(),
      make: (outside) => this.#makeReady(outside),
      isAhead: !driver.isAlone,
      onError: (error) => host.log.warn('network.namespace.not-prepared', { error: messageOf(error) }),
    });
  }

  /** `bridge` and the like. */
  get driver(): string {
    return this.#driver.kind;
  }
  /** `172.17.0.0/16` and the like; those that nobody configured are known after the first use. */
  get subnets(): readonly Subnet[] {
    return this.#subnets.length > 0 ? this.#subnets : this.#planned;
  }
  /** Decides about subnets that nobody asked for, so that they can be told before there is a container. */
  async plan(): Promise<void> {
    if (this.#subnets.length === 0) this.#planned = await this.#driver.plan();
  }

  /** Whether containers are on it. */
  get inUse(): boolean {
    return this.#members.size > 0;
  }

  /** Whether something of it may be on the host. */
  get isOnHost(): boolean {
    return this.#mayBeOnHost;
  }

  /** Keeps the network until the request is done with. @throws NotFound when it was removed; InvalidArgument */
  hold(request: EndpointRequest): HeldRequest {
    if (this.#retired) throw networkFailure.notFound({ name: this.name });
    const wish = readWish(request);
    let isHeld = true;
    this.#held += 1;
    const release = (): void => {
      if (isHeld) this.#held -= 1;
      isHeld = false;
    };
    return { network: this, wish, [Symbol.dispose]: release };
  }

  /** Waits until nobody is on it, so long at most. */
  untilUnused(mostMs: number): Promise<void> {
    return this.#members.untilNone(mostMs);
  }

  /** Nobody joins it any more. False: somebody is on it, or about to be. */
  retire(): boolean {
    this.#retired = !this.inUse && this.#held === 0;
    return this.#retired;
  }

  /** It is not removed after all. */
  reopen(): void {
    this.#retired = false;
  }

  /** How full its subnets are, each as text; reserved addresses count as used. */
  usage(): { readonly subnet: string; readonly inUse: bigint; readonly available: bigint }[] {
    const pools = this.#pools ?? this.#newPools();
    return pools.map((pool) => ({ subnet: formatRange(pool.subnet), ...pool.usage() }));
  }

  /** Takes everything of it off the host. Call it when it is retired. */
  async takeAway(): Promise<void> {
    await this.#ready.close();
    if (!this.#mayBeOnHost) return; // what an earlier life left, `recover` has taken away
    await this.#started?.catch(() => undefined);
    await this.sweep(() => false);
    await this.#stop();
  }

  /** Holds the host's ports for containers of this network. @throws Failed for a taken port, InvalidArgument */
  reserve(ports: readonly PortRequest[]): Reservation {
    return this.#driver.reserve(ports);
  }

  /** A sandbox with an interface on this network; `user`: whose, if not as usual. @throws what the driver throws */
  async takeReady(user?: SandboxUser | undefined): Promise<ReadySandbox> {
    await this.#start();
    if (user === undefined) return await this.#ready.take();
    return await this.#ready.takeOther((outside) => this.#makeReady(outside, user));
  }

  /** The sandbox's interface of this number, when it has others. @throws what the driver throws */
  async attach(sandbox: Sandbox, number: number): Promise<Pick<ReadySandbox, 'link' | 'hostInterface'>> {
    await this.#start();
    const [inside, outside] = [this.interfaceName(number), this.#newInterfaceName()];
    return { link: await this.#driver.attach(sandbox, { inside, outside }), hostInterface: outside };
  }

  /** Gives the interface its addresses; `undo` takes them back. @throws Failed when no address is free, or a wanted one is taken */
  async join(
    sandboxId: string,
    { sandbox, link: plugged, hostInterface }: ReadySandbox,
    { wish }: HeldRequest,
    undo: AsyncDisposableStack,
  ): Promise<Endpoint> {
    const { pools } = await this.#start();
    const { mac: asked, wanted, name, gatewayPriority, sysctls, linkLocal, interfaceName } = wish;
    const former = this.#former.of(name);
    await this.#host.released.hurry([...wanted, ...former].map(formatAddress));
    const taken = takeEach(pools, { wanted, former, holders: () => [...this.#members.keys()] }, undo);
    const mac = hardwareAddressIn(this.#driver, asked, taken[0]?.address);
    const leadsOutBy = this.internal ? undefined : this.#driver.leadsOutBy;
    const addresses = taken.map(({ address, subnet }) => endpointAddress(address, subnet, leadsOutBy));
    const link = interfaceName === undefined ? plugged : await sandbox.rename(plugged, interfaceName);
    if (sysctls.length > 0) sandbox.setSysctls(link.name, sysctls);
    await sandbox.configure(link, mac, [...addresses, ...linkLocal]);
    this.#former.remember(
      name,
      taken.map(({ address }) => address),
    );
    return {
      endpointId: createHash('sha256').update(`${sandboxId}\0${hostInterface}\0${link.name}`).digest('hex'),
      interfaceName: link.name,
      addresses,
      macAddress: mac === undefined ? '' : formatHardwareAddress(mac),
      hostInterface,
      ports: [],
      ...(gatewayPriority !== 0 && { gatewayPriority }),
      ...(leadsOutBy === 'interface' && { leadsOutBy }),
    };
  }

  /** From now on the network knows the endpoint. */
  enter(sandboxId: string, endpoint: Endpoint): void {
    this.#members.set(sandboxId, { endpoint, published: false });
  }

  /** Opens the endpoint's ports. @throws Failed: then no port is open */
  async publish(sandboxId: string, endpoint: Endpoint): Promise<void> {
    await this.#start();
    await this.#driver.publish(endpoint);
    this.#members.set(sandboxId, { endpoint, published: true });
  }

  /**
   * Lets a sandbox reach services of another one where neighbours do not reach each other; until one of them leaves, or
   * {@link unlink}. In another life of the engine it is asked for again. Unknown sandboxes: nothing to do.
   * @throws what the driver throws
   */
  async link(fromId: string, toId: string, services: readonly Service[]): Promise<void> {
    const [from, to] = [this.#members.get(fromId), this.#members.get(toId)];
    if (from === undefined || to === undefined) return;
    await this.#start();
    await this.#openings.open({ sandboxId: fromId, ...from }, { sandboxId: toId, ...to }, services);
  }

  /** Takes that back; no such link: nothing to do. */
  unlink(fromId: string, toId: string): Promise<void> {
    return this.#openings.close(fromId, toId);
  }

  /** The owner of a sandbox that lives on is gone: its ports lead there no more, nor do conversations by them. */
  async withdraw(sandboxId: string): Promise<void> {
    const endpoint = this.#members.get(sandboxId)?.endpoint;
    await this.closePorts(sandboxId);
    if (endpoint !== undefined) this.#forget(endpoint, () => undefined);
  }

  /** Closes the ports of a sandbox. The caller gives them back. */
  async closePorts(sandboxId: string): Promise<void> {
    const member = this.#members.get(sandboxId);
    if (member === undefined || !member.published) return;
    this.#members.set(sandboxId, { ...member, published: false });
    await this.#start();
    await this.#driver.withdraw(member.endpoint);
  }

  /** The sandbox has left, or is gone: its addresses may be given again when the kernel has forgotten who was led to them by ports. */
  async leave(sandboxId: string): Promise<void> {
    const member = this.#members.get(sandboxId);
    this.#members.delete(sandboxId);
    if (member === undefined) return;
    const { pools } = await this.#start();
    await this.#openings.closeAllOf(sandboxId);
    this.#forget(member.endpoint, (text) => {
      const address = parseAddress(text);
      pools.find(({ subnet }) => contains(subnet, address))?.release(address);
    });
  }

  #forget({ addresses, ports }: Endpoint, then: (address: string) => void): void {
    for (const { address } of addresses) this.#host.released.add(address, ports, () => then(address));
  }

  /** After a restart of the engine: these are alive. Their addresses are theirs from now on; the host is not looked at. */
  claim(alive: ReadonlyMap<string, Member>): void {
    for (const [sandboxId, member] of alive)
      if (!this.#members.has(sandboxId)) this.#members.set(sandboxId, member);
    const [first] = this.#members.endpoints();
    if (first !== undefined && this.#driver.configured.length === 0) this.#subnets = subnetsOf(first);
  }

  /** All that is not claimed of this network is removed. `keepsUnknown`: there may be others, so nothing is. */
  async restore({ keepsUnknown }: { readonly keepsUnknown: boolean }): Promise<void> {
    this.#keepsUnknown = keepsUnknown;
    await this.sweep(() => false);
    if (!this.inUse) {
      this.#ready.empty();
      if (!keepsUnknown) await this.#stop();
      return;
    }
    await this.#start();
    this.#forgetTheDead();
  }

  /** Nobody knows which addresses containers had that ended meanwhile: all that are of ours and nobody's now. */
  #forgetTheDead(): void {
    const living = new Set(
      this.#members.endpoints().flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    );
    this.#host.released.forgetAll((text) => {
      const address = parseAddress(text);
      return !living.has(text) && this.#subnets.some((each) => contains(each, address));
    });
  }

  /** Puts back what others took away; nothing to do before the first use. */
  async mend(): Promise<void> {
    if (this.#started === undefined) return;
    await this.#started;
    if (await this.#driver.mend(this.#members.endpointsBySandbox())) this.#ready.empty();
  }

  /** Removes host interfaces of ours that belong to no sandbox and do not wait to be used; none while `busy`. True: all done. */
  async sweep(busy: () => boolean): Promise<boolean> {
    if (this.#keepsUnknown) return true;
    const present = await this.#driver.interfaces(this.#prefix);
    if (busy()) return false; // an interface may be on its way from the pool to a sandbox
    const kept = new Set([
      ...this.#members.endpoints().map(({ hostInterface }) => hostInterface),
      ...this.#ready.interfaces(),
    ]);
    await this.#driver.remove(present.filter((name) => !kept.has(name)));
    return true;
  }

  /** Orderly end: what is ready goes; without endpoints all of the network goes from the host. */
  async close(): Promise<void> {
    await this.#ready.close();
    if (!this.inUse && this.#started !== undefined && !this.#keepsUnknown) {
      await this.sweep(() => false);
      await this.#stop();
    }
  }

  /** Everything that must be there before a sandbox can join; made once. */
  #start(): Promise<Started> {
    this.#mayBeOnHost = true;
    this.#started ??= this.#makeStarted().catch((error: unknown) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  async #makeStarted(): Promise<Started> {
    this.#subnets = await this.#driver.start(this.#subnets, this.#members.asPublished());
    this.#pools = this.#newPools();
    return { pools: this.#pools };
  }

  /** With the addresses of all members taken. */
  #newPools(): readonly AddressPool[] {
    const pools = this.#subnets.map((subnet) => new AddressPool(subnet));
    for (const { addresses } of this.#members.endpoints())
      for (const { address } of addresses) for (const pool of pools) pool.claim(parseAddress(address));
    return pools;
  }

  async #stop(): Promise<void> {
    this.#started = undefined;
    this.#pools = undefined;
    this.#subnets = this.#driver.configured;
    await this.#driver.stop();
    this.#mayBeOnHost = false;
  }

  /** What an interface of this network is called inside, counted from 0. */
  interfaceName(number: number): string {
    return `${this.#driver.interfacePrefix}${number}`;
  }

  #newInterfaceName(): string {
    const ready = this.#ready.interfaces();
    return freeCableName(this.#prefix, (name) => ready.has(name) || this.#members.hasInterface(name));
  }

  async #makeReady(outside: string, user?: SandboxUser | undefined): Promise<ReadySandbox> {
    const sandbox = await makeSandboxOf(this.#host.userNamespace(user));
    try {
      const link = await this.#driver.attach(sandbox, { inside: this.interfaceName(0), outside });
      return { sandbox, link, hostInterface: outside };
    } catch (error) {
      sandbox[Symbol.dispose]();
      throw error;
    }
  }
}
