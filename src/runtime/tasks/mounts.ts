/** What a task has mounted below its directory in the exec root: a /dev/shm to share, and its bound pidfd. */
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Owner } from '../../base/id-map.ts';
import { MNT_DETACH, MS, mount, unmount, unmountAway } from '../../linux/index.ts';
import type { RunDirectory } from './run-directory.ts';

/** Mounts the /dev/shm that a container shares. The engine does it, so that no container decides what another mounts. */
export function mountShared(directory: RunDirectory, bytes: number, owner: Owner | undefined): void {
  const path = directory.file('shm');
  mkdirSync(path, { mode: 0o700 });
  const whose = owner === undefined ? '' : `,uid=${owner.uid},gid=${owner.gid}`;
  // The runtime passes through with the container's ids; into the exec root they are let by its group.
  if (owner !== undefined)
    for (const each of [dirname(directory.path), directory.path]) chmodSync(each, 0o711);
  mount('shm', path, 'tmpfs', MS.NOSUID | MS.NODEV | MS.NOEXEC, `mode=1777,size=${bytes}${whose}`);
}

/** Unmounts what lies at `path`, if anything does. */
export function detach(path: string): void {
  try {
    unmount(path, MNT_DETACH);
  } catch {
    // never bound, or an older kernel
  }
}

/** The same off the main thread: the kernel waits for its readers. */
export async function detachAway(path: string): Promise<void> {
  try {
    await unmountAway(path, MNT_DETACH);
  } catch {
    // never bound, or an older kernel
  }
}
