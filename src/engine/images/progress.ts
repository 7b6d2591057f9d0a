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
  /** Where in `said` the last word on each thing stands. */
  const lastOf = new Map<string | undefined, number>();
  let wake = (): void => {};
  let over = false;
  const say: Say = (message) => {
    const last = lastOf.get(message.id);
    // Who reads slowly hears how far it is, not how far it was: else a download that never ends would fill the memory.
    if (last !== undefined && goesOn(said[last], message)) said[last] = message;
    else lastOf.set(message.id, said.push(message) - 1);
    wake();
  };
  const take = (): Progress[] => {
    lastOf.clear();
    return said.splice(0);
  };
  const done = work(say, AbortSignal.any([signal, gone.signal])).finally(() => {
    over = true;
    wake();
  });
  done.catch(() => undefined); // thrown below
  try {
    for (;;) {
      yield* take();
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

/** Whether the later one says the same as the earlier, only further on. */
const goesOn = (earlier: Progress | undefined, later: Progress): boolean =>
  earlier?.status === later.status &&
  earlier?.progressDetail?.current !== undefined &&
  later.progressDetail?.current !== undefined;
