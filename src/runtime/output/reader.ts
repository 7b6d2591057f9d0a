/** Reads a container's output back, in the order in which it was written, as chunks of bytes. */
import { read as readCallback } from 'node:fs';
import { promisify } from 'node:util';
import { codeOf } from '../../base/errors.ts';
import { Turns } from '../../base/turns.ts';
import { lastRecords, numbersIn } from './boundaries.ts';
import type { Follower } from './followers.ts';
import { type IndexRecord, STREAMS, type StreamName } from './record.ts';
import { type ReadMeter, Segment } from './segment.ts';
import type { OutputWriter, Position } from './writer.ts';

const readAt = promisify(readCallback);

/** Bytes of one stream that were written together. */
export interface Chunk {
  readonly stream: StreamName;
  readonly bytes: Buffer;
  /** When its last byte was written. */
  readonly at: bigint;
  /** No bytes: the stream's unfinished line ends here. Only when asked for. */
  readonly isCut?: true;
}

/** What was asked for and cannot be given. */
export interface Loss {
  readonly segment: number;
  readonly what: 'index records damaged' | 'bytes missing' | 'rotated away';
  readonly count: number;
}

/** Records decoded at once, and bytes read at once. */
const RECORDS_PER_READ = 1024;
const BYTES_PER_READ = 1 << 20;
/** Below this, a read of what was just written is faster done at once than on a pool thread. */
const SYNC_READ_BYTES = 256 << 10;
/** Given before others of this thread have their turn: reads that are done at once wait for nothing. */
const BYTES_PER_TURN = 1 << 20;

/** Where reading begins, what is read, and whether more is waited for. */
export interface ReadOptions {
  readonly from: Position;
  /** Where each stream's bytes begin in the first segment, when that is not where its records before `from` end. */
  readonly begin?: Readonly<Record<StreamName, number>>;
  /** Streams that are wanted; records of others are skipped without reading their bytes. */
  readonly streams: ReadonlySet<StreamName>;
  /** Waits for more until the writer ends. Undefined: stops at the end. */
  readonly follow: OutputWriter | undefined;
  /** Registered with the writer: a client whose lag is bounded. */
  readonly follower?: Follower;
  /** Segments that were opened before they could be rotated away, the first that is wanted first; all are closed. */
  readonly pinned?: Segment[];
  /** Stops before this record. */
  readonly to?: Position;
  /** Join neighbouring records of a stream (no times, and no cuts, needed). */
  readonly join: boolean;
  readonly signal: AbortSignal;
  readonly onLoss?: (loss: Loss) => void;
  readonly meter?: ReadMeter;
}

/** A stretch of one stream's bytes within a segment; without bytes: a cut. */
interface Stretch {
  readonly stream: StreamName;
  readonly from: number;
  to: number;
  at: bigint;
}

/** Turns records into stretches, given where each stream stood before them. Bytes of a damaged one go with the next. */
function stretches(
  records: readonly IndexRecord[],
  begin: Record<StreamName, number>,
  join: boolean,
): Stretch[] {
  const found: Stretch[] = [];
  for (const record of records) {
    if (record.is === 'damaged') continue;
    const { stream, end, at } = record;
    const from = begin[stream];
    if (end < from || (end === from && (record.is !== 'cut' || join))) continue; // also where a segment begins in a line
    begin[stream] = end;
    const last = found.at(-1);
    if (join && last?.stream === stream && end - last.from <= BYTES_PER_READ) {
      last.to = end;
      last.at = at;
    } else {
      if (end > from) found.push({ stream, from, to: end, at });
      if (record.is === 'cut' && !join) found.push({ stream, from: end, to: end, at });
    }
  }
  return found;
}

async function* readStretch(
  segment: Segment,
  stretch: Stretch,
  onLoss: ReadOptions['onLoss'],
): AsyncGenerator<Chunk> {
  const { stream, from, to, at } = stretch;
  if (from === to) yield { stream, bytes: Buffer.alloc(0), at, isCut: true };
  for (let offset = from; offset < to; ) {
    const bytes = Buffer.allocUnsafe(Math.min(to - offset, BYTES_PER_READ));
    const got =
      bytes.length <= SYNC_READ_BYTES
        ? segment.read(stream, bytes, offset)
        : await readLarge(segment, stream, bytes, offset);
    if (got === 0) {
      onLoss?.({ segment: segment.number, what: 'bytes missing', count: to - offset });
      return;
    }
    offset += got;
    yield { stream, bytes: got === bytes.length ? bytes : bytes.subarray(0, got), at };
  }
}

async function readLarge(segment: Segment, stream: StreamName, into: Buffer, at: number): Promise<number> {
  const { bytesRead } = await readAt(segment.fdOf(stream), into, 0, into.length, at);
  segment.count(bytesRead);
  return bytesRead;
}

/** Where each stream of the segment stands before record `count`. */
export function offsetsBefore(segment: Segment, count: number): Record<StreamName, number> {
  const { stdout, stderr } = lastRecords(segment, count);
  return { stdout: stdout?.end ?? 0, stderr: stderr?.end ?? 0 };
}

