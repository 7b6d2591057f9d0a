/** A kept layer, compressed as it is sent: in a tree thread, so that nothing of it weighs on the main thread. */
import { createHash } from 'node:crypto';
import { gzipped } from '../../formats/gzip.ts';
import type { CompressedLayer, Digest } from '../storage.ts';
import { plainChunks } from '../unpack/plain.ts';

/** Memory of Node's own pool cannot be given to another thread: what is small is copied. */
const COPIED_BYTES_MAX = 64 << 10;

/** The pieces of the compressed archive, each in memory of its own; then what they are together. */
export async function* compressedPieces(path: string): AsyncGenerator<Buffer, CompressedLayer> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of gzipped(plainChunks(path))) {
    hash.update(piece);
    size += piece.length;
    yield piece.length > COPIED_BYTES_MAX ? piece : Buffer.from(new Uint8Array(piece).buffer);
  }
  return { digest: `sha256:${hash.digest('hex')}` as Digest, size };
}
