/** Fills an empty volume with what an image has at its place: whole, or not at all. */
import { mkdirSync, readdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { IdMap } from '../../base/id-map.ts';
import { syncPaths } from '../durable.ts';
import type { TreeThreads } from '../threads/threads.ts';
import type { Trash } from '../trash.ts';

/** `kept`: the volume had content of its own; `nothing`: the image has no directory there. */
export type Populated = 'copied' | 'kept' | 'nothing';

/** What is copied into a volume. */
export interface PopulateOptions {
  readonly data: string;
  /** Beside `data`: the copy is made there and takes its place by one rename. */
  readonly copy: string;
  readonly root: string;
  readonly path: string;
  /** Ids of who is inside `root`, where they are not the host's. */
  readonly map?: IdMap | undefined;
  /** Others have `data` mounted now, or it lies on a device of its own: it cannot be exchanged. */
  readonly inPlace: boolean;
  readonly threads: TreeThreads;
  readonly trash: Trash;
}

/** Copies what an image has at a path into an empty volume. @throws Failed */
export async function populate(options: PopulateOptions): Promise<Populated> {
  const { data, copy, root, path, map, inPlace, threads, trash } = options;
  if (readdirSync(data).length > 0) return 'kept';
  if (inPlace) return (await threads.run<'copy'>({ is: 'copy', root, path, map, into: data })) ?? 'nothing';
  await trash.take(copy);
  mkdirSync(copy, { mode: 0o755 });
  try {
    const copied = await threads.run<'copy'>({ is: 'copy', root, path, map, into: copy });
    if (copied === undefined) return 'nothing';
    if (readdirSync(copy).length > 0) await threads.run<'sync'>({ is: 'sync', path: copy });
    else await syncPaths(copy);
    return await exchange(copy, data);
  } finally {
    await trash.take(copy);
  }
}

/** rename(2) takes the place of an empty directory only: what somebody wrote there meanwhile stays. */
async function exchange(copy: string, data: string): Promise<Populated> {
  try {
    await rename(copy, data);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(codeOf(error) ?? '')) throw error;
    return 'kept';
  }
  await syncPaths(dirname(data));
  return 'copied';
}
