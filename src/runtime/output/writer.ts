/**
 * Writes a container's output: bytes go from its FIFO to the segment by splice(2) at an explicit offset, so that a
 * kill −9 of this process at any line loses nothing and doubles nothing.
 */
import { fstatSync, mkdirSync, readdirSync } from 'node:fs';
import { nowNanos } from '../../base/time.ts';
import { splice } from '../../linux/index.ts';
import { encodeRecord, Segment, type StreamName, segmentNumbers, unlinkSegment } from './segment.ts';

export interface LogLimits {
  /** A new segment begins when both streams together reach this. */
  readonly segmentBytes: number;
  /** How many segments are kept, the one being written included. */
  readonly segments: number;
}
/** 5 × 20 MiB a container: what the `local` driver documents. */
export const DEFAULT_LIMITS: LogLimits = { segmentBytes: 20 << 20, segments: 5 };

/** At most this is moved for one stream before others get their turn. */
const BYTES_PER_TURN = 4 << 20;
const BYTES_PER_SPLICE = 1 << 20;
/** An attached client this far behind stops the container's writes, as a full pipe would: it must not lose bytes. */
const ATTACH_LAG_BYTES = 64 << 20;

/** Where a reader stands: the next record it wants. */
export interface Position {
  readonly segment: number;
  readonly record: number;
}
/** An attached client: its total of bytes taken tells how far behind it is. */
export interface Follower {
  /** Bytes of all segments before and up to where it has read, in {@link OutputWriter.totalBytes}'s measure. */
  consumed: number;
  /** Segments it has not read yet, open: they stay readable when they are rotated away or the container is removed. */
  readonly segments: Segment[];
}

export class OutputWriter {
  readonly directory: string;
  readonly #limits: LogLimits;
  #segment: Segment;
  #oldest: number;
  #records: number;
  #sizes: Record<StreamName, number>;
  #ended = false;
  #waiting: (() => void)[] = [];
  readonly #followers = new Set<Follower>();
  #onDrained: (() => void) | undefined;
  /** Bytes written since this process opened the log: followers measure their lag by it. */
  totalBytes = 0;

  /** Opens the log below `directory`, which is made if missing, and mends what a crash left. */
  constructor(directory: string, limits: LogLimits = DEFAULT_LIMITS) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.directory = directory;
    this.#limits = limits;
    const numbers = segmentNumbers(readdirSync(directory));
    this.#oldest = numbers[0] ?? 1;
    this.#segment = Segment.open(directory, numbers.at(-1) ?? 1, 'write');
    this.#records = this.#segment.recordCount();
    this.#sizes = {
      stdout: fstatSync(this.#segment.stdout).size,
      stderr: fstatSync(this.#segment.stderr).size,
    };
    this.#indexTail();
  }

  /** Bytes that were spliced but not yet indexed when the process before died get their record now. */
  #indexTail(): void {
    const indexed = { stdout: 0, stderr: 0 };
    for (const record of this.#segment.records(0, this.#records)) indexed[record.stream] = record.end;
    for (const stream of ['stdout', 'stderr'] as const)
      if (this.#sizes[stream] > indexed[stream]) this.#record(stream);
  }

  get end(): Position {
    return { segment: this.#segment.number, record: this.#records };
  }
  get start(): Position {
    return { segment: this.#oldest, record: 0 };
  }
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Moves what waits in `source` to the log. `full` tells that followers lag: ask again after `onDrained`, or insist
   * with `evenIfFull` when the process has ended and its last bytes must be taken.
   * @throws SystemError (ENOSPC …): nothing was lost, it can be asked again
   */
  pump(stream: StreamName, source: number, evenIfFull = false): 'idle' | 'more' | 'end' | 'full' {
    if (!evenIfFull && this.#lagging()) return 'full';
    const begin = this.#sizes[stream];
    let answer: 'idle' | 'more' | 'end' = 'more';
    try {
      while (this.#sizes[stream] - begin < BYTES_PER_TURN) {
        const moved = splice(source, this.#segment.fdOf(stream), this.#sizes[stream], BYTES_PER_SPLICE);
        if (moved <= 0) {
          answer = moved === 0 ? 'end' : 'idle';
          break;
        }
        this.#sizes[stream] += moved;
      }
    } finally {
      if (this.#sizes[stream] > begin) {
        this.totalBytes += this.#sizes[stream] - begin;
        this.#record(stream);
        this.#rotateIfFull();
        this.#notify();
      }
    }
    return answer;
  }

  #record(stream: StreamName): void {
    this.#segment.appendRecord(this.#records, encodeRecord(nowNanos(), stream, this.#sizes[stream]));
    this.#records += 1;
  }

  #rotateIfFull(): void {
    if (this.#sizes.stdout + this.#sizes.stderr < this.#limits.segmentBytes) return;
    const next = Segment.open(this.directory, this.#segment.number + 1, 'write');
    this.#segment.close();
    this.#segment = next;
    this.#records = 0;
    this.#sizes = { stdout: 0, stderr: 0 };
    for (const follower of this.#followers)
      follower.segments.push(Segment.open(this.directory, next.number, 'read'));
    while (next.number - this.#oldest >= this.#limits.segments) unlinkSegment(this.directory, this.#oldest++);
  }

  #lagging(): boolean {
    const room = Math.min(ATTACH_LAG_BYTES, this.#limits.segmentBytes * (this.#limits.segments - 1) * 0.8);
    for (const follower of this.#followers) if (this.totalBytes - follower.consumed > room) return true;
    return false;
  }
  /** Registers an attached client: the log does not run away from it. */
  addFollower(): Follower {
    const follower = {
      consumed: this.totalBytes,
      segments: [Segment.open(this.directory, this.#segment.number, 'read')],
    };
    this.#followers.add(follower);
    return follower;
  }
  /** To be called after `consumed` grew. */
  progressed(): void {
    if (this.#onDrained && !this.#lagging()) this.#onDrained();
  }
  removeFollower(follower: Follower): void {
    this.#followers.delete(follower);
    for (const segment of follower.segments.splice(0)) segment.close();
    this.progressed();
  }
  /** `resume` is called when a pump that answered `full` may go on. */
  set onDrained(resume: () => void) {
    this.#onDrained = resume;
  }

  /** Resolves when something was written after this call, or the log ended. */
  changed(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
  #notify(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
  /** Wakes readers that must look at something else than new bytes, such as their abort signal. */
  wake(): void {
    this.#notify();
  }

  /** No more will come: followers end when they have read all. The files stay. */
  finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#notify();
    this.#segment.close();
  }
}
