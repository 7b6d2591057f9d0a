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
  tryOpenDirectoryInTree,
} from '../../linux/index.ts';
import { quote } from './names-at.ts';

/** Descriptors kept open; archives come directory by directory, so few are wanted again. */
const KEPT_MAX = 64;
const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Where the names of an archive's members begin. */
export interface StartingPoint {
  /** What `/` means to links, and what `..` does not leave. */
  readonly root: number;
  /** The directory below it that names are relative to, clean, '' for the root itself. */
  readonly base: ByteText;
  /** That directory, open. */
  readonly directory: number;
  /** What is mounted inside is part of the tree. */
  readonly mounts: boolean;
}

/** Directories on the way to members: found, or made when they are missing. */
export class Parents {
  readonly #start: StartingPoint;
  readonly #openInside: typeof tryOpenDirectoryInRoot;
  readonly #kept = new Map<ByteText, number>();
  /** Called for a name that stands in the way of a directory; true when it was removed (it was a whiteout). */
  readonly #clear: (dir: number, name: ByteText) => boolean;
  /** Called for each directory that no archive member spoke of, with the descriptor it was just opened at. */
  readonly #implied: (fd: number, tookWhiteout: boolean) => void;
  /** Called before something is made in the directory `path`, open as `fd`. */
  readonly #writing: (path: ByteText, fd: number) => void;

  constructor(
    start: StartingPoint,
    clear: (dir: number, name: ByteText) => boolean = () => false,
    implied: (fd: number, tookWhiteout: boolean) => void = () => undefined,
    writing: (path: ByteText, fd: number) => void = () => undefined,
  ) {
    this.#start = start;
    this.#openInside = start.mounts ? tryOpenDirectoryInTree : tryOpenDirectoryInRoot;
    this.#clear = clear;
    this.#implied = implied;
    this.#writing = writing;
  }

  /** The directory `path` (clean, '' is the root), owned by this object. @throws TarError when it is none and cannot be */
  open(path: ByteText): number {
    if (path === '') return this.#start.directory;
    const found = this.#look(path);
    if (found >= 0) return found;
    if (found !== -ERRNO.ENOENT && found !== -ERRNO.ENOTDIR) throw refused(path, -found);
    return this.keep(path, this.#make(path));
  }

  /** The same, but nothing is made: undefined when there is no such directory. */
  find(path: ByteText): number | undefined {
    const found = path === '' ? this.#start.directory : this.#look(path);
    return found < 0 ? undefined : found;
  }

  #look(path: ByteText): number {
    const kept = this.#kept.get(path);
    if (kept === undefined) {
      const { root, base } = this.#start;
      const found = this.#openInside(root, pathBytes(base === '' ? path : `${base}/${path}`));
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
    this.#writing(above, parent);
    let tookWhiteout = false;
    let made = tryMkdirAt(parent, pathBytes(name), 0o755);
    if (made === -ERRNO.EEXIST && this.#clear(parent, name)) {
      tookWhiteout = true;
      made = tryMkdirAt(parent, pathBytes(name), 0o755);
    }
    // Something else of that name: a file, or a link that leads nowhere inside the root.
    if (made < 0) throw refused(path, made === -ERRNO.EEXIST ? ERRNO.ENOTDIR : -made);
    const fd = tryOpenAt(parent, pathBytes(name), OPEN_DIRECTORY);
    if (fd < 0) throw refused(path, -fd);
    chmodFd(fd, 0o755);
    this.#implied(fd, tookWhiteout);
    return fd;
  }
}

/** What the archive itself is to blame for is a TarError; the rest is the system's. */
function refused(path: ByteText, errno: number): Error {
  const name = quote(path);
  const error = new SystemError('openat2', errno, name);
  const byArchive = [ERRNO.ENOTDIR, ERRNO.ELOOP, ERRNO.ENAMETOOLONG, 18 /* EXDEV */].includes(errno);
  return byArchive ? new TarError(`${name}: not a directory (${error.code})`) : error;
}
