/**
 * Writes a container's output: bytes go from its FIFO to the segment by splice(2) at an explicit offset, so that a
 * kill −9 of this process at any line loses nothing and doubles nothing.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { nowNanos } from '../../base/time.ts';
import { splice } from '../../linux/index.ts';
import { isOpenAtStart, lastRecords, newlineBefore } from './boundaries.ts';
import { Follower, Followers, LAG_BYTES } from './followers.ts';
import { RECORD_BYTES, type RecordKind, STREAMS, type StreamName } from './record.ts';
import { orphanNumbers, Segment, segmentBytes, segmentNumbers, unlinkSegment } from './segment.ts';

/** How much of a container's output is kept. */
export interface LogLimits {
  /** The oldest segments go when all together take more than this. Infinity: none goes. */
  readonly bytes: number;
  /** A new segment begins when both streams together reach this. */
  readonly segmentBytes: number;
  /** What cannot be written (a full disk) is lost; otherwise the container waits. */
  readonly isLossy?: boolean;
}
/** 100 MiB a container: what the `local` driver documents (5 × 20 MB). */
export const DEFAULT_LIMITS: LogLimits = { bytes: 100 << 20, segmentBytes: 12 << 20 };

/**
 * At most this is moved for one stream before others get their turn: what its pipe holds. A container that refills the
 * pipe meanwhile would otherwise have this thread for as long as it writes; a turn is a tenth of a millisecond.
 */
const BYTES_PER_TURN = 256 << 10;
/** A new segment begins when its index reaches this, so that searching one takes little memory. */
const INDEX_BYTES_MAX = 2 << 20;
/** Segments of tiny logs: an attached client may hold as many open as it is behind. */
const FOLLOWED_SEGMENTS_MAX = 64;

/** Where a reader stands: the next record it wants. */
export interface Position {
  readonly segment: number;
  readonly record: number;
}

/** What to write instead of the first bytes of a run, of which `read` gives the text; undefined: they stay. */
export type FirstBytes = (bytes: number, read: () => Buffer) => Buffer | undefined;

/** A container's log while it is written: it takes output from pipes and knows who reads along. */
export class OutputWriter {
  readonly directory: string;
  readonly #limits: LogLimits;
  #segment: Segment;
  #oldest: number;
  #records: number;
  #sizes: Record<StreamName, number>;
  /** Streams that were in the middle of a line where the segment began. */
  readonly #openAtStart = new Set<StreamName>();
  /** Where each stream's last cut is in the segment. */
  readonly #cutAt: Record<StreamName, number> = { stdout: -1, stderr: -1 };
  /** Bytes of the finished segments, oldest first; empty without a limit. */
  readonly #finished: { readonly number: number; readonly bytes: number }[] = [];
  #finishedBytes = 0;
  #ended = false;
  #waiting: (() => void)[] = [];
  readonly #followers = new Followers();
  #onGrown: (() => void) | undefined;
  #onFirstBytes: FirstBytes | undefined;
  /** Bytes written since this process opened the log: followers measure their lag by it. */
  totalBytes = 0;

