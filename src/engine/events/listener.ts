/** One who follows events: those that wait for it, and what becomes of it when it reads too slowly. */
import { nowNanos, TIMER_MS_MAX } from '../../base/time.ts';
import type { EventMessage } from '../../model/event.ts';

/** A reader this far behind gets no more: it must not hold the engine's memory. */
export const EVENTS_BEHIND_MAX = 4096;

/** Until when it reads, and how slowly. */
export interface ListenerOptions {
  /** Nanoseconds since 1970; undefined: it follows. */
  readonly until: bigint | undefined;
  readonly signal: AbortSignal;
  /** One that is behind may still read what was kept for it; after this it is cut off. */
  readonly graceMs: number;
  /** Fired when it is cut off. */
  readonly cut: AbortController;
  /** Has it offered what happened, but was not handed on yet. */
  readonly handOn: () => void;
}

/** Events are offered to it as they happen, some at once; it reads them at its own pace. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #queue: (readonly EventMessage[])[] = [];
  /** Events in the queue. */
  #queued = 0;
  /** It missed something; runs off when its time to read the rest is over. */
  #behind: NodeJS.Timeout | undefined;
  #wake: () => void = () => undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Events from before it listened. */
  replay(events: readonly EventMessage[]): void {
    this.#keep(events);
  }

  /** Others may get the same array: it is not changed. */
  offer(events: readonly EventMessage[]): void {
    if (this.#behind) return; // what came behind a gap would hide it from who goes on from the last event that it saw
    const room = EVENTS_BEHIND_MAX - this.#queued;
    this.#keep(room < events.length ? events.slice(0, room) : events);
    if (room < events.length) this.#behind = setTimeout(() => this.#cutOff(), this.#options.graceMs).unref();
    this.#wake();
  }

  #keep(events: readonly EventMessage[]): void {
    const { until } = this.#options;
    const last = events.at(-1);
    if (last === undefined) return;
    const isBeyond = until !== undefined && last.timeNano > until;
    const kept = isBeyond ? events.filter(({ timeNano }) => timeNano <= until) : events;
    if (kept.length === 0) return;
    this.#queue.push(kept);
    this.#queued += kept.length;
  }

  #cutOff(): void {
    this.#queue.length = 0;
    this.#options.cut.abort();
  }

  wake(): void {
    this.#wake();
  }

  /** Whether `until` has passed: nothing that happens from now on is wanted. */
  get over(): boolean {
    const { until } = this.#options;
    return until !== undefined && until <= nowNanos();
  }

  /** What is kept for it: it takes all of it. */
  takeAll(): readonly (readonly EventMessage[])[] {
    this.#queued = 0;
    return this.#queue.splice(0);
  }

  /** Ends with `until`, with `signal`, and when it missed something. */
  async *read(): AsyncGenerator<readonly EventMessage[]> {
    const { signal, handOn } = this.#options;
    const stop = () => this.#wake();
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        const isOver = this.over;
        if (isOver) handOn();
        // Nothing may be awaited between the last look into the queue and the waiting: what came then would be missed.
        for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
          this.#queued -= next.length;
          yield next;
        }
        if (this.#behind || isOver || signal.aborted) return;
        await this.#woken();
      }
    } finally {
      clearTimeout(this.#behind);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Resolves when something came, or `until` is near: a timer may be early by some milliseconds, so whoever waits looks again. */
  async #woken(): Promise<void> {
    const { until } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const leftMs = until === undefined ? undefined : Number((until - nowNanos()) / 1_000_000n) + 1;
    const timer = leftMs === undefined ? undefined : setTimeout(resolve, Math.min(leftMs, TIMER_MS_MAX));
    await promise;
    clearTimeout(timer);
  }
}
