/** Leases: what an operation needs but nothing recorded holds yet. In memory: after a crash there is no operation. */
import { randomName } from './layout.ts';

/** Holds things alive while an operation that is not yet recorded needs them. */
export interface Lease extends AsyncDisposable {
  readonly id: string;
  hold(kind: 'blob' | 'layer', name: string): void;
}

/** Who holds what, in memory: after a crash no operation is under way that needs it. */
export class Leases {
  readonly #held = new Map<string, number>();

  take(purpose: string): Lease {
    const mine: string[] = [];
    return {
      id: `${purpose}-${randomName()}`,
      hold: (kind, name) => {
        mine.push(`${kind} ${name}`);
        this.#count(`${kind} ${name}`, 1);
      },
      [Symbol.asyncDispose]: async () => {
        for (const key of mine.splice(0)) this.#count(key, -1);
      },
    };
  }

  isHeld(kind: 'blob' | 'layer', name: string): boolean {
    return this.#held.has(`${kind} ${name}`);
  }

  #count(key: string, by: number): void {
    const now = (this.#held.get(key) ?? 0) + by;
    if (now === 0) this.#held.delete(key);
    else this.#held.set(key, now);
  }
}
