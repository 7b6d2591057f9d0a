/** Caches of builds that lie elsewhere: in an image of this engine, at a registry as an image, or as a cache of its own. */

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
import { firstRoute, isMissing, type Repository } from '../../registry/index.ts';
import { type ChainId, chainIdOf, type Digest, type Lease } from '../../storage/index.ts';
import type { ImageVerbs } from './deps.ts';
import { chooseManifest, kindOf } from './manifest.ts';
import { chainOf } from './store.ts';

/** A cache that was found. */
export interface FoundCache extends CachedSteps {
  /** Brings the layers of such a step here, and has the lease hold them. @throws Failed, RegistryError … */
  bring(blobs: readonly string[], lease: Lease, signal: AbortSignal): Promise<ChainId | undefined>;
}

/** Where it is looked for. */
export interface CachePlace {
  readonly reference: ImageReference;
  readonly credentials: () => Promise<Credentials | undefined>;
  /** Of an image. */
  readonly platform: WantedPlatform | undefined;
  readonly signal: AbortSignal;
}

/** An image of that name here comes first, as with dockerd. @throws NotFound, Failed, RegistryError … */
export async function openCache(place: CachePlace, verbs: ImageVerbs): Promise<FoundCache> {
  const { reference, credentials } = place;
  const here = verbs.store.get(verbs.store.named(reference) ?? '');
  if (here) {
    const diffIds = here.document.rootfs.diff_ids as readonly Digest[];
    const steps = inlineSteps(await verbs.storage.content.read(here.id), diffIds);
    return { ...steps, bring: async (blobs, lease) => held(chainOf(here.document), blobs.length, lease) };
  }
  const routes = verbs.registries.routesToPull(reference.domain, reference.path, await credentials());
  return await firstRoute(routes, ({ repository }) => openAt(repository, place, verbs)).catch(
    (error: unknown) => {
      if (!isMissing(error) || error.reason === 'DENIED') throw error;
      const { message } = error;
      throw imageFailure.manifestNotFound(
        { reference: familiarString(reference), why: message },
        { cause: error },
      );
    },
  );
}

/** The layers are the image's: they are here as long as it is. */
function held(chain: readonly ChainId[], count: number, lease: Lease): ChainId | undefined {
  for (const chainId of chain.slice(0, count)) lease.hold('layer', chainId);
  return chain[count - 1];
}

/** A layer as it lies at the registry. */
interface RemoteLayer {
  readonly digest: Digest;
  readonly size: number;
  readonly diffId: Digest;
}

async function openAt(
  repository: Repository,
  { reference, platform, signal }: CachePlace,
  verbs: ImageVerbs,
): Promise<FoundCache> {
  const wanted = reference.digest ?? reference.tag ?? 'latest';
  const document = await repository.manifest(wanted, signal);
  const parts =
    kindOf(document) === 'index'
      ? readIndex(document.bytes).manifests
      : [readManifest(document.bytes).config, ...readManifest(document.bytes).layers];
  const config = parts.find(({ mediaType }) => mediaType === CACHE_CONFIG_TYPE);
  const found = config
    ? await cacheAt(repository, config, parts, signal)
    : await imageAt(repository, wanted, platform, signal);
  return {
    ...found.steps,
    bring: (blobs, lease, within) => bring(blobs, found.layers, { repository, lease, signal: within }, verbs),
  };
}

interface Found {
  readonly steps: CachedSteps;
  readonly layers: ReadonlyMap<string, RemoteLayer>;
}

/** As BuildKit calls the diff id of a compressed layer. */
const DIFF_ID = 'containerd.io/uncompressed';

async function cacheAt(
  repository: Repository,
  config: Descriptor,
  parts: readonly Descriptor[],
  signal: AbortSignal,
): Promise<Found> {
  const steps = readCacheConfig(await repository.document(config.digest ?? '', signal));
  return { steps, layers: layersOf(parts, (part) => part.annotations?.[DIFF_ID]) };
}

async function imageAt(
  repository: Repository,
  wanted: string,
  platform: WantedPlatform | undefined,
  signal: AbortSignal,
): Promise<Found> {
  const { manifest } = await chooseManifest(repository, wanted, platform, signal);
  const bytes = await repository.document(manifest.config.digest ?? '', signal);
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

/** What is here already does not travel. */
async function bring(
  blobs: readonly string[],
  layers: ReadonlyMap<string, RemoteLayer>,
  { repository, lease, signal }: { repository: Repository; lease: Lease; signal: AbortSignal },
  { storage, downloads }: ImageVerbs,
): Promise<ChainId | undefined> {
  const wanted = blobs.map((blob) => layers.get(blob));
  const missing: RemoteLayer[] = [];
  let parent: ChainId | undefined;
  let top: ChainId | undefined;
  for (const layer of wanted) {
    if (layer === undefined) return undefined;
    top = chainIdOf(top, layer.diffId);
    lease.hold('layer', top);
    if (missing.length > 0 || storage.layers.get(top) === undefined) missing.push(layer);
    else parent = top;
  }
  if (missing.length === 0) return top;
  await using travel = new AsyncDisposableStack();
  travel.defer(() => downloads.settle(missing.map(({ digest }) => digest)));
  const hold = travel.use(storage.lease('cache'));
  const archives = missing.map(({ digest, size, diffId }) => {
    hold.hold('blob', digest);
    const from = downloads.fetch({ digest, size, repository }, () => undefined, signal);
    from.catch(() => undefined); // told by who unpacks it
    return { from, blob: digest, expectedDiffId: diffId };
  });
  await storage.layers.apply(archives, { parent, lease, signal });
  return top;
}