  /** Opens the log below `directory`, which is made if missing, and mends what a crash left. */
  constructor(directory: string, limits: LogLimits = DEFAULT_LIMITS) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.directory = directory;
    this.#limits = limits;
    const names = readdirSync(directory);
    const numbers = segmentNumbers(names);
    for (const number of orphanNumbers(names)) unlinkSegment(directory, number);
    this.#oldest = numbers[0] ?? 1;
    if (limits.bytes !== Number.POSITIVE_INFINITY)
      for (const number of numbers.slice(0, -1)) this.#keep(number, segmentBytes(directory, number));
    this.#segment = Segment.open(directory, numbers.at(-1) ?? 1, 'write');
    this.#records = this.#segment.recordCount();
    this.#sizes = { stdout: this.#segment.sizeOf('stdout'), stderr: this.#segment.sizeOf('stderr') };
    this.#mend();
  }

  /** Bytes that were spliced but not indexed when the process before died get their record; after lost ones a new segment begins. */
  #mend(): void {
    const last = lastRecords(this.#segment, this.#records);
    for (const stream of STREAMS) {
      if (last[stream]?.is === 'cut') this.#cutAt[stream] = last[stream].end;
      if (isOpenAtStart(this.#segment, stream)) this.#openAtStart.add(stream);
    }
    const isCutShort = STREAMS.some((stream) => this.#sizes[stream] < (last[stream]?.end ?? 0));
    if (isCutShort) this.#rotate();
    else
      for (const stream of STREAMS) if (this.#sizes[stream] > (last[stream]?.end ?? 0)) this.#record(stream);
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
    if (!evenIfFull && this.#followers.lagging(this.totalBytes)) return 'full';
    const begin = this.#sizes[stream];
    const room = Math.min(
      BYTES_PER_TURN,
      Math.max(1, this.#limits.segmentBytes - this.#sizes.stdout - this.#sizes.stderr),
    );
    let answer: 'idle' | 'more' | 'end' = 'more';
    try {
      for (let left = room; left > 0; left = room - (this.#sizes[stream] - begin)) {
        const moved = splice(source, this.#segment.fdOf(stream), this.#sizes[stream], left);
        if (moved <= 0) {
          answer = moved === 0 ? 'end' : 'idle';
          break;
        }
        this.#sizes[stream] += moved;
      }
    } finally {
      if (this.#sizes[stream] > begin) {
        this.#askOnce(stream, begin);
        this.totalBytes += this.#sizes[stream] - begin;
        this.#record(stream);
        if (this.#isFull()) this.#rotate();
        this.#dropOldest();
        this.#onGrown?.();
        this.#notify();
      }
    }
    return answer;
  }

  /** Before a record tells readers of the bytes: what is replaced nobody has seen. */
  #askOnce(stream: StreamName, begin: number): void {
    const ask = this.#onFirstBytes;
    if (ask === undefined) return;
    this.#onFirstBytes = undefined;
    const bytes = this.#sizes[stream] - begin;
    const instead = ask(bytes, () => {
      const text = Buffer.alloc(bytes);
      return text.subarray(0, this.#segment.read(stream, text, begin));
    });
    if (instead === undefined) return;
    this.#segment.replaceTail(stream, begin, instead);
    this.#sizes[stream] = begin + instead.length;
  }

  #record(stream: StreamName, is: RecordKind = 'bytes'): void {
    this.#segment.appendRecord(this.#records, { is, at: nowNanos(), stream, end: this.#sizes[stream] });
    this.#records += 1;
  }

  #isFull(): boolean {
    return (
      this.#sizes.stdout + this.#sizes.stderr >= this.#limits.segmentBytes ||
      this.#records * RECORD_BYTES >= INDEX_BYTES_MAX
    );
  }
  get #segmentBytes(): number {
    return this.#sizes.stdout + this.#sizes.stderr + this.#records * RECORD_BYTES;
  }
  #keep(number: number, bytes: number): void {
    this.#finished.push({ number, bytes });
    this.#finishedBytes += bytes;
  }
  #rotate(): void {
    const next = Segment.open(this.directory, this.#segment.number + 1, 'write');
    const open = STREAMS.filter((stream) => this.#isMidLine(stream));
    if (this.#limits.bytes !== Number.POSITIVE_INFINITY) this.#keep(this.#segment.number, this.#segmentBytes);
    this.#segment.close();
    this.#segment = next;
    this.#records = 0;
    this.#sizes = { stdout: 0, stderr: 0 };
    this.#openAtStart.clear();
    for (const stream of STREAMS) this.#cutAt[stream] = -1;
    for (const stream of open) {
      this.#openAtStart.add(stream);
      this.#record(stream, 'open');
    }
    this.#followers.rotated(this.directory, next.number);
  }
  #dropOldest(): void {
    for (;;) {
      const oldest = this.#finished[0];
      if (oldest === undefined || this.#finishedBytes + this.#segmentBytes <= this.#limits.bytes) return;
      if (oldest.number >= this.#followers.keepsFrom) return;
      this.#finished.shift();
      this.#finishedBytes -= oldest.bytes;
      this.#oldest = oldest.number + 1;
      unlinkSegment(this.directory, oldest.number);
    }
  }

  /** The run is over: what it left of a line is a line, and the next run's output begins another. */
  endRun(): void {
    for (const stream of STREAMS) {
      if (!this.#isMidLine(stream)) continue;
      this.#record(stream, 'cut');
      this.#cutAt[stream] = this.#sizes[stream];
      this.#onGrown?.();
    }
    this.#notify();
  }

  #isMidLine(stream: StreamName): boolean {
    const size = this.#sizes[stream];
    if (this.#cutAt[stream] === size) return false;
    return size > 0 ? !newlineBefore(this.#segment, stream, size) : this.#openAtStart.has(stream);
  }

  /** An attached client: it loses nothing; when it is too far behind, the container waits as on a full pipe. */
  addFollower(): Follower {
    const lagBytes = Math.min(LAG_BYTES, this.#limits.segmentBytes * FOLLOWED_SEGMENTS_MAX);
    const follower = new Follower(this.totalBytes, { behind: 0, lagBytes, waitedFor: 'always' });
    follower.segments.push(Segment.open(this.directory, this.#segment.number, 'read'));
    return this.#followers.add(follower);
  }
  /** A reader of the whole log that goes on with what comes: the container waits for it while it reads. */
  addReader(): Follower {
    const lagBytes = Math.min(LAG_BYTES, this.#limits.segmentBytes * FOLLOWED_SEGMENTS_MAX);
    const behind = this.#finishedBytes + this.#segmentBytes;
    const follower = new Follower(this.totalBytes, { behind, lagBytes, waitedFor: 'while it reads' });
    follower.segments.push(...this.openAll());
    return this.#followers.add(follower);
  }
  /** Reads for others, by descriptors of its own: what it has not read stays on disk while it is waited for. */
  addShipper(lagBytes: number, waitedFor: 'always' | 'never'): Follower {
    const follower = new Follower(this.totalBytes, { behind: 0, lagBytes, waitedFor });
    follower.keepsFrom = this.#oldest;
    return this.#followers.add(follower);
  }
  /** All segments there are, open: rotation cannot take them from a reader. Whoever asks closes them. */
  openAll(): Segment[] {
    const numbers = [...this.#finished.map(({ number }) => number), this.#segment.number];
    return numbers.map((number) => Segment.open(this.directory, number, 'read'));
  }
  /** Rather lose what cannot be written than let the container wait. */
  get isLossy(): boolean {
    return this.#limits.isLossy ?? false;
  }
  /** Nothing is ever rotated away. */
  get isUnlimited(): boolean {
    return this.#limits.bytes === Number.POSITIVE_INFINITY;
  }
  /** To be called after a follower's `consumed` grew. */
  progressed(): void {
    this.#dropOldest(); // what was kept for it alone; when nothing is written any more nobody else does it
    this.#followers.progressed(this.totalBytes);
  }
  removeFollower(follower: Follower): void {
    this.#followers.remove(follower, this.totalBytes);
    this.#dropOldest();
  }
  /** `resume` is called when a pump that answered `full` may go on. */
  set onDrained(resume: () => void) {
    this.#followers.onDrained = resume;
  }
  /** `listener` is called after each new record: it must be quick. */
  set onGrown(listener: (() => void) | undefined) {
    this.#onGrown = listener;
  }

  /** `ask` is asked once: about the bytes that are written next, before anybody reads them. */
  set onFirstBytes(ask: FirstBytes) {
    this.#onFirstBytes = ask;
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
    this.#followers.close();
    this.#segment.close();
  }
}
