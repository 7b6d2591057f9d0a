/** What a step leaves to be removed while the build goes on. */
import { messageOf } from '../../../base/errors.ts';
import type { Log } from '../../../base/log.ts';

/** A build that has things to tidy up: its end waits for them. */
export interface Tidying {
  readonly deps: { readonly log: Log };
  readonly tidying: Set<Promise<void>>;
}

/** What cannot be removed is litter, which the next start of the daemon clears: the build goes on all the same. */
export function tidyUp({ deps, tidying }: Tidying, work: Promise<void>): void {
  const quietly = work
    .catch((error: unknown) => deps.log.error('build.litter', { reason: messageOf(error) }))
    .finally(() => tidying.delete(quietly));
  tidying.add(quietly);
}
