/** Failures of the filters of lists and prunes. */
import { InvalidArgument } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

interface Word {
  readonly value: string;
  readonly known: readonly string[];
}
const oneOf = ({ value, known }: Word): string => `(${value}): must be one of ${known.join(', ')}`;

/** Failures of filters. */
export const filterFailure = failures('filter', {
  unknown: failure(InvalidArgument, ({ name }: { name: string }) => `invalid filter '${name}'`),
  valuesInvalid: failure(
    InvalidArgument,
    ({ name, values }: { name: string; values: readonly string[] }) =>
      `invalid filter '${name}=[${values.join(' ')}]'`,
  ),
  valuesTooMany: failure(
    InvalidArgument,
    ({ name, values }: { name: string; values: readonly string[] }) =>
      `invalid filter '${name}=[${values.join(' ')}]': only one value is expected`,
  ),
  statusUnknown: failure(
    InvalidArgument,
    (word: Word) => `invalid filter 'status=${word.value}': invalid value for state ${oneOf(word)}`,
  ),
  healthUnknown: failure(
    InvalidArgument,
    (word: Word) => `invalid filter 'health=${word.value}': invalid value for health ${oneOf(word)}`,
  ),
  exitedNoNumber: failure(
    InvalidArgument,
    ({ value }: { value: string }) =>
      `invalid filter 'exited=${value}': strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`,
  ),
  untilTwice: failure(InvalidArgument, () => 'more than one until filter specified'),
  isTaskInvalid: failure(
    InvalidArgument,
    ({ values }: { values: readonly string[] }) =>
      `invalid filter 'is-task${values.length > 0 ? `=[${values.join(' ')}]` : ''}'`,
  ),
  portHasColon: failure(
    InvalidArgument,
    ({ name, value }: { name: string; value: string }) =>
      `filter for '${name}' should not contain ':': ${value}`,
  ),
  portInvalid: failure(
    InvalidArgument,
    ({ name, value, why }: { name: string; value: string; why: string }) =>
      `error while looking up for ${name} ${value}: ${why}`,
  ),
  oneValueOnly: failure(InvalidArgument, () => 'filters expect only one value'),
  conflicting: failure(
    InvalidArgument,
    ({ one, other }: { one: string; other: string }) =>
      `conflicting filters: ${JSON.stringify(one)} and ${JSON.stringify(other)}`,
  ),
  untilNoMoment: failure(
    InvalidArgument,
    ({ name, why }: { name: string; why: string }) =>
      `"${name}" filter expects a duration (e.g., '24h') or a timestamp: ${why}`,
  ),
  timeInvalid: failure(
    InvalidArgument,
    ({ text }: { text: string }) => `failed to parse value as time or duration: "${text}"`,
  ),
  expressionInvalid: failure(
    InvalidArgument,
    ({ place, why }: { place: string; why: string }) => `filters: parse error: [${place}]: ${why}`,
  ),
  tooMany: failure(InvalidArgument, ({ most }: { most: number }) => `more than ${most} values of filters`),
  unreadable: failure(InvalidArgument, () => 'invalid filter'),
});