/** Opens the segment, or the oldest one that is still there when it was rotated away. */
function openFrom(
  wanted: Position,
  directory: string,
  { onLoss, meter }: ReadOptions,
): { segment: Segment; record: number } | undefined {
  for (let attempt = 0; attempt < 8; attempt++) {
    const number = numbersIn(directory).find((each) => each >= wanted.segment);
    if (number === undefined) return undefined;
    try {
      const segment = Segment.open(directory, number, 'read', meter);
      if (wanted.segment > 0 && number > wanted.segment)
        onLoss?.({ segment: wanted.segment, what: 'rotated away', count: number - wanted.segment });
      return { segment, record: number === wanted.segment ? wanted.record : 0 };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

/** The next of the segments that are held open, or, for who holds none, of those on disk. */
function nextSegment(directory: string, at: Position, options: ReadOptions) {
  const { follower, pinned } = options;
  const held = follower?.segments ?? pinned;
  if (held === undefined || follower?.left) return openFrom(at, directory, options);
  for (let own = held.shift(); own !== undefined; own = held.shift()) {
    if (own.number >= at.segment) return { segment: own, record: own.number === at.segment ? at.record : 0 };
    own.close();
  }
  return undefined;
}

/** Chunks from a position on, in the order of writing. Ends at the end of the log, of the writer, at `to`, or with `signal`. */
export async function* readChunks(directory: string, options: ReadOptions): AsyncGenerator<Chunk> {
  const { pinned, signal, to } = options;
  let at: Position = options.from;
  let begin = options.begin;
  const turns = new Turns(BYTES_PER_TURN);
  try {
    for (;;) {
      const opened = nextSegment(directory, at, options);
      if (opened === undefined) return;
      const { segment } = opened;
      try {
        for await (const chunk of readSegment(segment, opened.record, begin, options)) {
          yield chunk;
          await turns.spend(chunk.bytes.length);
        }
      } finally {
        segment.close();
      }
      begin = undefined;
      if (signal.aborted || (to !== undefined && segment.number >= to.segment)) return;
      at = { segment: segment.number + 1, record: 0 };
    }
  } finally {
    for (const segment of pinned?.splice(0) ?? []) segment.close();
  }
}

async function* readSegment(
  segment: Segment,
  firstRecord: number,
  firstBytes: ReadOptions['begin'],
  options: ReadOptions,
): AsyncGenerator<Chunk> {
  const { follow, signal, to, onLoss } = options;
  const begin = firstBytes ? { ...firstBytes } : offsetsBefore(segment, firstRecord);
  if (firstBytes) yield* readStretches(segment, begunBefore(segment, firstRecord, begin), options);
  const stop = to?.segment === segment.number ? to.record : Number.POSITIVE_INFINITY;
  let next = firstRecord;
  let at = 0n;
  for (;;) {
    // Asked for before looking, so that what comes in between is not missed.
    const changed = follow?.changed();
    const isLastLook = follow === undefined || follow.ended || follow.end.segment > segment.number;
    const count = Math.min(stop, segment.recordCount());
    while (next < count) {
      const records = segment.records(next, Math.min(count, next + RECORDS_PER_READ));
      if (records.length === 0) return;
      next += records.length;
      const damaged = records.filter(({ is }) => is === 'damaged').length;
      if (damaged > 0) onLoss?.({ segment: segment.number, what: 'index records damaged', count: damaged });
      for (const record of records) if (record.is !== 'damaged') at = record.at;
      yield* readStretches(segment, stretches(records, begin, options.join), options);
      if (signal.aborted) return;
    }
    if (isLastLook && stop === Number.POSITIVE_INFINITY)
      yield* readStretches(segment, unindexed(segment, begin, at), options);
    if (isLastLook || signal.aborted) return;
    await changed;
    if (signal.aborted) return;
  }
}

/** What is wanted of the bytes before the first record: the beginnings of lines. */
function begunBefore(segment: Segment, firstRecord: number, begin: Record<StreamName, number>): Stretch[] {
  const last = lastRecords(segment, firstRecord);
  return STREAMS.flatMap((stream) => {
    const [record, from] = [last[stream], begin[stream]];
    if (record === undefined || record.end <= from) return [];
    begin[stream] = record.end;
    return [{ stream, from, to: record.end, at: record.at }];
  });
}

/** Bytes that no good record speaks of: the index's end is damaged or gone. */
function unindexed(segment: Segment, begin: Record<StreamName, number>, at: bigint): Stretch[] {
  return STREAMS.flatMap((stream) => {
    const to = segment.sizeOf(stream);
    return to > begin[stream] ? [{ stream, from: begin[stream], to, at }] : [];
  });
}

async function* readStretches(
  segment: Segment,
  all: readonly Stretch[],
  options: ReadOptions,
): AsyncGenerator<Chunk> {
  const { follow, follower, signal, streams, onLoss } = options;
  for (const stretch of all) {
    if (streams.has(stretch.stream))
      for await (const chunk of readStretch(segment, stretch, onLoss)) {
        if (signal.aborted) return;
        yield chunk;
      }
    if (follower === undefined) continue;
    follower.consumed += stretch.to - stretch.from;
    follow?.progressed();
  }
}
