/** What `docker save` sends: images with their names, as an archive that any engine and tool reads. */
import { addAbortSignal, type Readable } from 'node:stream';
import { messageOf } from '../../base/errors.ts';
import { fitness, platformText, type WantedPlatform } from '../../formats/platform.ts';
import { type ImageReference, parseAnyReference, withDefaultTag } from '../../formats/reference.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { archiveOf, hold, type NamedImage } from './archive-parts.ts';
import { collectRemoved } from './collect.ts';
import { emitImageEvent, type ImageVerbs } from './deps.ts';
import type { SaveOptions } from './promise.ts';
import { archiveMembers } from './save-archive.ts';
import type { Image, ImageStore } from './store.ts';

/**
 * A name without a tag means every tag of the repository; an id or a digest saves the image without names. The same
 * images make the same bytes. Destroying the stream, or its end, lets go of the images.
 * @throws NotFound, InvalidArgument before any byte
 */
export async function saveImages(
  names: readonly string[],
  { platforms, signal }: SaveOptions,
  verbs: ImageVerbs,
): Promise<Readable> {
  await using undo = new AsyncDisposableStack();
  const lease = undo.use(verbs.storage.lease('save'));
  const images = namedImages(names, verbs.store);
  for (const { image } of images) {
    assertPlatform(image, platforms);
    hold(image, lease, verbs.storage);
  }
  const archive = archiveOf(await archiveMembers(images, verbs.storage));
  addAbortSignal(signal, archive);
  const held = undo.move();
  archive.once('close', () => void letGo(held, images, verbs));
  for (const { image } of images) emitImageEvent(verbs, 'save', image.id, image.id);
  return archive;
}

async function letGo(held: AsyncDisposable, images: readonly NamedImage[], verbs: ImageVerbs): Promise<void> {
  try {
    await held[Symbol.asyncDispose]();
    await collectRemoved(
      images.map(({ image }) => image.id),
      verbs,
    );
  } catch (error) {
    verbs.log.error('save.collect', { error: messageOf(error) });
  }
}

/** One that is on record. */
type SavedImage = NamedImage & { readonly image: Image };

/** In the order they were asked for, each once. @throws NotFound */
function namedImages(names: readonly string[], store: ImageStore): SavedImage[] {
  const found = new Map<string, { image: Image; names: Map<string, ImageReference> }>();
  for (const { image, reference } of names.flatMap((name) => meant(name, store))) {
    const entry = found.get(image.id) ?? { image, names: new Map() };
    found.set(image.id, entry);
    if (reference?.tag !== undefined && reference.digest === undefined)
      entry.names.set(`${reference.domain}/${reference.path}:${reference.tag}`, reference);
  }
  return [...found.values()].map(({ image, names }) => ({ image, names: [...names.values()] }));
}

/** A repository comes first, then the start of an id, as far as both could be meant. */
function meant(
  name: string,
  store: ImageStore,
): { readonly image: Image; readonly reference: ImageReference | undefined }[] {
  const asked = parseAnyReference(name);
  if (asked.is === 'id') return [{ image: store.find(name), reference: undefined }];
  const { reference } = asked;
  const isBare = reference.tag === undefined && reference.digest === undefined;
  const all = (isBare ? store.referencesOf(reference) : [withDefaultTag(reference)])
    .map((each) => ({ image: store.get(store.named(each) ?? ''), reference: each }))
    .filter((each): each is { image: Image; reference: ImageReference } => each.image !== undefined);
  return all.length > 0 ? all : [{ image: store.find(name), reference: undefined }];
}

function assertPlatform(image: Image, wanted: readonly WantedPlatform[]): void {
  if (wanted.length === 0 || wanted.some((each) => fitness(image.document, each) !== undefined)) return;
  throw imageFailure.noExportTarget({ platforms: wanted.map(platformText).join(', ') });
}
