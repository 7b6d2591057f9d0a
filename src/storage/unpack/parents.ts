/** Directories below a root, opened once and kept while archives visit them: resolved by the kernel, inside the root. */
import { closeSync, constants } from 'node:fs';
import { type ByteText, TarError } from '../../formats/tar/entry.ts';
import { splitLast } from '../../formats/tar/path.ts';
import {
  chmodFd,
  ERRNO,
  pathBytes,
  SystemError,
  tryMkdirAt,
  tryOpenAt,
  tryOpenDirectoryInRoot,
} from '../../linux/index.ts';

/** Descriptors kept open; archives come directory by directory, so few are wanted again. */
const KEPT_MAX = 64;
const ENOTDIR = 20;
const ELOOP = 40;
const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export class Parents {
  readonly #root: number;
  readonly #kept = new Map<ByteText, number>();
  /** Called for a name that stands in the way of a directory; true when it was removed (it was a whiteout). */
  readonly #clear: (dir: number, name: ByteText) => boolean;
  /** Called for each directory that no archive member spoke of, with the descriptor it was just opened at. */
  readonly #implied: (fd: number, tookWhiteout: boolean) => void;

  constructor(
    root: number,
    clear: (dir: number, name: ByteText) => boolean,
    implied: (fd: number, tookWhiteout: boolean) => void,
  ) {
    this.#root = root;
    this.#clear = clear;
    this.#implied = implied;
  }

  /** The directory `path` (clean, '' is the root), owned by this object. @throws TarError when it is none and cannot be */
  open(path: ByteText): number {
    if (path === '') return this.#root;
    const found = this.#look(path);
    if (found >= 0) return found;
    if (found !== -ERRNO.ENOENT && found !== -ENOTDIR) throw refused(path, -found);
    return this.keep(path, this.#make(path));
  }

  /** The same, but nothing is made: undefined when there is no such directory. */
  find(path: ByteText): number | undefined {
    const found = path === '' ? this.#root : this.#look(path);
    return found < 0 ? undefined : found;
  }

  #look(path: ByteText): number {
    const kept = this.#kept.get(path);
    if (kept === undefined) {
      const found = tryOpenDirectoryInRoot(this.#root, pathBytes(path));
      return found < 0 ? found : this.keep(path, found);
    }
    // Now the newest: the descriptors of the last few answers are never closed under their users.
    this.#kept.delete(path);
    this.#kept.set(path, kept);
    return kept;
  }

  /** Takes over an open directory. */
  keep(path: ByteText, fd: number): number {
    const before = this.#kept.get(path);
    if (before !== undefined) closeSync(before);
    this.#kept.delete(path);
    this.#kept.set(path, fd);
    if (this.#kept.size > KEPT_MAX) {
      const [oldest, oldestFd] = this.#kept.entries().next().value!;
      this.#kept.delete(oldest);
      closeSync(oldestFd);
    }
    return fd;
  }

  /** A directory or link was removed below `except`: what was resolved through it is no longer true. */
  forget(except = -1): void {
    for (const [path, fd] of this.#kept) {
      if (fd === except) continue;
      this.#kept.delete(path);
      closeSync(fd);
    }
  }

  /** Makes a missing directory and those above it, owned by root, mode 0755, as every extractor does. */
  #make(path: ByteText): number {
    const [above, name] = splitLast(path);
    const parent = this.open(above);
    let tookWhiteout = false;
    let made = tryMkdirAt(parent, pathBytes(name), 0o755);
    if (made === -ERRNO.EEXIST && this.#clear(parent, name)) {
      tookWhiteout = true;
      made = tryMkdirAt(parent, pathBytes(name), 0o755);
    }
    // Something else of that name: a file, or a link that leads nowhere inside the root.
    if (made < 0) throw refused(path, made === -ERRNO.EEXIST ? ENOTDIR : -made);
    const fd = tryOpenAt(parent, pathBytes(name), OPEN_DIRECTORY);
    if (fd < 0) throw refused(path, -fd);
    chmodFd(fd, 0o755);
    this.#implied(fd, tookWhiteout);
    return fd;
  }
}

/** What the archive itself is to blame for is a TarError; the rest is the system's. */
function refused(path: ByteText, errno: number): Error {
  const name = JSON.stringify(path.slice(0, 200));
  const error = new SystemError('openat2', errno, name);
  const byArchive = [ENOTDIR, ELOOP, 36 /* ENAMETOOLONG */, 18 /* EXDEV */].includes(errno);
  return byArchive ? new TarError(`${name}: not a directory (${error.code})`) : error;
}
