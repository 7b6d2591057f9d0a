/**
 * Takes a build context in: its contents into one file, all else into an index. Nothing gets a name on this machine: to
 * make thousands of files, only to read most of them once, is what costs elsewhere.
 */

import { codeOf } from '../../base/errors.ts';
import { type ByteText, TAR_LIMITS, type TarEntry, TarError } from '../../formats/tar/entry.ts';
import { pathBelowRoot, splitLast } from '../../formats/tar/path.ts';
import { TarReader, type TarSink } from '../../formats/tar/reader.ts';
import { plainSpooled } from '../unpack/intake.ts';
import { quote } from '../unpack/names-at.ts';
import type { Incoming } from '../unpack/sources.ts';
import {
  ContextIndex,
  type Inode,
  type InodeFacts,
  impliedDirectory,
  type SharedIndex,
} from './context-index.ts';
import { DataFile } from './data-file.ts';
import { CAPABILITIES } from './node.ts';
import { type Place, resolve } from './resolve.ts';

/**
 * Writes contents to the new file `data` and gives the index. `spool`: a file that may be made, and is the caller's to
 * remove. @throws TarError when the archive is to blame, SystemError
 */
export async function takeContext(incoming: Incoming, data: string, spool: string): Promise<SharedIndex> {
  const file = new DataFile(data);
  try {
    const sink = new ContextSink(file);
    const reader = new TarReader(sink);
    for await (const chunk of plainSpooled(incoming, spool)) reader.push(chunk);
    reader.finish();
    file.finish();
    return sink.index.share();
  } finally {
    file.close();
  }
}

/** Files as the archive brings them; later members replace earlier ones, as they would on a disk. */
class ContextSink implements TarSink {
  readonly index = new ContextIndex();
  readonly #data: DataFile;
  /** Directories by the path that members call them by. */
  readonly #directories = new Map<ByteText, { readonly inode: Inode; readonly place: ByteText }>();
  #file: { readonly inode: Inode; readonly size: number; end: number } | undefined;

  constructor(data: DataFile) {
    this.#data = data;
  }

  entry(entry: TarEntry): void {
    const path = pathBelowRoot(entry.path);
    if (path === '') this.#root(entry);
    else {
      const [above, name] = splitLast(path);
      if (name.length > TAR_LIMITS.nameBytes) throw new TarError(`${quote(name)}: name too long`);
      const { inode, place } = this.#directory(above);
      // Links can lead deeper than any path: who walks the tree must come to an end.
      if (place.length + name.length >= TAR_LIMITS.pathBytes)
        throw new TarError(`${quote(path)}: path too long`);
      this.#member(entry, inode, name);
    }
  }

  data(bytes: Buffer, offset: number): void {
    const file = this.#file!;
    this.#data.skip(offset - file.end);
    this.#data.write(bytes);
    file.end = offset + bytes.length;
  }

  end(): void {
    const file = this.#file;
    if (!file) return;
    this.#data.skip(file.size - file.end);
    this.index.setHash(file.inode, this.#data.end());
    this.#file = undefined;
  }

  #root(entry: TarEntry): void {
    if (entry.type !== 'directory') throw new TarError(`${quote(entry.path)}: the root must be a directory`);
    this.index.set(0, factsOf(entry, 'directory', 0));
  }

  #member(entry: TarEntry, directory: Inode, name: ByteText): void {
    const there = this.index.find(directory, name);
    if (entry.type === 'hardlink') {
      const inode = this.#linked(entry, there);
      if (inode !== there) this.#put(directory, name, inode, there);
      // What was replaced may have been on the way to the file.
      if (there !== undefined) this.#linked(entry, there);
      return;
    }
    const facts = factsOf(entry, entry.type, this.#data.begin());
    if (entry.type === 'directory' && there !== undefined && this.index.typeOf(there) === 'directory') {
      this.index.set(there, facts);
      return;
    }
    const inode = this.index.add(facts);
    this.#put(directory, name, inode, there);
    if (entry.type === 'file') this.#file = { inode, size: entry.size, end: 0 };
  }

  #put(directory: Inode, name: ByteText, inode: Inode, there: Inode | undefined): void {
    // A directory or a link on the way to others may be gone now.
    if (there !== undefined) this.#directories.clear();
    this.index.link(directory, name, inode);
  }

  /** The file that a hard link names; the link's own header has the last word on what it is. */
  #linked(entry: TarEntry, there: Inode | undefined): Inode {
    const [above, name] = splitLast(pathBelowRoot(entry.linkPath));
    const place = name === '' ? undefined : this.#resolve(above).node;
    const inode = place?.type === 'directory' ? this.index.find(place.inode, name) : undefined;
    const type = inode === undefined ? 'directory' : this.index.typeOf(inode);
    const isItself = inode === there; // even a directory may be said to be another name of itself
    if (inode === undefined || (type === 'directory' && !isItself))
      throw new TarError(`${quote(entry.path)}: hard link to ${quote(entry.linkPath)}, which is no file`);
    const { mode, uid, gid, mtimeNanos } = entry;
    this.index.set(inode, { ...this.index.facts(inode), mode, uid, gid, mtimeNanos });
    return inode;
  }

  /** The directory of a member, made when no member has spoken of it; and its path without links. */
  #directory(path: ByteText): { inode: Inode; place: ByteText } {
    if (path === '') return { inode: 0, place: '' };
    const known = this.#directories.get(path);
    if (known) return known;
    const { path: place, node } = this.#resolve(path);
    if (node !== undefined && node.type !== 'directory')
      throw new TarError(`${quote(path)}: not a directory`);
    const found = node === undefined ? this.#make(path) : { inode: node.inode, place };
    this.#directories.set(path, found);
    return found;
  }

  #make(path: ByteText): { inode: Inode; place: ByteText } {
    const [above, name] = splitLast(path);
    const { inode: directory, place } = this.#directory(above);
    if (this.index.find(directory, name) !== undefined)
      throw new TarError(`${quote(path)}: not a directory, but a link to nothing`);
    const inode = this.index.add(impliedDirectory);
    this.index.link(directory, name, inode);
    return { inode, place: place === '' ? name : `${place}/${name}` };
  }

  #resolve(path: ByteText): ReturnType<typeof resolve<IndexPlace>> {
    try {
      return resolve(new IndexPlace(this.index, 0), path, { strict: true });
    } catch (error) {
      throw new TarError(`${quote(path)}: not a directory (${codeOf(error)})`);
    }
  }
}

/** An inode, as the resolver of paths looks at it. */
class IndexPlace implements Place<IndexPlace> {
  readonly inode: Inode;
  readonly #index: ContextIndex;

  constructor(index: ContextIndex, inode: Inode) {
    this.#index = index;
    this.inode = inode;
  }
  get type(): string {
    return this.#index.typeOf(this.inode);
  }
  get linkPath(): ByteText {
    return this.#index.facts(this.inode).text;
  }
  find(name: ByteText): IndexPlace | undefined {
    const found = this.#index.find(this.inode, name);
    return found === undefined ? undefined : new IndexPlace(this.#index, found);
  }
}

const factsOf = (entry: TarEntry, type: InodeFacts['type'], offset: number): InodeFacts => ({
  ...entry,
  type,
  offset,
  text: type === 'symlink' ? entry.linkPath : (entry.xattrs.get(CAPABILITIES)?.toString('latin1') ?? ''),
});
