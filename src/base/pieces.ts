/** A stream of large pieces whose memory goes back to whoever fills them: new memory for each would keep the collector busy. */
import { Readable } from 'node:stream';

/** Read piece by piece: one is never joined with another. */
export abstract class Pieces extends Readable {
  constructor() {
    super({ objectMode: true, highWaterMark: 1 });
  }
  /** The reader is done with a piece and does not look at it again. Optional: memory that is kept is replaced. */
  abstract giveBack(piece: Buffer): void;
}
