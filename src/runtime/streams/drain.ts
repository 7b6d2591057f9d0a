/** Carries output from a pipe or terminal into the log, whenever there is some and the log takes it. */

import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { type Reactor, readNow, SystemError, splice } from '../../linux/index.ts';
import type { StreamName } from '../output/record.ts';
import type { OutputWriter } from '../output/writer.ts';

/** After a write failed (a full disk), the next attempt. The container waits meanwhile, as on a full pipe. */
const RETRY_MS = 500;
const TERMINAL_SPLICE_BYTES = 64 << 10;
/** At most this is thrown away before the next attempt to write: no more than fits into a pipe, and a few turns. */
const DISCARD_BYTES = 4 << 20;

/** What one stream is read from. A terminal goes through a pipe of its own, because splice(2) wants one. */
export interface Source {
  readonly stream: StreamName;
  /** What is watched: the pipe, or the terminal's master. */
  readonly fd: number;
  /** The ends of the pipe behind a terminal. */
  readonly pipe: { readonly read: number; readonly write: number } | undefined;
}

/** The flow from one pipe or terminal into a log. */
export class Drain {
  readonly #source: Source;
  readonly #writer: OutputWriter;
  readonly #reactor: Reactor;
  readonly #log: Log;
  #watching = false;
  #retry: NodeJS.Timeout | undefined;
  #done = false;

  constructor(source: Source, writer: OutputWriter, reactor: Reactor, log: Log) {
    this.#source = source;
    this.#writer = writer;
    this.#reactor = reactor;
    this.#log = log;
  }

  start(): void {
    if (this.#watching || this.#done) return;
    this.#watching = true;
    this.#reactor.add(this.#source.fd, () => this.#pump());
  }
  #pause(): void {
    if (!this.#watching) return;
    this.#watching = false;
    this.#reactor.remove(this.#source.fd);
  }

  #pump(): void {
    let answer: ReturnType<Drain['step']>;
    try {
      answer = this.step();
    } catch (error) {
      this.#pause();
      const fields = { directory: this.#writer.directory, reason: messageOf(error) };
      if (this.#writer.isLossy) this.#log.warn('output.lost', { ...fields, bytes: this.#discard() });
      else this.#log.warn('output.blocked', fields);
      this.#retry = setTimeout(() => this.start(), RETRY_MS);
      return;
    }
    if (answer === 'end') this.stop();
    else if (answer === 'full') this.#pause(); // resume() is called when the followers caught up
  }

  /** Throws away what waits, so that the container can go on. */
  #discard(): number {
    const { fd, pipe } = this.#source;
    const bytes = Buffer.allocUnsafe(TERMINAL_SPLICE_BYTES);
    let lost = 0;
    for (let n = 1; n > 0 && lost < DISCARD_BYTES; lost += Math.max(0, n))
      n = readNow(pipe?.read ?? fd, bytes);
    return lost;
  }

  /** Followers caught up. */
  resume(): void {
    this.start();
  }

  /** Moves what is there once. */
  step(last = false): 'idle' | 'more' | 'end' | 'full' {
    const { stream, fd, pipe } = this.#source;
    if (pipe === undefined) return this.#writer.pump(stream, fd, last);
    const before = this.#writer.pump(stream, pipe.read, last); // left by a daemon that was killed between the two steps
    if (before === 'full') return 'full';
    const moved = fromTerminal(fd, pipe.write);
    const after = moved > 0 ? this.#writer.pump(stream, pipe.read, last) : 'idle';
    if (after === 'full') return 'full';
    return moved === 0 ? 'end' : moved < 0 ? 'idle' : 'more';
  }

  /** Takes everything that is left, when the process has ended. Followers cannot hold this up. */
  finish(): void {
    this.stop();
    try {
      for (let answer = this.step(true); answer === 'more'; ) answer = this.step(true);
    } catch (error) {
      this.#log.warn('output.lost', { directory: this.#writer.directory, reason: messageOf(error) });
    }
  }

  stop(): void {
    this.#done = true;
    clearTimeout(this.#retry);
    this.#pause();
  }
}

/** Bytes moved; -1: nothing now; 0: nobody has the terminal's other side any more. */
function fromTerminal(master: number, into: number): number {
  try {
    return splice(master, into, null, TERMINAL_SPLICE_BYTES);
  } catch (error) {
    if (error instanceof SystemError && error.code === 'EIO') return 0;
    throw error;
  }
}
