/** Images that the steps of a build make, one of the other. */
import { messageOf } from '../../base/errors.ts';
import { formatNanos } from '../../base/time.ts';
import { hostArchitecture, type ImageDocument } from '../../formats/oci.ts';
import type { WantedPlatform } from '../../formats/platform.ts';
import type { ChainId, Change, Digest } from '../../storage/index.ts';
import { childDocument, type Made } from './child.ts';
import { collect } from './collect.ts';
import type { ImageVerbs } from './deps.ts';
import { imageConfig } from './parts.ts';
import { removeImage } from './remove.ts';
import { findFor, platformOf, type ResolvedImage } from './resolve.ts';
import { type ArchiveOptions, archiveSteps, type StepArchive } from './step-archive.ts';
import { chainOf, type Image, identify } from './store.ts';

/** What a step of a build begins with, and what it makes. */
export interface StepImage {
  /** Empty: nothing yet, as with `FROM scratch`. */
  readonly id: string;
  readonly document: ImageDocument;
  /** Undefined: no layer yet. */
  readonly chainId: ChainId | undefined;
}

/** An image that is not on record yet. */
export interface NewImage extends StepImage {
  /** Its configuration, whose digest the id is. */
  readonly bytes: Buffer;
  /** The image that it was made from; empty: none. */
  readonly parent: string;
  /** It only keeps layers for the build cache: see `Image.isStep`. */
  readonly isStep?: boolean;
}

/** What a layer of a build is told by: its history is all that such an image says. */
export interface MadeLayer {
  readonly diffId: Digest;
  /** RFC 3339. */
  readonly created: string;
  readonly description: string;
}

/** What builds want of images. */
export interface ImageSteps {
  /** @throws NotFound, InvalidArgument: it is for another platform */
  base(name: string, wanted: WantedPlatform | undefined): StepImage;
  /** The image with just this id. */
  step(id: string): StepImage | undefined;
  /** The image that a step makes: nobody else knows it before {@link ImageSteps.keep}. */
  child(from: StepImage, made: Made): NewImage;
  /** An image of an image's layers and one more, for the cache alone: of its configuration nothing is said. */
  layered(from: StepImage, layer: MadeLayer): NewImage;
  /** An image of that document. */
  written(document: ImageDocument): NewImage;
  /** Puts images on record, all of them and `more`, or none; their layers must be on record, and leased. */
  keep(images: readonly NewImage[], more: readonly Change[]): Promise<void>;
  /** The image with all layers since `base` in one, which is on top of those of `base` and leased. */
  squashed(image: StepImage, base: StepImage, diffId: Digest | undefined): NewImage;
  /** An archive of images that need be on no record. */
  archive(options: ArchiveOptions): Promise<StepArchive>;
  /** Ids from the image's parent on, as far as they are known. */
  ancestors(id: string): string[];
  /** Ids of images that have a name or a container or are among `more`, and of those that they were made from. */
  kept(more: ReadonlySet<string>): ReadonlySet<string>;
  /** Removes those of them that nothing needs. */
  removeUnneeded(ids: readonly string[]): Promise<void>;
  /** Ids of those that only keep layers for the cache. */
  layeredIds(): string[];
}

const asStep = ({ id, document, chain }: Image): StepImage => ({ id, document, chainId: chain.at(-1) });

/** An image without anything in it. */
export const emptyImage = ({ os, architecture, variant }: WantedPlatform): StepImage => ({
  id: '',
  document: {
    architecture,
    os,
    ...(variant ? { variant } : {}),
    rootfs: { type: 'layers', diff_ids: [] },
  },
  chainId: undefined,
});

/** As a container takes it. */
export const resolved = ({ id, document, chainId }: StepImage): ResolvedImage => ({
  id,
  parent: undefined,
  config: imageConfig(document.config ?? {}),
  chainId,
  platform: platformOf(document),
});

/** The verbs of builds on the images of `verbs`. */
export function createSteps(verbs: ImageVerbs): ImageSteps {
  const { store } = verbs;
  const step = (id: string): StepImage | undefined => {
    const image = store.get(id);
    return image && asStep(image);
  };
  return {
    step,
    base: (name, wanted) => asStep(findFor(name, store, wanted)),
    child: (from, made) => newImage(childDocument(from.document, made), from.id),
    layered: (from, layer) => ({ ...newImage(layeredDocument(from.document, layer), ''), isStep: true }),
    written: (document) => newImage(document, ''),
    keep: (images, more) => keep(images, more, verbs),
    squashed: (image, base, diffId) =>
      newImage(squashedDocument(image, base, diffId, formatNanos(verbs.now())), ''),
    archive: (options) => archiveSteps(options, verbs.storage),
    ancestors: (id) => ancestorsOf(id, store),
    kept(more) {
      const named = store.idsWithName();
      const kept = new Set<string>();
      for (const { id } of store.all()) {
        if (!more.has(id) && !named.has(id) && verbs.usedBy(id).length === 0) continue;
        // Who is kept already has its ancestors among the kept.
        for (let at: string | undefined = id; at !== undefined && !kept.has(at); at = store.get(at)?.parent)
          kept.add(at);
      }
      const shown = new Set(store.all().flatMap(({ chain }) => chain));
      for (const { id, isStep, chain } of store.withSteps()) {
        const top = chain.at(-1);
        if (isStep && top !== undefined && shown.has(top)) kept.add(id);
      }
      return kept;
    },
    removeUnneeded: (ids) => removeUnneeded(ids, verbs),
    layeredIds: () =>
      store
        .withSteps()
        .filter(({ isStep }) => isStep)
        .map(({ id }) => id),
  };
}

