/** Failures of reading a `.dockerignore`. */
import { InvalidArgument } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of reading a `.dockerignore`. */
export const ignoreFailure = failures('ignore', {
  exceptionEmpty: failure(InvalidArgument, () => 'illegal exclusion pattern: "!"'),
  tooLong: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `a pattern of more than ${most} characters`,
  ),
  tooMuch: failure(
    InvalidArgument,
    () => 'the ignore patterns are too many for so many files: name directories rather than files',
  ),
  tooMany: failure(InvalidArgument, ({ most }: { most: number }) => `more than ${most} patterns`),
});
