/** The index of a directory as its sender tells it, file by file: what is told is checked, and compared with what is here. */
import { kindOfGoMode, permissionsOfGoMode } from '../../formats/file-sync/mode.ts';
import type { FileStat } from '../../formats/file-sync/packet.ts';
import { type ByteText, TAR_LIMITS } from '../../formats/tar/entry.ts';
import { splitLast } from '../../formats/tar/path.ts';
import { ContextIndex, type Inode, type InodeFacts } from '../files/context-index.ts';
import { CAPABILITIES } from '../files/node.ts';
import { quote } from '../unpack/names-at.ts';
import { SyncError } from './sync-error.ts';

/** A directory that names can still be told of. */
interface OpenDirectory {
  readonly path: ByteText;
  readonly inode: Inode;
  /** The same directory in the index from before; undefined: there was none. */
  readonly before: Inode | undefined;
  /** The last name that was told. */
  last: ByteText;
}

/** A regular file with bytes of its own. */
export interface ToldFile {
  readonly inode: Inode;
  readonly size: number;
  /** The file in the index from before that it seems to be still; undefined: none. */
  readonly before: Inode | undefined;
}

/** The index while it comes to be. */
export class SyncedTree {
  readonly index = new ContextIndex();
  readonly #before: ContextIndex | undefined;
  /** From the root down to the directory of the last name. */
  readonly #open: OpenDirectory[];

  /** `before`: what the directory was the last time. */
  constructor(before: ContextIndex | undefined) {
    this.#before = before;
    this.#open = [{ path: '', inode: 0, before: before && 0, last: '' }];
  }

  /** The next file or directory; undefined: it has no bytes of its own. @throws SyncError, TarError beyond a limit */
  add(stat: FileStat): ToldFile | undefined {
    const [above, name] = splitLast(checkedPath(stat.path));
    const directory = this.#directoryOf(stat.path, above);
    if (name <= directory.last)
      throw new SyncError(`${quote(stat.path)} is told after ${quote(directory.last)}`);
    directory.last = name;
    const type = kindOfGoMode(stat.mode);
    if (type === undefined)
      throw new SyncError(`${quote(stat.path)} is a socket, or of no kind that is known`);
    if (stat.linkname !== '' && type !== 'symlink' && type !== 'directory') {
      this.index.link(directory.inode, name, this.#linked(stat));
      return undefined;
    }
    const facts = factsOf(stat, type);
    const inode = this.index.add(facts);
    this.index.link(directory.inode, name, inode);
    const before = directory.before === undefined ? undefined : this.#before?.find(directory.before, name);
    if (type === 'directory')
      this.#enter({ path: stat.path, inode, before: this.#asDirectory(before), last: '' });
    return type === 'file' ? { inode, size: stat.size, before: this.#asFile(before, facts) } : undefined;
  }

  #enter(directory: OpenDirectory): void {
    this.#open.push(directory);
  }

  /** Goes back up to a directory that is still open. */
  #directoryOf(path: ByteText, above: ByteText): OpenDirectory {
    let directory = this.#open.at(-1)!;
    while (directory.path !== above && this.#open.length > 1) {
      this.#open.pop();
      directory = this.#open.at(-1)!;
    }
    if (directory.path === above) return directory;
    throw new SyncError(`${quote(path)} is told outside of its directory, or where there is none`);
  }

  #asDirectory(before: Inode | undefined): Inode | undefined {
    return before !== undefined && this.#before?.typeOf(before) === 'directory' ? before : undefined;
  }

  #asFile(before: Inode | undefined, facts: InodeFacts): Inode | undefined {
    return before !== undefined && this.#before?.isSuchFile(before, facts) ? before : undefined;
  }

  /** The file that a hard link names, which was told before; the link's own words are the last on what it is. */
  #linked(stat: FileStat): Inode {
    let inode: Inode | undefined = 0;
    for (const part of checkedPath(stat.linkname).split('/'))
      if (inode !== undefined)
        inode = this.index.typeOf(inode) === 'directory' ? this.index.find(inode, part) : undefined;
    const type = inode === undefined ? undefined : this.index.typeOf(inode);
    if (inode === undefined || type === 'directory' || type === 'symlink')
      throw new SyncError(
        `${quote(stat.path)}: hard link to ${quote(stat.linkname)}, which is no file that was told`,
      );
    const { uid, gid, mtimeNanos } = stat;
    this.index.set(inode, {
      ...this.index.facts(inode),
      mode: permissionsOfGoMode(stat.mode),
      uid,
      gid,
      mtimeNanos,
    });
    return inode;
  }
}

/** @throws SyncError unless it is relative and clean, of parts that a disk could have */
function checkedPath(path: ByteText): ByteText {
  if (path === '' || /(?:^|\/)\.{0,2}(?:\/|$)|\0/.test(path) || path.length > TAR_LIMITS.pathBytes)
    throw new SyncError(`${quote(path)} is no path below a directory`);
  if (
    path.length > TAR_LIMITS.nameBytes &&
    path.split('/').some((part) => part.length > TAR_LIMITS.nameBytes)
  )
    throw new SyncError(`${quote(path)}: name too long`);
  return path;
}

function factsOf(stat: FileStat, type: InodeFacts['type']): InodeFacts {
  const { uid, gid, size, mtimeNanos, linkname, major, minor, xattrs } = stat;
  if (
    type === 'symlink' &&
    (linkname === '' || linkname.length > TAR_LIMITS.pathBytes || linkname.includes('\0'))
  )
    throw new SyncError(`${quote(stat.path)} is a link to ${quote(linkname)}`);
  const isFile = type === 'file';
  const isDevice = type === 'char' || type === 'block';
  return {
    type,
    mode: permissionsOfGoMode(stat.mode),
    uid,
    gid,
    size: isFile ? size : 0,
    mtimeNanos,
    offset: 0,
    text: type === 'symlink' ? linkname : isFile ? (xattrs.get(CAPABILITIES)?.toString('latin1') ?? '') : '',
    major: isDevice ? numberOf(major) : 0,
    minor: isDevice ? numberOf(minor) : 0,
  };
}

function numberOf(device: number): number {
  if (device >= 2 ** 32) throw new SyncError(`a device with the number ${device}`);
  return device;
}
