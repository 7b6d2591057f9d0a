/** Reads a pipe or terminal when asked to, never faster than its reader: an exec's output on its way to the client. */
import { closeSync } from 'node:fs';
import { Turns } from '../../base/turns.ts';
import { type Reactor, readNow, SystemError, splice } from '../../linux/index.ts';
import type { FirstBytes } from './writer.ts';

const BYTES_PER_READ = 64 << 10;
/** Read, or dropped, before others of this thread have their turn: the pipe may be filled, and the client read, as fast as it is emptied. */
const BYTES_PER_TURN = 256 << 10;

/** The end of a pipe or terminal that output is read from, for one reader. */
export class OutputPort {
  readonly #fd: number;
  readonly #reactor: Reactor;
  #closed = false;
  #draining = false;
  #sink: number | undefined;
  #wake: (() => void) | undefined;
  #onFirstBytes: FirstBytes | undefined;

  /** Takes over `fd`, which must not block. `onFirstBytes` is asked once: about the first bytes read. */
  constructor(fd: number, reactor: Reactor, onFirstBytes?: FirstBytes) {
    this.#onFirstBytes = onFirstBytes;
    this.#fd = fd;
    this.#reactor = reactor;
  }

  /** Ends when every writer closed, after `drainAndEnd` when nothing is left, or after `close`. */
  async *chunks(): AsyncGenerator<Buffer> {
    const turns = new Turns(BYTES_PER_TURN);
    try {
      for (;;) {
        if (this.#closed) return;
        if (this.#sink !== undefined) {
          if (!(await this.#drop(this.#sink))) return;
          continue;
        }
        const bytes = Buffer.allocUnsafe(BYTES_PER_READ);
        const n = this.#read(bytes);
        if (n > 0) {
          yield this.#askOnce(bytes.subarray(0, n));
          await turns.spend(n);
        } else if (n === 0 || this.#draining) return;
        else await this.#readable();
      }
    } finally {
      this.close();
    }
  }

  #askOnce(bytes: Buffer): Buffer {
    const ask = this.#onFirstBytes;
    this.#onFirstBytes = undefined;
    return ask?.(bytes.length, () => bytes) ?? bytes;
  }

  /** From now on what comes is read but not given: the kernel drops it into `sink`, which is /dev/null. Pipes only. */
  discard(sink: number): void {
    this.#sink = sink;
  }

  /** A piece a turn of the event loop. False: nothing more comes. */
  async #drop(sink: number): Promise<boolean> {
    const n = splice(this.#fd, sink, null, BYTES_PER_TURN);
    if (n === 0 || (n < 0 && this.#draining)) return false;
    await (n < 0 ? this.#readable() : new Promise<void>((resolve) => setImmediate(resolve)));
    return true;
  }

  #read(into: Buffer): number {
    try {
      return readNow(this.#fd, into);
    } catch (error) {
      if (error instanceof SystemError && error.code === 'EIO') return 0; // a terminal that nobody has open
      throw error;
    }
  }

  #readable(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        this.#reactor.remove(this.#fd);
        resolve();
      };
      this.#reactor.add(this.#fd, this.#wake);
    });
  }

  /** The process has ended: what is there is still given, what its children write later is not waited for. */
  drainAndEnd(): void {
    this.#draining = true;
    this.#wake?.();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake?.();
    closeSync(this.#fd);
  }
}
