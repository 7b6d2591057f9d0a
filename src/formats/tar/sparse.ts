/** Maps of sparse files in the four forms that GNU tar has written. */
import { type ByteText, type SparseRun, TAR_BLOCK, TAR_LIMITS, TarError } from './entry.ts';
import { number } from './header.ts';
import { type PaxRecord, parsePaxNumber } from './pax.ts';

/** Runs as numbers in pairs, before they are checked. */
export class SparseMap {
  readonly #numbers: number[] = [];

  add(offset: number, bytes: number): void {
    if (this.#numbers.length >= TAR_LIMITS.sparseRuns * 2)
      throw new TarError('sparse file with too many parts');
    this.#numbers.push(offset, bytes);
  }

  /**
   * The runs, in order and inside the file, with as many bytes as are stored.
   * @throws TarError when they overlap, go back, leave the file or miss the stored size
   */
  checked(realSize: number, storedBytes: number): SparseRun[] {
    const runs: SparseRun[] = [];
    let end = 0;
    let stored = 0;
    for (let i = 0; i < this.#numbers.length; i += 2) {
      const offset = this.#numbers[i]!;
      const bytes = this.#numbers[i + 1]!;
      if (offset < end || bytes < 0 || offset + bytes > realSize)
        throw new TarError('sparse file with a wrong map');
      end = offset + bytes;
      stored += bytes;
      if (bytes > 0) runs.push({ offset, bytes });
    }
    if (stored !== storedBytes) throw new TarError('sparse file whose map and data differ in size');
    return runs;
  }
}

/** Entries of 24 bytes in an old GNU header (4) or an extension block (21). False: no extension block follows. */
export function readOldGnuMap(block: Buffer, from: number, count: number, into: SparseMap): boolean {
  for (let i = 0; i < count; i++) {
    const at = from + i * 24;
    if (block[at] === 0) break;
    into.add(number(block, [at, 12], 'sparse map'), number(block, [at + 12, 12], 'sparse map'));
  }
  return block[from + count * 24] !== 0;
}

/** The real size in an old GNU header. */
export const oldGnuRealSize = (block: Buffer): number => number(block, [483, 12], 'sparse size');

/** What pax records say of a sparse file; `map` undefined: form 1.0, whose map stands before the data. */
export interface PaxSparse {
  readonly name: ByteText | undefined;
  readonly realSize: number;
  readonly map: SparseMap | undefined;
}

/** Undefined when the records speak of no sparse file. @throws TarError */
export function paxSparse(records: readonly PaxRecord[]): PaxSparse | undefined {
  const last = new Map(records);
  const name = last.get('GNU.sparse.name');
  const real = last.get('GNU.sparse.realsize') ?? last.get('GNU.sparse.size');
  const isLatest = last.get('GNU.sparse.major') === '1' && last.get('GNU.sparse.minor') === '0';
  const packed = last.get('GNU.sparse.map');
  if (!isLatest && packed === undefined && !last.has('GNU.sparse.numblocks')) return undefined;
  if (real === undefined) throw new TarError('sparse file without its size');
  const realSize = parsePaxNumber(real, 'sparse size');
  if (isLatest) return { name, realSize, map: undefined };
  return { name, realSize, map: packed === undefined ? repeatedMap(records) : packedMap(packed) };
}

/** Form 0.1: `offset,bytes,offset,bytes`. */
function packedMap(packed: ByteText): SparseMap {
  const map = new SparseMap();
  const numbers = packed === '' ? [] : packed.split(',');
  if (numbers.length % 2 !== 0) throw new TarError('sparse file with an odd map');
  for (let i = 0; i < numbers.length; i += 2)
    map.add(parsePaxNumber(numbers[i]!, 'sparse map'), parsePaxNumber(numbers[i + 1]!, 'sparse map'));
  return map;
}

/** Form 0.0: repeated records of offset and size. */
function repeatedMap(records: readonly PaxRecord[]): SparseMap {
  const map = new SparseMap();
  let offset: number | undefined;
  for (const [key, value] of records) {
    if (key === 'GNU.sparse.offset') offset = parsePaxNumber(value, 'sparse map');
    if (key !== 'GNU.sparse.numbytes') continue;
    if (offset === undefined) throw new TarError('sparse file with an odd map');
    map.add(offset, parsePaxNumber(value, 'sparse map'));
    offset = undefined;
  }
  return map;
}

/** Form 1.0: decimal numbers a line, the first one the count of runs, padded to a whole block. Fed block by block. */
export class LeadingMap {
  readonly map = new SparseMap();
  /** Blocks taken: they do not belong to the data. */
  blocks = 0;
  #rest = '';
  #left = -1;
  #offset: number | undefined;

  /** Takes a block; true when the map is complete with it. @throws TarError */
  push(block: Buffer): boolean {
    this.blocks++;
    const lines = (this.#rest + block.toString('latin1', 0, TAR_BLOCK)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (this.#left === 0) break;
      this.#take(parsePaxNumber(line, 'sparse map'));
    }
    if (this.#left !== 0 && this.#rest.length > 24) throw new TarError('sparse file with a malformed map');
    return this.#left === 0;
  }

  #take(value: number): void {
    if (this.#left < 0) {
      if (value > TAR_LIMITS.sparseRuns) throw new TarError('sparse file with too many parts');
      this.#left = value;
    } else if (this.#offset === undefined) this.#offset = value;
    else {
      this.map.add(this.#offset, value);
      this.#offset = undefined;
      this.#left--;
    }
  }
}
