/**
 * A container's files as somebody outside sees them: its root with its mounts over it, in a mount namespace that nobody
 * else is in. It ends with its descriptors, also when the daemon is killed: the host's mounts never show it.
 */
import { close, closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import type { IdMap } from '../../base/id-map.ts';
import {
  AT_FDCWD,
  asRootOf,
  attachMount,
  attachMountAt,
  cloneMount,
  inMountsOf,
  inNewMounts,
  MS,
  mount,
  ownNamespace,
  pathBytes,
  pivotHere,
  S_IFREG,
  SystemError,
  tryFindInTree,
  tryMknodAt,
} from '../../linux/index.ts';
import type { TreeMount } from '../storage.ts';
import { Parents } from '../unpack/parents.ts';

/** A container's root with its mounts, for us alone. Dispose of it. */
export interface View {
  /** The root directory: paths below it are resolved with it as `/`. */
  readonly root: number;
  /** Keeps the mounts together. */
  readonly namespace: number;
  /** Where something is mounted, as paths inside. */
  readonly points: readonly string[];
}

/** Where the root comes from. */
export type RootSource =
  /** It is mounted at the target already. */
  | { readonly is: 'host' }
  | { readonly is: 'view'; readonly view: View }
  /** `mount` mounts it at the target; it runs inside the new namespace. */
  | { readonly is: 'new'; readonly mount: () => void };

/** What a view shows. */
export interface ViewOptions {
  readonly mounts: readonly TreeMount[];
  /** Nothing of the root may be changed; what is mounted over it says so for itself. */
  readonly readOnly: boolean;
  /** Ids of who is inside, where they are not the host's. */
  readonly map?: IdMap | undefined;
}

const closeAway = promisify(close);
/** What is a device to the container is none to us: opening one has effects. Looking leaves no traces. */
const LOOKING = MS.NODEV | MS.NOATIME;

/** Synchronous: some milliseconds. @throws SystemError */
export function openView(source: RootSource, target: string, { mounts, readOnly, map }: ViewOptions): View {
  using held = new DisposableStack();
  const hold = (fd: number): number => held.adopt(fd, closeSync);
  // Sources are found among the host's mounts, before the namespace that has its own.
  const sources = mounts.map(({ source, recursive }) =>
    typeof source === 'number' ? source : hold(cloneMount(AT_FDCWD, source, recursive)),
  );
  const base = rootCopy(source, target);
  if (base !== undefined) hold(base);
  const points: number[] = [];
  const { root, namespace } = inNewMounts(() => {
    if (base !== undefined) attachMountAt(base, target);
    else if (source.is === 'new') source.mount();
    // Where the host's mounts are shared, as under systemd, so is a copy of one, and pivot_root(2) refuses it.
    mount('none', target, null, MS.PRIVATE, null);
    remount(target, LOOKING);
    using opened = new DisposableStack();
    const inside = opened.adopt(openSync(target, constants.O_RDONLY | constants.O_DIRECTORY), closeSync);
    for (const [i, each] of mounts.entries()) points.push(hold(putMount(inside, sources[i]!, each, map)));
    if (readOnly) remount(target, LOOKING | MS.RDONLY);
    const own = opened.adopt(ownNamespace('mnt'), closeSync);
    process.chdir(target);
    pivotHere();
    opened.move(); // from here on they are the view's
    return { root: inside, namespace: own };
  });
  return { root, namespace, points: points.map((fd) => readlinkSync(`/proc/self/fd/${fd}`)) };
}

function rootCopy(source: RootSource, target: string): number | undefined {
  if (source.is === 'new') return undefined;
  if (source.is === 'host') return cloneMount(AT_FDCWD, target, false);
  return inMountsOf(source.view.namespace, () => cloneMount(AT_FDCWD, '/', false));
}

/** Attaches one mount at its destination, which is made when it is missing; a descriptor of the place is returned. */
function putMount(
  root: number,
  source: number,
  { destination, readOnly }: TreeMount,
  map: IdMap | undefined,
): number {
  const place = asRootOf(map, () => findOrMake(root, destination, fstatSync(source).isDirectory()));
  attachMount(source, place, destination);
  if (readOnly) {
    const mounted = find(root, destination);
    try {
      remount(`/proc/thread-self/fd/${mounted}`, MS.RDONLY | LOOKING);
    } finally {
      closeSync(mounted);
    }
  }
  return place;
}

const remount = (path: string, flags: number): void =>
  mount('none', path, null, MS.REMOUNT | MS.BIND | flags, null);

function find(root: number, path: string): number {
  const found = tryFindInTree(root, path, true);
  if (found < 0) throw new SystemError('openat2', -found, path);
  return found;
}

/** As the runtime makes them at a start, links followed inside the root only. */
function findOrMake(root: number, path: string, directory: boolean): number {
  const found = tryFindInTree(root, path, true);
  if (found >= 0) return found;
  const bytes = Buffer.from(path).toString('latin1').replace(/^\/+/, '');
  const slash = bytes.lastIndexOf('/');
  const parents = new Parents({ root, base: '', directory: root, mounts: true });
  try {
    if (directory) parents.open(bytes);
    else {
      const name = pathBytes(bytes.slice(slash + 1));
      const made = tryMknodAt(parents.open(slash < 0 ? '' : bytes.slice(0, slash)), name, S_IFREG | 0o755, 0);
      if (made < 0) throw new SystemError('mknodat', -made, path);
    }
  } finally {
    parents.forget();
  }
  return find(root, path);
}

/** Mounts the root of a view at `target` too: one upper directory must never have two overlays. */
export function attachRootOf({ namespace }: View, target: string): void {
  const copy = inMountsOf(namespace, () => cloneMount(AT_FDCWD, '/', false));
  try {
    attachMountAt(copy, target);
    remount(target, 0);
  } finally {
    closeSync(copy);
  }
}

/** On a pool thread: the last one to leave an overlay waits for its end. */
export async function closeView({ root, namespace }: View): Promise<void> {
  await closeAway(root);
  await closeAway(namespace);
}
