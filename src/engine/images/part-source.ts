/** Where the parts of an image or of a cache come from: a repository of a registry, or a store that a client lends. */
import { Readable } from 'node:stream';
import { Slots } from '../../base/slots.ts';
import { digestOf } from '../../formats/digest-of.ts';
import { DOCUMENT_BYTES_MAX, typeInside } from '../../formats/oci.ts';
import { lentFailure } from '../../model/failures/lent.ts';
import type { Repository } from '../../registry/index.ts';
import { type ChainId, chainIdOf, type Digest, type Lease } from '../../storage/index.ts';
import { dropBlobs } from './collect.ts';
import type { ImageVerbs } from './deps.ts';
import type { LentBlob, LentStore } from './lent-store.ts';

/** Hears how many bytes of a blob have come. */
export type HeardBlob = (blob: LentBlob, bytes: number) => void;

/** Documents, and blobs that come into the content store. */
export interface PartSource extends Pick<Repository, 'manifest' | 'document'> {
  /** Brings a blob here, where the caller holds it by a lease. Returns its file. @throws Failed … */
  fetch(blob: LentBlob, heard: HeardBlob, signal: AbortSignal): Promise<string>;
  /** Nobody goes on with what has come of these so far. */
  settle(digests: readonly Digest[]): void;
}

/** A registry's: who wants the same blob shares one download. */
export const repositoryParts = (
  repository: Repository,
  { downloads }: Pick<ImageVerbs, 'downloads'>,
): PartSource => ({
  manifest: (reference, signal) => repository.manifest(reference, signal),
  document: (digest, signal) => repository.document(digest, signal),
  fetch: (blob, heard, signal) =>
    downloads.fetch({ ...blob, repository }, (bytes) => heard(blob, bytes ?? 0), signal),
  settle: (digests) => downloads.settle(digests),
});

/** A client's: nothing is shared with anybody, who would wait for that client, or be lied to by it. */
export function lentParts(
  store: LentStore,
  { storage: { content }, transfers }: Pick<ImageVerbs, 'storage' | 'transfers'>,
): PartSource {
  const slots = new Slots(transfers.down);
  const document = (digest: string, signal: AbortSignal) => readDocument(store, digest as Digest, signal);
  return {
    document,
    async manifest(digest, signal) {
      const bytes = await document(digest, signal);
      return { bytes, digest, mediaType: typeInside(bytes) };
    },
    fetch: (blob, heard, signal) =>
      slots.run(async () => {
        const { digest } = blob;
        if (!content.has(digest)) {
          const bytes = toldOf(store.read(blob, signal), (at) => heard(blob, at));
          await content.ingest(Readable.from(bytes, { objectMode: false }), digest, signal);
        }
        return content.pathOf(digest);
      }, signal),
    settle: () => undefined,
  };
}

async function readDocument(store: LentStore, digest: Digest, signal: AbortSignal): Promise<Buffer> {
  const size = await store.sizeOf(digest, signal);
  if (size === undefined) throw lentFailure.blobMissing({ digest });
  if (size > DOCUMENT_BYTES_MAX) throw lentFailure.documentTooLarge({ digest, most: DOCUMENT_BYTES_MAX });
  // Into one piece of memory: a client that sends it byte by byte makes it no larger.
  const whole = Buffer.alloc(size);
  let at = 0;
  for await (const piece of store.read({ digest, size }, signal)) at += piece.copy(whole, at);
  const found = digestOf(whole);
  if (found !== digest) throw lentFailure.blobDiffers({ digest, found });
  return whole;
}

async function* toldOf(bytes: AsyncIterable<Buffer>, heard: (at: number) => void): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const piece of bytes) {
    at += piece.length;
    yield piece;
    heard(at);
  }
}

/** A layer as it lies there. */
export interface RemoteLayer extends LentBlob {
  readonly diffId: Digest;
}

/** Where layers come from, and what becomes of them. */
export interface Bringing {
  readonly parts: PartSource;
  /** Holds each of them. */
  readonly lease: Lease;
  readonly heard: HeardBlob;
  readonly signal: AbortSignal;
}

/** Brings layers here, bottom first; what is here already does not travel. Gives the topmost. @throws Failed, RegistryError … */
export async function bringLayers(
  layers: readonly RemoteLayer[],
  { parts, lease, heard, signal }: Bringing,
  { storage, store }: Pick<ImageVerbs, 'storage' | 'store'>,
): Promise<ChainId | undefined> {
  const missing: RemoteLayer[] = [];
  let parent: ChainId | undefined;
  let top: ChainId | undefined;
  for (const layer of layers) {
    top = chainIdOf(top, layer.diffId);
    lease.hold('layer', top);
    if (missing.length > 0 || storage.layers.get(top) === undefined) missing.push(layer);
    else parent = top;
  }
  if (missing.length === 0) return top;
  const digests = missing.map(({ digest }) => digest);
  let isWhole = false;
  await using travel = new AsyncDisposableStack();
  travel.defer(() => {
    parts.settle(digests);
    if (!isWhole) dropBlobs(digests, { storage, store });
  });
  const hold = travel.use(storage.lease('layers'));
  const off = new AbortController();
  const either = AbortSignal.any([signal, off.signal]);
  const archives = missing.map(({ diffId, ...blob }) => {
    hold.hold('blob', blob.digest);
    const from = parts.fetch(blob, heard, either);
    from.catch((error: unknown) => off.abort(error)); // told by who unpacks it
    return { from, blob: blob.digest, expectedDiffId: diffId };
  });
  try {
    await storage.layers.apply(archives, { parent, lease, signal: either });
    isWhole = true;
  } catch (error) {
    off.abort(error);
    await Promise.allSettled(archives.map(({ from }) => from));
    signal.throwIfAborted();
    throw off.signal.reason; // what came first, and not what it called off
  }
  return top;
}
