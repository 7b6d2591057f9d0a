/**
 * Which addresses each name had last. Whoever comes by it again gets the same, while nobody else has them: proxies look a
 * name up once, at their own start, and must find a service that has been started or made anew since then.
 */
import type { Address } from './address.ts';

/** Names come from clients. The one that was seen longest ago is forgotten first. */
const NAMES_MAX = 4096;

/** The memory of one network. */
export class FormerAddresses {
  readonly #of = new Map<string, readonly Address[]>();

  /** None for a name that was never here, or long ago. */
  of(name: string | undefined): readonly Address[] {
    return (name !== undefined && this.#of.get(name)) || [];
  }

  remember(name: string | undefined, addresses: readonly Address[]): void {
    if (name === undefined) return;
    this.#of.delete(name);
    this.#of.set(name, addresses);
    const [oldest] = this.#of.keys();
    if (this.#of.size > NAMES_MAX && oldest !== undefined) this.#of.delete(oldest);
  }
}
