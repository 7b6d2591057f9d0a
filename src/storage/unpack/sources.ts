/** An archive's bytes as they come in, decompressed by what their first ones say. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { COMPRESSION_HEAD_BYTES, type Compression, compressionOf } from '../../formats/compression.ts';
import { TarError } from '../../formats/tar/entry.ts';

/** A chunk may be looked at until the next one is asked for: then its memory may be filled again. */
export type Chunks = AsyncIterable<Buffer>;

/** An archive that comes in. */
export interface Incoming {
  readonly chunks: Chunks;
  /** The memory of a chunk is filled again as soon as the next one is asked for. */
  readonly isReused: boolean;
  /** The file that all of it is in already; undefined: it comes from elsewhere. */
  readonly file: string | undefined;
}

/** Bytes read or inflated at once: with Node's usual 16 KiB inflating takes twice as long. */
const CHUNK_BYTES = 1 << 20;
const INFLATE_BYTES = 256 << 10;

/** An archive in a file. `cancelled` ends it between two chunks. */
export const fromFile = (path: string, cancelled: AbortSignal): Incoming => ({
  chunks: fileChunks(path, cancelled),
  isReused: false,
  file: path,
});

async function* fileChunks(path: string, cancelled: AbortSignal): Chunks {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  for (;;) {
    cancelled.throwIfAborted();
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Looks at the first bytes without losing them. What is to be inflated keeps its memory: it is asked for in advance. */
export async function sniff({
  chunks,
  isReused,
}: Pick<Incoming, 'chunks' | 'isReused'>): Promise<{ compression: Compression; chunks: Chunks }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let ended = false;
  while (head.length < COMPRESSION_HEAD_BYTES && !ended) {
    const next = await iterator.next();
    if (next.done) ended = true;
    else if (head.length === 0 && next.value.length >= COMPRESSION_HEAD_BYTES) head = next.value;
    else head = Buffer.concat([head, next.value]);
  }
  const compression = compressionOf(head);
  const copies = isReused && (compression === 'gzip' || compression === 'zstd');
  const kept = (chunk: Buffer): Buffer => (copies ? Buffer.from(chunk) : chunk);
  const again = async function* (): Chunks {
    try {
      if (head.length > 0) yield kept(head);
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield kept(next.value);
    } finally {
      await iterator.return?.();
    }
  };
  return { compression, chunks: again() };
}

/** Inflates gzip and zstd in the thread pool, beside whatever consumes the result. */
export async function* inflated(chunks: Chunks, compression: 'gzip' | 'zstd'): Chunks {
  const inflate =
    compression === 'gzip'
      ? createGunzip({ chunkSize: INFLATE_BYTES })
      : createZstdDecompress({ chunkSize: INFLATE_BYTES });
  const feeding = pipeline(Readable.from(chunks, { objectMode: false, highWaterMark: CHUNK_BYTES }), inflate);
  feeding.catch(() => undefined); // told below, through the stream
  try {
    for await (const chunk of inflate) yield chunk as Buffer;
  } catch (error) {
    throw badCompression(compression, (error as Error).message);
  }
  await feeding;
}

const badCompression = (what: Compression, why: string): TarError => new TarError(`${what} data: ${why}`);
