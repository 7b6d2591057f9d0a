/** An archive's bytes as they come in, decompressed by what their first ones say. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { isMarkedAsUntransferable } from 'node:worker_threads';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { COMPRESSION_HEAD_BYTES, type Compression, compressionOf } from '../../formats/compression.ts';
import { TarError } from '../../formats/tar/entry.ts';

/** A chunk may be looked at until the next one is asked for: then its memory may be filled again, or be gone. */
export type Chunks = AsyncIterable<Buffer>;

/** An archive that comes in. */
export interface Incoming {
  readonly chunks: Chunks;
  /** The file that all of it is in already; undefined: it comes from elsewhere. */
  readonly file: string | undefined;
}

/** Bytes read or inflated at once: with Node's usual 16 KiB inflating takes twice as long. */
const CHUNK_BYTES = 1 << 20;
const INFLATE_BYTES = 256 << 10;

/** An archive in a file. `cancelled` ends it between two chunks. */
export function fromFile(path: string, cancelled: AbortSignal): Incoming {
  const room = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  return { chunks: fileChunks(path, cancelled, () => room), file: path };
}

/** A file's bytes, each chunk in memory of its own. */
export const ownedFileChunks = (path: string): Chunks =>
  fileChunks(path, new AbortController().signal, () => Buffer.allocUnsafeSlow(CHUNK_BYTES));

async function* fileChunks(path: string, cancelled: AbortSignal, memory: () => Buffer): Chunks {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  for (;;) {
    cancelled.throwIfAborted();
    const { bytesRead, buffer } = await file.read(memory(), 0, CHUNK_BYTES);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Looks at the first bytes without losing them. */
export async function sniff(incoming: Chunks): Promise<{ compression: Compression; chunks: Chunks }> {
  const iterator = incoming[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let ended = false;
  while (head.length < COMPRESSION_HEAD_BYTES && !ended) {
    const next = await iterator.next();
    if (next.done) ended = true;
    else if (head.length === 0 && next.value.length >= COMPRESSION_HEAD_BYTES) head = next.value;
    else head = Buffer.concat([head, next.value]);
  }
  const compression = compressionOf(head);
  const again = async function* (): Chunks {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  };
  return { compression, chunks: again() };
}

/** Inflates gzip and zstd in the thread pool, beside whatever consumes the result. Each chunk is in memory of its own. */
export async function* inflated(chunks: Chunks, compression: 'gzip' | 'zstd'): Chunks {
  // With so low a mark the next chunk is asked for when the one before it has been inflated: its memory is free again.
  const options = { chunkSize: INFLATE_BYTES, writableHighWaterMark: 1 };
  const inflate = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  const feeding = pipeline(chunks, inflate);
  feeding.catch(() => undefined); // told below, through the stream
  try {
    for await (const chunk of inflate) yield chunk as Buffer;
  } catch (error) {
    throw badCompression(compression, (error as Error).message);
  }
  await feeding;
}

/**
 * Frees the memory of each chunk once its reader has asked for the next: it must be the chunk's own. The collector lets
 * far more wait, 100 MiB in a thread that makes little else. What ends before its memory does shares it with what follows;
 * small things share Node's pool, which is marked.
 */
export async function* freed(chunks: Chunks): Chunks {
  for await (const chunk of chunks) {
    yield chunk;
    const { buffer, byteOffset, byteLength } = chunk;
    const isLast = byteOffset + byteLength === buffer.byteLength;
    if (isLast && !isMarkedAsUntransferable(buffer)) (buffer as ArrayBuffer).transfer(0);
  }
}

const badCompression = (what: Compression, why: string): TarError => new TarError(`${what} data: ${why}`);
