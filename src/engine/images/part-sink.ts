/** Where the parts of an image or of a cache go: a repository of a registry, or a store that a client lends. */
import type { Readable } from 'node:stream';
import type { Repository } from '../../registry/index.ts';
import type { Digest } from '../../storage/index.ts';
import type { LentStore } from './lent-store.ts';

/** Takes blobs, and a document that names them. */
export type PartSink = Pick<Repository, 'hasBlob' | 'upload' | 'uploadMade' | 'putManifest'>;

/** A client's store, in which documents are blobs like any other: what they are called is its client's business. */
export const lentSink = (store: LentStore): PartSink => ({
  hasBlob: async (digest, signal) => (await store.sizeOf(digest as Digest, signal)) !== undefined,
  async upload({ digest }, open, signal) {
    const bytes = open();
    if (Buffer.isBuffer(bytes)) await store.write([bytes], async () => digest, signal);
    else await fed(bytes, () => store.write(bytes, async () => digest, signal));
    return 'uploaded';
  },
  async uploadMade<T extends { readonly digest: string }>(
    _known: unknown,
    open: () => { readonly body: Readable; readonly made: Promise<T | undefined> },
    signal: AbortSignal,
  ) {
    const { body, made } = open();
    made.catch(() => undefined); // told below
    const whole = async (): Promise<T> => {
      const blob = await made;
      if (blob === undefined) throw new Error('a blob that was read to its end is whole');
      return blob;
    };
    await fed(body, () => store.write(body, async () => (await whole()).digest, signal)).catch(
      async (error: unknown) => {
        await made; // what ails the blob itself comes first
        throw error;
      },
    );
    return await whole();
  },
  putManifest: (_name, { bytes, digest }, signal) => store.write([bytes], async () => digest, signal),
});

/** Lets go of what is read when the work with it is over. */
async function fed(bytes: Readable, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    bytes.destroy();
  }
}
