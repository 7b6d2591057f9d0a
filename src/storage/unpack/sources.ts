/** A tree thread's input: bytes of a file or of a port, decompressed by what their first bytes say. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { MessagePort } from 'node:worker_threads';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { COMPRESSION_HEAD_BYTES, type Compression, compressionOf } from '../../formats/compression.ts';
import { TarError } from '../../formats/tar/entry.ts';
import { type FromPort, PORT_WINDOW, type Source, type ToPort } from '../threads/protocol.ts';
import { connectionChunks } from './connection.ts';

/** A chunk may be looked at until the next one is asked for: then its memory may be filled again. */
export type Chunks = AsyncIterable<Buffer>;

/** Bytes read or inflated at once: with Node's usual 16 KiB inflating takes twice as long. */
const CHUNK_BYTES = 1 << 20;
const INFLATE_BYTES = 256 << 10;

/** The source's bytes as they come. */
export function chunksOf(source: Source, cancelled: AbortSignal): Chunks {
  switch (source.is) {
    case 'file':
      return fileChunks(source.path, cancelled);
    case 'port':
      return portChunks(source.port, cancelled);
    case 'connection':
      return connectionChunks(source, cancelled);
    default:
      return source satisfies never;
  }
}

async function* fileChunks(path: string, cancelled: AbortSignal): Chunks {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  for (;;) {
    cancelled.throwIfAborted();
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* portChunks(port: MessagePort, cancelled: AbortSignal): Chunks {
  const arrived: ToPort[] = [];
  let wake = (): void => {};
  port.on('message', (message: ToPort) => {
    arrived.push(message);
    wake();
  });
  cancelled.addEventListener('abort', () => wake(), { once: true });
  port.postMessage({ granted: PORT_WINDOW } satisfies FromPort);
  try {
    for (;;) {
      cancelled.throwIfAborted();
      const message = arrived.shift();
      if (message === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else if (message.is === 'end') return;
      else if (message.is === 'error') throw new TarError(message.message);
      else {
        const { bytes } = message;
        yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        port.postMessage({ granted: bytes.byteLength } satisfies FromPort);
      }
    }
  } finally {
    port.close();
  }
}

/** Looks at the first bytes without losing them. What is to be inflated keeps its memory: it is asked for in advance. */
export async function sniff(
  chunks: Chunks,
  source: Pick<Source, 'is'>,
): Promise<{ compression: Compression; chunks: Chunks }> {
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
  const copies = source.is === 'connection' && (compression === 'gzip' || compression === 'zstd');
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
