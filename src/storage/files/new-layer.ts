/** A layer that is being made on top of others: its archive as it grows, and what it and they show together. */
import { type ByteText, type TarEntry, TarError } from '../../formats/tar/entry.ts';
import { tarEntry, tarHeader } from '../../formats/tar/writer.ts';
import { ERRNO, SystemError } from '../../linux/index.ts';
import type { PieceMemory } from '../pack/piece-memory.ts';
import { TarOutput } from '../pack/tar-output.ts';
import { quote } from '../unpack/names-at.ts';
import { OPAQUE, WHITEOUT } from '../unpack/whiteouts.ts';
import type { FileNode } from './node.ts';
import type { Place } from './resolve.ts';

const SECOND = 1_000_000_000n;
/** What the kernel says of every symbolic link. */
const LINK_MODE = 0o777;

/** Whose something is. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Nobody is asked: what is made on the way to something is root's. */
export const ROOT: Owner = { uid: 0, gid: 0 };

/** Something that the new layer and those below show. */
export class Shown implements Place<Shown> {
  readonly path: ByteText;
  /** The directory that it is in; undefined: it is the root. */
  readonly above: Shown | undefined;
  /** What the layers below have here, unless the new layer hides it. */
  readonly lower: FileNode | undefined;
  /** As the new layer's archive has it; undefined: it has not. */
  entry: TarEntry | undefined;
  /** The copy that said what its time is. */
  timed = 0;
  #children: Map<ByteText, Shown> | undefined;

  constructor(path: ByteText, above: Shown | undefined, lower: FileNode | undefined, entry?: TarEntry) {
    this.path = path;
    this.above = above;
    this.lower = lower;
    this.entry = entry;
  }

  get type(): string {
    if (this.above === undefined) return 'directory';
    return this.entry?.type ?? this.lower?.type ?? 'directory';
  }
  get linkPath(): ByteText {
    return this.entry?.linkPath ?? this.lower?.linkPath ?? '';
  }
  /** The path of something in it. */
  at(name: ByteText): ByteText {
    return this.above === undefined ? name : `${this.path}/${name}`;
  }
  find(name: ByteText): Shown | undefined {
    const known = this.#children?.get(name);
    const lower = known || this.type !== 'directory' ? undefined : this.lower?.find(name);
    return known ?? (lower && this.keep(name, new Shown(this.at(name), this, lower)));
  }
  keep(name: ByteText, shown: Shown): Shown {
    this.#children ??= new Map();
    this.#children.set(name, shown);
    return shown;
  }
}

/** When things in a layer were changed. */
export interface LayerTimes {
  /** Of what has no time of its own. */
  readonly nowNanos: bigint;
  /** No time is later. */
  readonly atMostNanos: bigint | undefined;
}

/** The layer's archive. Every generator yields its next pieces. */
export class NewLayer {
  readonly root: Shown;
  readonly output: TarOutput;
  /** How many members the archive has. */
  members = 0;
  /** The number of the copy that is being done. */
  copy = 0;
  /** Later members may replace or name what is made now: files are kept in mind, which for very many takes memory. */
  remembers = true;
  readonly #times: LayerTimes;

  /** `lower`: what the layers below show; undefined: there are none. */
  constructor(lower: FileNode | undefined, memory: PieceMemory, times: LayerTimes) {
    this.root = new Shown('', undefined, lower);
    this.output = new TarOutput(memory);
    this.#times = times;
  }

  get nowNanos(): bigint {
    return this.#times.atMostNanos ?? this.#times.nowNanos;
  }

  /** The directory `path` (no link in it), made where it is missing. Those above it are `above`'s when they are made. */
  *directory(path: ByteText, last: Owner, above: Owner): Generator<Buffer, Shown> {
    let at = this.root;
    const parts = path === '' ? [] : path.split('/');
    for (const [i, name] of parts.entries()) {
      const there = at.find(name);
      if (there && there.type !== 'directory')
        throw new SystemError('mkdir', ERRNO.ENOTDIR, Buffer.from(`/${path}`, 'latin1').toString());
      at = there ?? (yield* this.#make(at, name, i === parts.length - 1 ? last : above));
    }
    return at;
  }

  *#make(directory: Shown, name: ByteText, owner: Owner): Generator<Buffer, Shown> {
    const made = tarEntry({ path: name, type: 'directory', ...owner, mtimeNanos: this.nowNanos });
    return yield* this.member(directory, name, made);
  }

