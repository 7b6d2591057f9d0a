/** Images as clients see them: inspect and history. */
import { NEVER, parseRfc3339 } from '../../base/time.ts';
import type { WantedPlatform } from '../../formats/platform.ts';
import type { ContainerConfig } from '../../model/config.ts';
import type { HistoryItem, ImageInspect } from '../../model/image.ts';
import type { ImageVerbs } from './deps.ts';
import { identityOf, imagesByManifest, manifestSummaries, targetDescriptor } from './manifests.ts';
import { imageBytes, imageConfig } from './parts.ts';
import type { InspectImageOptions } from './promise.ts';
import { findFor } from './resolve.ts';
import type { Image } from './store.ts';

/** Members that only older versions of the API show. */
export interface LegacyInspect {
  readonly Parent: string;
  readonly DockerVersion: string;
  readonly Container: string;
  readonly ContainerConfig: ContainerConfig;
  readonly VirtualSize: number;
}

/** @throws NotFound, InvalidArgument */
export async function inspectImage(
  name: string,
  { platform, manifests }: InspectImageOptions,
  verbs: ImageVerbs,
): Promise<ImageInspect & LegacyInspect> {
  const image = findFor(name, verbs.store, platform);
  const Descriptor = targetDescriptor(image);
  const Identity = identityOf(image, verbs);
  const here = { images: imagesByManifest(verbs), withIdentity: false };
  const Manifests = manifests ? await manifestSummaries(image, here, verbs) : undefined;
  return {
    ...withoutManifests(image, verbs),
    ...(Descriptor && { Descriptor }),
    ...(Manifests && { Manifests }),
    ...(Identity && { Identity }),
  };
}

function withoutManifests(image: Image, verbs: ImageVerbs): ImageInspect & LegacyInspect {
  const { store, storage } = verbs;
  const { document, chain } = image;
  const Size = imageBytes(image, verbs);
  const top = chain.at(-1);
  return {
    Id: image.id,
    RepoTags: store.tags(image.id),
    RepoDigests: store.digests(image.id),
    Parent: image.parent ?? '',
    Comment: document.comment || (document.history?.at(-1)?.comment ?? ''),
    ...(document.created === undefined ? {} : { Created: document.created }),
    Container: document.container ?? '',
    ContainerConfig: document.container_config ?? {},
    DockerVersion: document.docker_version ?? '',
    Author: document.author ?? '',
    Config: imageConfig(document.config ?? {}),
    Architecture: document.architecture ?? '',
    ...(document.variant ? { Variant: document.variant } : {}),
    Os: document.os || 'linux',
    ...(document['os.version'] ? { OsVersion: document['os.version'] } : {}),
    Size,
    VirtualSize: Size,
    GraphDriver: top === undefined ? { Name: storage.driver, Data: {} } : storage.layers.describeLayer(top),
    RootFS: { Type: document.rootfs.type ?? 'layers', Layers: document.rootfs.diff_ids },
    Metadata: { LastTagTime: image.lastTagged ?? NEVER },
  };
}

/** Go writes a list that was never made as `null`, and clients of history see it so. */
const NO_TAGS = null as unknown as readonly string[];

/** Steps that made an image, newest first. @throws NotFound, InvalidArgument */
export function imageHistory(
  name: string,
  platform: WantedPlatform | undefined,
  verbs: ImageVerbs,
): HistoryItem[] {
  const { store, storage } = verbs;
  const image = findFor(name, store, platform);
  let layer = 0;
  const items = (image.document.history ?? []).map((step) => {
    const chainId = step.empty_layer ? undefined : image.chain[layer++];
    return {
      Id: '<missing>',
      Created: secondsOf(step.created),
      CreatedBy: step.created_by ?? '',
      Comment: step.comment ?? '',
      Size: chainId === undefined ? 0 : (storage.layers.get(chainId)?.bytes ?? 0),
      Tags: NO_TAGS,
    };
  });
  items.reverse();
  // Ids are known for this image and for ancestors that were built here.
  let at: Image | undefined = image;
  for (const item of items) {
    if (!at) break;
    item.Id = at.id;
    const tags = store.tags(at.id);
    if (tags.length > 0) item.Tags = tags;
    at = at.parent === undefined ? undefined : store.get(at.parent);
  }
  return items;
}

function secondsOf(text: string | undefined): number {
  const nanos = text === undefined ? undefined : parseRfc3339(text);
  return nanos === undefined ? 0 : Number(nanos / 1_000_000_000n);
}
