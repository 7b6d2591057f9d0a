/** Failures of instructions that change an image’s configuration. */
import { InvalidArgument } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of instructions that change an image’s configuration. */
export const changeFailure = failures('change', {
  commandInvalid: failure(
    InvalidArgument,
    ({ word }: { word: string }) => `${word} is not a valid change command`,
  ),
  argumentMissing: failure(
    InvalidArgument,
    ({ command }: { command: string }) => `${command} requires at least one argument`,
  ),
  onBuildChained: failure(InvalidArgument, () => "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
  triggerInvalid: failure(
    InvalidArgument,
    ({ trigger }: { trigger: string }) => `${trigger} isn't allowed as an ONBUILD trigger`,
  ),
  signalInvalid: failure(InvalidArgument, ({ signal }: { signal: string }) => `Invalid signal: ${signal}`),
  volumeEmpty: failure(InvalidArgument, () => 'VOLUME specified can not be an empty string'),
  workingDirTooLong: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `WORKDIR of more than ${most} characters`,
  ),
  argumentsNotTwo: failure(
    InvalidArgument,
    ({ what }: { what: string }) => `${what} must have two arguments`,
  ),
  noEquals: failure(
    InvalidArgument,
    ({ word }: { word: string }) =>
      `Syntax error - can't find = in "${word}". Must be of the form: name=value`,
  ),
  nameBlank: failure(InvalidArgument, ({ what }: { what: string }) => `${what} names can not be blank`),
  expansionTooLong: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `ENV with more than ${most} characters of other variables`,
  ),
  argumentsNotOne: failure(
    InvalidArgument,
    ({ what }: { what: string }) => `${what} requires exactly one argument`,
  ),
  portInvalid: failure(InvalidArgument, ({ port }: { port: string }) => `invalid containerPort: ${port}`),
  portsTooMany: failure(InvalidArgument, ({ most }: { most: number }) => `EXPOSE of more than ${most} ports`),
  durationInvalid: failure(
    InvalidArgument,
    ({ text, flag }: { text: string; flag: string }) =>
      `invalid duration ${JSON.stringify(text)} for --${flag}`,
  ),
  durationTooShort: failure(
    InvalidArgument,
    ({ flag }: { flag: string }) => `Interval "${flag}" cannot be less than 1ms`,
  ),
  flagUnknown: failure(InvalidArgument, ({ name }: { name: string }) => `unknown flag: ${name}`),
  noneTakesNothing: failure(InvalidArgument, () => 'HEALTHCHECK NONE takes no arguments'),
  healthTypeUnknown: failure(
    InvalidArgument,
    ({ type }: { type: string }) => `Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`,
  ),
  healthCommandMissing: failure(InvalidArgument, () => 'Missing command after HEALTHCHECK CMD'),
});
