/** Images as manifests: what a name led to at its registry, and what of it is here. */
import { type Descriptor as Listed, readIndex, readManifest } from '../../formats/oci.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Identity, ManifestSummary } from '../../model/image-manifest.ts';
import type { Digest } from '../../storage/index.ts';
import type { ImageVerbs } from './deps.ts';
import { imageBytes, platformTold } from './parts.ts';
import type { Image, Origin } from './store.ts';

/** Of the index that a name led to, or of the manifest where it led there at once. Undefined: it did not come from a registry. */
export const targetDescriptor = ({ manifest }: Image): Descriptor | undefined =>
  descriptorOf(manifest?.index ?? manifest);

/** Of the manifest, with what its configuration says that it runs on. */
export function manifestDescriptor(image: Image): Descriptor | undefined {
  const descriptor = descriptorOf(image.manifest);
  return descriptor && { ...descriptor, platform: platformTold(image.document) };
}

function descriptorOf(origin: Origin | undefined): Descriptor | undefined {
  if (origin?.size === undefined) return undefined;
  const { mediaType, digest, size } = origin;
  return { mediaType, digest, size };
}

/** Repositories that the image was seen at; undefined: none. */
export function identityOf({ id }: Image, { sources }: ImageVerbs): Identity | undefined {
  const repositories = sources.all(id);
  if (repositories.length === 0) return undefined;
  return { Pull: repositories.map((Repository) => ({ Repository })) };
}

/** What makes one manifest known. */
interface Here {
  /** Images by the digest of the manifest that they came with. */
  readonly images: ReadonlyMap<string, Image>;
  readonly withIdentity: boolean;
}

/** Images by manifest, for {@link manifestSummaries}. */
export const imagesByManifest = ({ store }: ImageVerbs): ReadonlyMap<string, Image> =>
  new Map(store.all().flatMap((image) => (image.manifest ? [[image.manifest.digest, image]] : [])));

/** The manifests under the name that led to the image; undefined: it did not come from a registry. */
export async function manifestSummaries(
  image: Image,
  here: Here,
  verbs: ImageVerbs,
): Promise<ManifestSummary[] | undefined> {
  const own = manifestDescriptor(image);
  if (own === undefined) return undefined;
  const index = image.manifest?.index?.digest;
  const listed = index ? readIndex(await verbs.storage.content.read(index)).manifests : [];
  // An index within an index is not looked into: then what was chosen stands beside what is listed.
  const all = listed.some(({ digest }) => digest === own.digest) ? listed : [...listed, own];
  return Promise.all(all.map((each) => summaryOf(each, here, verbs)));
}

/** Says of a manifest in an index that it is about another one there. */
const REFERENCE = 'vnd.docker.reference.type';

/** The digest of the manifest that this one, in the same index, attests something of. */
export const attestedBy = ({ annotations }: Listed): string | undefined =>
  annotations?.[REFERENCE] === 'attestation-manifest'
    ? annotations['vnd.docker.reference.digest']
    : undefined;

async function summaryOf(listed: Listed, here: Here, verbs: ImageVerbs): Promise<ManifestSummary> {
  const { digest = '', annotations, platform = {} } = listed;
  const Descriptor = { ...listed, mediaType: listed.mediaType ?? '', digest, size: listed.size ?? 0 };
  if (annotations?.[REFERENCE] !== undefined) {
    const For = attestedBy(listed);
    return {
      ...{ ID: digest, Descriptor, Available: false, Size: { Content: 0, Total: 0 } },
      ...(For === undefined ? { Kind: 'unknown' } : { Kind: 'attestation', AttestationData: { For } }),
    };
  }
  const image = here.images.get(digest);
  const identity = image && here.withIdentity ? identityOf(image, verbs) : undefined;
  const [Content, Unpacked] = image ? [await contentBytes(image, verbs), imageBytes(image, verbs)] : [0, 0];
  return {
    ID: digest,
    Descriptor,
    Available: image !== undefined,
    Size: { Content, Total: Content + Unpacked },
    Kind: 'image',
    ImageData: {
      ...(identity && { Identity: identity }),
      Platform: image && Object.keys(platform).length === 0 ? platformTold(image.document) : platform,
      Containers: image ? verbs.usedBy(image.id).map(({ containerId }) => containerId) : [],
      Size: { Unpacked },
    },
  };
}

/** Of the manifest, its configuration and the archives of its layers, as far as they are kept as they came. */
async function contentBytes({ id, manifest }: Image, { storage: { content } }: ImageVerbs): Promise<number> {
  if (manifest === undefined) return 0;
  const { layers } = readManifest(await content.read(manifest.digest));
  const blobs = new Set([manifest.digest, id, ...layers.map(({ digest }) => digest as Digest)]);
  return [...blobs].reduce((sum, blob) => sum + (content.has(blob) ? content.sizeOf(blob) : 0), 0);
}
