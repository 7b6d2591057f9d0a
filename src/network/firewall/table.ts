/**
 * The engine's firewall: one nft table of its own a family, shared by all its bridges. Each bridge, each container's
 * ports and each link is a piece of its own, so that the two-hundredth costs what the second does. Which rules there are is told in frame.ts and territory.ts.
 */
import { Mailbox } from '../../base/mailbox.ts';
import { FAMILIES, type Family } from '../addresses/address.ts';
import type { Request } from '../netlink/message.ts';
import * as nft from '../netlink/nftables.ts';
import { flushSet, listElements, placeOf, readElements } from '../netlink/sets.ts';
import { NetlinkError, NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import { hostFiltersFrames } from './foreign.ts';
import { chainsOf, frameOf, type HostTraits, SET, shapesOf } from './frame.ts';
import { layDown, type Piece, takeUp } from './piece.ts';
import { type Link, linkPieces, type Publication, publicationPieces } from './port-elements.ts';
import { type Territory, territoryPieces } from './territory.ts';

/** What the engine's settings say of its rules. */
export interface FirewallOptions {
  /** Families that get rules. Absent: both. */
  readonly families?: readonly Family[];
  /** Published ports are for whom the host's own input chains let in. Absent: for everybody. */
  readonly hostPolicy?: boolean;
}

/** No state of the rule set was found right yet. */
const UNKNOWN = -1;

/** Knows what should stand in the tables, and can lay it down anew at any time. */
export class Firewall {
  readonly families: readonly Family[];
  readonly #netfilter: NetlinkSocket;
  /** For questions that wait for nobody. */
  readonly #clock = new NetlinkSocket(PROTOCOL.NETFILTER);
  readonly #name: string;
  readonly #hostPolicy: boolean;
  /** One change at a time: what stands is known when the next one comes. */
  readonly #turns = new Mailbox();
  /** What should stand, by what it is for. */
  readonly #pieces = new Map<string, readonly Piece[]>();
  /** The tables that this process has laid down or removed; of others an earlier life may have left one. */
  readonly #known = new Map<Family, 'standing' | 'gone'>();
  /** Changes are laid down together at the end. */
  #gathering = false;
  #generation = UNKNOWN;
  #filtersFrames = false;

  constructor(
    netfilter: NetlinkSocket,
    name: string,
    { families = FAMILIES, hostPolicy = false }: FirewallOptions = {},
  ) {
    this.#netfilter = netfilter;
    this.#name = name;
    this.#hostPolicy = hostPolicy;
    this.families = families;
  }

  /** Takes a bridge in, with what its containers published in an earlier life. @throws NetlinkError */
  async enter(territory: Territory, published: ReadonlyMap<string, Publication>): Promise<void> {
    const ports = [...published].map(
      ([owner, publication]) => [portsOf(owner), publicationPieces(this.#name, publication)] as const,
    );
    await this.#put([[bridgeOf(territory.bridge), territoryPieces(this.#name, territory)], ...ports]);
  }

  /** Lets go of a bridge; with the last one the tables go. Absent: a table of an earlier life goes all the same. */
  async leave(bridge: string): Promise<void> {
    await this.#drop(bridgeOf(bridge));
  }

  /** Opens ports on behalf of `owner`. @throws NetlinkError: then none is open */
  async publish(owner: string, publication: Publication): Promise<void> {
    await this.#put([[portsOf(owner), publicationPieces(this.#name, publication)]]);
  }

  /** Closes what `owner` opened; what is gone already is no failure. @throws NetlinkError */
  async withdraw(owner: string): Promise<void> {
    await this.#drop(portsOf(owner));
  }

  /** Lets one container reach services of a neighbour that it else does not reach. @throws NetlinkError: then none is open */
  async openLink(name: string, link: Link): Promise<void> {
    await this.#put([[linkOf(name), linkPieces(this.#name, link)]]);
  }

  /** Takes that back; what is gone already is no failure. @throws NetlinkError */
  async closeLink(name: string): Promise<void> {
    await this.#drop(linkOf(name));
  }

  /** What is entered during the work is laid down in one commit at its end: no bridge is without rules in between. */
  async together(work: () => Promise<void>): Promise<void> {
    this.#gathering = true;
    try {
      await work();
    } finally {
      this.#gathering = false;
      await this.install();
    }
  }

  /**
   * Lays the rules down again where somebody took some away, without waiting for the next mending. While nobody changes any
   * rule of this host that is one short question.
   */
  async keep(): Promise<void> {
    if (this.#gathering || this.#pieces.size === 0 || this.#isAsFound(this.#presentGeneration())) return;
    if (await this.intact()) return;
    await this.install();
  }

  /** The end of asking; what stands stays. */
  close(): void {
    this.#clock.close();
  }

  /** Whether nobody has changed anything since all was found right. */
  #isAsFound(generation: number): boolean {
    if (generation === UNKNOWN) return false;
    return generation === this.#generation && this.#traits.filtersFrames === this.#filtersFrames;
  }

  #presentGeneration(): number {
    return nft.readGeneration(this.#clock.askNow([nft.getGeneration()]));
  }

  /** After one commit of our own: where it was the only one since all was found right, all still is. */
  #follow(): void {
    const present = this.#presentGeneration();
    if (this.#generation !== UNKNOWN && present === this.#generation + 1) this.#generation = present;
  }

  /** Makes the tables anew with all that they should hold; conversations under way go on. @throws NetlinkError */
  install(): Promise<void> {
    return this.#turns.run(() => this.#install());
  }

  async #install(): Promise<void> {
    const wanted = this.#wanted();
    await this.#removeOthers(wanted);
    if (wanted.size > 0) await this.#netfilter.ask(nft.batch(wholeTables(wanted, this.#traits)));
    for (const family of wanted.keys()) this.#known.set(family, 'standing');
  }

  #put(wanted: readonly (readonly [string, readonly Piece[]])[]): Promise<void> {
    return this.#turns.run(() => this.#putNow(wanted));
  }

  async #putNow(wanted: readonly (readonly [string, readonly Piece[]])[]): Promise<void> {
    const before = new Map(wanted.map(([key]) => [key, this.#pieces.get(key)]));
    for (const [key, pieces] of wanted) this.#pieces.set(key, pieces.filter(this.#isOurs));
    if (this.#gathering) return;
    try {
      await this.#change(
        [...before.values()].flatMap((pieces) => pieces ?? []),
        wanted.flatMap(([, pieces]) => pieces).filter(this.#isOurs),
      );
    } catch (error) {
      for (const [key, pieces] of before)
        if (pieces === undefined) this.#pieces.delete(key);
        else this.#pieces.set(key, pieces);
      throw error;
    }
  }

  readonly #isOurs = ({ table }: Piece): boolean => this.families.includes(table.family);

  #drop(key: string): Promise<void> {
    return this.#turns.run(() => this.#dropNow(key));
  }

  async #dropNow(key: string): Promise<void> {
    const pieces = this.#pieces.get(key) ?? [];
    this.#pieces.delete(key);
    if (this.#gathering) return;
    const wanted = this.#wanted();
    await this.#removeOthers(wanted);
    await this.#change(
      pieces.filter(({ table }) => wanted.has(table.family)),
      [],
    );
  }

  /** Changes what stands; where that is not what it should be, everything is laid down anew. */
  async #change(away: readonly Piece[], here: readonly Piece[]): Promise<void> {
    const known = [...away, ...here].every(({ table }) => this.#known.get(table.family) === 'standing');
    if (!known) return await this.#install();
    const requests = [...away.flatMap(takeUp), ...here.flatMap(layDown)];
    if (requests.length === 0) return;
    try {
      await this.#netfilter.ask(nft.batch(requests));
      this.#follow();
    } catch (error) {
      if (!(error instanceof NetlinkError && LOST.includes(error.systemCode ?? ''))) throw error;
      await this.#install();
    }
  }

  #wanted(): Map<Family, Piece[]> {
    return Map.groupBy([...this.#pieces.values()].flat(), ({ table }) => table.family);
  }

  /** A table that holds nothing of ours goes. */
  async #removeOthers(wanted: ReadonlyMap<Family, unknown>): Promise<void> {
    for (const family of FAMILIES) {
      if (wanted.has(family) || this.#known.get(family) === 'gone') continue;
      const gone = nft.deleteTable(nft.tableOf(family, this.#name));
      await this.#netfilter.ask(nft.batch([gone])).catch(unlessAbsent);
      this.#known.set(family, 'gone');
    }
  }

  get #traits(): HostTraits {
    return { filtersFrames: hostFiltersFrames(), hostPolicy: this.#hostPolicy };
  }

  /** The state of the host's rule set that was last found right, whoever made it; -1: none was. */
  get generation(): number {
    return this.#generation;
  }

  /** False when somebody took rules of ours away, or the host wants others. Cheap while nobody changes any rule on this host. */
  intact(): Promise<boolean> {
    return this.#turns.run(() => this.#isIntact());
  }

  async #isIntact(): Promise<boolean> {
    const generation = this.#presentGeneration();
    if (this.#isAsFound(generation)) return true;
    const { filtersFrames } = this.#traits;
    for (const [family, pieces] of this.#wanted())
      if (!(await this.#stands(nft.tableOf(family, this.#name), pieces))) return false;
    this.#generation = generation + (await this.#forgetAdmitted());
    this.#filtersFrames = filtersFrames;
    return true;
  }

  /** The host's rules have changed, perhaps those of its input: everybody is asked about again. Gives its own commits. */
  async #forgetAdmitted(): Promise<number> {
    const tables = [...this.#wanted().keys()].map((family) => nft.tableOf(family, this.#name));
    if (!this.#hostPolicy || tables.length === 0) return 0;
    await this.#netfilter.ask(nft.batch(tables.map((table) => flushSet(table, SET.admitted))));
    return 1;
  }

  async #stands(table: nft.Table, pieces: readonly Piece[]): Promise<boolean> {
    const rules = nft.readRules(await this.#netfilter.ask([nft.listRules(table)]));
    const chains = [...chainsOf(table, this.#traits), ...pieces.flatMap((piece) => piece.chains)];
    const wanted = chains.flatMap(({ name, rules: some }) => some.map(({ comment }) => `${name} ${comment}`));
    if (
      !isSame(
        wanted,
        rules.map(({ chain, comment }) => `${chain} ${comment}`),
      )
    )
      return false;
    const elements = pieces.flatMap((piece) => piece.elements);
    for (const { name, remembers } of shapesOf(table)) {
      if (remembers !== undefined) continue;
      const present = readElements(await this.#netfilter.ask([listElements(table, name)]));
      const here = elements.filter(({ set }) => set === name);
      if (!isSame(here.map(placeOf), present.map(placeOf))) return false;
    }
    return true;
  }
}

const bridgeOf = (name: string): string => `bridge ${name}`;
const portsOf = (owner: string): string => `ports ${owner}`;
const linkOf = (name: string): string => `link ${name}`;

/** There is no such table, or the kernel has no packets of its family. */
const ABSENT: readonly string[] = ['ENOENT', 'EAFNOSUPPORT', 'EOPNOTSUPP'];
function unlessAbsent(error: unknown): void {
  if (!(error instanceof NetlinkError && ABSENT.includes(error.systemCode ?? ''))) throw error;
}
/** What we know to stand does not, or what we know not to stand does. */
const LOST: readonly string[] = ['ENOENT', 'EEXIST', 'EBUSY'];

const isSame = (wanted: readonly string[], present: readonly string[]): boolean =>
  wanted.toSorted().join('\n') === present.toSorted().join('\n');

const wholeTables = (wanted: ReadonlyMap<Family, readonly Piece[]>, traits: HostTraits): Request[] =>
  [...wanted.values()].flatMap((pieces) => {
    const table = pieces[0]?.table;
    if (table === undefined) return [];
    return [
      ...[nft.addTable(table), nft.deleteTable(table), nft.addTable(table)],
      ...frameOf(table, traits),
      ...pieces.flatMap(layDown),
    ];
  });
