/** The builder: opened once, with the cache that all builds share. */
import { mkdirSync, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Slots } from '../../base/slots.ts';
import type { Storage } from '../../storage/index.ts';
import type { Images } from '../images/promise.ts';
import { type BuildsDeps, createBuilds, type StoppableBuilds } from './builds.ts';
import { StepCache } from './cache/cache.ts';
import { CacheMounts } from './cache/mounts.ts';
import { BUILD_STEPS, CACHE_MOUNTS } from './cache/rows.ts';
import { strayMounts } from './cache/stray-mounts.ts';
import { openHistory } from './history/history.ts';
import type { Builds } from './promise.ts';
import { pullFor } from './pull.ts';

export { HeldImages } from './cache/held.ts';

/** What the builder is made of. */
export type BuildRoomDeps = Omit<
  BuildsDeps,
  'cache' | 'cacheMounts' | 'freeBytes' | 'keepBytes' | 'pull' | 'running' | 'images'
> & {
  readonly images: BuildsDeps['images'] & Pick<Images, 'pull'>;
  readonly storage: Pick<Storage, 'measure' | 'records'>;
  /** What its cache may take; undefined: as much as there is. Of a small disk a tenth is all. */
  readonly cacheBytes: number | undefined;
  /** The builder's own directory. */
  readonly root: string;
};

/** Commands often wait for others: a few run side by side on the smallest machine. */
const RUNNING_MIN = 4;

/** Reads what the cache has; what a crash left of its directories goes. */
export async function openBuilds(deps: BuildRoomDeps): Promise<Builds & StoppableBuilds> {
  const { storage, images, now, root, cacheBytes } = deps;
  const { records } = storage;
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const steps = await records.read(BUILD_STEPS);
  const mounts = await records.read(CACHE_MOUNTS);
  const mountsRoot = `${root}/mounts`;
  await Promise.all(strayMounts(mountsRoot, mounts).map((path) => storage.discard(path)));
  const known = new Set([...steps.rows.values()].map(({ image }) => image));
  // What a crash left between the two.
  if (!steps.rowsWereLost && steps.setAside.size === 0)
    await images.removeUnneeded(images.layeredIds().filter((id) => !known.has(id)));
  const history = await openHistory({ records, root: `${root}/history`, now, log: deps.log });
  const builds = createBuilds({
    ...deps,
    cache: new StepCache({ records, images, layers: storage.layers, now }, steps.rows),
    cacheMounts: new CacheMounts({ root: mountsRoot, records, now, measure: storage.measure }, mounts.rows),
    running: new Slots(Math.max(RUNNING_MIN, 2 * availableParallelism())),
    pull: pullFor(images),
    freeBytes: () => spaceAt(root).free,
    keepBytes: cacheBytes === undefined ? undefined : Math.min(cacheBytes, spaceAt(root).whole / 10),
  });
  return { ...builds, history };
}

function spaceAt(path: string): { readonly free: number; readonly whole: number } {
  const { bavail, blocks, bsize } = statfsSync(path);
  return { free: bavail * bsize, whole: blocks * bsize };
}
