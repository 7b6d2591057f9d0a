/** Failures of blobs in a store that a build's client lends. */
import { Failed, InvalidArgument, NotFound } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of a store that a client lends: it has not what was asked for, or says what cannot be. */
export const lentFailure = failures('lent', {
  storeMissing: failure(InvalidArgument, () => 'the client of this build offers no store of blobs'),
  idInvalid: failure(
    InvalidArgument,
    ({ id }: { id: string }) => `the name of a store cannot be sent: ${JSON.stringify(id)}`,
  ),
  blobMissing: failure(
    NotFound,
    ({ digest }: { digest: string }) => `${digest}: not found in the client's store`,
    true,
  ),
  documentTooLarge: failure(
    InvalidArgument,
    ({ digest, most }: { digest: string; most: number }) =>
      `${digest} in the client's store is larger than the ${most} bytes of any document`,
  ),
  blobDiffers: failure(
    Failed,
    ({ digest, found }: { digest: string; found: string }) =>
      `the client's store has ${found} under the name of ${digest}`,
  ),
  answerInvalid: failure(
    Failed,
    ({ digest, why }: { digest: string; why: string }) =>
      `the client's store answers for ${digest} what cannot be: ${why}`,
  ),
  notStored: failure(
    Failed,
    ({ why }: { why: string }) => `the client's store does not take what it is sent: ${why}`,
  ),
});
