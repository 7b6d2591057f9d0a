/** Finds where in a log to begin, for `tail` and `since`, by its index: what it reads does not grow with the log. */
import { endsWithLine, isOpenAtStart, NEWLINE, newlineBefore, numbersIn, withSegment } from './boundaries.ts';
import {
  decodeRecord,
  type GoodRecord,
  type IndexRecord,
  RECORD_BYTES,
  STREAMS,
  type StreamName,
} from './record.ts';
import type { ReadMeter, Segment } from './segment.ts';
import type { Position } from './writer.ts';

/** How many records back a line's beginning is looked for, when a read starts in the middle of the log. */
const LOOK_BACK_RECORDS = 64;
/** Bytes searched for newlines at once. */
const BYTES_PER_LOOK = 64 << 10;
/** How far back a line's beginning is looked for; longer lines are given in pieces anyway. */
const LOOK_BACK_BYTES = 1 << 20;

/** Where reading begins. */
export interface Found {
  readonly from: Position;
  /** Where each stream begins in that segment; undefined: where its records before `from` end. */
  readonly begin?: Record<StreamName, number>;
  /** Lines to pass over first. */
  readonly skip: number;
}

/** The index of a segment in memory, read as far as it is asked for: at most a few MiB, as a segment's is bounded. */
class IndexTable {
  readonly segment: Segment;
  readonly #raw: Buffer;
  /** The last answers of {@link lastBefore}: `found` holds for all records from `above` (exclusive) to `to`. */
  readonly #known: Partial<Record<StreamName, { above: number; to: number; found: GoodRecord | undefined }>> =
    {};

  constructor(segment: Segment) {
    this.segment = segment;
    this.#raw = segment.rawRecords();
  }

  get length(): number {
    return Math.floor(this.#raw.length / RECORD_BYTES);
  }
  record(index: number): IndexRecord {
    return decodeRecord(this.#raw, index * RECORD_BYTES);
  }

  /** The stream's last good record before record `index`. */
  lastBefore(stream: StreamName, index: number): GoodRecord | undefined {
    const known = this.#known[stream];
    if (known && index > known.above && index <= known.to) return known.found;
    for (let at = index - 1; at >= 0; at--) {
      const record = this.record(at);
      if (record.is === 'damaged' || record.stream !== stream) continue;
      this.#known[stream] = { above: at, to: index, found: record };
      return record;
    }
    this.#known[stream] = { above: -1, to: index, found: undefined };
    return undefined;
  }
  /** Where the stream stands before record `index`. */
  offset(stream: StreamName, index: number): number {
    return this.lastBefore(stream, index)?.end ?? 0;
  }

  /** Steps back from `index` until both streams stand at the beginning of a line; in a very long one not all the way. */
  lineStart(index: number): number {
    for (let at = index; at > 0 && index - at < LOOK_BACK_RECORDS; at--) if (this.isBoundary(at)) return at;
    return Math.max(0, index - LOOK_BACK_RECORDS);
  }
  /** Whether it can be begun at the segment's beginning: a line, or so far from its end that it is given in pieces. */
  isGoodBeginning(): boolean {
    const { segment } = this;
    return this.isBoundary(0) || segment.sizeOf('stdout') + segment.sizeOf('stderr') >= LOOK_BACK_BYTES;
  }
  isBoundary(index: number): boolean {
    return STREAMS.every((stream) => this.endsLine(stream, this.offset(stream, index), index));
  }

  /** Whether the stream's bytes up to `offset`, all of records before `index`, end a line. */
  endsLine(stream: StreamName, offset: number, index: number): boolean {
    const last = this.lastBefore(stream, index);
    if (last?.is === 'cut' && last.end === offset) return true;
    return offset === 0 ? !isOpenAtStart(this.segment, stream) : newlineBefore(this.segment, stream, offset);
  }

  /** Where the line begins that the byte before `offset` is part of. Undefined: not within this segment, or too far. */
  lineBegin(stream: StreamName, offset: number, index: number): number | undefined {
    if (this.endsLine(stream, offset, index)) return offset;
    const lowest = Math.max(0, offset - LOOK_BACK_BYTES);
    const newline = this.#lastNewline(stream, lowest, offset);
    const begin = newline === undefined ? undefined : newline + 1;
    const cut = this.#lastCut(stream, index, begin ?? lowest);
    if (cut !== undefined || begin !== undefined) return Math.max(cut ?? 0, begin ?? 0);
    return lowest === 0 && !isOpenAtStart(this.segment, stream) ? 0 : undefined;
  }
  #lastNewline(stream: StreamName, from: number, to: number): number | undefined {
    for (let end = to; end > from; end -= BYTES_PER_LOOK) {
      const start = Math.max(from, end - BYTES_PER_LOOK);
      const at = this.#bytes(stream, start, end).lastIndexOf(NEWLINE);
      if (at >= 0) return start + at;
    }
    return undefined;
  }
  /** The end of the stream's last cut before record `index`, if that is not below `lowest`. */
  #lastCut(stream: StreamName, index: number, lowest: number): number | undefined {
    for (let place = index - 1; place >= 0; place--) {
      const record = this.record(place);
      if (record.is === 'damaged' || record.stream !== stream) continue;
      if (record.end < lowest) return undefined;
      if (record.is === 'cut') return record.end;
    }
    return undefined;
  }