function ancestorsOf(id: string, store: ImageVerbs['store']): string[] {
  const found: string[] = [];
  for (let at = store.get(id)?.parent; at !== undefined; at = store.get(at)?.parent) found.push(at);
  return found;
}

/** Those that were made last go first: no image goes before what was made from it. */
async function removeUnneeded(ids: readonly string[], verbs: ImageVerbs): Promise<void> {
  const { store, log } = verbs;
  const depth = (id: string): number => ancestorsOf(id, store).length;
  const layered = ids.filter((id) => store.get(id)?.isStep && verbs.usedBy(id).length === 0);
  if (layered.length > 0) await removeLayered(layered, verbs);
  for (const id of ids.toSorted((a, b) => depth(b) - depth(a))) {
    if (store.get(id)?.isStep) continue;
    const isNeeded = !store.get(id) || store.references(id).length > 0 || store.children(id).length > 0;
    if (isNeeded || verbs.usedBy(id).length > 0) continue;
    await removeImage(id, { force: false, prune: false }, verbs).catch((error: unknown) =>
      log.warn('image.unneeded', { id, reason: messageOf(error) }),
    );
  }
}

/** Nobody knew them: nothing is told of their end. */
async function removeLayered(ids: readonly string[], verbs: ImageVerbs): Promise<void> {
  await verbs.store.change(() => ({ change: { remove: ids }, result: undefined }));
  await collect(ids, verbs).done;
}

function newImage(made: ImageDocument, parent: string): NewImage {
  const bytes = Buffer.from(JSON.stringify(made));
  const { id, document } = identify(bytes);
  return { id, document, chainId: chainOf(document).at(-1), bytes, parent };
}

/** A parent that somebody removed meanwhile is no reason to fail: its layers are held. */
async function keep(all: readonly NewImage[], more: readonly Change[], verbs: ImageVerbs): Promise<void> {
  const { storage, store } = verbs;
  // A build that found all its steps makes an image that is on record.
  const images = all.filter(({ id }) => store.get(id) === undefined);
  if (images.length === 0 && more.length === 0) return;
  await using lease = storage.lease('steps');
  for (const { id } of images) lease.hold('blob', id);
  await storage.content.put(images.map(({ id, bytes }) => ({ digest: id as Digest, bytes })));
  const ids = new Set(images.map(({ id }) => id));
  await store.change(() => {
    const rows = images.map(({ id, document, parent, isStep }) => ({
      id: id as Digest,
      document,
      isStep,
      parent: ids.has(parent) || store.get(parent) ? parent : undefined,
    }));
    return { change: { images: rows, more }, result: undefined };
  });
}

/** One entry of history a layer. */
function layeredDocument(from: ImageDocument, { diffId, created, description }: MadeLayer): ImageDocument {
  const { architecture, os, variant, history = [], rootfs } = from;
  return {
    architecture: architecture || hostArchitecture(),
    created,
    history: [...history, { created, created_by: description }],
    os: os || 'linux',
    rootfs: { type: 'layers', diff_ids: [...rootfs.diff_ids, diffId] },
    ...(variant ? { variant } : {}),
  };
}

/** As the first engine has it: what was done stays in the history, without layers; the last entry made the only one. */
function squashedDocument(
  { id, document }: StepImage,
  base: StepImage,
  diffId: Digest | undefined,
  created: string,
): ImageDocument {
  const kept = base.document.history?.length ?? 0;
  const comment = base.id === '' ? `create new from ${id}` : `merge ${id} to ${base.id}`;
  const history = (document.history ?? []).map((entry, i) =>
    i < kept ? entry : { ...entry, empty_layer: true },
  );
  const made = { created, comment, ...(diffId === undefined ? { empty_layer: true } : {}) };
  const below = base.document.rootfs.diff_ids;
  return {
    ...document,
    created,
    history: [...history, made],
    rootfs: { type: 'layers', diff_ids: diffId === undefined ? below : [...below, diffId] },
  };
}
