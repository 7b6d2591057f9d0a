/** Files that a build brings here, kept in the cache as a layer of their own. */
import { messageOf } from '../../../../base/errors.ts';
import { formatNanos } from '../../../../base/time.ts';
import { hostPlatform } from '../../../../formats/platform.ts';
import { buildFailure } from '../../../../model/failures/build.ts';
import type { CopiedFiles, Digest } from '../../../../storage/index.ts';
import { emptyImage, type NewImage } from '../../../images/steps.ts';
import { held } from '../../perform/hold.ts';
import type { OpenedFiles, Work } from './solving.ts';

/** What is kept, and how it is found again. */
export interface KeptFiles {
  readonly key: string;
  /** As the cache tells it. */
  readonly description: string;
  readonly type?: string;
}

/** Those that are there, or what `make` makes of them: a layer, held by the build's lease. */
export async function keptFiles(
  work: Work,
  { key, description, type }: KeptFiles,
  make: (signal: AbortSignal) => Promise<Digest>,
): Promise<OpenedFiles> {
  const { deps, ending, scope } = work;
  const known = deps.cache.find(key);
  const nothing = emptyImage(hostPlatform());
  const perform = {
    ...{ key, description, from: nothing.id, again: false, ...(type && { type }) },
    ...{ say: async () => undefined, signal: ending.signal },
    began: (over: Promise<void>): void => scope.defer(() => over),
  };
  const image =
    known ??
    (await deps.cache.perform(perform, async (_say, signal): Promise<NewImage> => {
      const diffId = await make(signal);
      const created = formatNanos(deps.now());
      return deps.images.layered(nothing, { diffId, created, description });
    }));
  const files = scope.use(deps.storage.files.openLayers(held(work, image).chainId));
  return { files, cached: known !== undefined };
}

/**
 * A layer of what is copied to where nothing is.
 * @throws `build.noLayer`: there are names in it that no layer can have, and in an image they may never come
 */
export async function copiedLayer(
  { deps, lease }: Work,
  from: CopiedFiles,
  signal: AbortSignal,
): Promise<Digest> {
  const steps = [{ from, destination: '/', owner: undefined, likeCp: true }];
  const made = await deps.storage.layers
    .addFiles({ parent: undefined, steps, evenIfEmpty: true, unsettled: true, lease, signal })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw buildFailure.noLayer({ why: messageOf(error) }, { cause: error });
    });
  if (made === undefined) throw new Error('a layer that was asked for in any case is made');
  return made.diffId;
}
