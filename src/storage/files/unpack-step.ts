/** ADD of an archive: its members go into the new layer as they come, below the destination; links lead inside only. */
import { rmSync } from 'node:fs';
import { type ByteText, TAR_LIMITS, type TarEntry, TarError } from '../../formats/tar/entry.ts';
import { pathBelowRoot, splitLast } from '../../formats/tar/path.ts';
import { TarReader, type TarSink } from '../../formats/tar/reader.ts';
import { isOverlays } from '../lookup/describe.ts';
import { plainSpooled } from '../unpack/intake.ts';
import { quote } from '../unpack/names-at.ts';
import type { Chunks } from '../unpack/sources.ts';
import { type Content, piecesOf } from './content.ts';
import { HOLE_BYTES_MAX } from './data-file.ts';
import { type NewLayer, type Owner, ROOT, type Shown } from './new-layer.ts';
import type { FileNode } from './node.ts';
import { resolve } from './resolve.ts';

/** What reading an archive wants beside it. */
export interface Reading {
  /** A file that may be made: some decompressors want one. It is gone afterwards. */
  readonly spool: string;
  readonly cancelled: AbortSignal;
}

/** A file whose bytes are wanted. */
export type Openable = Pick<FileNode, 'open'>;

/** Whether a regular file is a tar archive, plain or compressed: its first member can be read. */
export async function isArchive(file: Openable, reading: Reading): Promise<boolean> {
  let seen = false;
  const reader = new TarReader({
    entry() {
      seen = true;
    },
    data: () => undefined,
    end: () => undefined,
  });
  try {
    for await (const chunk of plainContent(file, reading)) {
      try {
        reader.push(chunk);
      } catch (error) {
        if (!seen) throw error; // what comes behind the first member is not looked at
      }
      if (seen || reader.ended) return seen;
    }
    return seen;
  } catch (error) {
    if (error instanceof TarError && !reading.cancelled.aborted) return false;
    throw error;
  }
}

/** Unpacks an archive at `destination`, which is `owner`'s when it is made. @throws TarError when it is broken, or a name leaves the destination */
export async function* unpackInto(
  layer: NewLayer,
  file: Openable,
  destination: ByteText,
  owner: Owner,
  reading: Reading,
): AsyncGenerator<Buffer, void> {
  const { path } = resolve(layer.root, destination);
  yield* layer.directory(path, owner, owner);
  const members = new Members(layer, path);
  const reader = new TarReader(members);
  for await (const chunk of plainContent(file, reading)) {
    reader.push(chunk);
    yield* members.take();
  }
  reader.finish();
}

async function* plainContent(file: Openable, { spool, cancelled }: Reading): Chunks {
  using content = file.open();
  try {
    yield* plainSpooled({ chunks: chunksOf(content, cancelled), file: undefined }, spool);
  } finally {
    rmSync(spool, { force: true });
  }
}

async function* chunksOf(content: Content, cancelled: AbortSignal): Chunks {
  for (const piece of piecesOf(content)) {
    cancelled.throwIfAborted();
    yield piece;
  }
}

type Event =
  | { readonly is: 'entry'; readonly entry: TarEntry }
  | { readonly is: 'data'; readonly bytes: Buffer; readonly offset: number }
  | { readonly is: 'end' };

/** What a reader has found in a chunk, until it is written on. */
class Members implements TarSink {
  readonly #layer: NewLayer;
  /** Where names begin; '' is the root. */
  readonly #base: ByteText;
  readonly #events: Event[] = [];
  #file: { readonly size: number; end: number } | undefined;
  #holeBytes = 0;

  constructor(layer: NewLayer, base: ByteText) {
    this.#layer = layer;
    this.#base = base;
  }

  entry(entry: TarEntry): void {
    this.#events.push({ is: 'entry', entry });
  }
  data(bytes: Buffer, offset: number): void {
    this.#events.push({ is: 'data', bytes, offset });
  }
  end(): void {
    this.#events.push({ is: 'end' });
  }

  /** Writes what was found. */
  *take(): Generator<Buffer> {
    const { output } = this.#layer;
    for (const event of this.#events.splice(0)) {
      const file = this.#file;
      if (event.is === 'entry') yield* this.#member(event.entry);
      else if (event.is === 'data' && file) {
        yield* this.#hole(event.offset - file.end);
        yield* output.bytes(event.bytes);
        file.end = event.offset + event.bytes.length;
      } else if (file) {
        yield* this.#hole(file.size - file.end);
        yield* output.padding(file.size);
        this.#file = undefined;
      }
    }
  }

  #hole(bytes: number): Generator<Buffer> {
    this.#holeBytes += bytes;
    if (this.#holeBytes > HOLE_BYTES_MAX) throw new TarError('archive with sparse files that are too large');
    return this.#layer.output.zeros(bytes);
  }

  *#member(entry: TarEntry): Generator<Buffer> {
    const path = pathBelowRoot(entry.path);
    if (path === '' && entry.type !== 'directory')
      throw new TarError(`${quote(entry.path)}: the root must be a directory`);
    if (path === '') return; // the destination is what it is
    const [above, name] = splitLast(path);
    if (name.length > TAR_LIMITS.nameBytes) throw new TarError(`${quote(name)}: name too long`);
    const directory = yield* this.#directory(above);
    if (directory.at(name).length > TAR_LIMITS.pathBytes) throw new TarError(`${quote(path)}: path too long`);
    const xattrs = new Map([...entry.xattrs].filter(([attribute]) => !isOverlays(attribute)));
    const linked = entry.type === 'hardlink' ? yield* this.#linked(entry, directory.at(name)) : {};
    const plain = { ...entry, ...linked, xattrs, atimeNanos: undefined, userName: '', groupName: '' };
    yield* this.#layer.member(directory, name, plain);
    if (entry.type === 'file') this.#file = { size: entry.size, end: 0 };
  }

  /** The directory that a member is in, made when it is missing. */
  *#directory(path: ByteText): Generator<Buffer, Shown> {
    const { path: place, node } = this.#resolve(path, true);
    if (node || path === '') return yield* this.#layer.directory(place, ROOT, ROOT);
    const [above, name] = splitLast(path);
    const directory = yield* this.#directory(above);
    if (directory.find(name)) throw new TarError(`${quote(path)}: not a directory, but a link to nothing`);
    return yield* this.#layer.directory(directory.at(name), ROOT, ROOT);
  }

  /**
   * The file that a hard link names, as a path in the layer: it is brought into it when it was only below. A directory
   * may be said to be another name of itself (`place`): then this is its header.
   */
  *#linked(entry: TarEntry, place: ByteText): Generator<Buffer, Partial<TarEntry>> {
    const { node } = this.#resolve(pathBelowRoot(entry.linkPath), false);
    const isDirectory = node?.type === 'directory';
    if (!node || (isDirectory && node.path !== place))
      throw new TarError(`${quote(entry.path)}: hard link to ${quote(entry.linkPath)}, which is no file`);
    if (isDirectory) return { type: 'directory', linkPath: '' };
    yield* this.#layer.carryFile(node);
    return { linkPath: node.path };
  }

  #resolve(path: ByteText, follow: boolean): { path: ByteText; node: Shown | undefined } {
    return resolve(this.#layer.root, `${this.#base}/${path}`, { follow, strict: true });
  }
}
