/** The memory that archives are made in: a few pieces, filled again when their reader has given them back. */

/**
 * Large enough that few messages cross between threads, small enough that the first one comes soon, and that a client
 * which stops reading an archive holds little: these are all that it holds.
 */
export const PIECE_BYTES = 1 << 18;
/** Pieces on their way at once: enough to keep writer and reader busy. */
export const PIECES_MAX = 4;

/** The thread's side of the memory: what came back, else new. */
export class PieceMemory {
  readonly #spare: ArrayBuffer[] = [];

  take(): Buffer {
    const spare = this.#spare.pop();
    return spare ? Buffer.from(spare) : Buffer.allocUnsafeSlow(PIECE_BYTES);
  }
  put(spare: ArrayBuffer): void {
    if (spare.byteLength === PIECE_BYTES && this.#spare.length < PIECES_MAX) this.#spare.push(spare);
  }
}
