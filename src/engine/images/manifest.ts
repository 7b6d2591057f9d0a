/** What a reference names at a registry: a manifest, perhaps chosen from an index, checked before anything is fetched. */
import { InvalidArgument, NotFound, NotImplemented } from '../../base/errors.ts';
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
  repository: Repository,
  reference: string,
  platform: WantedPlatform | undefined,
  signal: AbortSignal,
): Promise<ChosenManifest> {
  const named = await repository.manifest(reference, signal);
  let document = named;
  for (let depth = 0; kindOf(document) === 'index'; depth++) {
    if (depth === NESTING_MAX)
      throw new InvalidArgument('invalid image index: indexes are nested too deeply');
    const { digest = '' } = choose(readIndex(document.bytes).manifests, platform ?? hostPlatform());
    if (!isDigest(digest)) throw new InvalidArgument('invalid image index: a manifest without a digest');
    document = await repository.manifest(digest, signal);
  }
  return { named, document, manifest: checked(readManifest(document.bytes)) };
}

/** What the answer's head says and what the document says of itself must agree (CVE-2021-41190). */
export function kindOf({ bytes, mediaType }: ManifestDocument): 'manifest' | 'index' {
  if (/manifest\.v1\+(?:prettyjws|json)$/.test(mediaType) && !mediaType.includes('.oci.'))
    throw new NotImplemented(
      'Docker Image manifest version 2, schema 1 is not supported: push the image again with a newer tool',
    );
  const own = readMediaType(bytes);
  const kind = documentKind(own || mediaType);
  if (kind === undefined) throw new InvalidArgument(`unsupported media type ${own || mediaType}`);
  if (own && documentKind(mediaType) !== undefined && own !== mediaType)
    throw new InvalidArgument(`invalid image manifest: it is ${own} where the registry said ${mediaType}`);
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
  if (best === undefined)
    throw new NotFound(`no matching manifest for ${platformText(wanted)} in the manifest list entries`);
  return best.descriptor;
}

function checked(manifest: ImageManifest): ImageManifest {
  const { config, layers } = manifest;
  if (!isImageConfig(config.mediaType))
    throw new InvalidArgument(
      `unsupported media type ${config.mediaType ?? ''}: it is no image that containers can be made from`,
    );
  if (layers.length > IMAGE_LAYERS_MAX)
    throw new InvalidArgument(
      `image with ${layers.length} layers: ${IMAGE_LAYERS_MAX} at most can be mounted`,
    );
  for (const { digest, size, mediaType } of [config, ...layers])
    if (!isDigest(digest ?? '') || size === undefined || size < 0)
      throw new InvalidArgument(`invalid image manifest: ${mediaType ?? 'a part'} without digest and size`);
  const odd = layers.find(({ mediaType }) => !isImageLayer(mediaType));
  if (odd) throw new InvalidArgument(`unsupported media type ${odd.mediaType ?? ''} of a layer`);
  return manifest;
}
