/**
 * All that one build tells, in a file: who watches reads it from there, at a pace of its own, while the build goes on or
 * after it. So nobody who is slow holds the build up, and nothing of it is held in memory.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { BuildEvent } from '../../../model/build-event.ts';
import { EventLines, lineOf } from './lines.ts';

/** Of what one vertex writes so much is kept, as BuildKit has it. */
const VERTEX_LOG_BYTES_MAX = 2 << 20;
/** Of what all of a build write. */
const LOG_BYTES_MAX = 64 << 20;
/** On its way to the file. */
const WAITING_CHARS_MAX = 1 << 20;
const READ_BYTES = 256 << 10;

/** The journal of one build that goes on. */
export class Journal {
  readonly #file: FileHandle;
  #waiting: string[] = [];
  #waitingChars = 0;
  #written = 0;
  #over = false;
  #writing: Promise<void> | undefined;
  #changed = Promise.withResolvers<void>();
  readonly #logged = new Map<string, number>();
  #loggedInAll = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @throws SystemError */
  static async at(path: string): Promise<Journal> {
    return new Journal(await open(path, 'w+', 0o600));
  }

  /** Resolves when there is room for the next; undefined: there is. What comes behind the end is dropped. */
  tell(event: BuildEvent): Promise<void> | undefined {
    if (this.#over) return undefined;
    const kept = event.is === 'log' ? this.#clipped(event) : event;
    if (kept === undefined) return undefined;
    const line = lineOf(kept);
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    this.#writing ??= this.#write();
    return this.#waitingChars > WAITING_CHARS_MAX ? this.#writing : undefined;
  }

  /** No more comes. Resolves when all is in the file. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#writing;
    this.#wake();
  }

  /** After {@link end}, when nobody reads any more. */
  close(): Promise<void> {
    return this.#file.close();
  }

  /** From the first event to the last. */
  async *follow(signal: AbortSignal): AsyncGenerator<readonly BuildEvent[], void> {
    const room = Buffer.allocUnsafe(READ_BYTES);
    let at = 0;
    const lines = new EventLines();
    for (;;) {
      signal.throwIfAborted();
      const changed = this.#changed.promise;
      if (at < this.#written) {
        const length = Math.min(room.length, this.#written - at);
        const { bytesRead } = await this.#file.read(room, 0, length, at);
        if (bytesRead === 0) return; // somebody has cut the file
        at += bytesRead;
        const events = lines.push(room.subarray(0, bytesRead));
        if (events.length > 0) yield events;
      } else if (this.#over && this.#writing === undefined) return;
      else await untilEither(changed, signal);
    }
  }

  #clipped(event: Extract<BuildEvent, { is: 'log' }>): BuildEvent | undefined {
    const before = this.#logged.get(event.vertex) ?? 0;
    const room = Math.min(VERTEX_LOG_BYTES_MAX - before, LOG_BYTES_MAX - this.#loggedInAll);
    if (room <= 0) return undefined;
    this.#logged.set(event.vertex, before + event.bytes.length);
    this.#loggedInAll += event.bytes.length;
    if (event.bytes.length < room) return event;
    this.#logged.set(event.vertex, VERTEX_LOG_BYTES_MAX);
    const note = Buffer.from('\n[output clipped, log limit 2MiB reached]\n');
    return { ...event, bytes: Buffer.concat([event.bytes.subarray(0, room), note]) };
  }

  async #write(): Promise<void> {
    // More is said in the same turn of the loop, mostly.
    await Promise.resolve();
    try {
      while (this.#waiting.length > 0) {
        const bytes = Buffer.from(this.#waiting.join(''));
        this.#waiting = [];
        this.#waitingChars = 0;
        await this.#file.write(bytes, 0, bytes.length, this.#written);
        this.#written += bytes.length;
        this.#wake();
      }
    } catch {
      // A full disk takes what is told of a build, not the build.
      this.#waiting = [];
      this.#waitingChars = 0;
    } finally {
      this.#writing = undefined;
      this.#wake();
    }
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}

const untilEither = (changed: Promise<void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    void changed.then(done);
  });
