/** Holds the build cache to what it may take of the disk. */
import { messageOf } from '../../../base/errors.ts';
import type { Log } from '../../../base/log.ts';
import type { PruneDeps } from './prune.ts';
import { pruneBuildCache } from './prune.ts';

/** What is needed to hold it. */
export type KeepWithinDeps = PruneDeps & {
  /** Bytes; undefined: as much as there is. */
  readonly keepBytes: number | undefined;
  readonly log: Log;
};

/** What was not used for the longest time goes; what an image or somebody needs stays. Never throws. */
export async function keepWithin(deps: KeepWithinDeps): Promise<void> {
  const { cache, keepBytes, log } = deps;
  try {
    await cache.sweep();
    if (keepBytes === undefined) return;
    const bounds = { keepBytes, maxUsedBytes: undefined, minFreeBytes: undefined };
    const signal = new AbortController().signal;
    const { CachesDeleted, SpaceReclaimed } = await pruneBuildCache(
      { filters: new Map(), all: false, signal, ...bounds },
      { ...deps, events: { emit: () => undefined } },
    );
    if (CachesDeleted) log.info('build.cache', { removed: CachesDeleted.length, bytes: SpaceReclaimed });
  } catch (error) {
    log.warn('build.cache', { reason: messageOf(error) });
  }
}
