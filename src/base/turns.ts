/** Turns of the event loop: for loops whose every step may be done at once, so that others are served meanwhile. */

/** A step costs something, however few bytes it gives. */
const STEP_BYTES = 512;

/** How much one loop does before all others have their turn. */
export class Turns {
  readonly #bytes: number;
  #left: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#left = bytes;
  }

  /** A step gave so many bytes. Undefined: go on; else others are to have their turn, which is to be waited for. */
  spend(bytes: number): Promise<void> | undefined {
    this.#left -= Math.max(bytes, STEP_BYTES);
    if (this.#left > 0) return undefined;
    this.#left = this.#bytes;
    return new Promise((resolve) => setImmediate(resolve));
  }
}
