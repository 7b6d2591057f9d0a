/** Copies files of a source into a new layer, as the first engine's COPY and ADD do. */
import type { ByteText, TarEntry } from '../../formats/tar/entry.ts';
import { splitLast } from '../../formats/tar/path.ts';
import { tarEntry } from '../../formats/tar/writer.ts';
import { hostFile } from './content.ts';
import { type NewLayer, type Owner, ROOT, type Shown } from './new-layer.ts';
import { CAPABILITIES, type FileNode } from './node.ts';
import { resolve } from './resolve.ts';

/** How copies change what they copy. */
export interface CopyChanges {
  /** Undefined: each keeps its own. */
  readonly owner: Owner | undefined;
  readonly mode: number | undefined;
  /** See `CopyStep`. */
  readonly likeCp: boolean | undefined;
}

/** Where copies go. */
export interface Target {
  /** As it was asked for, with its last slash. */
  readonly destination: ByteText;
  /** Below a destination that is a directory: the copy's name, or its path where parents are kept. */
  readonly name: ByteText;
}

/** Copies what is in a directory; it has the target's name only when parents are kept. */
export function* copyDirectory(
  layer: NewLayer,
  directory: FileNode,
  { destination, name }: Target,
  changes: CopyChanges,
): Generator<Buffer> {
  const { path } = resolve(layer.root, destination);
  const place = [path, name].filter((part) => part !== '').join('/');
  const owner = changes.owner ?? ROOT;
  const at = yield* layer.directory(place, owner, changes.likeCp ? owner : ROOT);
  // Also when nothing in it is new: the first engine makes a place of its own there for a moment.
  // The root of what a client has sent has no time of its own.
  const { mtimeNanos } = directory.describe('');
  if (changes.likeCp && mtimeNanos !== 0n) yield* layer.timed(at, mtimeNanos);
  else yield* layer.written(at);
  yield* new Copying(layer, changes).entries(directory, at);
}

/** Copies one regular file. */
export function* copyFile(
  layer: NewLayer,
  file: FileNode,
  target: Target,
  changes: CopyChanges,
): Generator<Buffer> {
  const [at, name] = yield* placeOfFile(layer, target, changes.owner ?? ROOT);
  yield* new Copying(layer, changes).entry(file, at, name);
}

/** Writes a file that is in no source. */
export function* writeFile(
  layer: NewLayer,
  content: Buffer | string,
  target: Target,
  entry: Partial<TarEntry> & Owner,
): Generator<Buffer> {
  const { uid, gid } = entry;
  const [at, name] = yield* placeOfFile(layer, target, { uid, gid });
  const member = { mtimeNanos: layer.nowNanos, ...entry, path: name };
  if (typeof content === 'string') {
    using file = hostFile(content).open();
    yield* layer.member(at, name, tarEntry({ ...member, size: file.size }));
    yield* layer.output.file(file.fd, file.size);
  } else {
    yield* layer.member(at, name, tarEntry({ ...member, size: content.length }));
    yield* layer.output.bytes(content);
    yield* layer.output.padding(content.length);
  }
}

/** A file goes into what is a directory, or is said to be one by a slash; else it gets the destination's name. */
function* placeOfFile(
  layer: NewLayer,
  { destination, name }: Target,
  owner: Owner,
): Generator<Buffer, [at: Shown, name: ByteText]> {
  const { path, node } = resolve(layer.root, destination);
  const isInto = destination.endsWith('/') || node?.type === 'directory' || name.includes('/');
  const [above, last] = isInto ? splitLast(path === '' ? name : `${path}/${name}`) : splitLast(path);
  return [yield* layer.directory(above, owner, owner), last];
}

/** One copy: names of one file stay names of one file. */
class Copying {
  readonly #layer: NewLayer;
  readonly #changes: CopyChanges;
  readonly #firstNames = new Map<string, ByteText>();

  constructor(layer: NewLayer, changes: CopyChanges) {
    this.#layer = layer;
    this.#changes = changes;
  }

  *entries(directory: FileNode, at: Shown): Generator<Buffer> {
    for (const name of directory.names()) {
      const node = directory.find(name);
      // A socket means nothing without the process that listens.
      if (node && node.type !== 'socket') yield* this.entry(node, at, name);
    }
  }

  *entry(node: FileNode, at: Shown, name: ByteText): Generator<Buffer> {
    const { identity } = node;
    const first = identity === undefined ? undefined : this.#firstNames.get(identity);
    const entry = changed(node.describe(name), this.#changes);
    if (first !== undefined) {
      yield* this.#layer.member(at, name, { ...entry, type: 'hardlink', linkPath: first, size: 0 });
      return;
    }
    if (identity !== undefined) this.#firstNames.set(identity, at.at(name));
    if (node.type === 'file') {
      using content = node.open();
      yield* this.#layer.member(at, name, entry);
      yield* this.#layer.output.file(content.fd, entry.size, content.from);
      return;
    }
    const made = yield* this.#layer.member(at, name, entry);
    if (node.type === 'directory') yield* this.entries(node, made);
  }
}

/** What is given to an owner loses what it could do by itself, as chown(2) has it. */
function changed(entry: TarEntry, { owner, mode, likeCp }: CopyChanges): TarEntry {
  const capabilities = owner && !likeCp ? undefined : entry.xattrs.get(CAPABILITIES);
  return {
    ...entry,
    ...owner,
    mode: modeOf(entry, likeCp ? undefined : owner, mode),
    xattrs: new Map(capabilities ? [[CAPABILITIES, capabilities]] : []),
  };
}

function modeOf({ type, mode }: TarEntry, owner: Owner | undefined, wanted: number | undefined): number {
  if (wanted !== undefined && (type === 'file' || type === 'directory')) return wanted;
  if (owner === undefined || type === 'directory') return mode;
  const isExecutableByGroup = (mode & 0o010) !== 0;
  return mode & (isExecutableByGroup ? 0o1777 : 0o3777);
}
