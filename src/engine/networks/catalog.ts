/** All networks by name and id: those that every engine has, and those that users made. */
import { networkFailure } from '../../model/failures/network.ts';
import type { Network } from '../../network/index.ts';
import type { NetworkRecord } from './record.ts';

/** A network that clients can name. */
export interface NetworkEntry {
  readonly record: NetworkRecord;
  /** Nobody made it, nobody can remove it. */
  readonly predefined: boolean;
  /** What carries it; undefined where nothing does: `host`, `none`, a configuration alone. */
  readonly network: Network | undefined;
}

/** Names that no user's network can have. */
const PREDEFINED: readonly string[] = ['bridge', 'host', 'none', 'default'];

/** Whether a network of that name is the engine's own. */
export const isPredefined = (name: string): boolean => PREDEFINED.includes(name);

/** The engine's networks. */
export class NetworkCatalog {
  readonly #byId = new Map<string, NetworkEntry>();

  /** In the order in which they were made. */
  all(): readonly NetworkEntry[] {
    return [...this.#byId.values()];
  }

  add(entry: NetworkEntry): void {
    this.#byId.set(entry.record.id, entry);
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  get(id: string): NetworkEntry | undefined {
    return this.#byId.get(id);
  }

  /** The network of this id, name or beginning of an id; undefined: none. @throws InvalidArgument when several are meant */
  lookUp(term: string): NetworkEntry | undefined {
    const exact = this.#byId.get(term);
    if (exact !== undefined) return exact;
    const named = this.all().filter(({ record }) => record.name === term);
    if (named.length > 1) throw networkFailure.ambiguous({ name: term, count: named.length, by: 'name' });
    if (named.length === 1) return named[0];
    if (term === '') return undefined;
    const begun = this.all().filter(({ record }) => record.id.startsWith(term));
    if (begun.length > 1)
      throw networkFailure.ambiguous({ name: term, count: begun.length, by: 'ID prefix' });
    return begun[0];
  }

  /** @throws NotFound, InvalidArgument when several are meant */
  find(term: string): NetworkEntry {
    const found = this.lookUp(term);
    if (found === undefined) throw networkFailure.notFound({ name: term });
    return found;
  }
}
