/** The log as lines: since, until, tail and time stamps, found through the index. */
import { NEWLINE } from './boundaries.ts';
import { findSince, findTail } from './find.ts';
import type { Follower } from './followers.ts';
import { type Chunk, type Loss, readChunks } from './reader.ts';
import type { StreamName } from './record.ts';
import type { ReadMeter, Segment } from './segment.ts';
import type { OutputWriter, Position } from './writer.ts';

/** A line longer than this is given in pieces: one line must not hold the engine's memory. */
const LINE_BYTES_MAX = 1 << 20;

/** One line, its newline included (the last may lack one). */
export interface Line {
  readonly stream: StreamName;
  readonly bytes: Buffer;
  readonly at: bigint;
}

/** Which lines are wanted, and whether more are waited for. */
export interface LineOptions {
  readonly streams: ReadonlySet<StreamName>;
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  readonly tail: number | undefined;
  readonly follow: OutputWriter | undefined;
  /** See {@link ReadOptions}. */
  readonly follower?: Follower;
  readonly pinned?: Segment[];
  readonly signal: AbortSignal;
  readonly onLoss?: (loss: Loss) => void;
  readonly meter?: ReadMeter;
}

/** Cuts chunks into lines, each with the time of the write that completed it; what one chunk holds comes together, be it none. */
async function* cut(chunks: AsyncIterable<Chunk>): AsyncGenerator<Line[]> {
  const partial = new Map<StreamName, { parts: Buffer[]; bytes: number; at: bigint }>();
  for await (const { stream, bytes, at, isCut } of chunks) {
    const lines: Line[] = [];
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const tail = bytes.subarray(from, end + 1);
      const before = partial.get(stream);
      partial.delete(stream);
      lines.push({ stream, bytes: before ? Buffer.concat([...before.parts, tail]) : tail, at });
      from = end + 1;
    }
    const before = partial.get(stream);
    if (isCut && before) {
      partial.delete(stream);
      lines.push({ stream, bytes: Buffer.concat(before.parts), at: before.at });
    } else if (from < bytes.length) {
      const kept = before ?? { parts: [], bytes: 0, at };
      kept.parts.push(bytes.subarray(from));
      kept.bytes += bytes.length - from;
      kept.at = at;
      partial.delete(stream); // the order of partial lines is that of their last writes
      if (kept.bytes < LINE_BYTES_MAX) partial.set(stream, kept);
      else lines.push({ stream, bytes: Buffer.concat(kept.parts), at });
    }
    yield lines;
  }
  yield [...partial].map(([stream, { parts, at }]) => ({ stream, bytes: Buffer.concat(parts), at }));
}

/** Lines of the log below `directory` that the options ask for, in batches. */
export async function* readLines(directory: string, options: LineOptions): AsyncGenerator<readonly Line[]> {
  const { since, until, tail, streams, follow, meter } = options;
  if (tail === 0 && follow === undefined) return;
  let from: Position = tail === 0 && follow ? follow.end : { segment: 0, record: 0 };
  let skip = 0;
  let begin: Record<StreamName, number> | undefined;
  if (tail !== undefined && tail > 0) ({ from, begin, skip } = findTail(directory, tail, streams, meter));
  else if (since !== undefined && tail === undefined) from = findSince(directory, since, meter);
  const chunks = readChunks(directory, { ...options, from, ...(begin ? { begin } : {}), join: false });
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
