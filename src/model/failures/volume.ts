/** Failures of verbs on volumes. */
import { Conflict, Failed, InvalidArgument, NotFound, Unavailable } from '../../base/errors.ts';
import { contexts, failure, failures } from '../../base/failures.ts';

/** Failures of verbs on volumes. */
export const volumeFailure = failures('volume', {
  notFound: failure(NotFound, ({ name }: { name: string }) => `get ${name}: no such volume`, true),
  /** `users`: ids of containers. */
  inUse: failure(
    Conflict,
    ({ name, users }: { name: string; users: readonly string[] }) =>
      `remove ${name}: volume is in use - [${users.join(', ')}]`,
  ),
  nameInvalid: failure(
    InvalidArgument,
    ({ name }: { name: string }) =>
      `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  ),
  optionInvalid: failure(
    InvalidArgument,
    ({ name }: { name: string }) => `invalid option: ${JSON.stringify(name)}`,
  ),
  optionMissing: failure(
    InvalidArgument,
    ({ name }: { name: string }) => `missing required option: ${JSON.stringify(name)}`,
  ),
  typeInvalid: failure(
    InvalidArgument,
    ({ type }: { type: string }) => `invalid option: "type": ${JSON.stringify(type)} names no file system`,
  ),
  bindOptionInvalid: failure(
    InvalidArgument,
    ({ option }: { option: string }) => `invalid option: "o": a bind takes no ${JSON.stringify(option)}`,
  ),
  deviceRelative: failure(
    InvalidArgument,
    ({ device }: { device: string }) =>
      `invalid option: "device": ${JSON.stringify(device)} is no absolute path`,
  ),
  portInDevice: failure(InvalidArgument, () => "port not allowed in CIFS device URL, include 'port' in 'o='"),
  optionsTooLong: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `invalid option: "o": more than ${most} bytes`,
  ),
  optionUnknown: failure(
    InvalidArgument,
    ({ name, type }: { name: string; type: string }) =>
      `invalid option: "o": ${JSON.stringify(name)} is not known for type ${type}`,
  ),
  optionHasControl: failure(
    InvalidArgument,
    ({ name }: { name: string }) => `invalid option: ${JSON.stringify(name)}: a control character`,
  ),
  sizeInvalid: failure(InvalidArgument, ({ size }: { size: string }) => `invalid size: '${size}'`),
  noQuota: failure(InvalidArgument, () => 'quota size requested but no quota support'),
  serverUnresolved: failure(
    Failed,
    ({ name }: { name: string }) => `error resolving passed in network volume address: ${name}`,
  ),
  noSwarm: failure(
    Unavailable,
    () =>
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  ),
  pluginUnknown: failure(
    NotFound,
    ({ driver, driver2 }: { driver: string; driver2: string }) =>
      `error looking up volume plugin ${driver}: plugin ${JSON.stringify(driver2)} not found`,
    true,
  ),
  nameTooShort: failure(
    InvalidArgument,
    () => 'volume name is too short, names should be at least two alphanumeric characters',
  ),
  nameTooLong: failure(
    InvalidArgument,
    () => 'volume name is too long, names should be at most 255 characters',
  ),
});

/** What was being done with a volume. */
export const volumeContext = contexts('volume', {
  create: ({ name }: { name: string }) => `create ${name}`,
});
