/** For tests: a store of a client's, in memory. */
import assert from 'node:assert/strict';
import { type Digest, parseDigest } from '../../formats/digest.ts';
import type { LentBlob, LentStore } from './lent-store.ts';
import { sha } from './test-host.ts';

/** Before the types of OCI's documents. */
export const OCI = 'application/vnd.oci.image';
/** Of a blob, or of a text. */
export const digestOf = (bytes: Buffer | string): Digest => parseDigest(`sha256:${sha(bytes)}`);

/** A store in memory. `lies`: what it sends in place of a blob. */
export class MemoryStore implements LentStore {
  readonly blobs = new Map<string, Buffer>();
  readonly lies = new Map<string, Buffer>();
  /** Digests that were read. */
  readonly asked: string[] = [];

  /** Gives what a document says of it. */
  put(bytes: Buffer, mediaType = ''): LentBlob & { readonly mediaType: string } {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { digest, size: bytes.length, mediaType };
  }

  document(kind: 'manifest' | 'index' | 'config', content: object | Buffer) {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    return this.put(bytes, `${OCI}.${kind}.v1+json`);
  }

  async sizeOf(digest: string): Promise<number | undefined> {
    return this.blobs.get(digest)?.length;
  }

  async *read({ digest }: LentBlob): AsyncGenerator<Buffer, void> {
    this.asked.push(digest);
    const bytes = this.lies.get(digest) ?? this.blobs.get(digest) ?? Buffer.alloc(0);
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }

  async write(bytes: AsyncIterable<Buffer> | Iterable<Buffer>, digest: () => Promise<string>): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of bytes) pieces.push(Buffer.from(piece));
    const whole = Buffer.concat(pieces);
    assert.equal(digestOf(whole), await digest());
    this.put(whole);
  }
}
