/** What images take on the disk: unpacked layers, the archives they came as, configurations and manifests, unfinished pulls. */
import type { ImagesUsage } from '../../model/disk-usage.ts';
import type { ChainId, Content, Digest } from '../../storage/index.ts';
import type { ImageVerbs } from './deps.ts';
import { listImages } from './list.ts';
import { documentsOf } from './store.ts';

/** What the images take, and the images. */
export async function imagesUsage(verbs: ImageVerbs): Promise<ImagesUsage> {
  const images = listImages({ all: false, filters: new Map(), sharedSize: true }, verbs);
  const left = verbs.downloads.left().reduce((sum, { bytes }) => sum + bytes, 0);
  const total = left + (await bytesOfAll(verbs));
  return {
    TotalCount: images.length,
    ActiveCount: images.filter(({ Containers }) => Containers > 0).length,
    TotalSize: total,
    Reclaimable: total - bytesInUse(verbs),
    Items: images,
  };
}

async function bytesOfAll({ storage: { content, layers } }: ImageVerbs): Promise<number> {
  const unpacked = layers.all().reduce((sum, { bytes }) => sum + bytes, 0);
  return unpacked + bytesOf(await content.all(), content);
}

/** What stays when all images go that no container was made from. */
function bytesInUse({ storage: { content, layers }, store, usedBy }: ImageVerbs): number {
  const used = new Set<ChainId>();
  const blobs = new Set<Digest>();
  const hold = (top: ChainId | undefined): void => {
    for (let at = top; at !== undefined && !used.has(at); at = layers.get(at)?.parent) used.add(at);
  };
  for (const top of layers.parents()) hold(top);
  for (const image of store.all()) {
    if (usedBy(image.id).length === 0) continue;
    hold(image.chain.at(-1));
    for (const blob of documentsOf(image)) blobs.add(blob);
  }
  let bytes = 0;
  for (const layer of layers.all().filter(({ chainId }) => used.has(chainId))) {
    bytes += layer.bytes;
    blobs.add(layer.blob);
  }
  return bytes + bytesOf([...blobs], content);
}

/** Of those that are there: one may go at any time. */
const bytesOf = (blobs: readonly Digest[], content: Content): number =>
  blobs.reduce((sum, blob) => (content.has(blob) ? sum + content.sizeOf(blob) : sum), 0);
