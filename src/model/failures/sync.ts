/** Failures of the file sync protocol. */
import { InvalidArgument } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of the file sync protocol. */
export const syncFailure = failures('sync', {
  /** What the client sends is not what the protocol allows, or beyond a limit. */
  refused: failure(InvalidArgument, ({ why }: { why: string }) => `invalid file sync: ${why}`),
});
