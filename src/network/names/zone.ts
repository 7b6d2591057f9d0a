/** The names of one network and the addresses they stand for. */
import { type Family, familyOf, formatAddress, parseAddress } from '../addresses/address.ts';

/** What a network knows an endpoint by. */
export interface ZoneEntry {
  /** All its names: the container's, its short id, its aliases. Several endpoints may have one name. */
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  /** The name that its addresses are answered with, when they are asked for the name. */
  readonly primary: string;
}

/** Addresses of one name, and whose turn it is to come first. */
interface Name {
  readonly addresses: Readonly<Record<Family, readonly string[]>>;
  turn: number;
}

/** Upper and lower case are one (RFC 4343). */
const keyOf = (name: string): string => name.toLowerCase();
const canonical = (address: string): string => formatAddress(parseAddress(address));

/** One network's names. Changes count from the next question on. */
export class Zone {
  /** The network's name, which can stand behind a name of the zone: `web.backend`. */
  readonly network: string;
  readonly #entries = new Map<string, ZoneEntry>();
  readonly #names = new Map<string, Name>();
  readonly #reverse = new Map<string, string>();

  constructor(network: string) {
    this.network = network;
  }

  /** Takes an endpoint in, or what it is now called. @throws InvalidArgument for an address that is none */
  add(endpointId: string, entry: ZoneEntry): void {
    const addresses = entry.addresses.map(canonical);
    this.remove(endpointId);
    this.#entries.set(endpointId, { ...entry, addresses });
    for (const name of entry.names) this.#renew(keyOf(name));
    for (const address of addresses) this.#reverse.set(address, endpointId);
  }

  /** Forgets an endpoint. Absent: nothing to do. */
  remove(endpointId: string): void {
    const entry = this.#entries.get(endpointId);
    if (entry === undefined) return;
    this.#entries.delete(endpointId);
    for (const name of entry.names) this.#renew(keyOf(name));
    for (const address of entry.addresses)
      if (this.#reverse.get(address) === endpointId) this.#reverse.delete(address);
  }

  #renew(key: string): void {
    const bearers = [...this.#entries.values()].filter(({ names }) =>
      names.some((each) => keyOf(each) === key),
    );
    if (bearers.length === 0) return void this.#names.delete(key);
    const all = [...new Set(bearers.flatMap(({ addresses }) => addresses))];
    const of = (family: Family): string[] => all.filter((each) => familyOf(each) === family);
    this.#names.set(key, { addresses: { 4: of(4), 6: of(6) }, turn: 0 });
  }

  /** Whether nobody is in it. */
  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Whether the name is one of this zone's. */
  has(name: string): boolean {
    return this.#names.has(keyOf(name));
  }

  /** The addresses of a name, each time another one first; none when it has none of the family, or there is no such name. */
  addressesOf(name: string, family: Family): readonly string[] {
    const found = this.#names.get(keyOf(name));
    if (found === undefined) return [];
    const addresses = found.addresses[family];
    if (addresses.length < 2) return addresses;
    found.turn = (found.turn + 1) % addresses.length;
    return [...addresses.slice(found.turn), ...addresses.slice(0, found.turn)];
  }

  /** The name of an address, with the network's behind it; undefined when it is nobody's here. */
  reverse(address: string): string | undefined {
    const primary = this.#entries.get(this.#reverse.get(canonical(address)) ?? '')?.primary;
    return primary === undefined ? undefined : `${primary}.${this.network}`;
  }
}
