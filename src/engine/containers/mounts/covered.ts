/** What lies below a path of a container once its mounts are in place, looked up by its real places. */
import { Failed } from '../../../base/errors.ts';
import { kindInRoot } from '../../../runtime/index.ts';
import type { ContainerMount } from '../record.ts';
import { isInside } from './mounts.ts';
import type { MountSource } from './sources.ts';

/** The mount that a path lies in, and the path from there. */
export interface MountBelow {
  readonly mount: ContainerMount;
  readonly path: string;
}

/** The innermost of `mounts` that `path` lies in, but is not itself; undefined: the container's root. `placeOf`: where destinations really lie. */
export function mountBelow(
  mounts: readonly ContainerMount[],
  placeOf: (destination: string) => string,
  path: string,
): MountBelow | undefined {
  const place = placeOf(path);
  let found: { readonly mount: ContainerMount; readonly at: string } | undefined;
  for (const mount of mounts) {
    const at = placeOf(mount.point.Destination);
    if (at === place || !isInside(place, at)) continue;
    if (found === undefined || at.length > found.at.length) found = { mount, at };
  }
  return found && { mount: found.mount, path: place.slice(found.at.length) };
}

/**
 * The engine's files need something to be mounted over. Runtimes make an empty file, but must not in what the client
 * gave for reading only: some would, before they make it read-only.
 * @throws Failed, as dockerd's start does
 */
export function requireFilePlaces(
  files: readonly { readonly source: string; readonly destination: string }[],
  mounts: readonly ContainerMount[],
  sources: ReadonlyMap<string, MountSource>,
  places: ReadonlyMap<string, string>,
): void {
  const placeOf = (path: string) => places.get(path) ?? path;
  const taken = new Set(mounts.map(({ point }) => placeOf(point.Destination)));
  for (const { source, destination } of files) {
    const below = taken.has(placeOf(destination)) ? undefined : mountBelow(mounts, placeOf, destination);
    const from = below && sources.get(below.mount.point.Destination);
    if (below === undefined || from === undefined) continue; // the root or a tmpfs: theirs to make
    const readOnly = below.mount.options.includes('ro') || from.restrictions.includes('ro');
    if (readOnly && kindInRoot(from.path, below.path) === undefined)
      throw new Failed(
        `error mounting "${source}" to rootfs at "${destination}": create mountpoint for ${destination} mount: read-only file system`,
      );
  }
}