  #bytes(stream: StreamName, from: number, to: number): Buffer {
    const bytes = Buffer.allocUnsafe(to - from);
    return bytes.subarray(0, this.segment.read(stream, bytes, from));
  }

  /**
   * Lines that end in this record. At most `wanted` are counted: then `begin` tells where the first of them begins.
   */
  linesOf(index: number, wanted: number): { lines: number; begin?: number } {
    const record = this.record(index);
    if (record.is === 'damaged') return { lines: 0 };
    const { stream } = record;
    const from = this.offset(stream, index);
    const to = Math.max(from, record.end);
    const cut = record.is === 'cut' && !this.endsLine(stream, to, index) ? 1 : 0;
    const { newlines, begin } = this.#newlinesBack(stream, from, to, wanted + 1 - cut);
    return begin === undefined ? { lines: newlines + cut } : { lines: wanted, begin };
  }

  /** Counts back from `to`; the `limit`th newline is where a line before begins: `begin` is behind it. */
  #newlinesBack(
    stream: StreamName,
    from: number,
    to: number,
    limit: number,
  ): { newlines: number; begin?: number } {
    let newlines = 0;
    for (let end = to; end > from; end -= BYTES_PER_LOOK) {
      const start = Math.max(from, end - BYTES_PER_LOOK);
      const bytes = this.#bytes(stream, start, end);
      for (
        let at = bytes.lastIndexOf(NEWLINE);
        at >= 0;
        at = at > 0 ? bytes.lastIndexOf(NEWLINE, at - 1) : -1
      )
        if (++newlines === limit) return { newlines, begin: start + at + 1 };
    }
    return { newlines };
  }
}

/** Where to begin so that `tail` lines remain after skipping `skip` of those found. */
export function findTail(
  directory: string,
  tail: number,
  streams: ReadonlySet<StreamName>,
  meter?: ReadMeter,
): Found {
  const numbers = numbersIn(directory);
  const unwanted = STREAMS.filter((stream) => !streams.has(stream));
  // What a stream leaves without its newline is the log's last line, wherever it was begun.
  let lines = [...streams].filter((stream) => !endsWithLine(directory, stream, meter)).length;
  for (const number of numbers.toReversed()) {
    const found = withSegment(directory, number, meter, (segment): Found | undefined => {
      const table = new IndexTable(segment);
      const count = (index: number, wanted: number) => {
        const record = table.record(index);
        const isWanted = record.is !== 'damaged' && streams.has(record.stream);
        return isWanted ? table.linesOf(index, wanted) : { lines: 0 };
      };
      let record = table.length;
      while (record > 0 && lines < tail) {
        const { lines: more, begin } = count(--record, tail - lines);
        lines += more;
        const exact = begin === undefined ? undefined : exactStart(table, record, begin, unwanted);
        if (exact) return { ...exact, skip: 0 };
        if (begin !== undefined) lines += uncounted(table, record, begin);
      }
      if (lines < tail) return undefined;
      const start = table.lineStart(record);
      while (record > start) lines += count(--record, Number.POSITIVE_INFINITY).lines;
      return start > 0 || table.isGoodBeginning()
        ? { from: { segment: number, record: start }, skip: lines - tail }
        : undefined;
    });
    if (found !== undefined) return found;
  }
  return { from: { segment: numbers[0] ?? 1, record: 0 }, skip: Math.max(0, lines - tail) };
}

