/** What an archive of images is made of: blobs, each a member, and how members become bytes. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { digestOf } from '../../formats/digest-of.ts';
import type { ImageReference } from '../../formats/reference.ts';
import { tarEnd, tarEntry, tarHeader, tarPadding } from '../../formats/tar/writer.ts';
import { imageFailure } from '../../model/failures/image.ts';
import type { Digest, LayerInfo, Lease, Storage } from '../../storage/index.ts';
import type { Image } from './store.ts';

/** An image and the names it is saved under. */
export interface NamedImage {
  readonly image: Pick<Image, 'id' | 'chain' | 'createdNanos' | 'parent'>;
  readonly names: readonly ImageReference[];
  /** Its configuration, where it is on no record. */
  readonly config?: Buffer;
}

/** A file of an archive. */
export interface Member {
  readonly path: string;
  readonly bytes: number;
  /** Nanoseconds since 1970, whole seconds. */
  readonly mtimeNanos: bigint;
  open(): Readable;
}

const BLOBS = 'blobs/sha256/';
const READ_BYTES = 1 << 20;
/** Of an index of manifests. */
export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
/** Of an image's manifest. */
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';

/** Sends the members, reading each when its turn has come. */
export function archiveOf(members: readonly Member[]): Readable {
  return Readable.from(tarBytes(members), { objectMode: false, highWaterMark: READ_BYTES });
}

async function* tarBytes(members: readonly Member[]): AsyncGenerator<Buffer, void> {
  for (const path of ['blobs/', BLOBS]) yield tarHeader(tarEntry({ path, type: 'directory' }));
  for (const { path, bytes, mtimeNanos, open } of members) {
    yield tarHeader(tarEntry({ path, size: bytes, mtimeNanos }));
    let sent = 0;
    for await (const chunk of open() as AsyncIterable<Buffer>) {
      sent += chunk.length;
      yield chunk;
    }
    if (sent !== bytes) throw imageFailure.fileSizeDiffers({ path, sent, bytes });
    if (bytes % 512 !== 0) yield tarPadding(bytes);
  }
  yield tarEnd();
}

/** An image as its blobs. */
export interface Parts extends NamedImage {
  readonly layers: readonly LayerInfo[];
  /** Layers, configuration, manifest. */
  readonly blobs: readonly Member[];
  readonly manifest: { readonly digest: Digest; readonly bytes: number };
}

/** Layers are plain, under their diff ids. */
export async function partsOf(named: NamedImage, storage: Storage): Promise<Parts> {
  const { image } = named;
  const top = image.chain.at(-1);
  const layers = top === undefined ? [] : storage.layers.chain(top);
  const mtimeNanos = ((image.createdNanos ?? 0n) / 1_000_000_000n) * 1_000_000_000n;
  const config = configOf(named, mtimeNanos, storage);
  const plain = layers.map(({ diffId, blob, plainBytes }) => ({
    path: blobPath(diffId),
    bytes: plainBytes,
    mtimeNanos,
    // What is kept plain has its diff id as its own digest.
    open: () =>
      blob === diffId
        ? createReadStream(storage.content.pathOf(blob), { highWaterMark: READ_BYTES })
        : storage.plainLayer(blob),
  }));
  const document = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: { mediaType: CONFIG_TYPE, digest: image.id, size: config.bytes },
      layers: layers.map(({ diffId, plainBytes }) => ({
        mediaType: LAYER_TYPE,
        digest: diffId,
        size: plainBytes,
      })),
    }),
  );
  const manifest = { digest: digestOf(document), bytes: document.length };
  const blobs = [...plain, config, member(blobPath(manifest.digest), document)];
  return { ...named, layers, blobs, manifest };
}

function configOf({ image, config }: NamedImage, mtimeNanos: bigint, { content }: Storage): Member {
  const path = blobPath(image.id);
  if (config) return { ...member(path, config), mtimeNanos };
  const open = () => createReadStream(content.pathOf(image.id));
  return { path, bytes: content.sizeOf(image.id), mtimeNanos, open };
}

/** Until the lease ends, the blobs of an image stay. */
export function hold({ id, chain }: NamedImage['image'], lease: Lease, { layers }: Storage): void {
  lease.hold('blob', id);
  for (const chainId of chain) {
    lease.hold('layer', chainId);
    const info = layers.get(chainId);
    if (info) lease.hold('blob', info.blob);
  }
}

/** A document. */
export const member = (path: string, content: Buffer | string): Member => ({
  path,
  bytes: Buffer.byteLength(content),
  mtimeNanos: 0n,
  open: () => Readable.from([Buffer.from(content)]),
});

/** Where a blob lies. */
export const blobPath = (digest: string): string => `${BLOBS}${digest.slice('sha256:'.length)}`;
/** A document of Docker's: it ends with its line. */
export const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
