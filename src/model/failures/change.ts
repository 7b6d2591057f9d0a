/** Failures of instructions that change an image’s configuration. */
import { InvalidArgument } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of instructions that change an image’s configuration. */
export const changeFailure = failures('change', {
  commandInvalid: failure(
    InvalidArgument,
    ({ word }: { word: string }) => `${word} is not a valid change command`,
  ),
  signalInvalid: failure(InvalidArgument, ({ signal }: { signal: string }) => `Invalid signal: ${signal}`),
  volumeEmpty: failure(InvalidArgument, () => 'VOLUME specified can not be an empty string'),
  workingDirBlank: failure(InvalidArgument, () => 'cannot normalize nothing: WORKDIR names no directory'),
  workingDirTooLong: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `WORKDIR of more than ${most} characters`,
  ),
  nameBlank: failure(InvalidArgument, ({ what }: { what: string }) => `${what} names can not be blank`),
  portInvalid: failure(InvalidArgument, ({ port }: { port: string }) => `invalid containerPort: ${port}`),
  portsTooMany: failure(InvalidArgument, ({ most }: { most: number }) => `EXPOSE of more than ${most} ports`),
});
