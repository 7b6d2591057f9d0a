/**
 * Writes the members of an archive below a directory: the one extractor of this engine. Every name is resolved by the
 * kernel below the root's descriptor; nothing outside is reached whatever the archive says.
 */
import { closeSync, constants, ftruncateSync } from 'node:fs';
import { Failed } from '../../base/errors.ts';
import type { IdMap } from '../../base/id-map.ts';
import { type ByteText, TAR_LIMITS, type TarEntry, TarError } from '../../formats/tar/entry.ts';
import { pathBelowRoot, splitLast } from '../../formats/tar/path.ts';
import type { TarSink } from '../../formats/tar/reader.ts';
import {
  asRootOf,
  ERRNO,
  makeDevice,
  type PathBytes,
  pathBytes,
  removeTreeAt,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  SystemError,
  setTimesFd,
  tryLinkAt,
  tryMkdirAt,
  tryMknodAt,
  tryOpenAt,
  trySymlinkAt,
  writeAll,
} from '../../linux/index.ts';
import { Attributes, atimeOf } from './attributes.ts';
import { DirectoryTimes } from './directory-times.ts';
import { isHole } from './holes.ts';
import { codeName, lstatAt, quote, refuseBusy, sameFile } from './names-at.ts';
import { Parents } from './parents.ts';
import { hiddenBy, hide, isWhiteout, WHITEOUT } from './whiteouts.ts';

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** How a tree is written. */
export interface TreeWriterOptions {
  /** `overlay`: `.wh.x` and `.wh..wh..opq` become what overlayfs reads; `plain`: they are names like others. */
  readonly whiteouts: 'overlay' | 'plain';
  /** Into a tree that is in use; undefined: into one of our own. */
  readonly guest?: Guest | undefined;
}

/** How an archive is unpacked into a container. */
export interface Guest {
  /** The container's root; the writer's own directory is somewhere below it. */
  readonly root: number;
  /** That directory's path inside, clean. */
  readonly base: ByteText;
  /** Whose everything is; undefined: as the archive says. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** A directory is not replaced by something else, nor the reverse. */
  readonly keepKinds: boolean;
  /** Paths inside at which something is mounted: they are never removed, nor what is above them. */
  readonly busy: readonly ByteText[];
  /** Ids of who is inside, where they are not the host's. */
  readonly map?: IdMap | undefined;
}

/** What the tree holds, as far as the archive was read. */
export interface TreeTotals {
  /** Sum of the sizes of all that is no directory; a file with several names counts once. */
  readonly bytes: number;
  readonly entries: number;
  /** The archive hides everything below its layer. */
  readonly opaqueRoot: boolean;
  /** Something was replaced by a later member: `bytes` is too high and must be counted from the tree. */
  readonly replaced: boolean;
}

/** A sink for an archive's members. Close it, however it ends. */
export class TreeWriter implements TarSink {
  readonly #root: number;
  readonly #overlay: boolean;
  readonly #guest: Guest | undefined;
  readonly #attributes: Attributes;
  readonly #parents: Parents;
  readonly #directoryTimes = new DirectoryTimes((path) => this.#openDirectory(path));
  #file: { fd: number; entry: TarEntry; end: number } | undefined;
  #bytes = 0;
  #entries = 0;
  #opaqueRoot = false;
  #replaced = false;

