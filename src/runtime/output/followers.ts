/** Who reads a log while it is written: how far behind each is, and for whom the writer waits. */
import { Segment } from './segment.ts';

/** What a follower may be behind before the container waits for it, as on a full pipe. */
export const LAG_BYTES = 64 << 20;
/** A follower that may be left behind is, when it took less than this within the time below. */
const PROGRESS_BYTES = 1 << 20;
const PATIENCE_MS = 2000;
/** The time is counted in looks: one in which this thread could not turn, and nobody read, counts as one of them. */
const LOOKS = 10;

/** How a follower and the writer wait for each other. */
export interface FollowerOptions {
  /** Bytes that it is behind at its beginning, in {@link Follower.consumed}'s measure. */
  readonly behind: number;
  /** How far it may fall behind before the container waits. */
  readonly lagBytes: number;
  /** `always`: it must lose nothing. `while it reads`: one that stands still is left behind. `never`: nobody waits for it. */
  readonly waitedFor: 'always' | 'while it reads' | 'never';
}

/** One reader of a log that is being written, and how far it has come. */
export class Follower {
  /** Bytes of all segments before and up to where it has read, in the measure of the writer's total. */
  consumed: number;
  /** Segments it has not read yet, open: they stay readable when they are rotated away or the container is removed. */
  readonly segments: Segment[] = [];
  waitedFor: FollowerOptions['waitedFor'];
  readonly lagBytes: number;
  /** Segments from this on must stay on disk. */
  keepsFrom = Number.POSITIVE_INFINITY;
  /** It stood still and was left behind: what it has not read may be rotated away. */
  left = false;

  constructor(total: number, options: FollowerOptions) {
    this.consumed = total - options.behind;
    this.lagBytes = options.behind + options.lagBytes;
    this.waitedFor = options.waitedFor;
  }

  close(): void {
    for (const segment of this.segments.splice(0)) segment.close();
  }
}

/** All readers of one log: they say whether the container must wait. */
export class Followers {
  readonly #all = new Set<Follower>();
  #timer: NodeJS.Timeout | undefined;
  #onDrained: (() => void) | undefined;

  add(follower: Follower): Follower {
    this.#all.add(follower);
    return follower;
  }
  remove(follower: Follower, total: number): void {
    this.#all.delete(follower);
    follower.close();
    this.progressed(total);
  }

  #holdsUp(follower: Follower, total: number): boolean {
    return follower.waitedFor !== 'never' && total - follower.consumed > follower.lagBytes;
  }
  /** Whether one is so far behind that the writer must wait. */
  lagging(total: number): boolean {
    for (const follower of this.#all)
      if (this.#holdsUp(follower, total)) {
        this.#watch(total);
        return true;
      }
    return false;
  }
  /** To be called after one has read on. */
  progressed(total: number): void {
    if (this.#onDrained && !this.lagging(total)) this.#onDrained();
  }
  /** `resume` is called when a writer that waited may go on. */
  set onDrained(resume: () => void) {
    this.#onDrained = resume;
  }

  /** While the writer waits its total does not grow: who makes no progress then is left behind. */
  #watch(total: number): void {
    if (this.#timer !== undefined) return;
    const before = new Map([...this.#all].map((follower) => [follower, follower.consumed]));
    const look = (count: number): void => {
      this.#timer = setTimeout(() => {
        if (count < LOOKS) look(count + 1);
        else this.#leaveBehind(total, before);
      }, PATIENCE_MS / LOOKS).unref();
    };
    look(1);
  }

  #leaveBehind(total: number, before: ReadonlyMap<Follower, number>): void {
    this.#timer = undefined;
    for (const follower of this.#all) {
      const since = follower.consumed - (before.get(follower) ?? follower.consumed);
      if (follower.waitedFor !== 'while it reads' || !this.#holdsUp(follower, total)) continue;
      if (since >= PROGRESS_BYTES || !before.has(follower)) continue;
      follower.waitedFor = 'never';
      follower.left = true;
      follower.close();
    }
    this.progressed(total);
  }

  /** A new segment is there. */
  rotated(directory: string, number: number): void {
    for (const follower of this.#all)
      if (!follower.left && follower.keepsFrom === Number.POSITIVE_INFINITY)
        follower.segments.push(Segment.open(directory, number, 'read'));
  }
  /** The oldest segment that must stay. */
  get keepsFrom(): number {
    return Math.min(
      Number.POSITIVE_INFINITY,
      ...[...this.#all].filter(({ waitedFor }) => waitedFor !== 'never').map(({ keepsFrom }) => keepsFrom),
    );
  }
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
