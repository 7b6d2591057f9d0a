/** gzip by several threads: one stream of pieces that are compressed side by side (RFC 1951, RFC 1952). */
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';

const deflate = promisify(deflateRaw);

/** Of the plain bytes, for each piece of the compressed ones. */
export const GZIP_PIECE_BYTES = 1 << 20;
/** What deflate can refer back to: each piece knows the end of the one before it, so that little is lost at the seams. */
const WINDOW_BYTES = 32 << 10;
/** Three percent more bytes than zlib's own choice, in half of its time: docs/decisions/0014-how-layers-travel.md. */
const LEVEL = 4;
/** Larger tables than usual: blocks end later, in a tenth less time. */
const MEMORY_LEVEL = 9;
/** Pieces under way; Node's pool has four threads. */
const SIDE_BY_SIDE = 4;

/** No name, no time, "unknown" system: the same bytes each time. */
const HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** An empty last block: the pieces themselves end between two blocks. */
const LAST_BLOCK = Buffer.from([0x03, 0x00]);

/** One gzip member of all of `source`, whose chunks are its own from then on. At most a few pieces of 1 MiB are held at a time. */
export async function* gzipped(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const underWay: Promise<Buffer>[] = [];
  let window: Buffer | undefined;
  let checksum = 0;
  let size = 0;
  yield HEAD;
  try {
    for await (const piece of inPieces(source)) {
      checksum = crc32(piece, checksum);
      size += piece.length;
      const one = compressed(piece, window);
      one.catch(() => undefined); // told when its turn comes
      underWay.push(one);
      window = piece.subarray(-WINDOW_BYTES);
      if (underWay.length >= SIDE_BY_SIDE) yield (await underWay.shift()) as Buffer;
    }
    while (underWay.length > 0) yield (await underWay.shift()) as Buffer;
  } finally {
    await Promise.allSettled(underWay);
  }
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(checksum, 0);
  tail.writeUInt32LE(size % 2 ** 32, 4);
  yield Buffer.concat([LAST_BLOCK, tail]);
}

const compressed = (piece: Buffer, dictionary: Buffer | undefined): Promise<Buffer> =>
  deflate(piece, {
    level: LEVEL,
    memLevel: MEMORY_LEVEL,
    chunkSize: GZIP_PIECE_BYTES,
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(dictionary && { dictionary }),
  });

/** However the bytes come, pieces end at the same places: the result depends on the bytes alone. */
async function* inPieces(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (let chunk of source) {
    while (length + chunk.length >= GZIP_PIECE_BYTES) {
      const rest = GZIP_PIECE_BYTES - length;
      yield parts.length === 0 ? chunk.subarray(0, rest) : Buffer.concat([...parts, chunk.subarray(0, rest)]);
      chunk = chunk.subarray(rest);
      parts = [];
      length = 0;
    }
    if (chunk.length > 0) parts.push(chunk);
    length += chunk.length;
  }
  if (length > 0) yield Buffer.concat(parts);
}
