/** An OCI image layout in an archive: `index.json` and blobs by digest. */
import { isDigest } from '../../formats/digest.ts';
import { digestOf } from '../../formats/digest-of.ts';
import {
  type Descriptor,
  documentKind,
  hostArchitecture,
  type ImageManifest,
  readIndex,
  readManifest,
  readMediaType,
} from '../../formats/oci.ts';
import { fitness, hostPlatform, type WantedPlatform } from '../../formats/platform.ts';
import { type ImageReference, parseReference } from '../../formats/reference.ts';
import { archiveFailure } from '../../model/failures/archive.ts';
import { type ArchiveFile, type ArchiveFiles, readDocument } from './archive-files.ts';
import { readTag } from './load-docker.ts';
import { isImageConfig, isImageLayer } from './media-types.ts';
import type { NewImage } from './register.ts';

/** Indexes inside indexes: one is usual, more than a few are made to exhaust. */
const NESTING_MAX = 8;
/** Manifests looked at in one archive. */
const MANIFESTS_MAX = 1000;
const NAME = 'io.containerd.image.name';
const REF_NAME = 'org.opencontainers.image.ref.name';
/**
 * Every image of the layout for one of the platforms, or for this machine when none is named, with its names.
 * @throws InvalidArgument
 */
export async function readOciLayout(
  files: ArchiveFiles,
  platforms: readonly WantedPlatform[],
): Promise<NewImage[]> {
  const reader = new LayoutReader(files, platforms.length === 0 ? [hostPlatform()] : platforms);
  const { manifests } = readIndex(await files.read('index.json'));
  const images: NewImage[] = [];
  for (const group of byName(manifests)) {
    const found = await reader.images(group);
    for (const manifest of found) images.push(await reader.image(manifest, namesOf(group[0]!)));
  }
  if (images.length === 0 && platforms.length === 0)
    throw archiveFailure.noImageForHost({ architecture: hostArchitecture() });
  return images;
}

/** Descriptors of one name are one image for several platforms. */
function byName(descriptors: readonly Descriptor[]): Descriptor[][] {
  const groups = new Map<string, Descriptor[]>();
  for (const [i, descriptor] of descriptors.entries()) {
    const name = descriptor.annotations?.[NAME] ?? descriptor.annotations?.[REF_NAME];
    const key = name ?? (descriptor.platform ? '' : `#${i}`);
    groups.set(key, [...(groups.get(key) ?? []), descriptor]);
  }
  return [...groups.values()];
}

/** A whole name counts; a bare tag (`latest`), as some tools write it, says nothing of a repository. */
function namesOf({ annotations }: Descriptor): ImageReference[] {
  const name = annotations?.[NAME] ?? annotations?.[REF_NAME];
  if (name === undefined) return [];
  if (annotations?.[NAME] === undefined && parseReference(name).tag === undefined) return [];
  return [readTag(name)];
}

class LayoutReader {
  readonly #files: ArchiveFiles;
  readonly #platforms: readonly WantedPlatform[];
  #looked = 0;

  constructor(files: ArchiveFiles, platforms: readonly WantedPlatform[]) {
    this.#files = files;
    this.#platforms = platforms;
  }

  /** The manifests to take of descriptors that are alternatives: the best for each platform, or all when none names one. */
  async images(descriptors: readonly Descriptor[], path: readonly string[] = []): Promise<ImageManifest[]> {
    if (path.length > NESTING_MAX) throw archiveFailure.indexesTooDeep();
    const candidates = descriptors.filter(isImage);
    const found: ImageManifest[] = [];
    for (const descriptor of candidates.length > 1 ? bestOf(candidates, this.#platforms) : candidates) {
      const digest = descriptor.digest ?? '';
      if (path.includes(digest)) throw archiveFailure.indexListsItself();
      if (++this.#looked > MANIFESTS_MAX) throw archiveFailure.manifestsTooMany();
      const bytes = await readDocument(this.#blob(descriptor), digest);
      checkMediaType(descriptor, bytes);
      if (documentKind(descriptor.mediaType) === 'manifest') found.push(readManifest(bytes));
      else found.push(...(await this.images(readIndex(bytes).manifests, [...path, digest])));
    }
    return found;
  }

  async image({ config, layers }: ImageManifest, tags: readonly ImageReference[]): Promise<NewImage> {
    if (!isImageConfig(config.mediaType))
      throw archiveFailure.noConfiguration({ type: quote(config.mediaType) });
    const wrong = layers.find(({ mediaType }) => !isImageLayer(mediaType));
    if (wrong) throw archiveFailure.noLayer({ type: quote(wrong.mediaType) });
    return {
      config: await readDocument(this.#blob(config), config.digest ?? ''),
      layers: layers.map((layer) => {
        const { file, digest } = this.#blob(layer);
        return { from: file, blob: digest };
      }),
      tags,
    };
  }

  /** The blob that a descriptor names, when it is what the descriptor says. @throws InvalidArgument */
  #blob({ digest = '', size, data }: Descriptor): ArchiveFile {
    if (!isDigest(digest)) throw archiveFailure.digestInvalid({ digest: quote(digest) });
    const file = this.#files.get(`blobs/sha256/${digest.slice('sha256:'.length)}`);
    if (file.digest !== digest) throw archiveFailure.blobDiffers({ digest, found: file.digest });
    if (file.bytes !== size) throw archiveFailure.blobSizeDiffers({ digest, bytes: file.bytes, size });
    if (data !== undefined && !sameData(data, digest, size)) throw archiveFailure.dataDiffers({ digest });
    return file;
  }
}

function sameData(base64: string, digest: string, size: number): boolean {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === size && digestOf(bytes) === digest;
}

/** Attestations and signatures stand beside images in an index. */
function isImage({ mediaType, annotations, platform }: Descriptor): boolean {
  if (annotations?.['vnd.docker.reference.type'] !== undefined || platform?.os === 'unknown') return false;
  return documentKind(mediaType) !== undefined;
}

/** With platforms: what fits each wanted one best. Without: all. */
function bestOf(
  candidates: readonly Descriptor[],
  platforms: readonly WantedPlatform[],
): readonly Descriptor[] {
  if (candidates.every(({ platform }) => platform === undefined)) return candidates;
  const best = platforms.flatMap((wanted) => {
    const rate = ({ platform }: Descriptor) => fitness(platform, wanted) ?? -1;
    const first = candidates.reduce((a, b) => (rate(b) > rate(a) ? b : a));
    return rate(first) < 0 ? [] : [first];
  });
  return [...new Set(best)];
}

/** What the document says of itself must be what pointed to it. @throws InvalidArgument */
function checkMediaType({ mediaType }: Descriptor, bytes: Buffer): void {
  const own = readMediaType(bytes);
  if (own !== undefined && own !== '' && own !== mediaType)
    throw archiveFailure.typeDiffers({ own: quote(own), mediaType: quote(mediaType) });
}

const quote = (text: string | undefined): string => JSON.stringify((text ?? '').slice(0, 200));
