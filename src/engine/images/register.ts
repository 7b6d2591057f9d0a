/** Puts an image into the store: its layers, its configuration, its names. In this order a crash leaves all or nothing. */
import type { ImageReference } from '../../formats/reference.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { manifestFailure } from '../../model/failures/manifest.ts';
import type { Digest, LayerArchive } from '../../storage/index.ts';
import { dropBlobs } from './collect.ts';
import type { ImageVerbs } from './deps.ts';
import { documentsOf, identify, type ManifestOrigin } from './store.ts';

/** An image whose parts are all there. */
export interface NewImage {
  /** The configuration's bytes: their digest becomes the id. */
  readonly config: Buffer;
  /** Bottom first, one for each diff id of the configuration. */
  readonly layers: readonly Omit<LayerArchive, 'expectedDiffId'>[];
  readonly tags: readonly ImageReference[];
  readonly parent?: string | undefined;
  /** Already a blob of ours, and held by a lease. */
  readonly manifest?: ManifestOrigin | undefined;
}

/** What became of it. */
export interface Registered {
  readonly id: Digest;
  /** Images that had one of the names until now. */
  readonly displaced: readonly { readonly reference: ImageReference; readonly id: string }[];
}

/** @throws InvalidArgument when configuration and layers do not belong together */
export async function registerImage(
  { config, layers, tags, parent, manifest }: NewImage,
  options: { readonly signal: AbortSignal; readonly onLayer?: ((diffId: Digest) => void) | undefined },
  { storage, store }: ImageVerbs,
): Promise<Registered> {
  const { id, document } = identify(config);
  const diffIds = document.rootfs.diff_ids as readonly Digest[];
  if (layers.length !== diffIds.length)
    throw manifestFailure.layersDiffer({ expected: layers.length, found: diffIds.length });
  if (document.os && document.os !== 'linux') throw imageFailure.systemForeign({ system: document.os });
  await using lease = storage.lease('image');
  lease.hold('blob', id);
  const archives = layers.map((layer, i) => ({ ...layer, expectedDiffId: diffIds[i] }));
  await storage.layers.apply(archives, { parent: undefined, lease, ...options });
  options.signal.throwIfAborted();
  await storage.content.put([{ digest: id, bytes: config }]);
  const before = store.get(id);
  const displaced = await store.change(() => {
    const named = tags.map((reference) => ({ reference, id: store.named(reference) ?? id }));
    const change = {
      images: [{ id, document, parent, manifest }],
      tags: tags.map((reference) => ({ reference, id })),
    };
    return { change, result: named.filter((old) => old.id !== id) };
  });
  dropBlobs(before ? documentsOf(before) : [], { storage, store });
  return { id, displaced };
}
