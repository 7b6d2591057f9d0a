/** Stores of blobs that a build's client lends: the caches in its directories, the images in its layouts. */
import type { Digest } from '../../storage/index.ts';

/** A blob as a document tells of it. */
export interface LentBlob {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * A store, blob by blob. All of it is hostile: what is read comes in order and is no longer than was asked for; that it
 * has its digest is for the reader to see.
 */
export interface LentStore {
  /** Bytes of a blob, as the client says; undefined: it has none of that digest. */
  sizeOf(digest: Digest, signal: AbortSignal): Promise<number | undefined>;
  /** A whole blob of so many bytes. @throws Failed when the client sends more, fewer, or others than the next ones */
  read(blob: LentBlob, signal: AbortSignal): AsyncIterable<Buffer>;
  /** Puts a blob there. `digest`: asked for when all of its bytes have been read. @throws Failed when it does not take them */
  write(
    bytes: AsyncIterable<Buffer> | Iterable<Buffer>,
    digest: () => Promise<string>,
    signal: AbortSignal,
  ): Promise<void>;
}