  /**
   * The header of something new in `directory`, of a file its bytes are to follow. A directory that is one already stays
   * and is changed; all else is replaced.
   */
  *member(directory: Shown, name: ByteText, entry: TarEntry): Generator<Buffer, Shown> {
    if (name.startsWith(WHITEOUT))
      throw new TarError(
        `${quote(directory.at(name))}: names that begin with ${WHITEOUT} hide files in layers`,
      );
    const isDirectory = entry.type === 'directory';
    const there = directory.find(name);
    const stays = isDirectory && there?.type === 'directory' ? there : undefined;
    if (stays) yield* this.#carry(directory);
    else yield* this.written(directory);
    const path = directory.at(name);
    const shown = stays ?? new Shown(path, directory, undefined);
    if (isDirectory || this.remembers) directory.keep(name, shown);
    shown.entry = { ...entry, path: isDirectory ? `${path}/` : path };
    shown.timed = this.copy;
    yield* this.#header(shown.entry);
    // What was there may have hidden a directory of the layers below, which this one must not show again.
    if (isDirectory && there && !stays) yield* this.#opaque(shown.entry);
    return shown;
  }

  #opaque({ path, mode, uid, gid }: TarEntry): Generator<Buffer> {
    return this.#header(tarEntry({ path: path + OPAQUE, mode, uid, gid }));
  }

  /** Something is made in a directory, or removed: it is in the archive then, with a time of now. */
  *written(directory: Shown): Generator<Buffer> {
    if (directory.above === undefined || directory.timed === this.copy) return;
    yield* this.#carry(directory.above);
    directory.timed = this.copy;
    if (directory.entry?.mtimeNanos === this.nowNanos) return;
    directory.entry = { ...this.#entryOf(directory), mtimeNanos: this.nowNanos };
    yield* this.#header(directory.entry);
  }

  /** A directory has this time, whatever happens in it. */
  *timed(directory: Shown, mtimeNanos: bigint): Generator<Buffer> {
    if (directory.above === undefined) return;
    yield* this.#carry(directory.above);
    directory.timed = this.copy;
    directory.entry = { ...this.#entryOf(directory), mtimeNanos };
    yield* this.#header(directory.entry);
  }

  /** A directory is in the archive, as it is, with those above it: what is on the way to a member comes before it. */
  *#carry(directory: Shown): Generator<Buffer> {
    if (directory.above === undefined || directory.entry) return;
    yield* this.#carry(directory.above);
    directory.entry = this.#entryOf(directory);
    yield* this.#header(directory.entry);
  }

  /** The same for something else than a directory, with its bytes. */
  *carryFile(file: Shown): Generator<Buffer> {
    if (file.entry || !file.lower || !file.above) return;
    yield* this.#carry(file.above);
    file.entry = file.lower.describe(file.path);
    yield* this.#header(file.entry);
    if (file.entry.type !== 'file') return;
    using content = file.lower.open();
    yield* this.output.file(content.fd, content.size, content.from);
  }

  #entryOf(directory: Shown): TarEntry {
    const path = `${directory.path}/`;
    return directory.entry ?? directory.lower?.describe(path) ?? tarEntry({ path, type: 'directory' });
  }

  *#header(entry: TarEntry): Generator<Buffer> {
    this.members++;
    const mode = entry.type === 'symlink' ? LINK_MODE : entry.mode;
    yield* this.output.bytes(tarHeader({ ...entry, mode, mtimeNanos: this.#timeOf(entry) }));
  }

  /** Whole seconds, none before 1970, as the first engine's layers have them. */
  #timeOf({ mtimeNanos }: TarEntry): bigint {
    const { atMostNanos } = this.#times;
    if (atMostNanos !== undefined && mtimeNanos > atMostNanos) return atMostNanos;
    return mtimeNanos < 0n ? 0n : mtimeNanos - (mtimeNanos % SECOND);
  }
}
