/** Failures of what a container's configuration says. */
import { InvalidArgument } from '../../base/errors.ts';
import { contexts, failure, failures } from '../../base/failures.ts';

const quoted = JSON.stringify;

export const settingFailure = failures('setting', {
  cpusOutOfRange: failure(
    InvalidArgument,
    ({ cpus }: { cpus: number }) =>
      `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
  ),
  workingDirRelative: failure(
    InvalidArgument,
    ({ directory }: { directory: string }) =>
      `the working directory '${directory}' is invalid, it needs to be an absolute path`,
  ),
  restartPolicyUnknown: failure(
    InvalidArgument,
    ({ policy }: { policy: string }) =>
      `invalid restart policy: unknown policy '${policy}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
  ),
  portInvalid: failure(
    InvalidArgument,
    ({ port }: { port: string }) => `invalid port specification: ${quoted(port)}`,
  ),
  /** `how`: 1 of one that has no name, 2 of one that has no such value, as dockerd counts them. */
  securityOptInvalid: failure(
    InvalidArgument,
    ({ how, option }: { how: 1 | 2; option: string }) => `invalid --security-opt ${how}: ${quoted(option)}`,
  ),
  volumeSpecInvalid: failure(InvalidArgument, ({ spec, why }: { spec: string; why?: string }) =>
    why === undefined
      ? `invalid volume specification: '${spec}'`
      : `invalid volume specification: '${spec}': ${why}`,
  ),
  mountInvalid: failure(
    InvalidArgument,
    ({ type, why }: { type: string; why: string }) => `invalid mount config for type "${type}": ${why}`,
  ),
  mountPointTwice: failure(
    InvalidArgument,
    ({ destination }: { destination: string }) => `Duplicate mount point: ${destination}`,
  ),
  signalInvalid: failure(InvalidArgument, ({ signal }: { signal: string }) => `invalid signal: ${signal}`),
  signalUnsupported: failure(
    InvalidArgument,
    ({ signal }: { signal: number }) => `the linux daemon does not support signal ${signal}`,
  ),
});

/** Which member of the configuration was read. */
export const settingContext = contexts('setting', {
  member: ({ member }: { member: string }) => `invalid ${member}`,
  logOptions: () => 'failed to set log opts',
});
