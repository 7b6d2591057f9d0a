/** Which ports an engine's containers have, by its own account: rows of ports, and ports that no socket can hold. Pure. */
import { type Address, isSame } from '../addresses/address.ts';
import type { PublishedPort } from './port.ts';

/** Ports from `first` to `last` on one address; 0 is every address of its family. */
export interface Holding {
  readonly protocol: PublishedPort['protocol'];
  readonly address: Address;
  readonly first: number;
  readonly last: number;
}

/** Whether two addresses are served by one socket: the same, or one of them is every address. */
export const meets = (a: Address, b: Address): boolean =>
  a.family === b.family && (a.value === 0n || b.value === 0n || isSame(a, b));

const overlap = (a: Holding, b: Holding): boolean =>
  a.protocol === b.protocol && a.first <= b.last && b.first <= a.last && meets(a.address, b.address);

/** What is held; single ports that a socket holds are counted too, so that no row takes them. */
export class Holdings {
  /** Rows, and what no socket holds. */
  readonly #rows = new Set<Holding>();
  readonly #singles = new Set<Holding>();

  /** Adds it. `bySocket`: the kernel keeps others off it. */
  add(holding: Holding, { bySocket }: { readonly bySocket: boolean }): void {
    (bySocket ? this.#singles : this.#rows).add(holding);
  }

  remove(holding: Holding): void {
    this.#rows.delete(holding);
    this.#singles.delete(holding);
  }

  /** The first of its ports that a row has, or with `singles` any holding; undefined: it is free. */
  conflict(wanted: Holding, { singles }: { readonly singles: boolean }): number | undefined {
    const all = singles ? [...this.#rows, ...this.#singles] : [...this.#rows];
    const taken = all
      .filter((each) => overlap(each, wanted))
      .map(({ first }) => Math.max(first, wanted.first));
    return taken.length === 0 ? undefined : Math.min(...taken);
  }
}
