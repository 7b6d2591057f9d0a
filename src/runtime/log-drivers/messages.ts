/** Gives a log's lines to somebody else, one message a line, in order, and none twice while this daemon lives. */
import { codeOf } from '../../base/errors.ts';
import { type Entry, linesOf } from './entries.ts';
import type { Sink } from './sink.ts';

/** A line as a message: what is sent, or undefined for what this kind of log leaves out. */
export type Wording = (entry: Entry, line: Buffer, count: number) => Buffer | undefined;

/** Where messages go. */
export interface Channel {
  /** @throws when there is nobody */
  open(): Promise<void>;
  /** Resolves when more may be sent. @throws when it is broken: `open` makes a new one */
  send(message: Buffer): Promise<void> | void;
  /** What was sent is out of our hands. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** After a kill −9 at most this much is sent again. */
const BATCH_BYTES = 64 << 10;

/** Sends each line as a message, again and again until the other side takes it. */
export class Messages implements Sink {
  readonly batchBytes = BATCH_BYTES;
  readonly pieceBytes = BATCH_BYTES;
  readonly file = undefined;
  readonly #wording: Wording;
  readonly #channel: Channel;
  readonly #warn: (message: string) => void;
  /** Messages before the position on record, since it: given, and to be passed over because they were. */
  #before = 0;
  #given = 0;
  #passOver = 0;

  constructor(wording: Wording, channel: Channel, warn: (message: string) => void) {
    this.#wording = wording;
    this.#channel = channel;
    this.#warn = warn;
  }

  open(): Promise<void> {
    return this.#channel.open();
  }

  async give(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries)
      for (const line of linesOf(entry)) {
        if (this.#passOver > 0) {
          this.#passOver -= 1;
          continue;
        }
        const message = this.#wording(entry, line, this.#before + this.#given + 1);
        if (message !== undefined) await this.#send(message);
        this.#given += 1;
      }
  }

  async #send(message: Buffer): Promise<void> {
    try {
      await this.#channel.send(message);
    } catch (error) {
      // It will never fit: the others must not wait for it.
      if (codeOf(error) !== 'EMSGSIZE') throw error;
      this.#warn(`a message of ${message.length} bytes is too large to be sent`);
    }
  }

  saved(): void {
    this.#before += this.#given;
    this.#given = 0;
    this.#passOver = 0;
  }
  resume(): void {
    this.#passOver = this.#given;
  }
  settle(): Promise<void> {
    return this.#channel.flush();
  }
  close(): Promise<void> {
    return this.#channel.close();
  }
}
