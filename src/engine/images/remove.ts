/** Removes names of images, and images: the rules for tags, ids, children and containers of the first engine. */
import type { EngineError } from '../../base/errors.ts';
import { shortId } from '../../formats/digest.ts';
import { familiarName, familiarString, parseReference, storedForm } from '../../formats/reference.ts';
import { type ImageObstacle, imageFailure } from '../../model/failures/image.ts';
import type { ImageDeleteItem } from '../../model/image.ts';
import { collect } from './collect.ts';
import { emitImageEvent, type ImageVerbs } from './deps.ts';
import type { RemoveImageOptions } from './promise.ts';
import { findFor } from './resolve.ts';
import { documentsOf, type Image } from './store.ts';

/** Why an image cannot go. `hard`: not even by force. */
interface Obstacle {
  readonly hard: boolean;
  readonly is: ImageObstacle;
  /** The container in the way; empty without one. */
  readonly container: string;
}

/** What was done so far. */
export interface Tally {
  readonly items: ImageDeleteItem[];
  /** Freed on the disk. */
  bytes: number;
}

/**
 * Removes what `name` names: a name goes, and the image with its last name; an id takes the image and its names if they
 * are all of one repository.
 * @throws NotFound, Conflict
 */
export async function removeImage(
  name: string,
  options: RemoveImageOptions,
  verbs: ImageVerbs,
): Promise<Tally> {
  if (name.trim() === '') throw imageFailure.nameBlank();
  const { store } = verbs;
  const image = findFor(name, store, options.platform);
  const tally: Tally = { items: [], bytes: 0 };
  if (isIdOf(image.id, name)) await removeNamesOfId(image, options, tally, verbs);
  else {
    const left = await removeName(image, name, options, tally, verbs);
    // Another client was quicker: the name is nobody's now, or another image's.
    if (left === 'moved') return await removeImage(name, options, verbs);
    if (left === 'named') return tally;
  }
  await removeUnnamed(image.id, options, !isIdOf(image.id, name), tally, verbs);
  if (tally.items.length === 0) findFor(name, store, options.platform); // by its id, and another client was quicker
  return tally;
}

const isIdOf = (id: string, name: string): boolean =>
  id.startsWith(name) || id.slice('sha256:'.length).startsWith(name);

/** `unnamed`: no name is left, so that the image itself is to go; `moved`: the name is no longer this image's. */
async function removeName(
  image: Image,
  name: string,
  { force, keepUsed = true }: RemoveImageOptions,
  tally: Tally,
  verbs: ImageVerbs,
): Promise<'unnamed' | 'named' | 'moved'> {
  const { store, usedBy } = verbs;
  const user = usedBy(image.id).find(({ running }) => keepUsed || running);
  if (!force && isSingleReference(store.references(image.id)) && user)
    throw imageFailure.nameInUse({
      name,
      container: shortId(user.containerId),
      id: shortId(image.id),
      running: user.running,
    });
  const reference = storedForm(parseReference(name));
  const known = familiarString(reference);
  const isOwn = store.references(image.id).includes(known);
  if ((await untag(image, [known], tally, verbs)) === 0 && isOwn) return 'moved';
  if (reference.digest === undefined) {
    const repository = familiarName(reference);
    const left = store.references(image.id).map(parseReference);
    const same = left.filter((other) => familiarName(other) === repository);
    // Digests that came with a tag go with the repository's last tag.
    if (same.every((other) => other.digest !== undefined))
      await untag(image, same.map(familiarString), tally, verbs, false);
  }
  return store.references(image.id).length === 0 ? 'unnamed' : 'named';
}

async function removeNamesOfId(
  image: Image,
  { force, keepUsed = true }: RemoveImageOptions,
  tally: Tally,
  verbs: ImageVerbs,
): Promise<void> {
  const names = verbs.store.references(image.id);
  if (!isSingleReference(names)) return;
  const obstacle = obstacleTo(image, { stopped: keepUsed && !force, named: false }, verbs);
  if (obstacle) throw conflict(image.id, obstacle, force);
  await untag(image, names, tally, verbs);
}

