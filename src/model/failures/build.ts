/** Failures of builds. */
import { Failed, InvalidArgument } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

const quoted = JSON.stringify;

/** Failures of builds. */
export const buildFailure = failures('build', {
  /** A command of the Dockerfile ended badly. */
  commandFailed: failure(
    InvalidArgument,
    ({ words, status }: { words: readonly string[]; status: number }) =>
      `The command '${words.join(' ')}' returned a non-zero code: ${status}`,
  ),
  needsBuildKit: failure(
    InvalidArgument,
    ({ what }: { what: string }) => `${what} needs BuildKit: ask for it by version=2 (DOCKER_BUILDKIT=1)`,
  ),
  networkUnsupported: failure(
    InvalidArgument,
    ({ mode }: { mode: string }) => `network mode ${quoted(mode)} not supported by buildkit`,
  ),
  outputsTooMany: failure(InvalidArgument, () => 'multiple outputs not supported'),
  squashUnsupported: failure(
    InvalidArgument,
    () => 'squash is not supported by BuildKit: build with the classic builder (DOCKER_BUILDKIT=0)',
  ),
  versionUnknown: failure(
    InvalidArgument,
    ({ version }: { version: string }) => `invalid version ${quoted(version)}`,
  ),
  parameterUnreadable: failure(
    InvalidArgument,
    ({ doing, why }: { doing: string; why: string }) => `${doing}: ${why}`,
  ),
  securityUnsupported: failure(InvalidArgument, () => 'security options are not supported on linux'),
  isolationUnsupported: failure(
    InvalidArgument,
    ({ isolation }: { isolation: string }) => `unsupported isolation: ${quoted(isolation)}`,
  ),
  idMissing: failure(InvalidArgument, () => 'build ID not provided'),
  noBytes: failure(
    InvalidArgument,
    ({ name, said, why }: { name: string; said: string; why: string }) =>
      `${name} is in bytes and expects an integer, got ${said}: ${why}`,
  ),
  formUnreadable: failure(InvalidArgument, ({ why }: { why: string }) => `invalid form: ${why}`),
  addressInvalid: failure(
    InvalidArgument,
    ({ address, why }: { address: string; why: string }) =>
      `invalid build context ${quoted(address)}: ${why}`,
  ),
  addressUnknown: failure(
    InvalidArgument,
    ({ address }: { address: string }) => `remoteURL (${address}) could not be recognized as URL`,
  ),
  gitMissing: failure(
    Failed,
    () => 'building from a git repository needs the program git, which is not installed on this host',
  ),
  gitFailed: failure(
    InvalidArgument,
    ({ doing, address, said }: { doing: string; address: string; said: string; status: number | string }) =>
      `${doing} ${address}: ${said}`,
  ),
  refMissing: failure(
    InvalidArgument,
    ({ ref, answer }: { ref: string; answer: string }) =>
      `repository does not contain ref ${ref}, output: ${quoted(answer)}`,
  ),
  branchMissing: failure(
    InvalidArgument,
    ({ address }: { address: string }) => `could not find default branch for repository: ${address}`,
  ),
  contextOutside: failure(
    InvalidArgument,
    ({ directory }: { directory: string }) => `${quoted(directory)} is not a directory within the repository`,
  ),
  noLayer: failure(
    InvalidArgument,
    ({ why }: { why: string }) => `the files of the repository make no layer: ${why}`,
  ),
  contextEmpty: failure(
    InvalidArgument,
    ({ from }: { from: string }) => `nothing lies at ${from}: empty response`,
  ),
  contextUnsupported: failure(
    InvalidArgument,
    ({ from, type }: { from: string; type: string }) =>
      `error detecting content type for remote ${from}: unsupported Content-Type ${quoted(type)}`,
  ),
  downloadTooLarge: failure(
    InvalidArgument,
    ({ from, most }: { from: string; most: number }) => `${from} is larger than ${most} bytes`,
  ),
  checksumDiffers: failure(
    InvalidArgument,
    ({ from, wanted, found }: { from: string; wanted: string; found: string }) =>
      `digest mismatch for ${from}: expected ${wanted}, got ${found}`,
  ),
});
