/** An engine's lives under the soak: which one it is, when it is away, and what requests make of that. */
import type { Gantry } from '../harness/gantry.ts';
import type { Answer, Ask } from '../harness/http.ts';

/** A request that the daemon's death has cut off: what it asked for has happened, or has not. */
export class Cut extends Error {}

/** An engine that is killed now and then. */
export class Life {
  readonly gantry: Gantry;
  /** Rises with each death of the daemon. */
  deaths = 0;
  /** When this life began, on the clock of `performance`. */
  bornAt = performance.now();
  #up = Promise.resolve();
  #isAway = false;

  constructor(gantry: Gantry) {
    this.gantry = gantry;
  }

  /** Kills the daemon as nothing can prepare for, and starts it again after `awayMs`. */
  async killDaemon(awayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#up = promise;
    this.#isAway = true;
    this.deaths += 1;
    await this.gantry.kill9();
    await new Promise((done) => setTimeout(done, awayMs));
    await this.gantry.start();
    this.bornAt = performance.now();
    this.#isAway = false;
    resolve();
  }

  /** Resolves when a daemon answers. */
  up = (): Promise<void> => this.#up;

  /** @throws Cut when the daemon died meanwhile, so that the answer is not there or may be short */
  async ask(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const { deaths } = this;
    try {
      const answer = await this.gantry.api().request(method, path, ask);
      // The end of a body that only its connection bounds is the same as the daemon's.
      if (deaths !== this.deaths && answer.headers['content-length'] === undefined && answer.status === 200)
        throw new Cut(`${method} ${path}`);
      return answer;
    } catch (error) {
      if (deaths !== this.deaths || this.#isAway) throw new Cut(`${method} ${path}`, { cause: error });
      throw error;
    }
  }

  /** Tries until no death comes between; `again`: it is not the first time, so that the deed may be done already. */
  async settled<T>(attempt: (again: boolean) => Promise<T>): Promise<T> {
    for (let again = false; ; again = true) {
      await this.up();
      try {
        return await attempt(again);
      } catch (error) {
        if (!(error instanceof Cut)) throw error;
      }
    }
  }
}
