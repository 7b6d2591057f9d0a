/** What versions up to 1.21 said of tags that are taken, and up to 1.20 of images that cannot be removed. */
import type { Fields } from '../../../base/errors.ts';
import { type FailureLens, wordsWere } from '../failure.ts';

const REMOVE = 'DELETE /images/{name}';
const TAG = 'POST /images/{name}/tag';

const usedBy = (id: string, container: string, running: boolean): string =>
  running
    ? `Conflict, cannot delete ${id} because the running container ${container} is using it, stop it and use -f to force`
    : `Conflict, cannot delete ${id} because the container ${container} is using it, use -f to force`;

/** From 1.21 to 1.20. */
export const removalsWere: readonly FailureLens[] = [
  wordsWere(REMOVE, 'image.nameInUse', ({ id, container, running }) => usedBy(id, container, running)),
  wordsWere(REMOVE, 'image.inUse', ({ id, forced, obstacle, container }, { name }) => {
    if (obstacle === 'children') return `Conflict, ${name} wasn't deleted`;
    if (obstacle === 'named')
      return `Conflict, cannot delete image ${name} because it is tagged in multiple repositories, use -f to force`;
    if (obstacle === 'running' && forced)
      return `Conflict, cannot force delete ${id} because the running container ${container} is using it, stop it and retry`;
    return usedBy(id, container, obstacle === 'running');
  }),
];

/** From 1.11 to 1.10: nothing was said of force. */
export const removalsWereShort: readonly FailureLens[] = [
  wordsWere(
    REMOVE,
    'image.nameInUse',
    ({ id, container }) => `Conflict, cannot delete ${id} because the container ${container} is using it`,
  ),
];

/** From 1.10 to 1.9: what could not be said to be forced was not explained. */
export const notDeletedIn1_9: FailureLens = {
  note: 'image.inUse was worded differently',
  codes: ['image.inUse'],
  down: ({ code, fields }, { route, name }) =>
    route === REMOVE && code === 'image.inUse' && fields?.obstacle === 'named'
      ? { words: `Conflict, ${name} wasn't deleted` }
      : undefined,
};

type Taken = Fields & { readonly repository: string; readonly tag: string; readonly id: string };
const taken = (say: (fields: Taken) => string): FailureLens => wordsWere(TAG, 'image.tagTaken', say);

/** From 1.21 to 1.20: the tag alone, and the whole id. */
export const tagTakenIn1_20 = taken(
  ({ tag, id }) =>
    `Conflict: Tag ${tag} is already set to image ${id}, if you want to replace it, please use -f option`,
);
/** From 1.16 to 1.15. */
export const tagTakenIn1_15 = taken(
  ({ repository, tag, id }) => `Conflict: Tag ${repository}:${tag} is already set to ${id}`,
);
/** From 1.2 to 1.1, where it was no conflict. */
export const tagTakenIn1_1 = taken(
  ({ repository, tag, id }) => `Tag ${repository}:${tag} is already set to ${id}`,
);

const tagInvalid = (say: (tag: string) => string): FailureLens =>
  wordsWere('any', 'reference.tagInvalid', ({ tag }) => say(tag));

/** From 1.21 to 1.20. */
export const tagInvalidIn1_20 = tagInvalid(
  (tag) =>
    `Illegal tag name (${tag}): only [A-Za-z0-9_.-] are allowed ('.' and '-' are NOT allowed in the initial), minimum 1, maximum 128 in length`,
);
/** From 1.20 to 1.19. */
export const tagInvalidIn1_19 = tagInvalid(
  (tag) => `Illegal tag name (${tag}): only [A-Za-z0-9_.-] are allowed, minimum 1, maximum 128 in length`,
);
/** From 1.17 to 1.16. */
export const tagInvalidIn1_16 = tagInvalid(
  (tag) => `Illegal tag name (${tag}): only [A-Za-z0-9_.-] are allowed, minimum 2, maximum 30 in length`,
);
/** From 1.15 to 1.14. */
export const tagInvalidIn1_14 = tagInvalid((tag) => `Illegal tag name: ${tag}`);
