/** Archives of images that a build made: as `docker save` writes them, or an OCI layout alone, of several platforms too. */
import type { Readable } from 'node:stream';
import { parseRfc3339 } from '../../base/time.ts';
import { digestOf } from '../../formats/digest-of.ts';
import type { ImageDocument } from '../../formats/oci.ts';
import type { ImageReference } from '../../formats/reference.ts';
import type { Digest, Lease, Storage } from '../../storage/index.ts';
import {
  archiveOf,
  blobPath,
  hold,
  INDEX_TYPE,
  MANIFEST_TYPE,
  type Member,
  member,
  type NamedImage,
  type Parts,
  partsOf,
} from './archive-parts.ts';
import { archiveMembers } from './save-archive.ts';
import { chainOf } from './store.ts';

/** An image that may be on no record. */
export interface ArchivedImage {
  readonly id: string;
  readonly document: ImageDocument;
  /** Its document, as it is written. */
  readonly bytes: Buffer;
}

/** What is written, and how. */
export interface ArchiveOptions {
  /** One a platform. */
  readonly images: readonly ArchivedImage[];
  readonly names: readonly ImageReference[];
  /** Docker's has one image, and `manifest.json` beside the index. */
  readonly form: 'docker' | 'oci';
  /** An index is written although there is one image. */
  readonly indexed: boolean;
  /** RFC 3339: when the archive was made. */
  readonly created: string;
  /** Holds the images until the last byte went out. */
  readonly lease: Lease;
}

/** An archive that is ready to be sent. */
export interface StepArchive {
  /** Of what names all that is in it: a manifest, or an index. */
  readonly digest: Digest;
  /** As other documents would name that. */
  readonly descriptor: object;
  readonly bytes: Readable;
}

/** See {@link ArchiveOptions}. */
export async function archiveSteps(options: ArchiveOptions, storage: Storage): Promise<StepArchive> {
  const { images, names, form, created, lease } = options;
  const named = images.map((image) => namedImage(image, names));
  for (const { image } of named) hold(image, lease, storage);
  const parts = await Promise.all(named.map((each) => partsOf(each, storage)));
  const index = options.indexed ? indexOf(images, parts) : undefined;
  const root = {
    ...(index ? descriptorOf(index) : manifestOf(parts[0]!)),
    annotations: { [CREATED]: created },
  };
  const members =
    form === 'docker' ? await archiveMembers(named, storage) : ociMembers(parts, index, root, names);
  return { digest: root.digest, descriptor: root, bytes: archiveOf(members) };
}

const CREATED = 'org.opencontainers.image.created';

function namedImage({ id, document, bytes }: ArchivedImage, names: readonly ImageReference[]): NamedImage {
  const createdNanos = document.created === undefined ? undefined : parseRfc3339(document.created);
  const image = { id: id as Digest, chain: chainOf(document), createdNanos, parent: undefined };
  return { image, names, config: bytes };
}

const manifestOf = ({ manifest }: Parts) => ({
  mediaType: MANIFEST_TYPE,
  digest: manifest.digest,
  size: manifest.bytes,
});

const descriptorOf = (index: Buffer) => ({
  mediaType: INDEX_TYPE,
  digest: digestOf(index),
  size: index.length,
});

const platformOf = ({ os, architecture, variant }: ImageDocument) => ({
  architecture,
  os,
  ...(variant ? { variant } : {}),
});

function indexOf(images: readonly ArchivedImage[], parts: readonly Parts[]): Buffer {
  const manifests = parts.map((part, i) => ({
    ...manifestOf(part),
    platform: platformOf(images[i]!.document),
  }));
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }));
}

/** Blobs, each once, then what names them; a name is an entry. */
function ociMembers(
  parts: readonly Parts[],
  index: Buffer | undefined,
  root: ReturnType<typeof manifestOf> & { readonly annotations: Readonly<Record<string, string>> },
  names: readonly ImageReference[],
): Member[] {
  const documents = index ? [member(blobPath(root.digest), index)] : [];
  const blobs = [...parts.flatMap(({ blobs }) => blobs), ...documents];
  const manifests =
    names.length === 0
      ? [root]
      : names.map((name) => ({ ...root, annotations: { ...annotationsOf(name), ...root.annotations } }));
  return [
    ...new Map(blobs.map((blob) => [blob.path, blob])).values(),
    member('index.json', JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests })),
    member('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
  ];
}

const annotationsOf = ({ domain, path, tag = 'latest' }: ImageReference) => ({
  'io.containerd.image.name': `${domain}/${path}:${tag}`,
  'org.opencontainers.image.ref.name': tag,
});
