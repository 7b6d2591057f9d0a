/** A registry's patience is ours: what comes too slowly to end in anybody's lifetime has hung up in all but name. */
import type { Readable } from 'node:stream';
import { Failed } from '../base/errors.ts';

/** A registry that says nothing for so long has hung up. */
export const SILENCE_MS = 60_000;
/** What must come within that time while somebody waits for it: the slowest line that people still pull through has ten times as much. */
const PACE_BYTES = 1024;

/** Less came than an honest line brings. */
export class TooSlow extends Failed {}

/** The bytes of `body`, as long as they come at a pace. The time that the reader takes for them does not count. */
export async function* paced(body: Readable, silenceMs: number): AsyncGenerator<Buffer> {
  let recent = 0;
  let handedOverAt: number | undefined;
  let busyMs = 0;
  const timer = setInterval(() => {
    const ours = handedOverAt !== undefined || busyMs > silenceMs / 2;
    if (!ours && recent < PACE_BYTES)
      body.destroy(new TooSlow(`the registry sent ${recent} bytes in ${silenceMs / 1000} seconds`));
    [recent, busyMs] = [0, 0];
  }, silenceMs).unref();
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      recent += chunk.length;
      handedOverAt = performance.now();
      yield chunk;
      busyMs += performance.now() - handedOverAt;
      handedOverAt = undefined;
    }
  } finally {
    clearInterval(timer);
  }
}
