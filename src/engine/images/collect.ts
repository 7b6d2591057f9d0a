/** Removes layers and blobs that no image, container or running operation holds. */
import { codeOf } from '../../base/errors.ts';
import { isDigest } from '../../formats/digest.ts';
import { type ChainId, type Digest, rowGone } from '../../storage/index.ts';
import type { ImageVerbs } from './deps.ts';
import { COMPRESSED } from './outgoing.ts';
import { documentsOf } from './store.ts';

/** What went, as clients are told of it. */
export interface Removed {
  /** Topmost first. */
  readonly layers: readonly ChainId[];
  /** Of layers and blobs. */
  readonly bytes: number;
}

/**
 * Removes layers that nothing holds, and `blobs` and those of the layers as far as nothing holds them. All are unknown to
 * everybody when this returns; `done` is when the disk knows it too.
 */
export function collect(
  blobs: readonly string[],
  verbs: ImageVerbs,
): { readonly removed: Removed; readonly done: Promise<void> } {
  const { storage, store } = verbs;
  if (store.incomplete) return { removed: { layers: [], bytes: 0 }, done: Promise.resolve() };
  const held = heldLayers(verbs);
  const unheld = topFirst(storage.layers.all().filter(({ chainId }) => !held.has(chainId)));
  const removals = unheld.map(({ chainId }) => storage.layers.removeLayer(chainId));
  const dropped = dropBlobs([...blobs, ...unheld.map(({ blob }) => blob)], verbs);
  const done = Promise.all(removals).then(() => (dropped.bytes > 0 ? forgetTravels(verbs) : undefined));
  const bytes = unheld.reduce((sum, layer) => sum + layer.bytes, dropped.bytes);
  return { removed: { layers: unheld.map(({ chainId }) => chainId), bytes }, done };
}

/** What is known of how blobs travelled goes with them. */
async function forgetTravels({ storage: { content, records }, sources }: ImageVerbs): Promise<void> {
  const compressed = [...(await records.read(COMPRESSED)).rows];
  const isThere = (blob: string): boolean => isDigest(blob) && content.has(blob);
  const gone = compressed.filter(([blob]) => !isThere(blob));
  await records.write(gone.map(([blob]) => rowGone(COMPRESSED, blob)));
  const kept = new Set<string>(compressed.flatMap(([blob, { digest }]) => (isThere(blob) ? [digest] : [])));
  await sources.retain((digest) => isThere(digest) || kept.has(digest));
}

/** Removes those of `digests` that are there and that nothing holds. */
export function dropBlobs(
  digests: readonly (string | undefined)[],
  { storage, store }: Holders,
): { readonly bytes: number } {
  const { content } = storage;
  const held = heldBlobs({ storage, store });
  const free = [...new Set(digests)].filter(
    (digest): digest is Digest =>
      digest !== undefined && isDigest(digest) && !held.has(digest) && !storage.leased('blob', digest),
  );
  let bytes = 0;
  for (const digest of free.filter((each) => content.has(each))) {
    bytes += content.sizeOf(digest);
    content.remove(digest);
  }
  return { bytes };
}

/** Everything that no image needs: what a crash left at start, what a failure left later. */
export async function collectAll(verbs: ImageVerbs): Promise<void> {
  const { storage, store, log } = verbs;
  if (store.incomplete) {
    log.warn('images.not-collected', { reason: 'a recorded image could not be read' });
    return;
  }
  const { removed, done } = collect(await storage.content.all(), verbs);
  await done;
  await forgetTravels(verbs);
  if (removed.layers.length > 0 || removed.bytes > 0)
    log.info('images.collected', { layers: removed.layers.length, bytes: removed.bytes });
}

/** Passes on what an operation says; when it fails, or nobody listens to its end, what it brought goes again. */
export async function* clearing<T>(messages: AsyncIterable<T>, verbs: ImageVerbs): AsyncGenerator<T, void> {
  let whole = false;
  try {
    yield* messages;
    whole = true;
  } catch (error) {
    // The next try has the room that was kept for the pulls of an earlier daemon.
    if (['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '')) verbs.downloads.dropLeft(0);
    throw error;
  } finally {
    if (!whole) await collectAll(verbs);
  }
}

/** Images that were removed while an operation held them go when it has let go of them. */
export async function collectRemoved(ids: readonly Digest[], verbs: ImageVerbs): Promise<void> {
  const gone = ids.filter((id) => !verbs.store.get(id));
  if (gone.length > 0) await collect(gone, verbs).done;
}

type Holders = Pick<ImageVerbs, 'storage' | 'store'>;

function heldLayers({ storage, store }: Holders): Set<ChainId> {
  const { layers } = storage;
  const held = new Set<ChainId>();
  const hold = (top: ChainId | undefined): void => {
    for (let at = top; at !== undefined && !held.has(at); at = layers.get(at)?.parent) held.add(at);
  };
  for (const { chain } of store.withSteps()) hold(chain.at(-1));
  for (const { chainId } of layers.all()) if (storage.leased('layer', chainId)) hold(chainId);
  // What containers stand on is read from the disk at the first need, which a start of the daemon mostly does not have.
  if (layers.all().some(({ chainId }) => !held.has(chainId)))
    for (const parent of layers.parents()) hold(parent);
  return held;
}

/** Blobs that something recorded needs. */
function heldBlobs({ storage, store }: Holders): Set<string> {
  return new Set([
    ...storage.layers.all().map(({ blob }) => blob),
    ...store.withSteps().flatMap(documentsOf),
  ]);
}

/** Children before what they stand on: a crash in between leaves no layer without its parent. */
function topFirst<L extends { chainId: ChainId; parent: ChainId | undefined }>(layers: readonly L[]): L[] {
  const depth = new Map<ChainId, number>();
  const byId = new Map(layers.map((layer) => [layer.chainId, layer]));
  const depthOf = (layer: L): number => {
    const known = depth.get(layer.chainId);
    if (known !== undefined) return known;
    const below = layer.parent === undefined ? undefined : byId.get(layer.parent);
    const mine = below ? depthOf(below) + 1 : 0;
    depth.set(layer.chainId, mine);
    return mine;
  };
  return [...layers].sort((a, b) => depthOf(b) - depthOf(a));
}
