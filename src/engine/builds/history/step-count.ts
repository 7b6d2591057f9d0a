/** Counts the steps of a build by what it tells. */
import type { BuildEvent } from '../../../model/build-event.ts';
import type { BuildRecord } from './promise.ts';

/** How many steps there are, how many are done, and how many of them were done before. */
export class StepCount {
  readonly #done = new Map<string, 'open' | 'done' | 'cached'>();
  #warnings = 0;

  /** Another event. */
  see(event: BuildEvent): void {
    if (event.is === 'warning') this.#warnings++;
    if (event.is !== 'vertex') return;
    const completed = event.cached ? 'cached' : 'done';
    this.#done.set(event.digest, event.completed === undefined ? 'open' : completed);
  }

  /** So far. */
  get told(): Pick<BuildRecord, 'steps' | 'warnings'> {
    const all = [...this.#done.values()];
    return {
      steps: {
        total: all.length,
        completed: all.filter((each) => each !== 'open').length,
        cached: all.filter((each) => each === 'cached').length,
      },
      warnings: this.#warnings,
    };
  }
}
