/** Gives an image another name. */

import { formatNanos } from '../../base/time.ts';
import { familiarName, familiarString, parseRepoAndTag } from '../../formats/reference.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { referenceFailure } from '../../model/failures/reference.ts';
import { emitImageEvent, type ImageVerbs } from './deps.ts';
import type { TagTarget } from './promise.ts';
import { refuseReserved } from './store.ts';

/** Whatever had the name before loses it, unless it shall be kept. @throws NotFound, InvalidArgument, Conflict */
export async function tagImage(name: string, to: TagTarget, verbs: ImageVerbs): Promise<void> {
  if (to.repo === '') throw referenceFailure.nameEmpty();
  const reference = refuseReserved(parseRepoAndTag(to.repo, to.tag));
  const taggedAt = formatNanos(verbs.now());
  const id = await verbs.store.change(() => {
    const image = verbs.store.find(name);
    const holder = to.keepHolder ? verbs.store.named(reference) : undefined;
    if (holder !== undefined && holder !== image.id)
      throw imageFailure.tagTaken({
        repository: familiarName(reference),
        tag: reference.tag ?? 'latest',
        id: holder.replace(/^sha256:/, ''),
      });
    return { change: { tags: [{ reference, id: image.id }], taggedAt }, result: image.id };
  });
  emitImageEvent(verbs, 'tag', id, familiarString(reference));
}
