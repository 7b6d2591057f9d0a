/** Tells what happened to whoever listens: from the journal first, then as it comes. */
import { nowNanos, TIMER_MS_MAX } from '../../base/time.ts';
import type { EventMessage } from '../../model/event.ts';
import { eventFilter } from './filter.ts';
import { Journal } from './journal.ts';
import type { Events, SubscribeOptions } from './promise.ts';

/** A reader this far behind gets no more: it must not hold the engine's memory. */
export const EVENTS_BEHIND_MAX = 4096;
/** It may still read what was kept for it; after this it is hung up on. */
const BEHIND_GRACE_MS = 10_000;

/** Something to be told; the time is added. */
export interface Happening {
  readonly Type: 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'builder';
  readonly Action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Events, for the engine itself. */
export interface EventHub extends Events {
  /** Writes to the journal, then tells. Never throws. */
  emit(happening: Happening): void;
  /** How many follow. */
  readonly listeners: number;
  /** Lines of the journal that could not be read: events of before that nobody is told of. */
  readonly unreadable: number;
  close(): void;
}

interface Listener {
  readonly wants: (event: EventMessage) => boolean;
  readonly queue: EventMessage[];
  /** It missed something; runs off when its time to read the rest is over. */
  behind: NodeJS.Timeout | undefined;
  wake: () => void;
  readonly cut: AbortController;
}

export function openEvents(directory: string, graceMs: number = BEHIND_GRACE_MS): EventHub {
  const journal = new Journal(directory);
  const listeners = new Set<Listener>();
  let last = 0n;

  const emit = ({ Type, Action, id, attributes }: Happening): void => {
    // Two events never share an instant: clients continue with `since` from the last they saw.
    const now = nowNanos();
    last = now > last ? now : last + 1n;
    const event: EventMessage = {
      Type,
      Action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Number(last / 1_000_000_000n),
      timeNano: last,
    };
    journal.add(event);
    for (const listener of listeners) offer(listener, event);
  };

  const offer = (listener: Listener, event: EventMessage): void => {
    if (!listener.wants(event)) return;
    if (listener.queue.length < EVENTS_BEHIND_MAX) listener.queue.push(event);
    else listener.behind ??= setTimeout(() => cutOff(listener), graceMs).unref();
    listener.wake();
  };

  const cutOff = (listener: Listener): void => {
    listeners.delete(listener);
    listener.queue.length = 0;
    listener.cut.abort();
  };

  async function* subscribe(
    { since, until, filters, signal }: SubscribeOptions,
    cut: AbortController,
  ): AsyncGenerator<EventMessage> {
    const listener: Listener = {
      wants: eventFilter(filters),
      queue: [],
      behind: undefined,
      wake: () => undefined,
      cut,
    };
    if (since !== undefined)
      for (const { event } of journal.since(since))
        if (listener.wants(event) && (until === undefined || event.timeNano <= until))
          listener.queue.push(event);
    if (until !== undefined && until <= nowNanos()) {
      yield* listener.queue;
      return;
    }
    const stop = () => listener.wake();
    signal.addEventListener('abort', stop);
    listeners.add(listener);
    try {
      while (!signal.aborted) {
        for (let next = listener.queue.shift(); next; next = listener.queue.shift()) yield next;
        if (listener.behind || (until !== undefined && until <= nowNanos()) || signal.aborted) return;
        await woken(listener, until);
      }
    } finally {
      clearTimeout(listener.behind);
      listeners.delete(listener);
      signal.removeEventListener('abort', stop);
    }
  }

  return {
    emit,
    // Checked at the call, not at the first read: a bad filter is still a plain HTTP error.
    subscribe(options) {
      eventFilter(options.filters);
      const cut = new AbortController();
      return Object.assign(subscribe(options, cut), { cut: cut.signal });
    },
    get listeners() {
      return listeners.size;
    },
    unreadable: journal.unreadable,
    close() {
      for (const listener of listeners) listener.wake();
      journal.close();
    },
  };
}

/** Resolves when something came, or `until` is near: a timer may be early by some milliseconds, so whoever waits looks again. */
async function woken(listener: Listener, until: bigint | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  listener.wake = resolve;
  const leftMs = until === undefined ? undefined : Number((until - nowNanos()) / 1_000_000n) + 1;
  const timer = leftMs === undefined ? undefined : setTimeout(resolve, Math.min(leftMs, TIMER_MS_MAX));
  await promise;
  clearTimeout(timer);
}
