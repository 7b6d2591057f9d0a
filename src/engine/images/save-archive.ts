/**
 * The archive itself: an OCI image layout with the `manifest.json` of Docker beside its index. Layers are plain, so that
 * their digests are the diff ids that the configuration names (docs/decisions/0009).
 */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { digestOf } from '../../formats/digest-of.ts';
import { familiarName, familiarString, type ImageReference } from '../../formats/reference.ts';
import { tarEnd, tarEntry, tarHeader, tarPadding } from '../../formats/tar/writer.ts';
import { imageFailure } from '../../model/failures/image.ts';
import type { Digest, LayerInfo, Storage } from '../../storage/index.ts';
import type { Image } from './store.ts';

/** An image and the names it is saved under. */
export interface NamedImage {
  readonly image: Image;
  readonly names: readonly ImageReference[];
}

interface Member {
  readonly path: string;
  readonly bytes: number;
  /** Nanoseconds since 1970, whole seconds. */
  readonly mtimeNanos: bigint;
  open(): Readable;
}

const BLOBS = 'blobs/sha256/';
const READ_BYTES = 1 << 20;
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';

/** What the archive is made of, in its order: blobs, each once, then the documents that name them. */
export async function archiveMembers(images: readonly NamedImage[], storage: Storage): Promise<Member[]> {
  const parts = await Promise.all(images.map((named) => partsOf(named, storage)));
  const blobs = new Map(parts.flatMap(({ blobs }) => blobs).map((blob) => [blob.path, blob]));
  return [
    ...blobs.values(),
    member('index.json', JSON.stringify(indexOf(parts))),
    member('manifest.json', line(parts.map((part) => dockerItem(part, images)))),
    member('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    ...repositoriesOf(parts),
  ];
}

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

interface Parts extends NamedImage {
  readonly layers: readonly LayerInfo[];
  /** Layers, configuration, manifest. */
  readonly blobs: readonly Member[];
  readonly manifest: { readonly digest: Digest; readonly bytes: number };
}

async function partsOf({ image, names }: NamedImage, storage: Storage): Promise<Parts> {
  const top = image.chain.at(-1);
  const layers = top === undefined ? [] : storage.layers.chain(top);
  const mtimeNanos = ((image.createdNanos ?? 0n) / 1_000_000_000n) * 1_000_000_000n;
  const configBytes = storage.content.sizeOf(image.id);
  const config = {
    path: blobPath(image.id),
    bytes: configBytes,
    mtimeNanos,
    open: () => createReadStream(storage.content.pathOf(image.id)),
  };
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
      config: { mediaType: CONFIG_TYPE, digest: image.id, size: configBytes },
      layers: layers.map(({ diffId, plainBytes }) => ({
        mediaType: LAYER_TYPE,
        digest: diffId,
        size: plainBytes,
      })),
    }),
  );
  const manifest = { digest: digestOf(document), bytes: document.length };
  const blobs = [...plain, config, member(blobPath(manifest.digest), document)];
  return { image, names, layers, blobs, manifest };
}

/** One entry a name; an image without names has one too. */
function indexOf(parts: readonly Parts[]): unknown {
  const manifests = parts.flatMap(({ names, manifest }) => {
    const descriptor = { mediaType: MANIFEST_TYPE, digest: manifest.digest, size: manifest.bytes };
    if (names.length === 0) return [descriptor];
    return names.map(({ domain, path, tag }) => ({
      ...descriptor,
      annotations: {
        'io.containerd.image.name': `${domain}/${path}:${tag}`,
        'org.opencontainers.image.ref.name': tag,
      },
    }));
  });
  return { schemaVersion: 2, mediaType: INDEX_TYPE, manifests };
}

function dockerItem({ image, names, layers }: Parts, all: readonly NamedImage[]): unknown {
  const { parent } = image;
  return {
    Config: blobPath(image.id),
    RepoTags: names.length === 0 ? null : names.map(familiarString),
    Layers: layers.map(({ diffId }) => blobPath(diffId)),
    ...(all.some((other) => other.image.id === parent) ? { Parent: parent } : {}),
  };
}

/** Repository → tag → topmost layer. Nothing has names: there is no such file. */
function repositoriesOf(parts: readonly Parts[]): Member[] {
  const repositories = new Map<string, Record<string, string>>();
  for (const { names, layers } of parts) {
    const top = layers.at(-1)?.diffId.slice('sha256:'.length);
    for (const name of top === undefined ? [] : names) {
      const key = familiarName(name);
      repositories.set(key, { ...repositories.get(key), [name.tag ?? '']: top ?? '' });
    }
  }
  return repositories.size === 0 ? [] : [member('repositories', line(Object.fromEntries(repositories)))];
}

const member = (path: string, content: Buffer | string): Member => ({
  path,
  bytes: Buffer.byteLength(content),
  mtimeNanos: 0n,
  open: () => Readable.from([Buffer.from(content)]),
});

const blobPath = (digest: string): string => `${BLOBS}${digest.slice('sha256:'.length)}`;
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
