/** The log as lines: since, until, tail and time stamps, found through the index. */
import { fstatSync, readSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import { type Chunk, numbersIn, readChunks } from './reader.ts';
import { type IndexRecord, Segment, type StreamName } from './segment.ts';
import type { OutputWriter, Position } from './writer.ts';

const NEWLINE = 10;
/** A line longer than this is given in pieces: one line must not hold the engine's memory. */
const LINE_BYTES_MAX = 1 << 20;

/** One line, its newline included (the last may lack one). */
export interface Line {
  readonly stream: StreamName;
  readonly bytes: Buffer;
  readonly at: bigint;
}

export interface LineOptions {
  readonly streams: ReadonlySet<StreamName>;
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  readonly tail: number | undefined;
  readonly follow: OutputWriter | undefined;
  readonly signal: AbortSignal;
}

/** Cuts chunks into lines, each with the time of the write that completed it; what one chunk holds comes together. */
async function* cut(chunks: AsyncIterable<Chunk>): AsyncGenerator<Line[]> {
  const partial = new Map<StreamName, { parts: Buffer[]; bytes: number; at: bigint }>();
  for await (const { stream, bytes, at } of chunks) {
    const lines: Line[] = [];
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const tail = bytes.subarray(from, end + 1);
      const before = partial.get(stream);
      partial.delete(stream);
      lines.push({ stream, bytes: before ? Buffer.concat([...before.parts, tail]) : tail, at });
      from = end + 1;
    }
    if (from < bytes.length) {
      const before = partial.get(stream) ?? { parts: [], bytes: 0, at };
      before.parts.push(bytes.subarray(from));
      before.bytes += bytes.length - from;
      before.at = at;
      partial.delete(stream); // the order of partial lines is that of their last writes
      if (before.bytes < LINE_BYTES_MAX) partial.set(stream, before);
      else lines.push({ stream, bytes: Buffer.concat(before.parts), at });
    }
    if (lines.length > 0) yield lines;
  }
  yield [...partial].map(([stream, { parts, at }]) => ({ stream, bytes: Buffer.concat(parts), at }));
}

/** Lines of the log below `directory` that the options ask for, in batches. */
export async function* readLines(directory: string, options: LineOptions): AsyncGenerator<readonly Line[]> {
  const { since, until, tail, streams, follow, signal } = options;
  if (tail === 0 && follow === undefined) return;
  let from: Position = tail === 0 && follow ? follow.end : { segment: 0, record: 0 };
  let skip = 0;
  if (tail !== undefined && tail > 0) ({ from, skip } = findTail(directory, tail, streams));
  else if (since !== undefined) from = findSince(directory, since);
  const chunks = readChunks(directory, { from, streams, follow, join: false, signal });
  for await (const all of cut(chunks)) {
    const kept = skip > 0 ? all.slice(skip) : all;
    skip -= all.length - kept.length;
    // Times do not run backwards within a log: the wall clock's steps aside, the tests below cut off an end each.
    const late = until === undefined ? -1 : kept.findIndex((line) => line.at > until);
    const early = late < 0 ? kept : kept.slice(0, late);
    const lines = since === undefined ? early : early.filter((line) => line.at >= since);
    if (lines.length > 0) yield lines;
    if (late >= 0) return;
  }
}

function withSegment<T>(directory: string, number: number, work: (segment: Segment) => T): T | undefined {
  let segment: Segment;
  try {
    segment = Segment.open(directory, number, 'read');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return work(segment);
  } finally {
    segment.close();
  }
}

/** The first record that is not older than `since`, by bisection of the segments and then of one index. */
export function findSince(directory: string, since: bigint): Position {
  const numbers = numbersIn(directory);
  for (const number of numbers.toReversed()) {
    const found = withSegment(directory, number, (segment) => {
      const count = segment.recordCount();
      const first = count > 0 ? segment.records(0, 1)[0] : undefined;
      if (first === undefined || first.at > since) return undefined;
      let [low, high] = [0, count];
      while (low < high) {
        const middle = (low + high) >>> 1;
        const at = segment.records(middle, middle + 1)[0]?.at ?? since;
        if (at < since) low = middle + 1;
        else high = middle;
      }
      return new IndexTable(directory, segment).lineStart(low);
    });
    if (found !== undefined) return { segment: number, record: found };
  }
  return { segment: numbers[0] ?? 1, record: 0 };
}

/** How many records back a line's beginning is looked for, when a read starts in the middle of the log. */
const LOOK_BACK_RECORDS = 64;

