/** Bytes on their way in: seen as they came, then decompressed by what their first ones say. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { writeAll } from '../../linux/index.ts';
import { filtered } from './filter.ts';
import { isHole } from './holes.ts';
import { type Chunks, freed, type Incoming, inflated, sniff } from './sources.ts';

/** Bytes on their way in: counted, hashed and kept as asked, before anything understands them. */
export class Intake {
  readonly #hash: Hash | undefined;
  readonly #fd: number | undefined;
  /** How much came. */
  #bytes = 0;
  /** How much of it, from the beginning, is in the file. */
  #end = 0;

  constructor(hash: boolean, keepAs: string | undefined) {
    this.#hash = hash ? createHash('sha256') : undefined;
    this.#fd = keepAs === undefined ? undefined : openSync(keepAs, 'wx', 0o600);
  }
  take(chunk: Buffer): void {
    this.#hash?.update(chunk);
    if (this.#fd !== undefined && !isHole(chunk)) {
      writeAll(this.#fd, chunk, this.#bytes);
      this.#end = this.#bytes + chunk.length;
    }
    this.#bytes += chunk.length;
  }
  digest(): string | undefined {
    return this.#hash?.digest('hex');
  }
  close(): void {
    if (this.#fd === undefined) return;
    try {
      if (this.#bytes > this.#end) ftruncateSync(this.#fd, this.#bytes);
    } finally {
      closeSync(this.#fd);
    }
  }
}

/**
 * The plain bytes of what comes in, whatever its compression; `intake` sees what came, and keeps it as `keepAs`. Programs
 * that decompress want a file: then everything is taken in first.
 */
export async function* plainKept(incoming: Incoming, intake: Intake, keepAs: string | undefined): Chunks {
  const { compression, chunks } = await sniff(through(incoming.chunks, intake));
  if (compression === 'none') yield* chunks;
  else if (compression === 'gzip' || compression === 'zstd') yield* freed(inflated(chunks, compression));
  else {
    for await (const _ of chunks); // taken in
    yield* freed(filtered(incoming.file ?? keepAs!, compression));
  }
}

async function* through(chunks: Chunks, intake: Intake): Chunks {
  for await (const chunk of chunks) {
    intake.take(chunk);
    yield chunk;
  }
}

/** The same without keeping anything: the file `spool` is made only when a program that decompresses wants one. */
export async function* plainSpooled(incoming: Incoming, spool: string): Chunks {
  const { compression, chunks } = await sniff(incoming.chunks);
  if (compression === 'none') yield* chunks;
  else if (compression === 'gzip' || compression === 'zstd') yield* freed(inflated(chunks, compression));
  else {
    const intake = new Intake(false, spool);
    try {
      for await (const chunk of chunks) intake.take(chunk);
    } finally {
      intake.close();
    }
    yield* freed(filtered(spool, compression));
  }
}
