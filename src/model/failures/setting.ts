/** Failures of what a container's configuration says. */
import { Conflict, InvalidArgument, NotImplemented } from '../../base/errors.ts';
import { contexts, failure, failures } from '../../base/failures.ts';

const quoted = JSON.stringify;

/** Failures of what a container’s configuration says. */
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
  mountOptionsForeign: failure(
    InvalidArgument,
    ({ options, type }: { options: string; type: string }) =>
      `${options} must not be specified on mount type ${quoted(type)}`,
  ),
  mountsTooMany: failure(InvalidArgument, ({ most }: { most: number }) => `more than ${most} mounts`),
  mountPointTwice: failure(
    InvalidArgument,
    ({ destination }: { destination: string }) => `Duplicate mount point: ${destination}`,
  ),
  signalInvalid: failure(InvalidArgument, ({ signal }: { signal: string }) => `invalid signal: ${signal}`),
  signalUnsupported: failure(
    InvalidArgument,
    ({ signal }: { signal: number }) => `the linux daemon does not support signal ${signal}`,
  ),
  memoryTooSmall: failure(
    InvalidArgument,
    ({ least }: { least: string }) => `Minimum memory limit allowed is ${least}`,
  ),
  reservationTooSmall: failure(
    InvalidArgument,
    ({ least }: { least: string }) => `Minimum memory reservation allowed is ${least}`,
  ),
  noDeviceDriver: failure(
    InvalidArgument,
    ({ driver, capabilities }: { driver: string; capabilities: string }) =>
      `could not select device driver "${driver}" with capabilities: [${capabilities}]`,
  ),
  cdiUnresolvable: failure(
    InvalidArgument,
    ({ names, problems }: { names: readonly string[]; problems: readonly string[] }) =>
      [
        'CDI device injection failed',
        ...(names.length > 0 ? [`unresolvable CDI devices ${names.join(', ')}`] : []),
        ...problems,
      ].join(': '),
  ),
  cdiUnexpected: failure(
    InvalidArgument,
    ({ what }: { what: 'count' | 'options' }) => `unexpected ${what} in CDI device request`,
  ),
  propagationInvalid: failure(
    InvalidArgument,
    ({ root, source, asked }: { root: string; source: string; asked: string }) =>
      `invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within the daemon root, daemon root: "${root}", bind mount source: "${source}", propagation: "${asked}"`,
  ),
  volumesFromEmpty: failure(InvalidArgument, () => 'volumes-from specification cannot be an empty string'),
  modeInvalid: failure(InvalidArgument, ({ modes }: { modes: string }) => `invalid mode: ${modes}`),
  mountOptionsConflict: failure(
    InvalidArgument,
    ({ what }: { what: string }) => `mount options conflict: ${what}`,
  ),
  tmpfsOptionInvalid: failure(
    InvalidArgument,
    ({ option }: { option: string }) => `invalid tmpfs option ${JSON.stringify(option)}`,
  ),
  deviceRuleInvalid: failure(
    InvalidArgument,
    ({ text }: { text: string }) => `invalid device cgroup rule format: '${text}'`,
  ),
  memberUnsupported: failure(
    NotImplemented,
    ({ name }: { name: string }) => `HostConfig.${name} is not supported by this version of Gantry`,
  ),
  privilegedWithOwnIds: failure(
    InvalidArgument,
    () =>
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
  ),
  hostWithOwnIds: failure(
    InvalidArgument,
    ({ what }: { what: string }) => `cannot share ${what} when user namespaces are enabled`,
  ),
  usernsModeInvalid: failure(
    InvalidArgument,
    ({ mode }: { mode: string }) => `invalid user namespace mode: ${mode}`,
  ),
  isolationInvalid: failure(
    InvalidArgument,
    ({ isolation }: { isolation: string }) =>
      `invalid isolation (${isolation}): linux only supports 'default'`,
  ),
  runtimeUnknown: failure(
    InvalidArgument,
    ({ runtime }: { runtime: string }) => `unknown or invalid runtime name: ${runtime}`,
  ),
  joinNamesNobody: failure(InvalidArgument, () => 'invalid container format container:<name|id>'),
  namespaceModeInvalid: failure(
    InvalidArgument,
    ({ what, mode }: { what: string; mode: string }) => `invalid ${what} mode: ${mode}`,
  ),
  shmNegative: failure(InvalidArgument, () => 'SHM size can not be less than 0'),
  autoRemoveRestarts: failure(
    InvalidArgument,
    () => "can't create 'AutoRemove' container with restart policy",
  ),
  retriesUnasked: failure(
    InvalidArgument,
    () => "invalid restart policy: maximum retry count can only be used with 'on-failure'",
  ),
  retriesNegative: failure(
    InvalidArgument,
    () => 'invalid restart policy: maximum retry count cannot be negative',
  ),
  hostnameShared: failure(Conflict, () => 'conflicting options: hostname and the network mode'),
  macAddressShared: failure(Conflict, () => 'conflicting options: mac-address and the network mode'),
  dnsShared: failure(Conflict, () => 'conflicting options: dns and the network mode'),
  hostsShared: failure(Conflict, () => 'conflicting options: custom host-to-IP mapping and the network mode'),
  exposedShared: failure(
    Conflict,
    () => 'conflicting options: port exposing and the container type network mode',
  ),
  portsShared: failure(
    Conflict,
    () => 'conflicting options: port publishing and the container type network mode',
  ),
  linkEmpty: failure(InvalidArgument, () => 'empty string specified for links'),
  linkInvalid: failure(InvalidArgument, ({ text }: { text: string }) => `bad format for links: ${text}`),
  linksOnHost: failure(
    InvalidArgument,
    () =>
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
  ),
  linksOfGuest: failure(
    InvalidArgument,
    () =>
      "conflicting options: container type network can't be used with links. This would result in undefined behavior",
  ),
  hostnameOfHost: failure(Conflict, () => 'conflicting options: hostname and the UTS mode'),
  memoryBelow512k: failure(InvalidArgument, () => 'Minimum memory limit allowed is 512k'),
  swapBelowMemory: failure(
    InvalidArgument,
    () => 'Minimum memoryswap limit should be larger than memory limit, see usage',
  ),
  swapWithoutMemory: failure(
    InvalidArgument,
    () => 'You should always set the Memory limit when using Memoryswap limit, see usage',
  ),
  swappinessInvalid: failure(
    InvalidArgument,
    ({ swappiness }: { swappiness: number }) =>
      `Invalid value: ${swappiness}, valid memory swappiness range is 0-100`,
  ),
  reservationBelow512k: failure(InvalidArgument, () => 'Minimum memory reservation allowed is 512k'),
  memoryBelowReservation: failure(
    InvalidArgument,
    () => 'Minimum memory limit can not be less than memory reservation limit, see usage',
  ),
  nanoCpusAndPeriod: failure(
    InvalidArgument,
    () => 'Conflicting options: Nano CPUs and CPU Period cannot both be set',
  ),
  nanoCpusAndQuota: failure(
    InvalidArgument,
    () => 'Conflicting options: Nano CPUs and CPU Quota cannot both be set',
  ),
  nanoCpusUnsupported: failure(
    InvalidArgument,
    () =>
      'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
  ),
  cpuSharesInvalid: failure(
    InvalidArgument,
    ({ shares }: { shares: number }) => `invalid CPU shares (${shares}): value must be a positive integer`,
  ),
  cpuPeriodInvalid: failure(
    InvalidArgument,
    () => 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
  ),
  cpuQuotaTooSmall: failure(InvalidArgument, () => 'CPU cfs quota can not be less than 1ms (i.e. 1000)'),
  realtimeUnsupported: failure(InvalidArgument, () => 'kernel does not support CPU real-time scheduler'),
  realtimeAbovePeriod: failure(
    InvalidArgument,
    () => 'cpu real-time runtime cannot be higher than cpu real-time period',
  ),
  cpusUnavailable: failure(
    InvalidArgument,
    ({ requested, available }: { requested: string; available: string }) =>
      `Requested CPUs are not available - requested ${requested}, available: ${available}`,
  ),
  memoryNodesUnavailable: failure(
    InvalidArgument,
    ({ requested, available }: { requested: string; available: string }) =>
      `Requested memory nodes are not available - requested ${requested}, available: ${available}`,
  ),
  cpusetTooLong: failure(
    InvalidArgument,
    ({ what, length, most }: { what: string; length: number; most: number }) =>
      `Invalid value for cpuset ${what}: ${length} characters are more than ${most}`,
  ),
  cpusetInvalid: failure(
    InvalidArgument,
    ({ text, what, why }: { text: string; what: string; why: string }) =>
      `Invalid value ${text} for cpuset ${what}: ${why}`,
  ),
  blkioWeightInvalid: failure(InvalidArgument, () => 'Range of blkio weight is from 10 to 1000'),
  ioMaximumUnsupported: failure(
    InvalidArgument,
    ({ what }: { what: string }) =>
      `invalid option: QoS maximum ${what} configuration is not supported on linux`,
  ),
  protocolUnsupported: failure(
    InvalidArgument,
    ({ protocol, text }: { protocol: string; text: string }) =>
      `publishing ${protocol} ports is not supported: ${text}`,
  ),
  hostIpInvalid: failure(
    InvalidArgument,
    ({ text }: { text: string }) => `invalid host IP address: ${JSON.stringify(text)}`,
  ),
  deviceModeInvalid: failure(InvalidArgument, ({ mode }: { mode: string }) => `bad mode specified: ${mode}`),
  devicePathRelative: failure(
    InvalidArgument,
    ({ path }: { path: string }) => `${path} is not an absolute path`,
  ),
  pathRelative: failure(
    InvalidArgument,
    ({ path }: { path: string }) => `${JSON.stringify(path)} is not an absolute path`,
  ),
  oomScoreInvalid: failure(
    InvalidArgument,
    ({ score }: { score: number }) => `Invalid value ${score}, range for oom score adj is [-1000, 1000]`,
  ),
  ulimitSoftAboveHard: failure(
    InvalidArgument,
    ({ soft, hard }: { soft: number; hard: number }) =>
      `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
  ),
  ulimitUnknown: failure(InvalidArgument, ({ name }: { name: string }) => `invalid ulimit type: ${name}`),
  annotationUnnamed: failure(
    InvalidArgument,
    () => 'invalid Annotations: the empty string is not permitted as an annotation key',
  ),
  annotationReserved: failure(
    InvalidArgument,
    ({ name }: { name: string }) =>
      `invalid annotation: ${name}: names beginning with run.oci. belong to the runtime`,
  ),
  sysctlInvalid: failure(
    InvalidArgument,
    ({ name }: { name: string }) => `invalid sysctl ${JSON.stringify(name)}`,
  ),
  sysctlForbidden: failure(
    InvalidArgument,
    ({ name, why }: { name: string; why: string }) => `sysctl ${JSON.stringify(name)} ${why}`,
  ),
  storageOptUnknown: failure(InvalidArgument, ({ option }: { option: string }) => `Unknown option ${option}`),
  storageOptUnsupported: failure(
    InvalidArgument,
    () =>
      "--storage-opt is supported only for overlay over xfs with 'pquota' mount option, or another file system with project quotas, from Linux 5.14 on",
  ),
  healthTooShort: failure(
    InvalidArgument,
    ({ name }: { name: string }) => `${name} in Healthcheck cannot be less than 1ms`,
  ),
  healthRetriesNegative: failure(InvalidArgument, () => 'Retries in Healthcheck cannot be negative'),
  environmentInvalid: failure(
    InvalidArgument,
    ({ entry }: { entry: string }) => `invalid environment variable: ${entry}`,
  ),
  commandHasNul: failure(
    InvalidArgument,
    () => 'a NUL byte cannot be part of a command or an environment variable',
  ),
  commandTooLong: failure(
    InvalidArgument,
    () => 'command and environment together exceed 2 MiB, more than the kernel passes to a program',
  ),
  pathHasNul: failure(InvalidArgument, () => 'a NUL byte cannot be part of a path or a user'),
  hostnameInvalid: failure(
    InvalidArgument,
    ({ hostname }: { hostname: string }) => `invalid hostname format: ${hostname}`,
  ),
});

/** Which member of the configuration was read. */
export const settingContext = contexts('setting', {
  member: ({ member }: { member: string }) => `invalid ${member}`,
  logOptions: () => 'failed to set log opts',
});
