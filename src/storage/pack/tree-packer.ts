/**
 * Writes a tree as a tar archive: directories in the order of their names, as they stand when their turn comes. Its
 * processes may change it meanwhile, and directories may be deeper than descriptors last.
 */
import { closeSync, type Dirent, readdirSync } from 'node:fs';
import { type ByteText, TAR_LIMITS } from '../../formats/tar/entry.ts';
import { splitLast } from '../../formats/tar/path.ts';
import { ERRNO, pathBytes, SystemError, tryOpenDirectoryInTree } from '../../linux/index.ts';
import { Members, type Told } from './members.ts';
import type { PieceMemory } from './piece-memory.ts';

/** Directories kept open on the way down; those above are found again on the way back. */
const KEPT_OPEN = 64;

/** How an archive is made. */
export interface PackOptions extends Told {
  /** The archive has no end: another follows it. */
  readonly goesOn?: boolean | undefined;
}

interface Level {
  /** Negative: closed meanwhile, or gone. */
  fd: number;
  readonly path: ByteText;
  /** The directory's name in the archive, ending in a slash; '' for names that begin without. */
  readonly archived: ByteText;
  readonly entries: readonly Dirent[];
  next: number;
}

/** Makes an archive of a tree, or of one thing in it. Close it, however it ends. */
export class TreePacker {
  readonly #root: number;
  readonly #members: Members;
  readonly #goesOn: boolean | undefined;
  readonly #levels: Level[] = [];

  /** `root`: an open directory; the caller closes it after {@link close}. */
  constructor(root: number, memory: PieceMemory, { goesOn, ...told }: PackOptions = {}) {
    this.#root = root;
    this.#goesOn = goesOn;
    this.#members = new Members(memory, told);
  }

  /** Releases every descriptor, also in the middle. */
  close(): void {
    for (const { fd } of this.#levels.splice(0)) if (fd >= 0) closeSync(fd);
  }

  /** The archive of all below the root, without a member for the root itself, and without the names there in `without`. */
  *everything(without: readonly ByteText[] = []): Generator<Buffer> {
    const fd = tryOpenDirectoryInTree(this.#root, '.');
    if (fd < 0) throw new SystemError('openat2', -fd, '/');
    this.#enter(fd, '', '', without);
    yield* this.#descend();
  }

  /** The archive of what is at `path` (clean, '' is the root), called `name` in it. @throws SystemError */
  *one(path: ByteText, name: ByteText): Generator<Buffer> {
    const [above, last] = splitLast(path);
    const parent = this.#open(above);
    if (parent < 0) throw new SystemError('openat2', -parent, above);
    try {
      const fd = yield* this.#members.member(parent, last === '' ? '.' : last, name);
      if (fd !== undefined) this.#enter(fd, path, name.endsWith('/') ? name : `${name}/`);
    } finally {
      closeSync(parent);
    }
    yield* this.#descend();
  }

  *#descend(): Generator<Buffer> {
    for (let level = this.#levels.at(-1); level; level = this.#levels.at(-1)) {
      const entry = level.entries[level.next++];
      if (level.fd < 0 && entry !== undefined) level.fd = this.#open(level.path);
      if (entry === undefined || level.fd < 0) {
        this.#levels.pop();
        if (level.fd >= 0) closeSync(level.fd);
        continue;
      }
      const { name } = entry;
      const archived = level.archived + name;
      const fd = yield* this.#members.member(level.fd, name, archived, looksOf(entry));
      if (fd !== undefined)
        this.#enter(fd, level.path === '' ? name : `${level.path}/${name}`, `${archived}/`);
    }
    yield* this.#members.end(this.#goesOn);
  }

  #open(path: ByteText): number {
    return tryOpenDirectoryInTree(this.#root, pathBytes(path === '' ? '.' : path));
  }

  #enter(fd: number, path: ByteText, archived: ByteText, without: readonly ByteText[] = []): void {
    const level: Level = { fd, path, archived, entries: [], next: 0 };
    this.#levels.push(level);
    // A path that the kernel would not take: whoever unpacks it could not make it either.
    if (path.length > TAR_LIMITS.pathBytes)
      throw new SystemError('openat', ERRNO.ENAMETOOLONG, `${path.slice(0, 200)}…`);
    const entries = readdirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1', withFileTypes: true });
    const wanted = entries.filter(({ name }) => !without.includes(name));
    this.#levels.splice(-1, 1, { ...level, entries: wanted.sort(byName) });
    const far = this.#levels.at(-KEPT_OPEN - 1);
    if (!far || far.fd < 0) return;
    closeSync(far.fd);
    far.fd = -1;
  }
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

const looksOf = (entry: Dirent): 'file' | 'directory' | undefined =>
  entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : undefined;
