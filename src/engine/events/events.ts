/** Tells what happened to whoever listens: from the journal first, then as it comes. */
import { nowNanos } from '../../base/time.ts';
import type { EventMessage } from '../../model/event.ts';
import type { Events } from '../engine.ts';
import { eventFilter } from './filter.ts';
import { Journal } from './journal.ts';

/** A reader this far behind is cut off: it must not hold the engine's memory. */
export const EVENTS_BEHIND_MAX = 4096;

/** Something to be told; the time is added. */
export interface Happening {
  readonly Type: 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'builder';
  readonly Action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface EventHub extends Events {
  /** Writes to the journal, then tells. Never throws. */
  emit(happening: Happening): void;
  /** How many follow. */
  readonly listeners: number;
  close(): void;
}

interface Listener {
  readonly wants: (event: EventMessage) => boolean;
  readonly queue: EventMessage[];
  missed: number;
  wake: () => void;
}

export function openEvents(directory: string): EventHub {
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

  async function* subscribe({
    since,
    until,
    filters,
    signal,
  }: Parameters<Events['subscribe']>[0]): AsyncGenerator<EventMessage> {
    const listener: Listener = { wants: eventFilter(filters), queue: [], missed: 0, wake: () => undefined };
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
        while (listener.queue.length > 0) yield* listener.queue.splice(0);
        if (listener.missed > 0 || (until !== undefined && until <= nowNanos()) || signal.aborted) return;
        await woken(listener, until);
      }
    } finally {
      listeners.delete(listener);
      signal.removeEventListener('abort', stop);
    }
  }

  return {
    emit,
    // Checked at the call, not at the first read: a bad filter is still a plain HTTP error.
    subscribe(options) {
      eventFilter(options.filters);
      return subscribe(options);
    },
    get listeners() {
      return listeners.size;
    },
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

/** Longer ones run off at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

function offer(listener: Listener, event: EventMessage): void {
  if (!listener.wants(event)) return;
  if (listener.queue.length >= EVENTS_BEHIND_MAX) listener.missed += 1;
  else listener.queue.push(event);
  listener.wake();
}
