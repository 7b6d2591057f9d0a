/** Emits what happened to whoever listens: from the journal first, then as it comes. */
import type { Log } from '../../base/log.ts';
import { nowNanos } from '../../base/time.ts';
import type { EventMessage } from '../../model/event.ts';
import { Audience, handfuls } from './audience.ts';
import { eventFilter } from './filter.ts';
import { Journal } from './journal.ts';
import { Listener } from './listener.ts';
import type { Events, SubscribeOptions } from './promise.ts';

/** A reader that is too far behind may still read what was kept for it; after this it is hung up on. */
const BEHIND_GRACE_MS = 10_000;

/** An event that is to be emitted; the time is added. */
export interface NewEvent {
  readonly Type: 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'builder';
  readonly Action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The engine's events, and emitting them. */
export interface EventHub extends Events {
  /** Writes to the journal, then to whoever listens. Never throws. */
  emit(event: NewEvent): void;
  /** How many follow. */
  readonly listeners: number;
  /** Lines of the journal that could not be read: events of before that nobody is told of. */
  readonly unreadable: number;
  close(): void;
}

/** `directory`: where the journal is kept. `graceMs`: how long a reader that is behind may go on. */
export function openEvents(
  { directory, log }: { readonly directory: string; readonly log: Pick<Log, 'warn'> },
  graceMs: number = BEHIND_GRACE_MS,
): EventHub {
  const journal = new Journal(directory, (reason) => log.warn('events.unwritten', { reason }));
  const audience = new Audience();
  let last = 0n;

  async function* subscribe(
    { since, until, filters, signal }: SubscribeOptions,
    cut: AbortController,
  ): AsyncGenerator<readonly EventMessage[]> {
    const listener = new Listener({ until, signal, graceMs, cut, handOn: () => audience.handOn() });
    if (since !== undefined)
      for (const events of handfuls(journal.since(since, eventFilter(filters)))) listener.replay(events);
    if (listener.over) {
      yield* listener.takeAll();
      return;
    }
    const leave = audience.join(listener, filters);
    cut.signal.addEventListener('abort', leave);
    try {
      yield* listener.read();
    } finally {
      leave();
    }
  }

  return {
    emit(happened) {
      // Two events never share an instant: clients continue with `since` from the last they saw.
      const now = nowNanos();
      last = now > last ? now : last + 1n;
      const event = eventMessage(happened, last);
      journal.add(event);
      audience.tell(event);
    },
    // Checked at the call, not at the first read: a bad filter is still a plain HTTP error.
    subscribe(options) {
      eventFilter(options.filters);
      const cut = new AbortController();
      return Object.assign(subscribe(options, cut), { cut: cut.signal });
    },
    get listeners() {
      return audience.size;
    },
    unreadable: journal.unreadable,
    close() {
      audience.close();
      journal.close();
    },
  };
}

const eventMessage = ({ Type, Action, id, attributes }: NewEvent, timeNano: bigint): EventMessage => ({
  Type,
  Action,
  Actor: { ID: id, Attributes: attributes },
  scope: 'local',
  time: Number(timeNano / 1_000_000_000n),
  timeNano,
});
