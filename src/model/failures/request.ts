/** Failures of a request that was read, before the engine hears of it. */
import { InvalidArgument, NotFound } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

const quoted = JSON.stringify;

export const requestFailure = failures('request', {
  noPage: failure(NotFound, () => 'page not found', true),
  /** A boolean that the client's version had no meaning for. */
  badParameter: failure(InvalidArgument, () => 'Bad parameter'),
  /** Without the blank that the first engine forgot. */
  pathEmpty: failure(InvalidArgument, () => 'bad parameter: pathcannot be empty'),
  notInteger: failure(
    InvalidArgument,
    ({ said, why }: { said: string; why: string }) => `strconv.Atoi: parsing ${quoted(said)}: ${why}`,
  ),
  dimensionInvalid: failure(
    InvalidArgument,
    ({ noun, said, why }: { noun: string; said: string; why: string }) =>
      `invalid resize ${noun} ${quoted(said)}: ${why}`,
  ),
  typeUnsupported: failure(
    InvalidArgument,
    ({ type }: { type: string }) => `unsupported Content-Type header (${type}): must be 'application/json'`,
  ),
  typeMalformed: failure(
    InvalidArgument,
    ({ type }: { type: string }) => `malformed Content-Type header (${type}): mime: no media type`,
  ),
  credentialsMissing: failure(InvalidArgument, () => 'Bad parameters and missing X-Registry-Auth: EOF'),
  credentialsUnreadable: failure(
    InvalidArgument,
    () => 'invalid X-Registry-Auth header: it must be a valid base64url-encoded AuthConfig',
  ),
  /** Below 1.2 the engine kept one login; whoever asks later asks for a page that has gone. */
  loginsNotKept: failure(NotFound, () => ''),
});
