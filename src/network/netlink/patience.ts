/** Waiting for what the kernel takes down in the background. */
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../base/errors.ts';

/** Does it again as long as the kernel refuses it with this code, so long at most. @throws its last refusal */
export async function whileRefused<T>(
  { code, mostMs, everyMs }: { readonly code: string; readonly mostMs: number; readonly everyMs: number },
  work: () => Promise<T>,
): Promise<T> {
  for (const deadline = performance.now() + mostMs; ; await sleep(everyMs)) {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) !== code || performance.now() > deadline) throw error;
    }
  }
}
