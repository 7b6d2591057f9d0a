/** Reads a pipe or terminal when asked to, never faster than its reader: an exec's output on its way to the client. */
import { closeSync } from 'node:fs';
import { type Reactor, readNow, SystemError } from '../../linux/index.ts';

const BYTES_PER_READ = 64 << 10;

export class OutputPort {
  readonly #fd: number;
  readonly #reactor: Reactor;
  #closed = false;
  #draining = false;
  #wake: (() => void) | undefined;

  /** Takes over `fd`, which must not block. */
  constructor(fd: number, reactor: Reactor) {
    this.#fd = fd;
    this.#reactor = reactor;
  }

  /** Ends when every writer closed, after `drainAndEnd` when nothing is left, or after `close`. */
  async *chunks(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        if (this.#closed) return;
        const bytes = Buffer.allocUnsafe(BYTES_PER_READ);
        const n = this.#read(bytes);
        if (n > 0) yield bytes.subarray(0, n);
        else if (n === 0 || this.#draining) return;
        else await this.#readable();
      }
    } finally {
      this.close();
    }
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
