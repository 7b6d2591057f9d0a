/** Failures of what is held to the rules for Dockerfiles, in BuildKit's words. */
import { InvalidArgument } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of what is held to the rules for Dockerfiles. */
export const lintFailure = failures('lint', {
  optionInvalid: failure(
    InvalidArgument,
    ({ option }: { option: string }) => `invalid check option ${JSON.stringify(option.slice(0, 200))}`,
  ),
  violated: failure(
    InvalidArgument,
    ({ rules }: { rules: string }) => `lint violation found for rules: ${rules}`,
  ),
});
