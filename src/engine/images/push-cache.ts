/** Pushes the cache of a build: layers, what says which step each belongs to, and a manifest that names it all. */
import { CACHE_CONFIG_TYPE, type CachedStep, writeCacheConfig } from '../../formats/cache-config.ts';
import type { Credentials } from '../../formats/credentials.ts';
import { digestOf } from '../../formats/digest-of.ts';
import type { ImageReference } from '../../formats/reference.ts';
import { firstRoute, type ManifestDocument } from '../../registry/index.ts';
import type { ChainId } from '../../storage/index.ts';
import { INDEX_TYPE, MANIFEST_TYPE } from './archive-parts.ts';
import type { ImageVerbs } from './deps.ts';
import type { LentStore } from './lent-store.ts';
import { CompressedLayers, type OutgoingLayer, type Sent } from './outgoing.ts';
import { lentSink, type PartSink } from './part-sink.ts';
import { pushLayers } from './push.ts';

/** A step that others are to find. */
export interface PushedStep {
  /** What it is known by: `sha256:…`. */
  readonly digest: string;
  /** The layers after it, which somebody holds. */
  readonly top: ChainId;
  /** For people. */
  readonly description: string;
}

/** A name at a registry, or a store of the client's. */
type CacheTarget =
  | {
      readonly is: 'registry';
      readonly reference: ImageReference;
      readonly credentials: () => Promise<Credentials | undefined>;
    }
  | { readonly is: 'store'; readonly store: LentStore };

/** What is pushed, and how. */
export interface PushCacheOptions {
  readonly to: CacheTarget;
  readonly steps: readonly PushedStep[];
  /** An image's manifest instead of an index: some registries take nothing else. */
  readonly asImage: boolean;
  /** Types of layers as OCI calls them, or as Docker does. */
  readonly ociTypes: boolean;
  readonly signal: AbortSignal;
}

/** What it is called there. */
export interface PushedCache {
  readonly digest: string;
  /** As other documents would name it. */
  readonly descriptor: object;
}

/** Undefined: there is no layer in it. @throws RegistryError, Failed … */
export async function pushCache(
  options: PushCacheOptions,
  verbs: ImageVerbs,
): Promise<PushedCache | undefined> {
  const { to, steps } = options;
  if (steps.length === 0) return undefined;
  if (to.is === 'store') return await pushTo(lentSink(to.store), undefined, options, verbs);
  const { reference, credentials } = to;
  const routes = verbs.registries.routesToPush(reference.domain, reference.path, await credentials());
  return await firstRoute(routes, async ({ repository }) => {
    if (routes.length > 1) await repository.reach(options.signal);
    return await pushTo(repository, reference, options, verbs);
  });
}

async function pushTo(
  repository: PartSink,
  reference: ImageReference | undefined,
  { steps, asImage, ociTypes, signal }: PushCacheOptions,
  verbs: ImageVerbs,
): Promise<PushedCache> {
  await using lease = verbs.storage.lease('push-cache');
  const compressed = await CompressedLayers.open(verbs.storage);
  const chains = await Promise.all(steps.map(({ top }) => compressed.layersTo(top)));
  const layers = new Map(chains.flat().map((layer) => [layer.info.chainId, layer]));
  for (const { info } of layers.values()) {
    lease.hold('layer', info.chainId);
    lease.hold('blob', info.blob);
  }
  const all = [...layers.values()];
  const sent = await pushLayers(all, reference, { repository, say: () => undefined, signal }, verbs);
  const blobs = new Map(all.map(({ info }, i) => [info.chainId, sent[i]!]));
  const known = steps.map(
    ({ digest }, i): CachedStep => ({
      digest,
      blobs: chains[i]!.map(({ info }) => blobs.get(info.chainId)!.digest),
    }),
  );
  const { bytes } = writeCacheConfig(known);
  const config = { mediaType: CACHE_CONFIG_TYPE, digest: digestOf(bytes), size: bytes.length };
  await repository.upload({ ...config, from: undefined }, () => bytes, signal);
  const made = new Map(steps.map(({ top, description }) => [top, description]));
  const manifest = manifestOf(config, descriptors(all, sent, made, ociTypes), asImage);
  await repository.putManifest(reference?.tag ?? 'latest', manifest, signal);
  const { digest, mediaType, bytes: document } = manifest;
  return { digest, descriptor: { mediaType, digest, size: document.length } };
}

/** Each blob once, with the digest of the plain archive that it is, and what made it. */
function descriptors(
  layers: readonly OutgoingLayer[],
  sent: readonly Sent[],
  made: ReadonlyMap<string, string>,
  ociTypes: boolean,
): object[] {
  const found = layers.map(({ info }, i) => {
    const { mediaType, digest, size } = sent[i]!;
    const description = made.get(info.chainId);
    const annotations = {
      ...(description === undefined ? {} : { 'buildkit/description': description }),
      'containerd.io/uncompressed': info.diffId,
    };
    const said = { digest, size, annotations };
    return [digest, { mediaType: typeOf(mediaType, ociTypes), ...said }] as const;
  });
  return [...new Map(found).values()];
}

/** A layer's type by how it is compressed, as OCI or Docker calls it. */
function typeOf(mediaType: string, ociTypes: boolean): string {
  const packed = /[.+](gzip|zstd)$/.exec(mediaType)?.[1];
  const [plain, join] = ociTypes
    ? ['application/vnd.oci.image.layer.v1.tar', '+']
    : ['application/vnd.docker.image.rootfs.diff.tar', '.'];
  return packed === undefined ? plain : plain + join + packed;
}

function manifestOf(config: object, layers: readonly object[], asImage: boolean): ManifestDocument {
  const mediaType = asImage ? MANIFEST_TYPE : INDEX_TYPE;
  const parts = asImage ? { config, layers } : { manifests: [...layers, config] };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...parts }));
  return { bytes, mediaType, digest: digestOf(bytes) };
}
