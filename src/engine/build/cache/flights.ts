/** A step that two builds ask for at once is done once: who comes later hears what was said and waits with the first. */
import type { Progress } from '../../../model/progress.ts';
import type { Say } from '../output.ts';

/** Of what a step said, so much is told to who joins it. */
const KEPT_CHARS_MAX = 1 << 18;

/** Does a step. The signal fires when nobody waits for it any more. */
export type Work<T> = (say: Say, signal: AbortSignal) => Promise<T>;

/** A step that is being done. */
class Flight<T> {
  readonly done: Promise<T>;
  readonly ending = new AbortController();
  readonly listeners = new Set<Say>();
  readonly said: Progress[] = [];
  #saidChars = 0;

  constructor(work: Work<T>) {
    // It begins when whoever asked listens.
    this.done = Promise.resolve().then(() => work((message) => this.#tell(message), this.ending.signal));
    this.done.catch(() => undefined); // told to those who wait
  }

  async #tell(message: Progress): Promise<void> {
    this.#saidChars += message.stream?.length ?? 0;
    if (this.#saidChars <= KEPT_CHARS_MAX) this.said.push(message);
    await Promise.all([...this.listeners].map((each) => each(message)));
  }
}

/** What a client of a flight brings. */
export interface Joining {
  readonly say: Say;
  readonly signal: AbortSignal;
}

/** Steps that are being done, by their keys. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** Joins the step of that key, or begins it. @throws what it throws, or what `signal` says */
  async join(key: string, { say, signal }: Joining, work: Work<T>): Promise<T> {
    signal.throwIfAborted();
    const known = this.#flights.get(key);
    const flight = known ?? this.#begin(key, work);
    for (const message of flight.said.slice()) await say(message);
    flight.listeners.add(say);
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([flight.done, left]);
    } catch (error) {
      if (signal.aborted) await this.#leave(flight, say);
      throw error;
    } finally {
      signal.removeEventListener('abort', leave);
      flight.listeners.delete(say);
    }
  }

  /** The last one to leave waits until the step has cleaned up. */
  async #leave(flight: Flight<T>, say: Say): Promise<void> {
    flight.listeners.delete(say);
    if (flight.listeners.size > 0) return;
    flight.ending.abort(new Error('nobody waits for this step any more'));
    await flight.done.catch(() => undefined);
  }

  #begin(key: string, work: Work<T>): Flight<T> {
    const flight = new Flight(work);
    this.#flights.set(key, flight);
    const over = (): void => void this.#flights.delete(key);
    flight.done.then(over, over);
    return flight;
  }
}
