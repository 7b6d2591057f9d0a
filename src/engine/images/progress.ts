/** Messages of a long operation, from where they arise to whoever reads them. */
import type { Progress } from '../../model/progress.ts';

/** Takes a message. */
export type Say = (message: Progress) => void;

/**
 * Runs `work` and yields what it says as it says it; its failure is thrown when everything said was read. A reader that
 * leaves ends the work through the signal, and is let go when the work has cleaned up.
 */
export async function* progressOf(
  signal: AbortSignal,
  work: (say: Say, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<Progress, void> {
  const gone = new AbortController();
  const said: Progress[] = [];
  let wake = (): void => {};
  let over = false;
  const say: Say = (message) => {
    said.push(message);
    wake();
  };
  const done = work(say, AbortSignal.any([signal, gone.signal])).finally(() => {
    over = true;
    wake();
  });
  done.catch(() => undefined); // thrown below
  try {
    for (;;) {
      yield* said.splice(0);
      if (over && said.length === 0) break;
      if (said.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (over) resolve();
        });
    }
    await done;
  } finally {
    gone.abort(new Error('the reader left'));
    await done.catch(() => undefined);
  }
}
