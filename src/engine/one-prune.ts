/** Prunes of one kind of thing, one at a time. */
import { requestFailure } from '../model/failures/request.ts';

/** The same prune, refused while one is at it. @throws Conflict */
export function oneAtATime<A extends readonly unknown[], T>(
  prune: (...asked: A) => Promise<T>,
): (...asked: A) => Promise<T> {
  let running = false;
  return async (...asked) => {
    if (running) throw requestFailure.pruneRunning();
    running = true;
    try {
      return await prune(...asked);
    } finally {
      running = false;
    }
  };
}
