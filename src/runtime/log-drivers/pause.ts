/** Waiting, for the log driver thread. */
import { setTimeout as sleep } from 'node:timers/promises';

/** @throws the signal's reason when it is aborted meanwhile */
export async function pauseMs(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}
