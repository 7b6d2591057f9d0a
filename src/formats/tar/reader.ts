/** Reads a tar archive from chunks of any size and hands its members to a sink, as it goes and without copying data. */
import {
  type ByteText,
  type EntryType,
  type SparseRun,
  TAR_BLOCK,
  TAR_LIMITS,
  type TarEntry,
  TarError,
} from './entry.ts';
import { isZeroBlock, parseHeader, type RawHeader } from './header.ts';
import { type PaxRecord, parsePax, parsePaxNumber, parsePaxTime } from './pax.ts';
import { LeadingMap, oldGnuRealSize, type PaxSparse, paxSparse, readOldGnuMap, SparseMap } from './sparse.ts';

/** What the reader calls, in the archive's order: `entry`, then for a file `data` (holes are left out), then `end`. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** `offset`: place in the expanded file. The bytes are only valid during the call. */
  data(bytes: Buffer, offset: number): void;
  end(): void;
}

const TYPES: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};
const XATTR = 'SCHILY.xattr.';

/** What the next 512 bytes, or the next bytes, are. */
type State =
  | { is: 'header' }
  | { is: 'meta'; flag: string; body: Buffer; have: number }
  | { is: 'gnuMap'; map: SparseMap; whole: (map: SparseMap) => void }
  | { is: 'leadingMap'; map: LeadingMap; whole: (map: LeadingMap) => void }
  | { is: 'data'; left: number; at: number; runs: SparseRun[] | undefined; run: number }
  | { is: 'ended' };

/** Takes an archive's chunks in order and gives its members away. */
export class TarReader {
  readonly #sink: TarSink;
  #state: State = { is: 'header' };
  /** Bytes to be skipped up to the next block. */
  #padding = 0;
  readonly #block = Buffer.alloc(TAR_BLOCK);
  #blockHas = 0;
  #zeroBlocks = 0;
  #entries = 0;
  #pax: PaxRecord[] = [];
  #longName: ByteText | undefined;
  #longLink: ByteText | undefined;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** True after the end mark: what follows is not looked at. */
  get ended(): boolean {
    return this.#state.is === 'ended';
  }

