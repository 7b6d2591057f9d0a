/** Those who follow events by the same filters: what they want is decided once, and they share what is handed to them. */
import type { EventMessage } from '../../model/event.ts';
import type { Filters } from '../../model/filters.ts';
import { eventFilter } from './filter.ts';
import type { Listener } from './listener.ts';

/** So many events are handed on at once, at most: whoever reads slowly holds whole handfuls. */
const HANDFUL = 256;

/** All listeners, by their filters. */
export class Audience {
  readonly #groups = new Map<string, Group>();
  #handing: NodeJS.Immediate | undefined;

  get size(): number {
    let count = 0;
    for (const { listeners } of this.#groups.values()) count += listeners.size;
    return count;
  }

  /** It hears of what is told from now on. The result takes it off again. */
  join(listener: Listener, filters: Filters): () => void {
    this.handOn();
    const key = JSON.stringify([...filters]);
    const group = this.#groups.get(key) ?? new Group(eventFilter(filters));
    this.#groups.set(key, group);
    group.listeners.add(listener);
    return () => {
      group.listeners.delete(listener);
      if (group.listeners.size === 0 && this.#groups.get(key) === group) this.#groups.delete(key);
    };
  }

  /** Handed on with all else that happens in this turn of the loop: many events at once cost little more than one. */
  tell(event: EventMessage): void {
    for (const group of this.#groups.values()) group.tell(event);
    if (this.#groups.size > 0) this.#handing ??= setImmediate(() => this.handOn());
  }

  /** Everybody looks whether it still goes on. */
  close(): void {
    this.handOn();
    for (const { listeners } of this.#groups.values()) for (const listener of listeners) listener.wake();
  }

  /** Hands on what was told, now. */
  handOn(): void {
    clearImmediate(this.#handing);
    this.#handing = undefined;
    for (const group of this.#groups.values()) group.handOn();
  }
}

class Group {
  readonly listeners = new Set<Listener>();
  readonly #wants: (event: EventMessage) => boolean;
  #told: EventMessage[] = [];

  constructor(wants: (event: EventMessage) => boolean) {
    this.#wants = wants;
  }

  tell(event: EventMessage): void {
    if (!this.#wants(event)) return;
    this.#told.push(event);
    if (this.#told.length === HANDFUL) this.handOn();
  }

  handOn(): void {
    if (this.#told.length === 0) return;
    const handful = this.#told;
    this.#told = [];
    for (const listener of this.listeners) listener.offer(handful);
  }
}

/** What was remembered, as it is handed on. */
export function* handfuls(events: readonly EventMessage[]): Generator<readonly EventMessage[]> {
  for (let at = 0; at < events.length; at += HANDFUL) yield events.slice(at, at + HANDFUL);
}
