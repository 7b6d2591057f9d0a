/** Collects an archive in large pieces, each handed on whole: file data is read straight into its place. */
import { readSync } from 'node:fs';
import { TAR_BLOCK } from '../../formats/tar/entry.ts';
import { nextData } from '../../linux/index.ts';
import { holeOf } from '../unpack/holes.ts';
import { PIECE_BYTES, type PieceMemory } from './piece-memory.ts';

/** Every method is a generator of full pieces: who consumes them decides when it goes on. */
export class TarOutput {
  readonly #memory: PieceMemory;
  #piece: Buffer;
  #used = 0;

  constructor(memory: PieceMemory) {
    this.#memory = memory;
    this.#piece = memory.take();
  }

  *bytes(bytes: Buffer): Generator<Buffer> {
    for (let at = 0; at < bytes.length; ) {
      const taken = bytes.copy(this.#piece, this.#used, at);
      this.#used += taken;
      at += taken;
      if (this.#used === PIECE_BYTES) yield this.#take();
    }
  }

  /**
   * Exactly `size` bytes of a file, beginning at `from`, and the padding behind them; a file that became shorter is
   * filled with zeros. Its large holes are holes here too.
   */
  *file(fd: number, size: number, from = 0): Generator<Buffer> {
    let left = size;
    while (left > 0) {
      const hole = left < PIECE_BYTES ? 0 : holeAt(fd, from + size - left, left);
      if (hole >= PIECE_BYTES) {
        yield* this.zeros(hole);
        left -= hole;
        continue;
      }
      const room = Math.min(left, PIECE_BYTES - this.#used);
      const got = readSync(fd, this.#piece, this.#used, room, from + size - left);
      if (got === 0) break;
      this.#used += got;
      left -= got;
      if (this.#used === PIECE_BYTES) yield this.#take();
    }
    yield* this.zeros(left);
    yield* this.padding(size);
  }

  /** What fills the last block of a member with `size` bytes. */
  padding(size: number): Generator<Buffer> {
    return this.zeros((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK);
  }

  /** The archive's end; `goesOn`: another archive follows, and has it. */
  *end(goesOn = false): Generator<Buffer> {
    if (!goesOn) yield* this.zeros(2 * TAR_BLOCK);
    if (this.#used > 0) yield this.#take();
  }

  /** Whole pieces of them are holes. */
  *zeros(count: number): Generator<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#used === 0 && left >= PIECE_BYTES) {
        yield holeOf(PIECE_BYTES);
        left -= PIECE_BYTES;
        continue;
      }
      const taken = Math.min(left, PIECE_BYTES - this.#used);
      this.#piece.fill(0, this.#used, this.#used + taken);
      this.#used += taken;
      left -= taken;
      if (this.#used === PIECE_BYTES) yield this.#take();
    }
  }

  #take(): Buffer {
    const piece = this.#piece.subarray(0, this.#used);
    this.#piece = this.#memory.take();
    this.#used = 0;
    return piece;
  }
}

/** How many of the next `most` bytes are a hole. */
const holeAt = (fd: number, at: number, most: number): number => {
  const data = nextData(fd, at);
  return data === undefined ? most : Math.min(most, data - at);
};
