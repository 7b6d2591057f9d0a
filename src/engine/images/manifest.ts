/** What a reference names at a registry: a manifest, perhaps chosen from an index, checked before anything is fetched. */
import { isDigest } from '../../formats/digest.ts';
import {
  type Descriptor,
  documentKind,
  IMAGE_LAYERS_MAX,
  type ImageManifest,
  readIndex,
  readManifest,
  readMediaType,
} from '../../formats/oci.ts';
import { fitness, hostPlatform, platformText, type WantedPlatform } from '../../formats/platform.ts';
import { manifestFailure } from '../../model/failures/manifest.ts';
import type { ManifestDocument, Repository } from '../../registry/index.ts';
import { isImageConfig, isImageLayer } from './media-types.ts';

/** The manifest of one image, and what led to it. */
export interface ChosenManifest {
  /** Of what the reference itself names: an index, or the manifest. */
  readonly named: ManifestDocument;
  readonly document: ManifestDocument;
  readonly manifest: ImageManifest;
}

/** Indexes inside indexes: one is usual. */
const NESTING_MAX = 4;

/** @throws NotFound when no platform fits, InvalidArgument for documents that are not what they say */
export async function chooseManifest(
  repository: Pick<Repository, 'manifest'>,
  reference: string,
  platform: WantedPlatform | undefined,
  signal: AbortSignal,
): Promise<ChosenManifest> {
  const named = await repository.manifest(reference, signal);
  let document = named;
  for (let depth = 0; kindOf(document) === 'index'; depth++) {
    if (depth === NESTING_MAX) throw manifestFailure.indexesTooDeep();
    const { digest = '' } = choose(readIndex(document.bytes).manifests, platform ?? hostPlatform());
    if (!isDigest(digest)) throw manifestFailure.digestMissing();
    document = await repository.manifest(digest, signal);
  }
  return { named, document, manifest: checked(readManifest(document.bytes)) };
}

/** What the answer's head says and what the document says of itself must agree (CVE-2021-41190). */
export function kindOf({ bytes, mediaType }: ManifestDocument): 'manifest' | 'index' {
  if (/manifest\.v1\+(?:prettyjws|json)$/.test(mediaType) && !mediaType.includes('.oci.'))
    throw manifestFailure.schema1();
  const own = readMediaType(bytes);
  const kind = documentKind(own || mediaType);
  if (kind === undefined) throw manifestFailure.typeUnsupported({ type: own || mediaType });
  if (own && documentKind(mediaType) !== undefined && own !== mediaType)
    throw manifestFailure.typeDiffers({ own, mediaType });
  return kind;
}

function choose(manifests: readonly Descriptor[], wanted: WantedPlatform): Descriptor {
  const rated = manifests
    .filter(
      ({ mediaType, annotations }) => documentKind(mediaType) && !annotations?.['vnd.docker.reference.type'],
    )
    .map((descriptor) => ({ descriptor, rate: fitness(descriptor.platform, wanted) }));
  const best = rated.reduce<(typeof rated)[number] | undefined>(
    (a, b) => ((b.rate ?? -1) > (a?.rate ?? -1) ? b : a),
    undefined,
  );
  if (best === undefined) throw manifestFailure.noneForPlatform({ platform: platformText(wanted) });
  return best.descriptor;
}

function checked(manifest: ImageManifest): ImageManifest {
  const { config, layers } = manifest;
  if (!isImageConfig(config.mediaType)) throw manifestFailure.noImage({ type: config.mediaType ?? '' });
  if (layers.length > IMAGE_LAYERS_MAX)
    throw manifestFailure.layersTooMany({ count: layers.length, most: IMAGE_LAYERS_MAX });
  for (const { digest, size, mediaType } of [config, ...layers])
    if (!isDigest(digest ?? '') || size === undefined || size < 0)
      throw manifestFailure.partIncomplete({ what: mediaType ?? 'a part' });
  const odd = layers.find(({ mediaType }) => !isImageLayer(mediaType));
  if (odd) throw manifestFailure.layerUnsupported({ type: odd.mediaType ?? '' });
  return manifest;
}