/** Lines of the record that end before `begin`. */
function uncounted(table: IndexTable, record: number, begin: number): number {
  const one = table.record(record);
  if (one.is === 'damaged') return 0;
  return countNewlines(table.segment, one.stream, table.offset(one.stream, record), begin);
}

function countNewlines(segment: Segment, stream: StreamName, from: number, to: number): number {
  let count = 0;
  const bytes = Buffer.allocUnsafe(BYTES_PER_LOOK);
  for (let at = from; at < to; ) {
    const got = segment.read(stream, bytes.subarray(0, Math.min(bytes.length, to - at)), at);
    if (got === 0) break;
    for (let n = bytes.indexOf(NEWLINE); n >= 0 && n < got; n = bytes.indexOf(NEWLINE, n + 1)) count++;
    at += got;
  }
  return count;
}

/** The record's stream begins at the byte; the other one at the line that it is in the middle of before the record. */
function exactStart(
  table: IndexTable,
  record: number,
  begin: number,
  unwanted: readonly StreamName[],
): Pick<Found, 'from' | 'begin'> | undefined {
  const one = table.record(record);
  if (one.is === 'damaged') return undefined;
  const other = one.stream === 'stdout' ? 'stderr' : 'stdout';
  const before = table.offset(other, record);
  const otherBegin = unwanted.includes(other) ? before : table.lineBegin(other, before, record);
  if (otherBegin === undefined) return undefined;
  return {
    from: { segment: table.segment.number, record },
    begin:
      one.stream === 'stdout' ? { stdout: begin, stderr: otherBegin } : { stdout: otherBegin, stderr: begin },
  };
}

/** The time of the first good record of a segment. */
function beganAt(segment: Segment): bigint | undefined {
  const count = segment.recordCount();
  for (let at = 0; at < count; at += LOOK_BACK_RECORDS)
    for (const record of segment.records(at, Math.min(count, at + LOOK_BACK_RECORDS)))
      if (record.is !== 'damaged') return record.at;
  return undefined;
}

/**
 * The last segment that begins at or before that time; undefined: none is known to. One that tells no time, because it
 * was rotated away, has only begun or is damaged, says nothing: the next one before it is asked.
 */
function segmentAt(
  directory: string,
  numbers: readonly number[],
  since: bigint,
  meter: ReadMeter | undefined,
): number | undefined {
  let found: number | undefined;
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    let asked = middle;
    let at: bigint | undefined;
    for (; asked >= low && at === undefined; asked--)
      at = withSegment(directory, numbers[asked] ?? 0, meter, beganAt);
    if (at !== undefined && at > since) high = asked + 1;
    else low = middle + 1;
    if (at !== undefined && at <= since) found = numbers[asked + 1];
  }
  return found;
}

/** The first record that is not older than `since`, by bisection of the segments and then of one index. */
export function findSince(directory: string, since: bigint, meter?: ReadMeter): Position {
  const numbers = numbersIn(directory);
  const number = segmentAt(directory, numbers, since, meter);
  if (number === undefined) return { segment: numbers[0] ?? 1, record: 0 };
  const found = withSegment(directory, number, meter, (segment): Position => {
    const table = new IndexTable(segment);
    let [from, to] = [0, table.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (timeAround(table, middle) < since) from = middle + 1;
      else to = middle;
    }
    const record = table.lineStart(from);
    return record > 0 || table.isGoodBeginning()
      ? { segment: number, record }
      : lineBefore(directory, number, meter);
  });
  return found ?? { segment: numbers[0] ?? 1, record: 0 };
}

/** Where the line begins that goes on from the segment before into segment `number`. */
function lineBefore(directory: string, number: number, meter: ReadMeter | undefined): Position {
  const before = numbersIn(directory)
    .filter((each) => each < number)
    .at(-1);
  const record =
    before === undefined
      ? undefined
      : withSegment(directory, before, meter, (segment) => {
          const table = new IndexTable(segment);
          return table.lineStart(table.length);
        });
  return before === undefined || record === undefined
    ? { segment: number, record: 0 }
    : { segment: before, record };
}

/** A record's time; a damaged one has that of the next good one before it, or zero. */
function timeAround(table: IndexTable, index: number): bigint {
  for (let at = index; at >= 0; at--) {
    const record = table.record(at);
    if (record.is !== 'damaged') return record.at;
  }
  return 0n;
}
