/** What the root of a tmpfs is like where its client does not say: as the directory that it covers. */
import { closeSync, constants, openSync } from 'node:fs';
import { type IdMap, toContainer } from '../../../base/id-map.ts';
import { cloneMount, O_PATH } from '../../../linux/index.ts';
import { directoryInRoot, placesInRoot } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import type { ContainerMount, CoveredDirectory } from '../record.ts';
import { mountBelow } from './covered.ts';
import { isInside } from './mounts.ts';
import type { MountSource } from './sources.ts';

/** Where nothing is covered: what the kernel gives a tmpfs, and dockerd's containers have. */
const UNCOVERED: CoveredDirectory = { mode: 0o1777, uid: 0, gid: 0 };

/**
 * Puts on record what each tmpfs covers, at the first start only: from then on the place that this start makes for it
 * is there, and must not be taken for the image's. Call it before anything is made in the root for mounts, and with
 * the sources of mounts in place.
 */
export async function recordCovered(
  container: Container,
  rootfs: string,
  sources: ReadonlyMap<string, MountSource>,
  map: IdMap | undefined,
): Promise<void> {
  const { mounts } = container.record;
  const isOpen = ({ point, covers }: ContainerMount) => point.Type === 'tmpfs' && covers === undefined;
  if (!mounts.some(isOpen)) return;
  const places = placesInRoot(
    rootfs,
    mounts.map(({ point }) => point.Destination),
  );
  const look = { rootfs, mounts, sources, map, placeOf: (path: string) => places.get(path) ?? path };
  const decided = mounts.map((mount) =>
    isOpen(mount) ? { ...mount, covers: coveredBy(look, mount.point.Destination) } : mount,
  );
  // Durable before the places are made: a daemon that is killed in between would find them at the next start.
  await container.save({ mounts: decided });
}

interface Look {
  readonly rootfs: string;
  readonly mounts: readonly ContainerMount[];
  readonly sources: ReadonlyMap<string, MountSource>;
  /** Ids of who is inside, where they are not the host's: owners are told by it. */
  readonly map: IdMap | undefined;
  readonly placeOf: (destination: string) => string;
}

/** Links lead inside of the container's root or of the mount's source, never on the host. */
function coveredBy({ rootfs, mounts, sources, map, placeOf }: Look, destination: string): CoveredDirectory {
  const below = mountBelow(mounts, placeOf, destination);
  if (below !== undefined) {
    const source = sources.get(below.mount.point.Destination);
    // Without a source it is another tmpfs, which is empty.
    return seenFromInside(source && directoryInRoot(source.path, below.path), map) ?? UNCOVERED;
  }
  const place = placeOf(destination);
  const lies = (directory: string) => place !== directory && isInside(place, directory);
  if (lies('/sys')) return directoryInSys(place.slice('/sys'.length)) ?? UNCOVERED;
  // The engine's own /dev is a tmpfs too.
  if (lies('/dev')) return UNCOVERED;
  return seenFromInside(directoryInRoot(rootfs, place), map) ?? UNCOVERED;
}

const seenFromInside = (
  found: CoveredDirectory | undefined,
  map: IdMap | undefined,
): CoveredDirectory | undefined => found && { ...found, ...toContainer(map, found) };

/** As a container sees it: the host's own mounts in /sys are not in the container's. */
function directoryInSys(path: string): CoveredDirectory | undefined {
  const sys = openSync('/sys', O_PATH | constants.O_DIRECTORY);
  try {
    const alone = cloneMount(sys, '', false);
    try {
      return directoryInRoot(`/proc/self/fd/${alone}`, path);
    } finally {
      closeSync(alone);
    }
  } finally {
    closeSync(sys);
  }
}

/** For mounts that replace others: a tmpfs in the place of a tmpfs covers what that one did, before a start made a place. */
export function keepCovered(
  before: readonly ContainerMount[],
  mounts: readonly ContainerMount[],
): ContainerMount[] {
  const known = new Map(before.map(({ point, covers }) => [point.Destination, covers]));
  return mounts.map((mount) => {
    const covers = mount.point.Type === 'tmpfs' ? known.get(mount.point.Destination) : undefined;
    return covers === undefined ? mount : { ...mount, covers };
  });
}

/**
 * A tmpfs's options for the runtime: mode and owner always said, because runtimes do not agree on what they are
 * otherwise. What the client named stays.
 */
export function tmpfsOptions({ options, covers = UNCOVERED }: ContainerMount): string[] {
  const isSaid = (name: string) => options.some((option) => option.startsWith(`${name}=`));
  const { mode, uid, gid } = covers;
  const all = { mode: mode.toString(8), uid: String(uid), gid: String(gid) };
  return [
    ...options,
    ...Object.entries(all)
      .filter(([name]) => !isSaid(name))
      .map(([name, value]) => `${name}=${value}`),
  ];
}
