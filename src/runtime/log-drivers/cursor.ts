/** Reads a log from a position on, record by record, from another thread than the one that writes it. */
import { existsSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import { isOpenAtStart, newlineBefore, numbersIn, withSegment } from '../output/boundaries.ts';
import { offsetsBefore } from '../output/reader.ts';
import { STREAMS, type StreamName } from '../output/record.ts';
import { Segment } from '../output/segment.ts';
import type { Position } from '../output/writer.ts';

const RECORDS_PER_READ = 1024;

/** A stretch of bytes that were written at one time; none: the stream's line was cut. */
export interface Stretch {
  readonly stream: StreamName;
  readonly from: number;
  readonly to: number;
  readonly at: bigint;
  readonly isCut: boolean;
}

/** Records that were read together: stretches of one segment's files, in order. */
export interface Batch {
  readonly segment: Segment;
  readonly stretches: readonly Stretch[];
  readonly bytes: number;
}

/** A place in a log, from which whole records are taken one batch after another. */
export class Cursor {
  readonly #directory: string;
  #position: Position;
  #segment: Segment | undefined;
  #offsets: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  #last = 0n;

  constructor(directory: string, position: Position) {
    this.#directory = directory;
    this.#position = position;
  }

  get position(): Position {
    return this.#position;
  }

  /** The next records, of about `bytes`; undefined when nothing is there now. Its bytes must be read before the next. */
  next(bytes: number): Batch | undefined {
    for (;;) {
      const segment = this.#open();
      if (segment === undefined) return undefined;
      // Looked for first: a segment that has a follower gets no more records.
      const follower = this.#following();
      const batch = this.#take(segment, bytes);
      if (batch !== undefined) return batch;
      if (follower === undefined) return undefined;
      const rest = this.#unindexed(segment);
      this.skipTo({ segment: follower, record: 0 });
      if (rest !== undefined) return rest;
    }
  }

  /** Where the log ends now, and the bytes until there. */
  end(): { position: Position; bytes: number } {
    let { segment, record } = this.#position;
    let bytes = 0;
    const open = this.#open();
    if (open) {
      ({ segment } = this.#position);
      record = open.recordCount();
      for (const stream of STREAMS) bytes += open.sizeOf(stream) - this.#offsets[stream];
    }
    for (let next = this.#following(segment); next !== undefined; next = this.#following(segment)) {
      const size = withSegment(this.#directory, next, undefined, (one) => {
        record = one.recordCount();
        return one.sizeOf('stdout') + one.sizeOf('stderr');
      });
      segment = next;
      bytes += size ?? 0;
    }
    return { position: { segment, record }, bytes };
  }
  /** Whether the stream stands at the beginning of a line. */
  isAtLine(stream: StreamName): boolean {
    const segment = this.#open();
    if (segment === undefined) return true;
    const offset = this.#offsets[stream];
    return offset > 0 ? newlineBefore(segment, stream, offset) : !isOpenAtStart(segment, stream);
  }

  /** Goes on from there. */
  skipTo(position: Position): void {
    if (position.segment !== this.#position.segment) this.#leave();
    this.#position = position;
    if (this.#segment) this.#offsets = offsetsBefore(this.#segment, position.record);
  }

  #left: Segment | undefined;
  /** The segment stays open until the batch that was taken from it is read. */
  #leave(): void {
    this.#left?.close();
    this.#left = this.#segment;
    this.#segment = undefined;
  }

  #open(): Segment | undefined {
    if (this.#segment) return this.#segment;
    const number = numbersIn(this.#directory).find((each) => each >= this.#position.segment);
    if (number === undefined) return undefined;
    try {
      this.#segment = Segment.open(this.#directory, number, 'read');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined; // rotated away just now: asked for again
      throw error;
    }
    if (number !== this.#position.segment) this.#position = { segment: number, record: 0 };
    this.#offsets = offsetsBefore(this.#segment, this.#position.record);
    return this.#segment;
  }

  /** Numbers follow each other, but for those that were rotated away: a long log's directory is not listed each time. */
  #following(segment = this.#position.segment): number | undefined {
    if (existsSync(`${this.#directory}/${segment + 1}.idx`)) return segment + 1;
    if (existsSync(`${this.#directory}/${segment}.idx`)) return undefined;
    return numbersIn(this.#directory).find((each) => each > segment);
  }

  #take(segment: Segment, bytes: number): Batch | undefined {
    const { record } = this.#position;
    const records = segment.records(record, Math.min(segment.recordCount(), record + RECORDS_PER_READ));
    const stretches: Stretch[] = [];
    let [sum, taken] = [0, 0];
    for (const one of records) {
      taken += 1;
      if (one.is === 'damaged') continue;
      const from = this.#offsets[one.stream];
      if (one.end < from) continue;
      this.#offsets[one.stream] = one.end;
      this.#last = one.at;
      stretches.push({ stream: one.stream, from, to: one.end, at: one.at, isCut: one.is === 'cut' });
      sum += one.end - from;
      if (sum >= bytes) break;
    }
    this.#position = { segment: segment.number, record: record + taken };
    return taken > 0 ? { segment, stretches, bytes: sum } : undefined;
  }

  /** Bytes that no good record speaks of. */
  #unindexed(segment: Segment): Batch | undefined {
    const stretches = STREAMS.flatMap((stream): Stretch[] => {
      const [from, to] = [this.#offsets[stream], segment.sizeOf(stream)];
      return to > from ? [{ stream, from, to, at: this.#last, isCut: false }] : [];
    });
    const bytes = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
    return stretches.length > 0 ? { segment, stretches, bytes } : undefined;
  }

  close(): void {
    this.#leave();
    this.#leave();
  }
}
