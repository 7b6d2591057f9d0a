/**
 * What a container changed of its image. With overlays its own directory tells; without them its whole tree is compared.
 * The container may run on meanwhile.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';
import { type ByteText, TAR_LIMITS } from '../../formats/tar/entry.ts';
import { ERRNO, pathBytes, SystemError, tryOpenAt } from '../../linux/index.ts';
import { isOpaque, type LowerDirectory, type LowerEntry, type LowerTree } from './lower-tree.ts';

const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** A path that differs. Parents come before what is in them, and are told when something in them differs. */
export interface Difference {
  readonly kind: 'changed' | 'added' | 'removed';
  readonly path: ByteText;
  /** The container's directory that it is in; only valid until the next one is asked for. */
  readonly dir: number;
  readonly name: ByteText;
}

/** What is compared. */
export interface Sides {
  /** The container's own files. */
  readonly upper: string;
  /** `changes`: what differs from the layers below, in overlayfs's form; `whole`: everything. */
  readonly holds: 'changes' | 'whole';
  readonly lower: LowerTree;
  /** Files that look the same are told too, when the upper side has them: times can be forged. */
  readonly exact: boolean;
  /** Further places that were made to mount something over, with what is above them. */
  readonly places: ReadonlySet<ByteText>;
}

/**
 * What the runtime makes to mount something over, where an image has it not. It is nobody's change: the first engine
 * keeps such places, and what every container has, in a layer of their own.
 */
const MOUNT_PLACES = new Set([
  '.dockerenv',
  ...['dev', 'dev/console', 'dev/mqueue', 'dev/pts', 'dev/shm', 'proc', 'sys'],
  ...['etc', 'etc/hostname', 'etc/hosts', 'etc/resolv.conf', 'etc/mtab'],
]);

/** Yields differences in the order of paths. */
export function* differences(sides: Sides): Generator<Difference> {
  const fd = openSync(sides.upper, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    yield* new Comparison(sides).directory(fd, '', sides.lower.root, false);
  } finally {
    closeSync(fd);
  }
}

class Comparison {
  readonly #sides: Sides;
  /** Directories on the way here that are told once something in them is. */
  readonly #pending: Difference[] = [];

  constructor(sides: Sides) {
    this.#sides = sides;
  }

  /** `alone`: nothing of the lower directory shows through. */
  *directory(
    dir: number,
    path: ByteText,
    lower: LowerDirectory | undefined,
    alone: boolean,
  ): Generator<Difference> {
    if (path.length > TAR_LIMITS.pathBytes)
      throw new SystemError('openat', ERRNO.ENAMETOOLONG, `${path.slice(0, 200)}…`);
    const upperNames = readdirSync(`/proc/self/fd/${dir}`, { encoding: 'latin1' });
    const lowerNames = alone || this.#sides.holds === 'whole' ? this.#sides.lower.names(lower) : [];
    for (const name of [...new Set([...upperNames, ...lowerNames])].sort())
      yield* this.#entry(dir, name, path === '' ? name : `${path}/${name}`, lower, alone);
  }

  *#entry(
    dir: number,
    name: ByteText,
    path: ByteText,
    lowerDirectory: LowerDirectory | undefined,
    alone: boolean,
  ): Generator<Difference> {
    const before = this.#sides.lower.find(lowerDirectory, name);
    const stat = lstatAt(dir, name);
    if (!stat || this.#isWhiteout(stat)) {
      if (before) yield* this.#report({ kind: 'removed', path, dir, name });
      return;
    }
    const kind = before || this.#isPlace(path) ? 'changed' : 'added';
    const told: Difference = { kind, path, dir, name };
    if (stat.isDirectory()) yield* this.#directoryEntry(told, stat, before, alone);
    else if (!this.#isUnchanged(told, stat, before)) yield* this.#report(told);
  }

  *#directoryEntry(
    told: Difference,
    stat: BigIntStats,
    before: LowerEntry | undefined,
    alone: boolean,
  ): Generator<Difference> {
    const { dir, name, path } = told;
    const fd = tryOpenAt(dir, pathBytes(name), OPEN_DIRECTORY);
    if (fd < 0) return; // it went meanwhile
    try {
      const depth = this.#pending.length;
      if (this.#isUnchangedDirectory(fd, path, stat, before)) this.#pending.push(told);
      else yield* this.#report(told);
      const hides =
        alone || (this.#sides.holds === 'changes' && isOpaque(Buffer.from(`/proc/self/fd/${fd}/.`)));
      yield* this.directory(fd, path, before?.directory, hides);
      if (this.#pending.length > depth) this.#pending.pop(); // nothing in it differs
    } finally {
      closeSync(fd);
    }
  }

  *#report(difference: Difference): Generator<Difference> {
    yield* this.#pending.splice(0);
    yield difference;
  }

  #isWhiteout(stat: BigIntStats): boolean {
    return this.#sides.holds === 'changes' && stat.isCharacterDevice() && stat.rdev === 0n;
  }

  #isPlace(path: ByteText): boolean {
    return MOUNT_PLACES.has(path) || this.#sides.places.has(path);
  }

  #isUnchanged({ dir, name, path }: Difference, stat: BigIntStats, before: LowerEntry | undefined): boolean {
    if (!before) return this.#isPlace(path) && (isEmptyFile(stat) || isMtab(dir, name, stat));
    const told = this.#sides.exact && this.#sides.holds === 'changes';
    const { size, mtimeNs } = before.stat;
    return !told && sameOwnerAndMode(stat, before.stat) && stat.size === size && stat.mtimeNs === mtimeNs;
  }

  #isUnchangedDirectory(
    fd: number,
    path: ByteText,
    stat: BigIntStats,
    before: LowerEntry | undefined,
  ): boolean {
    if (!before) return this.#isPlace(path);
    if (!sameOwnerAndMode(stat, before.stat)) return false;
    if (!this.#sides.exact || stat.mtimeNs === before.stat.mtimeNs) return true;
    // The runtime, too, writes directories.
    return readdirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1' }).some(
      (name) => this.#isPlace(`${path}/${name}`) && !this.#sides.lower.find(before.directory, name),
    );
  }
}

const isEmptyFile = (stat: BigIntStats): boolean => stat.isFile() && stat.size === 0n;

const isMtab = (dir: number, name: ByteText, stat: BigIntStats): boolean =>
  stat.isSymbolicLink() && linkAt(dir, name) === '/proc/mounts';

/** Undefined: it went meanwhile. */
function linkAt(dir: number, name: ByteText): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${dir}/${name}`);
  } catch {
    return undefined;
  }
}

const sameOwnerAndMode = (a: BigIntStats, b: BigIntStats): boolean =>
  a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.rdev === b.rdev;

const lstatAt = (dir: number, name: ByteText): BigIntStats | undefined =>
  lstatSync(Buffer.from(`/proc/self/fd/${dir}/${name}`, 'latin1'), { bigint: true, throwIfNoEntry: false });
