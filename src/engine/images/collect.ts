/** Removes layers and blobs that no image, container or running operation holds. */
import type { ChainId, Digest } from '../../storage/index.ts';
import type { ImageVerbs } from './deps.ts';

/**
 * Removes layers that nothing holds and what belongs to them in the content store; answers their chain ids, topmost
 * first. They are unknown to everybody when this returns; `done` is when the disk knows it too.
 */
export function collectLayers({ storage, store }: ImageVerbs): { removed: ChainId[]; done: Promise<void> } {
  const { layers, content } = storage;
  if (store.incomplete) return { removed: [], done: Promise.resolve() };
  const held = heldLayers({ storage, store });
  const unheld = layers.all().filter(({ chainId }) => !held.has(chainId));
  const ordered = topFirst(unheld);
  const removals = ordered.map(({ chainId }) => layers.removeLayer(chainId));
  const blobs = heldBlobs({ storage, store });
  for (const { blob } of ordered) if (!blobs.has(blob) && !storage.leased('blob', blob)) content.remove(blob);
  return {
    removed: ordered.map(({ chainId }) => chainId),
    done: Promise.all(removals).then(() => undefined),
  };
}

/** At start: also blobs that a crash left without a layer or image. */
export async function collectAll(verbs: ImageVerbs): Promise<void> {
  const { storage, store, log } = verbs;
  if (store.incomplete) {
    log.warn('images.not-collected', { reason: 'a recorded image could not be read' });
    return;
  }
  const { removed, done } = collectLayers(verbs);
  await done;
  let blobs = 0;
  for (const digest of await storage.content.all()) {
    if (heldBlobs(verbs).has(digest) || storage.leased('blob', digest)) continue;
    storage.content.remove(digest);
    blobs++;
  }
  if (removed.length > 0 || blobs > 0) log.info('images.collected', { layers: removed.length, blobs });
}

/** Images that were removed while an operation held them go when it has let go of them. */
export async function collectRemoved(ids: readonly Digest[], verbs: ImageVerbs): Promise<void> {
  const { storage, store } = verbs;
  const gone = ids.filter((id) => !store.get(id));
  if (gone.length === 0 || store.incomplete) return;
  for (const id of gone) if (!storage.leased('blob', id)) storage.content.remove(id);
  await collectLayers(verbs).done;
}

type Holders = Pick<ImageVerbs, 'storage' | 'store'>;

function heldLayers({ storage, store }: Holders): Set<ChainId> {
  const { layers } = storage;
  const held = new Set<ChainId>();
  const hold = (top: ChainId | undefined): void => {
    for (let at = top; at !== undefined && !held.has(at); at = layers.get(at)?.parent) held.add(at);
  };
  for (const { chain } of store.all()) hold(chain.at(-1));
  for (const parent of layers.parents()) hold(parent);
  for (const { chainId } of layers.all()) if (storage.leased('layer', chainId)) hold(chainId);
  return held;
}

/** Blobs that something recorded needs. */
export function heldBlobs({ storage, store }: Holders): Set<string> {
  return new Set([
    ...storage.layers.all().map(({ blob }) => blob),
    ...store.all().flatMap(({ id, manifest }) => (manifest ? [id, manifest.digest] : [id])),
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
