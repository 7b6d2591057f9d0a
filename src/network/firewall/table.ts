/**
 * The engine's firewall: one nft table of its own a family, shared by all its bridges, laid down in one commit. Which
 * rules it has is told in rules.ts.
 */
import { type Family, familyOf } from '../addresses/address.ts';
import type { Request } from '../netlink/message.ts';
import * as nft from '../netlink/nftables.ts';
import { NetlinkError, type NetlinkSocket } from '../netlink/socket.ts';
import type { PublishedPort } from '../published/port.ts';
import { elementsOf, frameOf, MAPS, type PortElement, rulesOf, type Territory } from './rules.ts';

/** Ports of a container, and where it is reached. */
export interface Publication {
  readonly ports: readonly PublishedPort[];
  /** The container's addresses. */
  readonly addresses: readonly string[];
}

const FAMILIES: readonly Family[] = [4, 6];

/** Knows what should stand in the tables, and can lay it down anew at any time. */
export class Firewall {
  readonly #netfilter: NetlinkSocket;
  readonly #name: string;
  readonly #territories = new Map<string, Territory>();
  /** What is published, by who published it. */
  readonly #published = new Map<string, Publication>();
  #generation = -1;

  constructor(netfilter: NetlinkSocket, name: string) {
    this.#netfilter = netfilter;
    this.#name = name;
  }

  /** Takes a bridge in, with what its containers published in an earlier life. @throws NetlinkError */
  async enter(territory: Territory, published: ReadonlyMap<string, Publication>): Promise<void> {
    this.#territories.set(territory.bridge, territory);
    for (const [owner, publication] of published) this.#published.set(owner, publication);
    await this.install();
  }

  /** Lets go of a bridge; with the last one the tables go. Absent: a table of an earlier life goes all the same. */
  async leave(bridge: string): Promise<void> {
    this.#territories.delete(bridge);
    if (this.#territories.size > 0) return await this.install();
    this.#generation = -1;
    for (const family of FAMILIES) await removeTable(this.#netfilter, nft.tableOf(family, this.#name));
  }

  /** Makes the tables anew with all that is published; conversations under way go on. @throws NetlinkError */
  async install(): Promise<void> {
    await this.#netfilter.ask(
      nft.batch(
        this.#tables().flatMap((table) => [
          ...[nft.addTable(table), nft.deleteTable(table), nft.addTable(table)],
          ...frameOf(table),
          ...rulesOf(table, [...this.#territories.values()]),
          ...addAll(table, this.#elements(table)),
        ]),
      ),
    );
  }

  /** Opens ports on behalf of `owner`. @throws NetlinkError: then none is open */
  async publish(owner: string, publication: Publication): Promise<void> {
    const requests = this.#tables().flatMap((table) => addAll(table, elementsFor(table, publication)));
    if (requests.length > 0) await this.#netfilter.ask(nft.batch(requests));
    this.#published.set(owner, publication);
  }

  /** Closes what `owner` opened; what is gone already is no failure. @throws NetlinkError */
  async withdraw(owner: string): Promise<void> {
    const publication = this.#published.get(owner);
    this.#published.delete(owner);
    if (publication === undefined) return;
    for (const table of this.#tables()) {
      const elements = elementsFor(table, publication);
      if (elements.length > 0) await this.#delete(table, elements);
    }
  }

  async #delete(table: nft.Table, elements: readonly PortElement[]): Promise<void> {
    try {
      await this.#netfilter.ask(nft.batch(deleteAll(table, elements)));
    } catch (error) {
      if (!isMissing(error)) throw error;
      // One missing element fails its whole batch: take them one by one.
      for (const each of elements)
        await this.#netfilter.ask(nft.batch(deleteAll(table, [each]))).catch(unlessMissing);
    }
  }

  /** False when somebody took rules of ours away. Cheap while nobody changes any rule on this host. */
  async intact(): Promise<boolean> {
    const generation = nft.readGeneration(await this.#netfilter.ask([nft.getGeneration()]));
    if (generation === this.#generation) return true;
    for (const table of this.#tables()) if (!(await this.#stands(table))) return false;
    this.#generation = generation;
    return true;
  }

  async #stands(table: nft.Table): Promise<boolean> {
    const rules = nft.readRules(await this.#netfilter.ask([nft.listRules(table)]));
    if (rules.length !== rulesOf(table, [...this.#territories.values()]).length) return false;
    const wanted = this.#elements(table);
    for (const map of MAPS) {
      const present = nft.readElements(await this.#netfilter.ask([nft.listElements(table, map)]));
      const keys = new Set(present.map(({ key }) => key.toString('hex')));
      const here = wanted.filter((each) => each.map === map);
      if (here.length !== keys.size || !here.every(({ key }) => keys.has(key.toString('hex')))) return false;
    }
    return true;
  }

  /** One for each family that a bridge has a subnet of. */
  #tables(): nft.Table[] {
    const subnets = [...this.#territories.values()].flatMap((each) => each.subnets);
    return FAMILIES.filter((family) => subnets.some(({ base }) => base.family === family)).map((family) =>
      nft.tableOf(family, this.#name),
    );
  }

  #elements(table: nft.Table): PortElement[] {
    return [...this.#published.values()].flatMap((publication) => elementsFor(table, publication));
  }
}

async function removeTable(netfilter: NetlinkSocket, table: nft.Table): Promise<void> {
  await netfilter.ask(nft.batch([nft.deleteTable(table)])).catch((error: unknown) => {
    if (!(error instanceof NetlinkError && ABSENT.includes(error.systemCode ?? ''))) throw error;
  });
}
/** There is no such table, or the kernel has no packets of its family. */
const ABSENT: readonly string[] = ['ENOENT', 'EAFNOSUPPORT', 'EOPNOTSUPP'];

const isMissing = (error: unknown): boolean => error instanceof NetlinkError && error.systemCode === 'ENOENT';
function unlessMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}

const elementsFor = ({ family }: nft.Table, { ports, addresses }: Publication): PortElement[] =>
  addresses
    .filter((address) => familyOf(address) === family)
    .flatMap((address) => elementsOf(ports, address));
const addAll = (table: nft.Table, elements: readonly PortElement[]): Request[] =>
  [...Map.groupBy(elements, (each) => each.map)].flatMap(([map, some]) => nft.addElements(table, map, some));
const deleteAll = (table: nft.Table, elements: readonly PortElement[]): Request[] =>
  [...Map.groupBy(elements, (each) => each.map)].flatMap(([map, some]) =>
    nft.deleteElements(table, map, some),
  );
