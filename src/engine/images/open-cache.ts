/** Caches of builds that lie elsewhere: in an image of this engine, at a registry or with a client, as an image or as a cache of its own. */

import {
  CACHE_CONFIG_TYPE,
  type CachedSteps,
  INLINE_CACHE,
  readCacheConfig,
  readInlineCache,
} from '../../formats/cache-config.ts';
import type { Credentials } from '../../formats/credentials.ts';
import { isDigest } from '../../formats/digest.ts';
import { type Descriptor, readImageDocument, readIndex, readManifest } from '../../formats/oci.ts';
import type { WantedPlatform } from '../../formats/platform.ts';
import { familiarString, type ImageReference } from '../../formats/reference.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { firstRoute, isMissing } from '../../registry/index.ts';
import type { ChainId, Digest, Lease } from '../../storage/index.ts';
import type { ImageVerbs } from './deps.ts';
import type { LentStore } from './lent-store.ts';
import { chooseManifest, kindOf } from './manifest.ts';
import { bringLayers, lentParts, type PartSource, type RemoteLayer, repositoryParts } from './part-source.ts';
import { chainOf } from './store.ts';

/** A cache that was found. */
export interface FoundCache extends CachedSteps {
  /** Brings the layers of such a step here, and has the lease hold them. @throws Failed, RegistryError … */
  bring(blobs: readonly string[], lease: Lease, signal: AbortSignal): Promise<ChainId | undefined>;
}

/** At a registry, where an image of that name here comes first, as with dockerd. */
interface RegistryPlace {
  readonly is: 'registry';
  readonly reference: ImageReference;
  readonly credentials: () => Promise<Credentials | undefined>;
}

/** In a store of the client's, by the digest of its manifest. */
interface StorePlace {
  readonly is: 'store';
  readonly store: LentStore;
  readonly digest: string;
}

/** Where it is looked for. */
export interface CachePlace {
  readonly from: RegistryPlace | StorePlace;
  /** Of an image. */
  readonly platform: WantedPlatform | undefined;
  readonly signal: AbortSignal;
}

/** @throws NotFound, Failed, RegistryError … */
export async function openCache(place: CachePlace, verbs: ImageVerbs): Promise<FoundCache> {
  const { from } = place;
  return from.is === 'store'
    ? await openAt(lentParts(from.store, verbs), from.digest, place, verbs)
    : await openByName(from, place, verbs);
}

async function openByName(
  { reference, credentials }: RegistryPlace,
  place: CachePlace,
  verbs: ImageVerbs,
): Promise<FoundCache> {
  const wanted = reference.digest ?? reference.tag ?? 'latest';
  const here = verbs.store.get(verbs.store.named(reference) ?? '');
  if (here) {
    const diffIds = here.document.rootfs.diff_ids as readonly Digest[];
    const steps = inlineSteps(await verbs.storage.content.read(here.id), diffIds);
    return { ...steps, bring: async (blobs, lease) => held(chainOf(here.document), blobs.length, lease) };
  }
  const routes = verbs.registries.routesToPull(reference.domain, reference.path, await credentials());
  return await firstRoute(routes, ({ repository }) =>
    openAt(repositoryParts(repository, verbs), wanted, place, verbs),
  ).catch((error: unknown) => {
    if (!isMissing(error) || error.reason === 'DENIED') throw error;
    const { message } = error;
    throw imageFailure.manifestNotFound(
      { reference: familiarString(reference), why: message },
      { cause: error },
    );
  });
}

/** The layers are the image's: they are here as long as it is. */
function held(chain: readonly ChainId[], count: number, lease: Lease): ChainId | undefined {
  for (const chainId of chain.slice(0, count)) lease.hold('layer', chainId);
  return chain[count - 1];
}

async function openAt(
  source: PartSource,
  wanted: string,
  { platform, signal }: CachePlace,
  verbs: ImageVerbs,
): Promise<FoundCache> {
  const document = await source.manifest(wanted, signal);
  const parts =
    kindOf(document) === 'index'
      ? readIndex(document.bytes).manifests
      : [readManifest(document.bytes).config, ...readManifest(document.bytes).layers];
  const config = parts.find(({ mediaType }) => mediaType === CACHE_CONFIG_TYPE);
  const found = config
    ? await cacheAt(source, config, parts, signal)
    : await imageAt(source, wanted, platform, signal);
  return {
    ...found.steps,
    async bring(blobs, lease, within) {
      const layers = blobs.map((blob) => found.layers.get(blob));
      const known = layers.filter((layer) => layer !== undefined);
      if (known.length < layers.length) return undefined;
      const bringing = { parts: source, lease, heard: () => undefined, signal: within };
      return await bringLayers(known, bringing, verbs);
    },
  };
}

interface Found {
  readonly steps: CachedSteps;
  readonly layers: ReadonlyMap<string, RemoteLayer>;
}

/** As BuildKit calls the diff id of a compressed layer. */
const DIFF_ID = 'containerd.io/uncompressed';

async function cacheAt(
  source: PartSource,
  config: Descriptor,
  parts: readonly Descriptor[],
  signal: AbortSignal,
): Promise<Found> {
  const steps = readCacheConfig(await source.document(config.digest ?? '', signal));
  return { steps, layers: layersOf(parts, (part) => part.annotations?.[DIFF_ID]) };
}

async function imageAt(
  source: PartSource,
  wanted: string,
  platform: WantedPlatform | undefined,
  signal: AbortSignal,
): Promise<Found> {
  const { manifest } = await chooseManifest(source, wanted, platform, signal);
  const bytes = await source.document(manifest.config.digest ?? '', signal);
  const { diff_ids } = readImageDocument(bytes).rootfs;
  const blobs = manifest.layers.map(({ digest = '' }) => digest);
  return { steps: inlineSteps(bytes, blobs), layers: layersOf(manifest.layers, (_, i) => diff_ids[i]) };
}

function layersOf(
  parts: readonly Descriptor[],
  diffIdOf: (part: Descriptor, index: number) => string | undefined,
): Map<string, RemoteLayer> {
  const layers = parts.flatMap((part, i) => {
    const { digest = '', size } = part;
    const diffId = diffIdOf(part, i) ?? '';
    if (!isDigest(digest) || !isDigest(diffId) || size === undefined || size < 0) return [];
    return [[digest, { digest, diffId, size }] as const];
  });
  return new Map(layers);
}

const NONE: CachedSteps = { blobsOf: () => undefined };

/** None where the image says nothing of a cache. */
function inlineSteps(bytes: Buffer, blobs: readonly string[]): CachedSteps {
  const { [INLINE_CACHE]: said } = JSON.parse(bytes.toString()) as { readonly [INLINE_CACHE]?: unknown };
  return typeof said === 'string' ? readInlineCache(Buffer.from(said, 'base64'), blobs) : NONE;
}
