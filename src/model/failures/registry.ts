/** Failures of the conversation with a registry. */
import { InvalidArgument } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of the conversation with a registry. */
export const registryFailure = failures('registry', {
  loginIncomplete: failure(InvalidArgument, () => 'a user name and a password are needed to log in'),
});