/** A whole index in memory: at most a few MiB, as a segment is bounded. `offsets` tells where each stream stood before a record. */
class IndexTable {
  readonly records: readonly IndexRecord[];
  readonly #before: Record<StreamName, Float64Array>;
  readonly #segment: Segment;
  readonly #directory: string;

  constructor(directory: string, segment: Segment) {
    this.#directory = directory;
    this.#segment = segment;
    this.records = segment.records(0, segment.recordCount());
    const before = {
      stdout: new Float64Array(this.records.length + 1),
      stderr: new Float64Array(this.records.length + 1),
    };
    const at: Record<StreamName, number> = { stdout: 0, stderr: 0 };
    this.records.forEach((record, i) => {
      at[record.stream] = record.end;
      before.stdout[i + 1] = at.stdout;
      before.stderr[i + 1] = at.stderr;
    });
    this.#before = before;
  }

  offset(stream: StreamName, record: number): number {
    return this.#before[stream][record] ?? 0;
  }

  /** Steps back from `record` until both streams stand at the beginning of a line. */
  lineStart(record: number): number {
    for (let at = record; at > 0 && record - at < LOOK_BACK_RECORDS; at--) if (this.isBoundary(at)) return at;
    return record <= LOOK_BACK_RECORDS ? 0 : record;
  }
  isBoundary(record: number): boolean {
    return (['stdout', 'stderr'] as const).every((stream) =>
      this.#endsLine(stream, this.offset(stream, record)),
    );
  }

  #endsLine(stream: StreamName, offset: number): boolean {
    if (offset === 0) return this.#cleanBefore(stream);
    const byte = Buffer.alloc(1);
    return readSync(this.#segment.fdOf(stream), byte, 0, 1, offset - 1) === 1 && byte[0] === NEWLINE;
  }

  /** Whether the segments before left no unfinished line of this stream. */
  #cleanBefore(stream: StreamName): boolean {
    for (let number = this.#segment.number - 1; ; number--) {
      const clean = withSegment(this.#directory, number, (segment) => {
        const size = fstatSync(segment.fdOf(stream)).size;
        const byte = Buffer.alloc(1);
        return size === 0
          ? 'look further'
          : readSync(segment.fdOf(stream), byte, 0, 1, size - 1) === 1 && byte[0] === NEWLINE;
      });
      if (clean !== 'look further') return clean ?? true;
    }
  }

  /** Lines that end in this record; what a stream's very last record leaves without a newline counts as one. */
  countLines(index: number, streams: ReadonlySet<StreamName>, seen: Set<StreamName>): number {
    const record = this.records[index];
    if (record === undefined || !streams.has(record.stream)) return 0;
    const last = !seen.has(record.stream);
    seen.add(record.stream);
    const unfinished = last && !this.#endsLine(record.stream, record.end) ? 1 : 0;
    return (
      unfinished +
      countNewlines(this.#segment.fdOf(record.stream), this.offset(record.stream, index), record.end)
    );
  }
}

function countNewlines(fd: number, from: number, to: number): number {
  let count = 0;
  const bytes = Buffer.allocUnsafe(1 << 16);
  for (let at = from; at < to; ) {
    const got = readSync(fd, bytes, 0, Math.min(bytes.length, to - at), at);
    if (got === 0) break;
    for (let n = bytes.indexOf(NEWLINE); n >= 0 && n < got; n = bytes.indexOf(NEWLINE, n + 1)) count++;
    at += got;
  }
  return count;
}

/** Where to begin so that `tail` lines remain after skipping `skip` of those found. */
export function findTail(
  directory: string,
  tail: number,
  streams: ReadonlySet<StreamName>,
): { from: Position; skip: number } {
  const numbers = numbersIn(directory);
  const seen = new Set<StreamName>();
  let lines = 0;
  for (const number of numbers.toReversed()) {
    const from = withSegment(directory, number, (segment) => {
      const table = new IndexTable(directory, segment);
      let record = table.records.length;
      while (record > 0 && lines < tail) lines += table.countLines(--record, streams, seen);
      if (lines < tail) return undefined;
      const start = table.lineStart(record);
      while (record > start) lines += table.countLines(--record, streams, seen);
      return start > 0 || table.isBoundary(0) ? start : undefined;
    });
    if (from !== undefined) return { from: { segment: number, record: from }, skip: lines - tail };
  }
  return { from: { segment: numbers[0] ?? 1, record: 0 }, skip: Math.max(0, lines - tail) };
}
