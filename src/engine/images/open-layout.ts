/** An image that lies in a store of a client's: it comes here as an image does that is pulled, and is on no record. */
import { isDigest } from '../../formats/digest.ts';
import type { WantedPlatform } from '../../formats/platform.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { manifestFailure } from '../../model/failures/manifest.ts';
import type { Digest, Lease } from '../../storage/index.ts';
import type { ImageVerbs } from './deps.ts';
import type { LentStore } from './lent-store.ts';
import { chooseManifest } from './manifest.ts';
import { bringLayers, type HeardBlob, lentParts } from './part-source.ts';
import type { StepImage } from './steps.ts';
import { identify } from './store.ts';

/** Which image, and what becomes of it. */
export interface LayoutOptions {
  readonly store: LentStore;
  /** Of its manifest, or of an index from which the platform's is chosen. */
  readonly digest: Digest;
  readonly platform: WantedPlatform;
  /** Holds its layers. */
  readonly lease: Lease;
  readonly heard: HeardBlob;
  readonly signal: AbortSignal;
}

/** @throws InvalidArgument for documents that are not what they say, NotFound, Failed */
export async function openLayout(
  { store, digest, platform, lease, heard, signal }: LayoutOptions,
  verbs: ImageVerbs,
): Promise<StepImage> {
  const parts = lentParts(store, verbs);
  const { manifest } = await chooseManifest(parts, digest, platform, signal);
  const { id, document } = identify(await parts.document(manifest.config.digest ?? '', signal));
  const { diff_ids: diffIds } = document.rootfs;
  if (manifest.layers.length !== diffIds.length)
    throw manifestFailure.layersDiffer({ expected: manifest.layers.length, found: diffIds.length });
  if (document.os && document.os !== 'linux') throw imageFailure.systemForeign({ system: document.os });
  const layers = manifest.layers.flatMap(({ digest: blob = '', size = 0 }, i) =>
    isDigest(blob) ? [{ digest: blob, size, diffId: diffIds[i] as Digest }] : [],
  );
  const chainId = await bringLayers(layers, { parts, lease, heard, signal }, verbs);
  return { id, document, chainId };
}
