/** When networks are looked after: on a clock while containers use them, and some time after one has gone. */
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

/** Others' changes are mended well within five seconds. */
export const MEND_EVERY_MS = 2000;
/** Rules that others took away leave containers open: that is looked for so many times as often. */
const GUARDS_A_MENDING = 8;
/** A namespace that something else still holds keeps its interfaces: they are taken away this long after the container went. */
const SWEEP_AFTER_MS = 5000;

/** What is done when the time comes. */
export interface Chores {
  /** Puts back what others took away. */
  readonly mend: () => Promise<void>;
  /** Puts back the firewall's rules. Cheap when none is missing. */
  readonly guard: () => Promise<void>;
  /** Removes what belongs to nobody. False: it could not, and is to be tried again. */
  readonly sweep: () => Promise<boolean>;
  readonly everyMs: number;
  readonly log: Log;
}

/** The clock. It keeps no process alive. */
export class Upkeep {
  readonly #chores: Chores;
  #watch: NodeJS.Timeout | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #guard: NodeJS.Timeout | undefined;
  #mending: Promise<void> | undefined;

  constructor(chores: Chores) {
    this.#chores = chores;
  }

  /** Begins to mend, unless it does already. */
  watch(): void {
    if (this.#watch !== undefined) return;
    const { everyMs, guard, mend } = this.#chores;
    this.#watch = setInterval(() => this.#begin(mend), everyMs).unref();
    this.#guard = setInterval(() => this.#begin(guard), everyMs / GUARDS_A_MENDING).unref();
  }

  /** Unless something is under way. */
  #begin(work: () => Promise<void>): void {
    this.#mending ??= work()
      .catch((error: unknown) => this.#chores.log.error('network.not-mended', { error: messageOf(error) }))
      .finally(() => {
        this.#mending = undefined;
      });
  }

  /** Mends no more. */
  rest(): void {
    clearInterval(this.#watch);
    clearInterval(this.#guard);
    this.#watch = undefined;
  }

  /** Sweeps some time after the last call. */
  planSweep(): void {
    const { log, sweep } = this.#chores;
    clearTimeout(this.#sweep);
    this.#sweep = setTimeout(() => {
      sweep()
        .then((done) => {
          if (!done) this.planSweep();
        })
        .catch((error: unknown) => log.warn('network.not-swept', { error: messageOf(error) }));
    }, SWEEP_AFTER_MS);
    this.#sweep.unref();
  }

  /** The end; a mending under way is waited for. */
  async close(): Promise<void> {
    this.rest();
    clearTimeout(this.#sweep);
    await this.#mending?.catch(() => undefined);
  }
}
