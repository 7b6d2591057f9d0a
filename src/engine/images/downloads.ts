/** Blobs on their way from registries: one transfer for all who want the same one, resumed where it broke. */
import { setTimeout as sleep } from 'node:timers/promises';
import { orAborted } from '../../base/abort.ts';
import { Failed, messageOf } from '../../base/errors.ts';
import { isFailure } from '../../base/failures.ts';
import type { Slots } from '../../base/slots.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { pauseAfter, type Repository, Unresumable } from '../../registry/index.ts';
import type { Content, Digest, Storage, Unfinished, UnfinishedBlob } from '../../storage/index.ts';

/** A blob that a manifest names. */
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
/** Less than this is no progress: who sends a byte now and then would be waited for without end. */
const FRUIT_BYTES = 1024;

/** The transfers that are under way. */
export class Downloads {
  readonly #content: Content;
  readonly #unfinished: Unfinished;
  readonly #isLeased: (digest: Digest) => boolean;
  readonly #slots: Slots;
  readonly #running = new Map<Digest, Transfer>();
  #stopping = false;

  constructor({ content, unfinished, leased }: Storage, slots: Slots) {
    this.#content = content;
    this.#unfinished = unfinished;
    this.#isLeased = (digest) => leased('blob', digest);
    this.#slots = slots;
  }

  /**
   * Brings a blob into the content store and returns its file. The caller holds it by a lease. The transfer ends when
   * the last who wants it has gone; what came of it stays until {@link settle}. @throws Failed, RegistryError, Unreachable
   */
  async fetch(wanted: Wanted, heard: Heard, signal: AbortSignal): Promise<string> {
    const { digest } = wanted;
    if (this.#content.has(digest)) return this.#content.pathOf(digest);
    const running = this.#running.get(digest);
    const transfer = running && !running.abandon.signal.aborted ? running : this.#begin(wanted, running);
    transfer.listeners.add(heard);
    heard(transfer.bytes);
    try {
      await orAborted(transfer.done, signal);
    } finally {
      transfer.listeners.delete(heard);
      if (transfer.listeners.size === 0) {
        transfer.abandon.abort(imageFailure.downloadAbandoned());
        // Who cleans up after this finds all that there will ever be.
        await transfer.done.catch(() => undefined);
      }
    }
    return this.#content.pathOf(digest);
  }

  /** No daemon that comes after this one needs to go on with these, as far as no lease holds them. */
  settle(digests: readonly Digest[]): void {
    if (this.#stopping) return;
    for (const digest of digests.filter((each) => !this.#isLeased(each))) this.#unfinished.remove(digest);
  }

  /** What earlier daemons left unfinished and nobody goes on with now. */
  left(): ReturnType<Unfinished['all']> {
    return this.#unfinished.all().filter(({ digest }) => !this.#isLeased(digest));
  }

  /** Lets go of what was left and did not grow for so long, and of what the content store has. Gives the bytes that are free now. */
  dropLeft(idleMs: number): number {
    const dropped = this.left().filter((each) => each.idleMs >= idleMs || this.#content.has(each.digest));
    for (const { digest } of dropped) this.#unfinished.remove(digest);
    return dropped.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** From now on what is unfinished is left to the next daemon. */
  stop(): void {
    this.#stopping = true;
  }

  /** `before`: a transfer of the same blob that was abandoned and has not ended yet. */
  #begin(wanted: Wanted, before: Transfer | undefined): Transfer {
    const abandon = new AbortController();
    const listeners = new Set<Heard>();
    const transfer: Transfer = {
      listeners,
      abandon,
      bytes: undefined,
      done: this.#slots.run(async () => {
        await before?.done.catch(() => undefined);
        await this.#bring(wanted, abandon.signal, (bytes) => {
          transfer.bytes = bytes;
          for (const hear of listeners) hear(bytes);
        });
      }, abandon.signal),
    };
    this.#running.set(wanted.digest, transfer);
    const forget = (): void => {
      if (this.#running.get(wanted.digest) === transfer) this.#running.delete(wanted.digest);
    };
    transfer.done.then(forget, forget);
    return transfer;
  }

  /** Goes on with what is there of it. What turns out to be other bytes is begun anew, once, unless it came in one answer. */
  async #bring(wanted: Wanted, signal: AbortSignal, progress: (bytes: number) => void): Promise<void> {
    const { digest, size } = wanted;
    await using blob = await this.#unfinished.open(digest, { most: size, signal });
    for (let tries = 1; ; tries++) {
      const { inOneAnswer } = await receive(blob, wanted, signal, progress);
      const found = blob.digest();
      if (found === digest) return await blob.finish();
      await blob.restart();
      if (inOneAnswer || tries === 2) throw imageFailure.layerDiffers({ digest, found });
    }
  }
}

/** Completes a blob, over as many answers as it takes. */
async function receive(
  blob: UnfinishedBlob,
  { digest, size, repository }: Wanted,
  signal: AbortSignal,
  progress: (bytes: number) => void,
): Promise<{ readonly inOneAnswer: boolean }> {
  let inOneAnswer = false;
  let most = blob.bytes;
  if (most > 0) progress(most);
  for (let fruitless = 0; blob.bytes < size || (size === 0 && !inOneAnswer); ) {
    const before = most;
    try {
      const { body, from } = await repository.blob(digest, blob.bytes, signal);
      if (from < blob.bytes) await blob.restart();
      inOneAnswer = from === 0;
      for await (const chunk of body) {
        if (blob.bytes + chunk.length > size)
          throw new Oversized(`${digest} is longer than the ${size} bytes of its manifest`);
        await blob.append(chunk);
        progress(blob.bytes);
      }
      if (blob.bytes < size) throw imageFailure.blobEnds({ digest, bytes: blob.bytes, size });
    } catch (error) {
      signal.throwIfAborted();
      most = Math.max(most, blob.bytes);
      fruitless = most - before >= FRUIT_BYTES ? 1 : fruitless + 1;
      if (error instanceof Unresumable && blob.bytes > 0) {
        await blob.restart();
        continue;
      }
      const wait = pauseFor(error, fruitless);
      if (wait === undefined) throw error;
      await sleep(wait, undefined, { signal });
    }
  }
  return { inOneAnswer };
}

/** It will not get shorter. */
class Oversized extends Failed {}

/** Milliseconds until the next try; undefined: it will not help. */
function pauseFor(error: unknown, fruitless: number): number | undefined {
  if (fruitless >= FRUITLESS_MAX || error instanceof Oversized) return undefined;
  const isBroken = !(error instanceof Failed) || isFailure(error, imageFailure.blobEnds);
  const refused = /connection refused/.test(messageOf(error)); // it is being started again, perhaps
  return pauseAfter(error, fruitless) ?? (isBroken || refused ? 250 * 2 ** fruitless : undefined);
}
