/** Failures of a request that was read, before the engine hears of it. */
import { Conflict, Failed, Forbidden, InvalidArgument, NotFound, Unavailable } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

const quoted = JSON.stringify;

/** Failures of a request as it was read. */
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
  /** Versions 1.4 to 1.11 did not inspect what might have been meant otherwise. */
  nameShared: failure(Conflict, () => 'Conflict between containers and images'),
  pruneRunning: failure(Conflict, () => 'a prune operation is already running'),
  detachKeysInvalid: failure(
    InvalidArgument,
    ({ text, key }: { text: string; key: string }) =>
      `invalid detach keys (${text}): unknown key ${JSON.stringify(key)}`,
  ),
  bodyTooLarge: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `the body is larger than ${most} bytes`,
  ),
  sinceAfterUntil: failure(
    InvalidArgument,
    ({ since, until }: { since: string; until: string }) =>
      `\`since\` time (${since}) cannot be after \`until\` time (${until})`,
  ),
  objectTypeUnknown: failure(InvalidArgument, ({ type }: { type: string }) => `unknown object type: ${type}`),
  aborted: failure(Failed, () => 'aborted'),
  chunksMalformed: failure(Failed, () => 'malformed chunked encoding'),
  startHasBody: failure(
    InvalidArgument,
    () =>
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
  ),
  bodyLate: failure(InvalidArgument, () => 'the request body did not come in time'),
  crowded: failure(Unavailable, () => 'too many requests are on their way: try again'),
  foreignPage: failure(
    Forbidden,
    ({ origin }: { origin: string }) => `requests from pages of ${origin} are not allowed`,
  ),
  foreignHost: failure(
    Forbidden,
    ({ host }: { host: string }) =>
      `${quoted(host)} is not a name of this engine: use its address, or name it with --api-host`,
  ),
  hostTwice: failure(InvalidArgument, () => 'more than one Host header'),
  urlInvalid: failure(
    InvalidArgument,
    ({ url }: { url: string }) => `invalid URL escape in ${JSON.stringify(url)}`,
  ),
  needsConnection: failure(InvalidArgument, () => 'this call needs a connection of its own'),
  noWebSocket: failure(InvalidArgument, () => 'not websocket protocol'),
  noUpgrade: failure(InvalidArgument, () => 'no upgrade proto in request'),
  upgradeUnknown: failure(
    InvalidArgument,
    ({ protocol }: { protocol: string }) => `protocol ${protocol} not supported`,
  ),
  timeInvalid: failure(
    InvalidArgument,
    ({ name, said }: { name: string; said: string }) =>
      `invalid value for ${JSON.stringify(name)}: invalid timestamp ${JSON.stringify(said)}: invalid seconds ${JSON.stringify(said)}: invalid syntax`,
  ),
  versionTooOld: failure(
    InvalidArgument,
    ({ version, oldest }: { version: string; oldest: string }) =>
      `client version ${version} is too old. Minimum supported API version is ${oldest}, please upgrade your client to a newer version`,
  ),
  portSpecInvalid: failure(
    InvalidArgument,
    ({ port }: { port: string }) => `Invalid port specification: ${JSON.stringify(port)}`,
  ),
});
