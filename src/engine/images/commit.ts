/** An image on top of another: one layer more, or none. */

import { formatNanos } from '../../base/time.ts';
import { familiarString, type ImageReference, parseRepoAndTag } from '../../formats/reference.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { childDocument, type Made } from './child.ts';
import { emitImageEvent, type ImageVerbs } from './deps.ts';
import { identify, refuseReserved } from './store.ts';

/** What the new image is made of. */
export interface ImageCommit extends Omit<Made, 'created'> {
  readonly parentId: string;
  readonly name: ImageReference | undefined;
}

/** How containers become images. */
export interface ImageCommits {
  /** @throws InvalidArgument for what no image may be called */
  checkName(repo: string | undefined, tag: string | undefined): ImageReference | undefined;
  /** `reference`: its name as it is told; empty without one. @throws NotFound when the parent is no longer there */
  commit(request: ImageCommit): Promise<{ id: string; reference: string }>;
  /** Removes what no image needs: a commit that failed has left it, or the last container of a removed image. */
  clear(): Promise<void>;
}

/** The name to be given, checked; undefined without one. @throws InvalidArgument */
export const checkName = (repo: string | undefined, tag: string | undefined): ImageReference | undefined =>
  repo ? refuseReserved(parseRepoAndTag(repo, tag)) : undefined;

/** Puts the new image into the store. */
export async function commitImage(
  request: ImageCommit,
  verbs: ImageVerbs,
): Promise<{ id: string; reference: string }> {
  const { storage, store } = verbs;
  const { parentId, name } = request;
  const created = formatNanos(verbs.now());
  const parent = store.get(parentId)?.document;
  if (!parent) throw imageFailure.notFound({ name: parentId });
  const config = Buffer.from(JSON.stringify(childDocument(parent, { ...request, created })));
  const { id, document } = identify(config);
  await using lease = storage.lease('commit');
  lease.hold('blob', id);
  await storage.content.put([{ digest: id, bytes: config }]);
  const reference = name ? familiarString(name) : '';
  await store.change(() => {
    if (!store.get(parentId)) throw imageFailure.notFound({ name: parentId });
    const tags = name ? [{ reference: name, id }] : [];
    return {
      change: { images: [{ id, document, parent: parentId }], tags },
      result: undefined,
    };
  });
  if (name) {
    await store.change(() => ({
      change: { tags: [{ reference: name, id }], taggedAt: created },
      result: undefined,
    }));
    emitImageEvent(verbs, 'tag', id, reference);
  }
  return { id, reference };
}
