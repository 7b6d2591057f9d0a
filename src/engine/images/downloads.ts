/** Blobs on their way from registries: one transfer for all who want the same one, resumed where it broke. */
import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failed, messageOf } from '../../base/errors.ts';
import type { Slots } from '../../base/slots.ts';
import { pauseAfter, type Repository } from '../../registry/index.ts';
import type { Content, Digest } from '../../storage/index.ts';

export interface Wanted {
  readonly digest: Digest;
  /** Bytes, as the manifest says. */
  readonly size: number;
  readonly repository: Repository;
}

/** Hears how far it is: bytes so far; undefined: it waits for its turn. */
export type Heard = (bytes: number | undefined) => void;

interface Transfer {
  readonly listeners: Set<Heard>;
  readonly abandon: AbortController;
  readonly done: Promise<void>;
  bytes: number | undefined;
}

/** Tries in a row that bring no byte. */
const FRUITLESS_MAX = 5;

export class Downloads {
  readonly #content: Content;
  readonly #slots: Slots;
  readonly #running = new Map<Digest, Transfer>();

  constructor(content: Content, slots: Slots) {
    this.#content = content;
    this.#slots = slots;
  }

  /**
   * Brings a blob into the content store and returns its file. The caller holds it by a lease. The transfer ends when
   * the last who wants it has gone. @throws Failed, RegistryError, Unreachable
   */
  async fetch(wanted: Wanted, heard: Heard, signal: AbortSignal): Promise<string> {
    const { digest } = wanted;
    if (this.#content.has(digest)) return this.#content.pathOf(digest);
    const transfer = this.#running.get(digest) ?? this.#begin(wanted);
    transfer.listeners.add(heard);
    heard(transfer.bytes);
    const gone = Promise.withResolvers<never>();
    const leave = (): void => gone.reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.race([transfer.done, gone.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      transfer.listeners.delete(heard);
      if (transfer.listeners.size === 0) {
        transfer.abandon.abort(new Failed('nobody wants it any more'));
        // Who cleans up after this finds all that there will ever be.
        await transfer.done.catch(() => undefined);
      }
    }
    return this.#content.pathOf(digest);
  }

  #begin(wanted: Wanted): Transfer {
    const abandon = new AbortController();
    const listeners = new Set<Heard>();
    const transfer: Transfer = {
      listeners,
      abandon,
      bytes: undefined,
      done: this.#slots.run(
        () =>
          this.#bring(wanted, abandon.signal, (bytes) => {
            transfer.bytes = bytes;
            for (const hear of listeners) hear(bytes);
          }),
        abandon.signal,
      ),
    };
    this.#running.set(wanted.digest, transfer);
    // Whoever asks after the last has left begins anew.
    const forget = (): void => {
      if (this.#running.get(wanted.digest) === transfer) this.#running.delete(wanted.digest);
    };
    abandon.signal.addEventListener('abort', forget, { once: true });
    transfer.done.then(forget, forget);
    return transfer;
  }

  async #bring(wanted: Wanted, signal: AbortSignal, progress: (bytes: number) => void): Promise<void> {
    const staged = this.#content.stagedPath();
    try {
      await write(staged, wanted, signal, progress);
      await this.#content.adopt(staged, wanted.digest);
    } catch (error) {
      await rm(staged, { force: true });
      throw error;
    }
  }
}

/** Writes the whole blob, on the disk when it resolves. */
async function write(
  path: string,
  { digest, size, repository }: Wanted,
  signal: AbortSignal,
  progress: (bytes: number) => void,
): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  for (let fruitless = 0; bytes < size || fruitless === 0; ) {
    const before = bytes;
    try {
      const { body, from } = await repository.blob(digest, bytes, signal);
      // A registry that begins at the start again is read past what we have.
      let skip = bytes - from;
      if (skip < 0) throw new Failed(`the registry continues ${digest} at ${from}, not at ${bytes}`);
      for await (const chunk of body as AsyncIterable<Buffer>) {
        const fresh = skip > 0 ? chunk.subarray(Math.min(skip, chunk.length)) : chunk;
        skip -= chunk.length - fresh.length;
        if (bytes + fresh.length > size)
          throw new Oversized(`${digest} is longer than the ${size} bytes of its manifest`);
        hash.update(fresh);
        await file.write(fresh);
        bytes += fresh.length;
        progress(bytes);
      }
      if (bytes < size) throw new Failed(`${digest} ends after ${bytes} of ${size} bytes`);
      break;
    } catch (error) {
      signal.throwIfAborted();
      fruitless = bytes > before ? 1 : fruitless + 1;
      const wait = pauseFor(error, fruitless);
      if (wait === undefined) throw error;
      await sleep(wait, undefined, { signal });
    }
  }
  const found = `sha256:${hash.digest('hex')}`;
  if (found !== digest)
    throw new Failed(`filesystem layer verification failed for digest ${digest}: it is ${found}`);
  await file.datasync();
}

/** It will not get shorter. */
class Oversized extends Failed {}

/** Milliseconds until the next try; undefined: it will not help. */
function pauseFor(error: unknown, fruitless: number): number | undefined {
  if (fruitless >= FRUITLESS_MAX || error instanceof Oversized) return undefined;
  const isBroken = !(error instanceof Failed) || / ends after /.test(messageOf(error));
  const refused = /connection refused/.test(messageOf(error)); // it is being started again, perhaps
  return pauseAfter(error, fruitless) ?? (isBroken || refused ? 250 * 2 ** fruitless : undefined);
}