  /** Takes the archive's next bytes. @throws TarError, and what the sink throws */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#state.is !== 'ended') {
      if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, chunk.length - at);
        this.#padding -= skipped;
        at += skipped;
      } else if (this.#state.is === 'data') at += this.#data(this.#state, chunk, at);
      else if (this.#state.is === 'meta') at += this.#meta(this.#state, chunk, at);
      else at += this.#gather(chunk, at);
    }
  }

  /**
   * The archive has ended here, with or without an end mark. The last padding may be missing: the docker command line
   * leaves it out when it adds a Dockerfile from elsewhere. @throws TarError when it ends inside a member
   */
  finish(): void {
    const whole = this.#state.is === 'header' && this.#blockHas === 0;
    if (this.#state.is !== 'ended' && (!whole || this.#pax.length > 0)) throw new TarError('unexpected EOF');
  }

  #gather(chunk: Buffer, at: number): number {
    if (this.#blockHas === 0 && chunk.length - at >= TAR_BLOCK) {
      this.#takeBlock(chunk.subarray(at, at + TAR_BLOCK));
      return TAR_BLOCK;
    }
    const taken = Math.min(TAR_BLOCK - this.#blockHas, chunk.length - at);
    chunk.copy(this.#block, this.#blockHas, at, at + taken);
    this.#blockHas += taken;
    if (this.#blockHas === TAR_BLOCK) {
      this.#blockHas = 0;
      this.#takeBlock(this.#block);
    }
    return taken;
  }

  #takeBlock(block: Buffer): void {
    const state = this.#state;
    if (state.is === 'gnuMap') {
      if (!readOldGnuMap(block, 0, 21, state.map)) state.whole(state.map);
    } else if (state.is === 'leadingMap') {
      if (state.map.push(block)) state.whole(state.map);
    } else this.#header(block);
  }

  #header(block: Buffer): void {
    if (isZeroBlock(block)) {
      if (++this.#zeroBlocks === 2) this.#state = { is: 'ended' };
      return;
    }
    if (this.#zeroBlocks > 0) throw new TarError('data after the end mark of the archive');
    const raw = parseHeader(block);
    if (raw.size < 0) throw new TarError('tar header with a negative size');
    if ('xgLK'.includes(raw.typeFlag)) this.#startMeta(raw);
    else this.#member(raw, block);
  }

  #startMeta({ typeFlag, size }: RawHeader): void {
    if (size > TAR_LIMITS.headerBytes) throw new TarError(`tar header of ${size} bytes is too large`);
    this.#state = { is: 'meta', flag: typeFlag, body: Buffer.alloc(size), have: 0 };
    if (size === 0) this.#endMeta(typeFlag, Buffer.alloc(0));
  }

  #meta(state: Extract<State, { is: 'meta' }>, chunk: Buffer, at: number): number {
    const taken = Math.min(state.body.length - state.have, chunk.length - at);
    chunk.copy(state.body, state.have, at, at + taken);
    state.have += taken;
    if (state.have === state.body.length) this.#endMeta(state.flag, state.body);
    return taken;
  }

  /** Global headers (`g`) are read over, as the first engine does: they carry comments. */
  #endMeta(flag: string, body: Buffer): void {
    if (flag === 'x') this.#pax = parsePax(body);
    if (flag === 'L') this.#longName = untilNul(body);
    if (flag === 'K') this.#longLink = untilNul(body);
    this.#padding = paddingOf(body.length);
    this.#state = { is: 'header' };
  }

  #member(raw: RawHeader, block: Buffer): void {
    if (++this.#entries > TAR_LIMITS.entries) throw new TarError('archive with too many members');
    const pax = new Map(this.#pax.filter(([, value]) => value !== ''));
    const sparse = paxSparse(this.#pax);
    const size = pax.has('size') ? parsePaxNumber(pax.get('size')!, 'size') : raw.size;
    const entry = this.#describe(raw, pax, sparse?.name);
    this.#pax = [];
    this.#longName = undefined;
    this.#longLink = undefined;
    if (entry.type !== 'file') this.#emitWhole(entry);
    else if (sparse) this.#paxSparseFile(entry, sparse, size);
    else if (raw.typeFlag === 'S') this.#oldSparseFile(entry, block, size);
    else this.#startFile({ ...entry, size }, size, undefined);
  }

  #describe(raw: RawHeader, pax: ReadonlyMap<string, string>, sparseName: ByteText | undefined): TarEntry {
    const path = sparseName ?? pax.get('path') ?? this.#longName ?? raw.name;
    const slash = path.endsWith('/');
    const type = TYPES[raw.typeFlag];
    if (type === undefined)
      throw new TarError(`${quote(path)}: unknown kind of member (${quote(raw.typeFlag)})`);
    const linkPath = pax.get('linkpath') ?? this.#longLink ?? raw.link;
    for (const name of [path, linkPath]) checkName(name);
    const time = (key: string) => (pax.has(key) ? parsePaxTime(pax.get(key)!) : undefined);
    return {
      // Before POSIX there was no directory type: a file whose name ends in a slash is one.
      type: type === 'file' && slash && raw.typeFlag === '0' ? 'directory' : type,
      path,
      linkPath: type === 'hardlink' || type === 'symlink' ? linkPath : '',
      mode: raw.mode,
      uid: owner(pax.has('uid') ? parsePaxNumber(pax.get('uid')!, 'uid') : raw.uid, path),
      gid: owner(pax.has('gid') ? parsePaxNumber(pax.get('gid')!, 'gid') : raw.gid, path),
      userName: pax.get('uname') ?? raw.userName,
      groupName: pax.get('gname') ?? raw.groupName,
      mtimeNanos: time('mtime') ?? BigInt(raw.mtimeSeconds) * 1_000_000_000n,
      atimeNanos: time('atime'),
      size: 0,
      major: raw.major,
      minor: raw.minor,
      xattrs: xattrsOf(pax),
    };
  }

  #emitWhole(entry: TarEntry): void {
    this.#state = { is: 'header' };
    this.#sink.entry(entry);
    this.#sink.end();
  }

  #oldSparseFile(entry: TarEntry, block: Buffer, storedBytes: number): void {
    const size = oldGnuRealSize(block);
    const start = (map: SparseMap) =>
      this.#startFile({ ...entry, size }, storedBytes, map.checked(size, storedBytes));
    const map = new SparseMap();
    if (readOldGnuMap(block, 386, 4, map)) this.#state = { is: 'gnuMap', map, whole: start };
    else start(map);
  }

  #paxSparseFile(entry: TarEntry, { realSize, map }: PaxSparse, storedBytes: number): void {
    const whole = { ...entry, size: realSize };
    if (map) {
      this.#startFile(whole, storedBytes, map.checked(realSize, storedBytes));
      return;
    }
    this.#state = {
      is: 'leadingMap',
      map: new LeadingMap(),
      whole: (leading) => {
        const dataBytes = storedBytes - leading.blocks * TAR_BLOCK;
        this.#startFile(whole, dataBytes, leading.map.checked(realSize, dataBytes));
      },
    };
  }

  #startFile(entry: TarEntry, storedBytes: number, runs: SparseRun[] | undefined): void {
    this.#state = { is: 'data', left: storedBytes, at: 0, runs, run: 0 };
    this.#sink.entry(entry);
    if (storedBytes === 0) this.#endFile(0);
  }

  #data(state: Extract<State, { is: 'data' }>, chunk: Buffer, at: number): number {
    const room = Math.min(state.left, chunk.length - at);
    const taken = state.runs ? this.#sparseData(state, state.runs, chunk, at, room) : room;
    if (!state.runs) {
      this.#sink.data(chunk.subarray(at, at + taken), state.at);
      state.at += taken;
    }
    state.left -= taken;
    if (state.left === 0) this.#endFile(paddingOf(state.at));
    return taken;
  }

  /** `state.at` counts stored bytes; each run says where its part of them belongs. */
  #sparseData(
    state: Extract<State, { is: 'data' }>,
    runs: SparseRun[],
    chunk: Buffer,
    at: number,
    room: number,
  ): number {
    const run = runs[state.run]!;
    const taken = Math.min(room, run.bytes);
    this.#sink.data(chunk.subarray(at, at + taken), run.offset);
    if (taken === run.bytes) state.run++;
    else runs[state.run] = { offset: run.offset + taken, bytes: run.bytes - taken };
    state.at += taken;
    return taken;
  }

  #endFile(padding: number): void {
    this.#padding = padding;
    this.#state = { is: 'header' };
    this.#sink.end();
  }
}

const paddingOf = (bytes: number): number => (TAR_BLOCK - (bytes % TAR_BLOCK)) % TAR_BLOCK;

function untilNul(body: Buffer): ByteText {
  const end = body.indexOf(0);
  return body.toString('latin1', 0, end < 0 ? body.length : end);
}

function xattrsOf(pax: ReadonlyMap<string, string>): ReadonlyMap<ByteText, Buffer> {
  const xattrs = new Map<ByteText, Buffer>();
  for (const [key, value] of pax)
    if (key.startsWith(XATTR)) xattrs.set(key.slice(XATTR.length), Buffer.from(value, 'latin1'));
  return xattrs;
}

/** @throws TarError for a name that no Linux file can have */
function checkName(name: ByteText): void {
  if (name.includes('\0')) throw new TarError(`${quote(name)}: name with a NUL byte`);
  if (name.length > TAR_LIMITS.pathBytes) throw new TarError(`${quote(name)}: name too long`);
}

/** -1 means "leave as it is" to chown: not an owner. */
function owner(id: number, path: ByteText): number {
  if (id < 0 || id >= 2 ** 32 - 1) throw new TarError(`${quote(path)}: owner out of range`);
  return id;
}

const quote = (text: ByteText): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
