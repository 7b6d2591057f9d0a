/** Tells how far a transfer is: each piece, but not too often, and always the last one. */
import { messageOf } from '../../base/errors.ts';
import { imageFailure } from '../../model/failures/image.ts';
import type { Download } from '../../registry/index.ts';
import type { Say } from './progress.ts';

/** At most so many messages a second. */
const PROGRESS_INTERVAL_MS = 100;

/** Calls `report` with what it is called with, when it is time or `total` is reached. */
export function sometimes(
  total: number | undefined,
  report: (bytes: number) => void,
): (bytes: number) => void {
  let told = 0;
  return (bytes) => {
    const now = performance.now();
    if (now - told < PROGRESS_INTERVAL_MS && bytes !== total) return;
    told = now;
    report(bytes);
  };
}

/** The bytes of a download as they come; `status` is said with how far they are. @throws Failed when it breaks */
export async function* told(
  { from, body, bytes }: Download,
  status: string,
  say: Say,
): AsyncGenerator<Buffer, void> {
  const total = bytes === undefined ? {} : { total: bytes };
  const report = sometimes(bytes, (current) => say({ status, progressDetail: { current, ...total } }));
  let current = 0;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      current += piece.length;
      yield piece;
      report(current);
    }
  } catch (error) {
    throw imageFailure.downloadFailed({ from, why: messageOf(error) }, { cause: error });
  }
}