/** How many of the names were the image's. */
async function untag(
  image: Image,
  names: readonly string[],
  tally: Tally,
  verbs: ImageVerbs,
  announce = true,
): Promise<number> {
  if (names.length === 0) return 0;
  const untagged = await verbs.store.change(() => {
    const own = new Set(verbs.store.references(image.id));
    const untag = names.filter((name) => own.has(name));
    return { change: { untag }, result: untag };
  });
  reportUntagged(image, untagged, tally, verbs, announce);
  return untagged.length;
}

function reportUntagged(
  image: Image,
  names: readonly string[],
  tally: Tally,
  verbs: ImageVerbs,
  announce = true,
): void {
  for (const name of names) {
    if (announce) emitImageEvent(verbs, 'untag', image.id, image.id);
    tally.items.push({ Untagged: name });
  }
}

/** `quiet`: a name was removed already, so that an obstacle is no failure as long as the image stays of use. */
async function removeUnnamed(
  id: string,
  { force, prune, keepUsed = true }: RemoveImageOptions,
  quiet: boolean,
  tally: Tally,
  verbs: ImageVerbs,
): Promise<void> {
  const { store } = verbs;
  // Looked at and recorded in one turn: nobody gives it a name, or builds on it, in between.
  const { image, names } = await store.change(() => {
    const found = store.get(id);
    const going = found && mayGo(found, { force, keepUsed }, quiet, verbs) ? found : undefined;
    const untagged = going ? store.references(id) : [];
    const change = going ? { untag: untagged, remove: [id] } : {};
    return { change, result: { image: going, names: untagged } };
  });
  if (!image) return; // another client was quicker, or it stays
  const { removed, done } = collect(documentsOf(image), verbs);
  await done;
  reportUntagged(image, names, tally, verbs);
  emitImageEvent(verbs, 'delete', id, id);
  tally.items.push({ Deleted: id }, ...removed.layers.map((chainId) => ({ Deleted: chainId })));
  tally.bytes += removed.bytes;
  if (prune && image.parent !== undefined)
    await removeUnnamed(image.parent, { force: false, prune: true }, true, tally, verbs);
}

/** False: it stays, and that is no failure. @throws Conflict */
function mayGo(
  image: Image,
  { force, keepUsed }: { force: boolean; keepUsed: boolean },
  quiet: boolean,
  verbs: ImageVerbs,
): boolean {
  const { store } = verbs;
  if (quiet && store.mayHaveName(image.id)) return false;
  const obstacle = obstacleTo(image, { stopped: keepUsed && !force, named: !force }, verbs);
  if (!obstacle) return true;
  const dangling = store.references(image.id).length === 0 && store.children(image.id).length === 0;
  if (quiet && (!dangling || obstacle.container !== '')) return false;
  throw conflict(image.id, obstacle, force);
}

function obstacleTo(
  image: Image,
  soft: { stopped: boolean; named: boolean },
  { store, usedBy }: ImageVerbs,
): Obstacle | undefined {
  if (store.children(image.id).length > 0) return { hard: true, is: 'children', container: '' };
  const users = usedBy(image.id);
  const running = users.find((user) => user.running);
  if (running) return { hard: true, is: 'running', container: shortId(running.containerId) };
  if (soft.named && store.references(image.id).length > 0) return { hard: false, is: 'named', container: '' };
  const stopped = soft.stopped ? users[0] : undefined;
  return stopped && { hard: false, is: 'stopped', container: shortId(stopped.containerId) };
}

const conflict = (id: string, { hard, is, container }: Obstacle, forced: boolean): EngineError =>
  imageFailure.inUse({ id: shortId(id), hard, forced, obstacle: is, container });

/** All of one repository, with one tag at most. */
function isSingleReference(names: readonly string[]): boolean {
  if (names.length <= 1) return names.length === 1;
  const references = names.map(parseReference);
  const digested = new Set(references.filter(({ digest }) => digest !== undefined).map(familiarName));
  const tagged = references.filter(({ digest }) => digest === undefined);
  if (tagged.length > 1 || digested.size !== 1) return false;
  return digested.has(familiarName(tagged[0] ?? references[0]!));
}
