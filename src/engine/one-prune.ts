/** Prunes of one kind of thing, one at a time. */
import { Conflict } from '../base/errors.ts';

/** The same prune, refused while one is at it. @throws Conflict */
export function oneAtATime<A extends readonly unknown[], T>(
  prune: (...asked: A) => Promise<T>,
): (...asked: A) => Promise<T> {
  let running = false;
  return async (...asked) => {
    if (running) throw new Conflict('a prune operation is already running');
    running = true;
    try {
      return await prune(...asked);
    } finally {
      running = false;
    }
  };
}