  /** `root`: an open directory; the caller closes it after {@link close}. */
  constructor(root: number, { whiteouts, guest }: TreeWriterOptions) {
    this.#root = root;
    this.#overlay = whiteouts === 'overlay';
    this.#guest = guest;
    this.#attributes = new Attributes(guest?.owner, guest?.map);
    this.#parents = new Parents(
      { root: guest?.root ?? root, base: guest?.base ?? '', directory: root, mounts: guest !== undefined },
      (dir, name) => this.#clearWhiteout(dir, name),
      (fd, tookWhiteout) => {
        if (tookWhiteout) this.#attributes.makeOpaque(fd, '');
      },
      (path, fd) => this.#directoryTimes.writing(path, fd),
    );
  }

  get totals(): TreeTotals {
    return {
      bytes: this.#bytes,
      entries: this.#entries,
      opaqueRoot: this.#opaqueRoot,
      replaced: this.#replaced,
    };
  }

  entry(entry: TarEntry): void {
    const map = this.#guest?.map;
    if (map === undefined) this.#make(entry);
    else asRootOf(map, () => this.#make(entry));
  }

  #make(entry: TarEntry): void {
    this.#entries++;
    const path = pathBelowRoot(entry.path);
    if (path === '') {
      this.#rootEntry(entry);
      return;
    }
    const [above, name] = splitLast(path);
    if (name.length > TAR_LIMITS.nameBytes) throw new TarError(`${quote(name)}: name too long`);
    if (this.#overlay && name.startsWith(WHITEOUT)) this.#whiteout(entry, above, name);
    else {
      const dir = this.#parents.open(above);
      this.#directoryTimes.writing(above, dir);
      if (this.#guest?.keepKinds) this.#checkKind(entry, this.#guest, dir, name);
      this.#member(entry, path, dir, name);
    }
  }

  data(bytes: Buffer, offset: number): void {
    const file = this.#file;
    if (!file) return;
    if (isHole(bytes)) return; // the file is new, and gets its size at its end
    writeAll(file.fd, bytes, offset);
    file.end = offset + bytes.length;
  }

  end(): void {
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    const { fd, entry } = file;
    try {
      if (entry.size > file.end) ftruncateSync(fd, entry.size);
      this.#attributes.ofOpen(fd, entry);
      setTimesFd(fd, atimeOf(entry), entry.mtimeNanos);
    } finally {
      closeSync(fd);
    }
    this.#bytes += entry.size;
  }

  /** Removes what stands at `path` (clean, not the root); nothing there: nothing to do. */
  discard(path: ByteText): void {
    const [above, name] = splitLast(path);
    const dir = this.#parents.find(above);
    if (dir === undefined) return;
    this.#directoryTimes.writing(above, dir);
    this.#remove(dir, name);
  }

  /** The archive is over: directories get their times. */
  finish(): void {
    this.#directoryTimes.finish();
  }

  /** Negative: no longer a directory, because a later member replaced it. */
  #openDirectory(path: ByteText): number {
    const [above, name] = splitLast(path);
    const dir = this.#parents.find(above);
    return dir === undefined ? -ERRNO.ENOENT : tryOpenAt(dir, pathBytes(name || '.'), OPEN_DIRECTORY);
  }

  /** Releases every descriptor, also in the middle of a file. */
  close(): void {
    this.#parents.forget();
    if (this.#file) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #rootEntry(entry: TarEntry): void {
    if (entry.type !== 'directory') throw new TarError(`${quote(entry.path)}: the root must be a directory`);
    if (this.#guest) return; // the directory is the container's, and stays as it is
    this.#attributes.ofOpen(this.#root, entry);
    this.#directoryTimes.set('', [atimeOf(entry), entry.mtimeNanos]);
  }

  #member(entry: TarEntry, path: ByteText, dir: number, name: ByteText): void {
    switch (entry.type) {
      case 'file':
        this.#file = { fd: this.#newFile(dir, name), entry, end: 0 };
        return;
      case 'directory':
        this.#directory(entry, path, dir, name);
        return;
      case 'symlink':
        this.#create(dir, name, (bytes) => trySymlinkAt(pathBytes(entry.linkPath), dir, bytes));
        this.#attributes.ofName(dir, name, entry);
        this.#bytes += entry.linkPath.length;
        return;
      case 'hardlink':
        this.#hardLink(entry, dir, name);
        return;
      case 'char':
      case 'block':
      case 'fifo':
        this.#node(entry, dir, name);
        return;
      default:
        entry.type satisfies never;
    }
  }

  #checkKind({ type, path }: TarEntry, { base }: Guest, dir: number, name: ByteText): void {
    const there = lstatAt(dir, name);
    if (!there || there.isDirectory() === (type === 'directory')) return;
    const [standing, coming] = there.isDirectory()
      ? ['directory', 'non-directory']
      : ['non-directory', 'directory'];
    const whole = `/${base}${base === '' ? '' : '/'}${pathBelowRoot(path)}`;
    // Not the archive's fault: it is fine, and stands on what is there. Dockerd answers 500, which clients wait for.
    throw new Failed(`cannot overwrite ${standing} ${quote(whole)} with ${coming} ${quote(`/${base}`)}`);
  }

  #newFile(dir: number, name: ByteText): number {
    let fd = -1;
    this.#create(dir, name, (bytes) => {
      fd = tryOpenAt(dir, bytes, NEW_FILE, 0o600);
      return fd;
    });
    return fd;
  }

  /** Makes something new at a name: what stood there goes first. */
  #create(dir: number, name: ByteText, make: (bytes: PathBytes) => number): { tookWhiteout: boolean } {
    const bytes = pathBytes(name);
    let made = make(bytes);
    let tookWhiteout = false;
    if (made === -ERRNO.EEXIST) {
      tookWhiteout = this.#isWhiteout(dir, name);
      this.#remove(dir, name);
      made = make(bytes);
    }
    if (made < 0) throw new SystemError('create', -made, quote(name));
    return { tookWhiteout };
  }

  #directory(entry: TarEntry, path: ByteText, dir: number, name: ByteText): void {
    const bytes = pathBytes(name);
    let fd = -1;
    let opaque = false;
    const made = tryMkdirAt(dir, bytes, 0o700);
    if (made === -ERRNO.EEXIST) fd = tryOpenAt(dir, bytes, OPEN_DIRECTORY);
    if (made < 0 && fd < 0)
      opaque = this.#create(dir, name, () => tryMkdirAt(dir, bytes, 0o700)).tookWhiteout;
    if (fd < 0) fd = tryOpenAt(dir, bytes, OPEN_DIRECTORY);
    if (fd < 0) throw new SystemError('openat', -fd, quote(path));
    this.#parents.keep(path, fd);
    if (opaque) this.#attributes.makeOpaque(fd, path);
    this.#attributes.ofOpen(fd, entry);
    this.#directoryTimes.set(path, [atimeOf(entry), entry.mtimeNanos]);
  }

  /** The target is a name in the same archive, its directories resolved as all others; a link at its end is not followed. */
  #hardLink(entry: TarEntry, dir: number, name: ByteText): void {
    const [above, targetName] = splitLast(pathBelowRoot(entry.linkPath));
    const link = (): number => {
      const targetDir = targetName === '' ? undefined : this.#parents.find(above);
      if (targetDir === undefined) return -ERRNO.ENOENT;
      const linked = tryLinkAt(targetDir, pathBytes(targetName), dir, pathBytes(name));
      return linked === -ERRNO.EEXIST && sameFile(targetDir, targetName, dir, name) ? 0 : linked;
    };
    let linked = link();
    if (linked === -ERRNO.EEXIST) {
      this.#remove(dir, name);
      linked = link();
    }
    if (linked < 0)
      throw new TarError(`${quote(entry.path)}: hard link to ${quote(entry.linkPath)}: ${codeName(linked)}`);
    this.#attributes.ofLink(entry, dir, name);
  }

  #node(entry: TarEntry, dir: number, name: ByteText): void {
    const kind = { char: S_IFCHR, block: S_IFBLK, fifo: S_IFIFO }[entry.type as 'char' | 'block' | 'fifo'];
    const device = entry.type === 'fifo' ? 0 : makeDevice(entry.major, entry.minor);
    this.#create(dir, name, (bytes) => tryMknodAt(dir, bytes, kind | 0o600, device));
    this.#attributes.ofName(dir, name, entry);
  }

  #whiteout(entry: TarEntry, above: ByteText, name: ByteText): void {
    const hidden = hiddenBy(name, entry.path);
    if (hidden.is === 'nothing') return;
    if (hidden.is === 'all') {
      if (above === '') this.#opaqueRoot = true;
      else this.#attributes.makeOpaque(this.#parents.open(above), above);
      return;
    }
    const dir = this.#parents.open(above);
    this.#directoryTimes.writing(above, dir);
    hide(dir, hidden.name, entry.path, this.#attributes);
  }

  #remove(dir: number, name: ByteText): void {
    if (this.#guest) refuseBusy(this.#guest.busy, dir, name);
    removeTreeAt(dir, pathBytes(name));
    this.#replaced = true;
    // The name may have been a directory or link on the way to others. `dir` itself stays open: it is the caller's next.
    this.#parents.forget(dir);
  }

  #isWhiteout(dir: number, name: ByteText): boolean {
    return this.#overlay && isWhiteout(dir, name);
  }

  #clearWhiteout(dir: number, name: ByteText): boolean {
    if (!this.#isWhiteout(dir, name)) return false;
    removeTreeAt(dir, pathBytes(name));
    return true;
  }
}
