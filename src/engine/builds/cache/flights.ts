/** A step that two builds ask for at once is done once: who comes later hears what was said and waits with the first. */
import { orAborted } from '../../../base/abort.ts';
import { line } from '../../../model/progress.ts';
import type { Said, Say } from '../output.ts';

/** Of what a step said, so much is told to who joins it. */
const KEPT_CHARS_MAX = 1 << 18;

/** Does a step. The signal fires when nobody waits for it any more. */
export type Work<T> = (say: Say, signal: AbortSignal) => Promise<T>;

/** One who hears what a step says. What comes while it does not read is left out, and counted. */
class Listener {
  readonly #say: Say;
  #hearing: Promise<void> | undefined;
  #missed = 0;

  constructor(say: Say) {
    this.#say = say;
  }

  /** Resolves when there is room for more. */
  hear(message: Said): Promise<void> {
    if (this.#hearing) {
      this.#missed++;
      return this.#hearing;
    }
    const missed = this.#missed;
    this.#missed = 0;
    this.#hearing = this.#tell(missed, message).finally(() => {
      this.#hearing = undefined;
    });
    return this.#hearing;
  }

  async #tell(missed: number, message: Said): Promise<void> {
    if (missed > 0)
      await this.#say(line(`[${missed} messages of this step were left out: they were not read]`));
    await this.#say(message);
  }
}

/** A step that is being done. */
class Flight<T> {
  readonly done: Promise<T>;
  readonly ending = new AbortController();
  readonly listeners = new Set<Listener>();
  readonly said: Said[] = [];
  /** How many builds want it. */
  waiting = 0;
  #saidChars = 0;

  constructor(work: Work<T>) {
    // It begins when whoever asked listens.
    this.done = Promise.resolve().then(() => work((message) => this.#tell(message), this.ending.signal));
    this.done.catch(() => undefined); // told to those who wait
  }

  /** Tells what was said so far, then what comes. */
  async listen(listener: Listener): Promise<void> {
    for (let i = 0; i < this.said.length; i++) await listener.hear(this.said[i]!);
    this.listeners.add(listener);
  }

  async #tell(message: Said): Promise<void> {
    this.#saidChars += message.stream?.length ?? 0;
    if (this.#saidChars <= KEPT_CHARS_MAX) this.said.push(message);
    const heard = [...this.listeners].map((each) => each.hear(message));
    // One who does not read holds up a step of its own, not one of others too.
    if (heard.length > 0) await Promise.race(heard);
  }
}

/** What a client of a flight brings. */
export interface Joining {
  readonly say: Say;
  readonly signal: AbortSignal;
  /** Told whoever begins it: until then the step works with what is theirs, also when they have left. */
  readonly began?: (over: Promise<void>) => void;
}

/** Steps that are being done, by their keys. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** Joins the step of that key, or begins it. @throws what it throws, or what `signal` says */
  async join(key: string, { say, signal, began }: Joining, work: Work<T>): Promise<T> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#begin(key, work, began);
    flight.waiting++;
    const listener = new Listener(say);
    const heard = flight.listen(listener).then(() => flight.done);
    try {
      return await orAborted(heard, signal);
    } finally {
      flight.listeners.delete(listener);
      if (--flight.waiting === 0 && signal.aborted) await this.#end(key, flight);
    }
  }

  /** The last one to leave waits until the step has cleaned up; who comes meanwhile begins it anew. */
  async #end(key: string, flight: Flight<T>): Promise<void> {
    this.#forget(key, flight);
    flight.ending.abort(new Error('nobody waits for this step any more'));
    await flight.done.catch(() => undefined);
  }

  #begin(key: string, work: Work<T>, began: Joining['began']): Flight<T> {
    const flight = new Flight(work);
    this.#flights.set(key, flight);
    const forget = (): void => this.#forget(key, flight);
    const over = flight.done.then(forget, forget);
    began?.(over);
    return flight;
  }

  #forget(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
