/** A kept archive's plain bytes, whatever it was compressed by. */
import { Readable } from 'node:stream';
import { filtered } from './filter.ts';
import { type Chunks, inflated, ownedFileChunks, sniff } from './sources.ts';

/** Reading begins when the first byte is asked for. A broken archive makes the stream fail. */
export const plainArchive = (path: string): Readable =>
  Readable.from(plainChunks(path), { objectMode: false, highWaterMark: 1 << 20 });

/** The same as chunks, each in memory of its own. @throws TarError when what is compressed is broken */
export async function* plainChunks(path: string): Chunks {
  const { compression, chunks } = await sniff(ownedFileChunks(path));
  if (compression === 'none') yield* chunks;
  else if (compression === 'gzip' || compression === 'zstd') yield* inflated(chunks, compression);
  else {
    for await (const _ of chunks) break; // the program reads the file itself: it is not left open here
    yield* filtered(path, compression);
  }
}
