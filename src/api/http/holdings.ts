/**
 * What requests that are not complete hold of the engine's memory, all together. Each has a limit of its own, but nobody has
 * shown yet who they are, and a thousand slow ones would hold gigabytes. Whoever began first makes room: others take moments.
 */
export class Holdings {
  readonly #bytesMax: number;
  readonly #held = new Map<Holder, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Holds `bytes` for somebody from now on, in place of what was held before; 0: nothing any more. */
  set(holder: Holder, bytes: number): void {
    this.#bytes += bytes - (this.#held.get(holder) ?? 0);
    if (bytes > 0) this.#held.set(holder, bytes);
    else this.#held.delete(holder);
    while (this.#bytes > this.#bytesMax) this.#makeRoom();
  }

  #makeRoom(): void {
    // A map keeps the order in which its keys came.
    const [first] = this.#held.keys();
    if (!first) return;
    this.#bytes -= this.#held.get(first) ?? 0;
    this.#held.delete(first);
    first.giveUp();
  }
}

/** Somebody who holds bytes. */
export interface Holder {
  /** Lets go of everything: others need the room. */
  giveUp(): void;
}
