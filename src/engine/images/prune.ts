/** Removes images that nobody needs: those without a name, or all that no container was made from. */
import { Conflict, messageOf } from '../../base/errors.ts';
import { familiarString, parseReference, storedForm } from '../../formats/reference.ts';
import type { Filters } from '../../model/filters.ts';
import type { ImagesPruned } from '../../model/prune.ts';
import { booleanFilter, checkFilterNames, labelFilter, untilFilter } from '../filters.ts';
import { oneAtATime } from '../one-prune.ts';
import { collectAll } from './collect.ts';
import type { ImageVerbs } from './deps.ts';
import { removeImage, type Tally } from './remove.ts';
import type { Image } from './store.ts';

/** Removes the images that the filters choose. */
export type PruneImages = (filters: Filters, signal: AbortSignal) => Promise<ImagesPruned>;

/** @throws Conflict while another is at it, InvalidArgument for a filter that is not known or makes no sense */
export const createImagePrune = (verbs: ImageVerbs): PruneImages =>
  oneAtATime((filters, signal) => prune(filters, signal, verbs));

async function prune(filters: Filters, signal: AbortSignal, verbs: ImageVerbs): Promise<ImagesPruned> {
  checkFilterNames(filters, ['dangling', 'label', 'label!', 'until']);
  const dangling = booleanFilter(filters, 'dangling') ?? true;
  const until = untilFilter(filters, verbs.now());
  const labels = labelFilter(filters);
  const fits = ({ createdNanos, document }: Image): boolean =>
    (until === undefined || (createdNanos !== undefined && createdNanos <= until)) &&
    labels(document.config?.Labels ?? {});
  const tally: Tally = { items: [], bytes: 0 };
  for (const name of namesToPrune(dangling, fits, verbs)) {
    if (signal.aborted) break;
    await removeIfUnused(name, tally, verbs);
  }
  await collectAll(verbs);
  tally.bytes += verbs.downloads.dropLeft(0);
  verbs.events.emit({
    Type: 'image',
    Action: 'prune',
    id: '',
    attributes: { reclaimed: String(tally.bytes) },
  });
  return { ...(tally.items.length > 0 ? { ImagesDeleted: tally.items } : {}), SpaceReclaimed: tally.bytes };
}

/**
 * What to ask the removal of, images that were built on others first: names, and ids of images without one. Names that
 * containers were made by stay, as in today's dockerd: the next container is made by the same.
 */
function namesToPrune(
  dangling: boolean,
  fits: (image: Image) => boolean,
  { store, usedBy }: ImageVerbs,
): string[] {
  const asked = store.all().filter(({ id }) => {
    const names = store.references(id);
    const isParent = store.children(id).length > 0;
    if (dangling) return !isParent && store.tags(id).length === 0 && !store.mayHaveName(id);
    return names.length > 0 || !isParent;
  });
  const depth = ({ parent }: Image): number => {
    const below = parent === undefined ? undefined : store.get(parent);
    return below ? depth(below) + 1 : 0;
  };
  return asked
    .filter(fits)
    .sort((a, b) => depth(b) - depth(a))
    .flatMap(({ id }) => {
      const names = store.references(id);
      if (names.length === 0) return [id];
      const said = new Set(usedBy(id).flatMap(({ name = '' }) => storedName(name) ?? []));
      return names.filter((name) => !said.has(storedName(name) ?? name));
    });
}

/** A name in the form that names are stored in; undefined for what is none, such as an id. */
function storedName(text: string): string | undefined {
  try {
    return familiarString(storedForm(parseReference(text)));
  } catch {
    return undefined;
  }
}

/** What a container was made from stays, and so does what somebody else has removed or named meanwhile. */
async function removeIfUnused(name: string, tally: Tally, verbs: ImageVerbs): Promise<void> {
  try {
    const { items, bytes } = await removeImage(name, { force: false, prune: true }, verbs);
    tally.items.push(...items);
    tally.bytes += bytes;
  } catch (error) {
    if (!(error instanceof Conflict)) verbs.log.warn('image.prune', { name, reason: messageOf(error) });
  }
}
