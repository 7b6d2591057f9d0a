/** Members of an archive, one by one, taken from directories that may change meanwhile. No link is followed. */
import { type BigIntStats, closeSync, constants, fstatSync, lstatSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import { type IdMap, toContainer } from '../../base/id-map.ts';
import type { ByteText, EntryType, TarEntry } from '../../formats/tar/entry.ts';
import { tarEntry, tarHeader } from '../../formats/tar/writer.ts';
import { ERRNO, pathBytes, SystemError, tryOpenAt } from '../../linux/index.ts';
import { describe, describeLink, typeOf } from '../lookup/describe.ts';
import type { PieceMemory } from './piece-memory.ts';
import { TarOutput } from './tar-output.ts';

const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Without waiting: what was a file a moment ago may have become a FIFO. */
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
/** It was there a moment ago, or was something else. */
const GONE = [ERRNO.ENOENT, ERRNO.ENOTDIR, ERRNO.ELOOP, ERRNO.ENXIO].map((errno) => -errno);

/** How times and owners are told. */
export interface Told {
  /** Owners are told by it: as who is inside sees them. */
  readonly map?: IdMap | undefined;
  /** None is told that is later, in nanoseconds since 1970. */
  readonly atMost?: bigint | undefined;
  /** Parts of a second are left out. */
  readonly inSeconds?: boolean | undefined;
}

const SECOND = 1_000_000_000n;

/** Every method is a generator of the archive's next pieces. */
export class Members {
  readonly #output: TarOutput;
  readonly #told: Told;
  /** First name in the archive of each file that has several. */
  readonly #firstNames = new Map<string, ByteText>();

  constructor(memory: PieceMemory, told: Told = {}) {
    this.#output = new TarOutput(memory);
    this.#told = told;
  }

  /**
   * What stands at `name` in the directory `dir`, called `archived`. A directory's descriptor is returned, the caller's
   * to close; it is not walked. What has gone, and sockets, are left out. `looks`: what the directory says it is.
   */
  *member(
    dir: number,
    name: ByteText,
    archived: ByteText,
    looks?: 'file' | 'directory',
  ): Generator<Buffer, number | undefined> {
    // Opening is a look, too: nearly everything is one of these.
    if (looks === 'directory') return yield* this.#directory(dir, name, archived);
    if (looks === 'file') return yield* this.#file(dir, name, archived);
    const at = `/proc/self/fd/${dir}/${name}`;
    const stat = lstatSync(Buffer.from(at, 'latin1'), { bigint: true, throwIfNoEntry: false });
    const type = stat && typeOf(stat);
    if (!stat || !type) return undefined;
    if (type === 'directory') return yield* this.#directory(dir, name, archived);
    if (type === 'file') yield* this.#file(dir, name, archived);
    else if (!(yield* this.#again(stat, archived))) yield* this.#head(archived, type, at, stat);
    return undefined;
  }

  /** An empty file. */
  *mark(archived: ByteText): Generator<Buffer> {
    yield* this.#output.bytes(tarHeader(tarEntry({ path: archived, mode: 0 })));
  }

  /** See {@link TarOutput.end}. */
  *end(goesOn = false): Generator<Buffer> {
    yield* this.#output.end(goesOn);
  }

  *#directory(dir: number, name: ByteText, archived: ByteText): Generator<Buffer, number | undefined> {
    const fd = tryOpenAt(dir, pathBytes(name), OPEN_DIRECTORY);
    if (GONE.includes(fd)) return undefined;
    if (fd < 0) throw new SystemError('openat', -fd, archived);
    let kept = false;
    try {
      const stat = fstatSync(fd, { bigint: true });
      const path = archived.endsWith('/') ? archived : `${archived}/`;
      yield* this.#head(path, 'directory', fd, stat);
      kept = true;
      return fd;
    } finally {
      if (!kept) closeSync(fd);
    }
  }

  *#file(dir: number, name: ByteText, archived: ByteText): Generator<Buffer, undefined> {
    const fd = tryOpenAt(dir, pathBytes(name), OPEN_FILE);
    if (GONE.includes(fd)) return undefined;
    if (fd < 0) throw new SystemError('openat', -fd, archived);
    try {
      const stat = fstatSync(fd, { bigint: true });
      if (!stat.isFile() || (yield* this.#again(stat, archived))) return undefined;
      yield* this.#head(archived, 'file', fd, stat);
      yield* this.#output.file(fd, Number(stat.size));
      return undefined;
    } finally {
      closeSync(fd);
    }
  }

  /** True: it is in the archive under another name, and a link to that was written. */
  *#again(stat: BigIntStats, archived: ByteText): Generator<Buffer, boolean> {
    const { dev, ino, nlink } = stat;
    if (nlink === 1n) return false;
    const key = `${dev}:${ino}`;
    const first = this.#firstNames.get(key);
    if (first === undefined) {
      this.#firstNames.set(key, archived);
      return false;
    }
    yield* this.#output.bytes(tarHeader(this.#asTold(describeLink(archived, first, stat))));
    return true;
  }

  *#head(archived: ByteText, type: EntryType, at: ByteText | number, stat: BigIntStats): Generator<Buffer> {
    let header: Buffer;
    try {
      header = tarHeader(this.#asTold(describe(archived, type, at, stat)));
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EINVAL') return; // a link that has gone
      throw error;
    }
    yield* this.#output.bytes(header);
  }

  #asTold(found: TarEntry): TarEntry {
    const { atMost, inSeconds, map } = this.#told;
    const entry = map === undefined ? found : { ...found, ...toContainer(map, found) };
    const exact = atMost !== undefined && entry.mtimeNanos > atMost ? atMost : entry.mtimeNanos;
    const mtimeNanos = inSeconds ? exact - (((exact % SECOND) + SECOND) % SECOND) : exact;
    return mtimeNanos === entry.mtimeNanos ? entry : { ...entry, mtimeNanos };
  }
}
