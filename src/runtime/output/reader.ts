/** Reads a container's output back: as chunks in the order they were written, or as lines with their times. */
import { read as readCallback, readdirSync, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { codeOf } from '../../base/errors.ts';
import { type IndexRecord, Segment, type StreamName, segmentNumbers } from './segment.ts';
import type { Follower, OutputWriter, Position } from './writer.ts';

const readAt = promisify(readCallback);

export interface Chunk {
  readonly stream: StreamName;
  readonly bytes: Buffer;
  /** When its last byte was written. */
  readonly at: bigint;
}

/** Records decoded at once, and bytes read at once. */
const RECORDS_PER_READ = 1024;
const BYTES_PER_READ = 1 << 20;
/** Below this, a read of what was just written is faster done at once than on a pool thread. */
const SYNC_READ_BYTES = 256 << 10;

export interface ReadOptions {
  readonly from: Position;
  /** Streams that are wanted; records of others are skipped without reading their bytes. */
  readonly streams: ReadonlySet<StreamName>;
  /** Waits for more until the writer ends. Undefined: stops at the end. */
  readonly follow: OutputWriter | undefined;
  /** Registered with the writer: an attached client whose lag is bounded. */
  readonly follower?: Follower;
  /** Stops before this record. */
  readonly to?: Position;
  /** Join neighbouring records of a stream (no times needed). */
  readonly join: boolean;
  readonly signal: AbortSignal;
}

/** A stretch of one stream's bytes within a segment. */
interface Stretch {
  readonly stream: StreamName;
  readonly from: number;
  to: number;
  at: bigint;
}

/** Turns records into stretches, given where each stream stood before them. */
function stretches(
  records: readonly IndexRecord[],
  begin: Record<StreamName, number>,
  join: boolean,
): Stretch[] {
  const found: Stretch[] = [];
  for (const record of records) {
    const from = begin[record.stream];
    begin[record.stream] = record.end;
    if (record.end <= from) continue; // damaged: it cannot end before it begins
    const last = found.at(-1);
    if (join && last?.stream === record.stream && record.end - last.from <= BYTES_PER_READ) {
      last.to = record.end;
      last.at = record.at;
    } else found.push({ stream: record.stream, from, to: record.end, at: record.at });
  }
  return found;
}

async function* readStretch(segment: Segment, stretch: Stretch): AsyncGenerator<Chunk> {
  const fd = segment.fdOf(stretch.stream);
  for (let at = stretch.from; at < stretch.to; ) {
    const bytes = Buffer.allocUnsafe(Math.min(stretch.to - at, BYTES_PER_READ));
    const got =
      bytes.length <= SYNC_READ_BYTES
        ? readSync(fd, bytes, 0, bytes.length, at)
        : (await readAt(fd, bytes, 0, bytes.length, at)).bytesRead;
    if (got === 0) return; // cut off on disk: what is missing cannot be given
    at += got;
    yield {
      stream: stretch.stream,
      bytes: got === bytes.length ? bytes : bytes.subarray(0, got),
      at: stretch.at,
    };
  }
}

/** Where each stream of the segment stands before record `count`. */
function offsetsBefore(segment: Segment, count: number): Record<StreamName, number> {
  const begin: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  const missing = new Set<StreamName>(['stdout', 'stderr']);
  for (let to = count; to > 0 && missing.size > 0; to -= RECORDS_PER_READ) {
    for (const record of segment.records(Math.max(0, to - RECORDS_PER_READ), to).reverse()) {
      if (!missing.delete(record.stream)) continue;
      begin[record.stream] = record.end;
    }
  }
  return begin;
}

/** Opens the segment, or the oldest one that is still there when it was rotated away. */
function openFrom(directory: string, wanted: Position): { segment: Segment; record: number } | undefined {
  for (let attempt = 0; attempt < 8; attempt++) {
    const number = numbersIn(directory).find((each) => each >= wanted.segment);
    if (number === undefined) return undefined;
    try {
      const segment = Segment.open(directory, number, 'read');
      return { segment, record: number === wanted.segment ? wanted.record : 0 };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

/** Nothing, when the container never ran or is removed meanwhile. */
export function numbersIn(directory: string): number[] {
  try {
    return segmentNumbers(readdirSync(directory));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Chunks from a position on, in the order of writing. Ends at the end of the log, of the writer, at `to`, or with `signal`. */
export async function* readChunks(directory: string, options: ReadOptions): AsyncGenerator<Chunk> {
  const { follow, follower, signal, to } = options;
  let at: Position = options.from;
  for (;;) {
    const own = follower?.segments.shift();
    const opened = own
      ? { segment: own, record: own.number === at.segment ? at.record : 0 }
      : follower
        ? undefined
        : openFrom(directory, at);
    if (opened === undefined) return;
    const { segment } = opened;
    try {
      yield* readSegment(segment, opened.record, options);
    } finally {
      segment.close();
    }
    if (signal.aborted || (to !== undefined && segment.number >= to.segment)) return;
    at = { segment: segment.number + 1, record: 0 };
    if (
      follower === undefined &&
      (follow === undefined || follow.ended) &&
      (numbersIn(directory).at(-1) ?? 0) <= segment.number
    )
      return;
  }
}

async function* readSegment(
  segment: Segment,
  firstRecord: number,
  options: ReadOptions,
): AsyncGenerator<Chunk> {
  const { follow, follower, signal, to } = options;
  const begin = offsetsBefore(segment, firstRecord);
  let next = firstRecord;
  for (;;) {
    // Asked for before looking, so that what comes in between is not missed.
    const changed = follow?.changed();
    const last = follow === undefined || follow.ended || follow.end.segment > segment.number;
    const count =
      to?.segment === segment.number ? Math.min(to.record, segment.recordCount()) : segment.recordCount();
    while (next < count) {
      const records = segment.records(next, Math.min(count, next + RECORDS_PER_READ));
      if (records.length === 0) return;
      next += records.length;
      for (const stretch of stretches(records, begin, options.join)) {
        if (options.streams.has(stretch.stream)) {
          for await (const chunk of readStretch(segment, stretch)) {
            if (signal.aborted) return;
            yield chunk;
          }
        }
        if (follower) {
          follower.consumed += stretch.to - stretch.from;
          follow?.progressed();
        }
      }
    }
    if (last || signal.aborted) return;
    await changed;
    if (signal.aborted) return;
  }
}
