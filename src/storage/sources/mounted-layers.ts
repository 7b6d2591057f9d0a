/** Layers, mounted for somebody to write over: what is written goes with the mount. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MNT_DETACH, unmountAway } from '../../linux/index.ts';
import { mountOverlay } from '../layers/overlay.ts';
import { type Layout, randomName } from '../layout.ts';
import type { Trash } from '../trash.ts';

/** A place where layers are mounted. Disposing unmounts and removes it. */
export interface MountedLayers extends AsyncDisposable {
  readonly root: string;
}

/** `lowers`: the layers' directories, topmost first. @throws SystemError */
export async function mountedLayers(
  lowers: readonly string[],
  layout: Layout,
  trash: Trash,
): Promise<MountedLayers> {
  const home = join(layout.staging, `mounted-${randomName()}`);
  const [upper, work, target] = ['diff', 'work', 'merged'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [home, work]) await mkdir(path, { mode: 0o700 });
  for (const path of [upper, target]) await mkdir(path, { mode: 0o755 });
  try {
    mountOverlay({ lowers: lowers.length > 0 ? lowers : [layout.empty], upper, work, target }, layout.root);
  } catch (error) {
    await trash.take(home);
    throw error;
  }
  return {
    root: target,
    async [Symbol.asyncDispose]() {
      await unmountAway(target, MNT_DETACH);
      await trash.take(home);
    },
  };
}
