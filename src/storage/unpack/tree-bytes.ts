/**
 * How much a tree holds. It is walked by descriptors, one directory at a time: a container may make directories deeper
 * than a path can say, and move them about meanwhile.
 */
import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, readdirSync } from 'node:fs';
import type { ByteText } from '../../formats/tar/entry.ts';
import { ERRNO, pathBytes, SystemError, tryOpenAt } from '../../linux/index.ts';

/** Directories kept open on the way down; those above are found again by `..`. */
const KEPT_OPEN = 64;
const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;
/** It went meanwhile, or is something else now. */
const GONE: readonly number[] = [-ERRNO.ENOENT, -ERRNO.ENOTDIR, -ERRNO.ELOOP];

interface Level {
  /** Negative: closed meanwhile. */
  fd: number;
  /** Tells the directory from one that was put in its place. */
  readonly self: BigIntStats;
  /** Directories in it that are still to be visited. */
  readonly inner: ByteText[];
  /** Its path below the top, as long as a name that does not count may be below. */
  readonly path: string | undefined;
}

/**
 * Sizes of all that is no directory, a file with several names once, as the first engine counts a layer. `links`: paths
 * below `path` where a symbolic link does not count, because it is the engine's. Nothing there: 0. @throws SystemError
 */
export function treeBytes(path: string, links: readonly string[] = []): number {
  return new Walk(links).total(path);
}

class Walk {
  readonly #links: readonly string[];
  readonly #levels: Level[] = [];
  /** Files with several names that were counted. */
  readonly #counted = new Set<string>();
  #bytes = 0;

  constructor(links: readonly string[]) {
    this.#links = links;
  }

  total(top: string): number {
    try {
      this.#enter(tryOpenAt(-100, pathBytes(Buffer.from(top).toString('latin1')), OPEN_DIRECTORY), '');
      for (let level = this.#levels.at(-1); level; level = this.#levels.at(-1)) {
        const name = level.inner.pop();
        if (name === undefined) this.#leave();
        else {
          const fd = tryOpenAt(level.fd, pathBytes(name), OPEN_DIRECTORY | constants.O_NOFOLLOW);
          this.#enter(fd, level.path === undefined ? undefined : `${level.path}${name}/`);
        }
      }
      return this.#bytes;
    } finally {
      for (const { fd } of this.#levels) if (fd >= 0) closeSync(fd);
    }
  }

  #enter(fd: number, path: string | undefined): void {
    if (GONE.includes(fd)) return;
    if (fd < 0) throw new SystemError('openat', -fd, path ?? '');
    const watched = path !== undefined && this.#links.some((link) => link.startsWith(path));
    const level: Level = {
      fd,
      self: fstatSync(fd, { bigint: true }),
      inner: [],
      path: watched ? path : undefined,
    };
    this.#levels.push(level);
    for (const name of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1' })) this.#look(level, name);
    const far = this.#levels.at(-KEPT_OPEN - 1);
    if (far === undefined || far.fd < 0) return;
    closeSync(far.fd);
    far.fd = -1;
  }

  #look({ fd, inner, path }: Level, name: ByteText): void {
    const at = Buffer.from(`/proc/self/fd/${fd}/${name}`, 'latin1');
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (!found) return;
    if (found.isDirectory()) {
      inner.push(name);
      return;
    }
    if (found.nlink > 1) {
      const key = `${found.dev}:${found.ino}`;
      if (this.#counted.has(key)) return;
      this.#counted.add(key);
    }
    const isOurs = path !== undefined && found.isSymbolicLink() && this.#links.includes(path + name);
    if (!isOurs) this.#bytes += found.size;
  }

  /** Back to the directory above. One that was moved away meanwhile is not left for where it is now: the walk ends. */
  #leave(): void {
    const left = this.#levels.pop();
    const above = this.#levels.at(-1);
    if (left === undefined) return;
    try {
      if (above === undefined || above.fd >= 0) return;
      above.fd = tryOpenAt(left.fd, '..', OPEN_DIRECTORY);
      if (above.fd < 0 || !isSame(fstatSync(above.fd, { bigint: true }), above.self)) this.#end();
    } finally {
      closeSync(left.fd);
    }
  }

  #end(): void {
    for (const { fd } of this.#levels.splice(0)) if (fd >= 0) closeSync(fd);
  }
}

const isSame = (a: BigIntStats, b: BigIntStats): boolean => a.dev === b.dev && a.ino === b.ino;
