/** Directories that a container's mounts go over, where its image has none. */
import { InvalidArgument } from '../../../base/errors.ts';
import type { Owner } from '../../../base/id-map.ts';
import { kindInRoot, makeDirectoryInRoot } from '../../../runtime/index.ts';
import type { ContainerMount } from '../record.ts';
import { isInside } from './mounts.ts';
import type { MountSource } from './sources.ts';

/** In file systems of the kernel's the runtime makes them itself, as in what else is mounted. */
const SYSTEM = ['/proc', '/sys', '/dev'];

/** `owner`: in ids of the host. Made with the mode that an image would give them: crun would set the sticky bit, which stays in what is exported. */
export function makeMountPlaces(
  rootfs: string,
  mounts: readonly ContainerMount[],
  sources: ReadonlyMap<string, MountSource>,
  owner: Owner,
): void {
  const all = mounts.map(({ point }) => point.Destination);
  for (const { point } of mounts) {
    const path = point.Destination;
    if ([...SYSTEM, ...all].some((each) => each !== path && isInside(path, each))) continue;
    if (point.Type !== 'tmpfs' && !sources.get(path)?.isDirectory) continue;
    if (kindInRoot(rootfs, path) === undefined) tryMakeDirectory(rootfs, path, owner);
  }
}

/** What stands in the way is the runtime's to deal with, or to tell of. */
function tryMakeDirectory(rootfs: string, path: string, owner: Owner): void {
  try {
    makeDirectoryInRoot(rootfs, path, owner);
  } catch (error) {
    if (!(error instanceof InvalidArgument)) throw error;
  }
}
