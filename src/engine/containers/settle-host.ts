/** `HostConfig`: defaults filled in, contradictions and what this host or engine cannot do refused. Pure. */
import { Conflict, InvalidArgument, NotFound, NotImplemented, reworded } from '../../base/errors.ts';
import type { HostConfig } from '../../model/container.ts';
import { normalizeCapability } from '../../runtime/index.ts';

/** What must be known of the host and the daemon's settings. */
export interface HostFacts {
  readonly hostname: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly cgroupVersion: 1 | 2;
  readonly swapAccounting: boolean;
  readonly runtimes: readonly string[];
  readonly defaultRuntime: string;
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  readonly bridge: boolean;
}

const MEMORY_BYTES_MIN = 6 << 20;
const SHM_BYTES = 64 << 20;
const LOG_DRIVERS = ['local', 'json-file', 'none'];

/** Paths that no plain container reads (Docker's documented defaults). */
export const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
/** Paths that no plain container writes. */
export const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export function settleHost(
  asked: HostConfig,
  facts: HostFacts,
): { hostConfig: HostConfig; warnings: string[] } {
  refuseUnknown(asked, facts);
  checkCpu(asked, facts);
  const warnings: string[] = [];
  const hostConfig: HostConfig = {
    ...asked,
    NetworkMode: networkMode(asked, facts),
    IpcMode: mode('IPC', asked.IpcMode || 'private', ['private', 'shareable', 'host', 'none']),
    PidMode: mode('PID', asked.PidMode ?? '', ['', 'host']),
    UTSMode: plainMode('UTS', asked.UTSMode ?? '', ['', 'host']),
    UsernsMode: asked.UsernsMode ?? '',
    CgroupnsMode: plainMode(
      'cgroup namespace',
      asked.CgroupnsMode || (facts.cgroupVersion === 2 ? 'private' : 'host'),
      ['private', 'host'],
    ),
    ShmSize: shm(asked.ShmSize),
    Runtime: asked.Runtime || facts.defaultRuntime,
    LogConfig: logConfig(asked, facts),
    RestartPolicy: restartPolicy(asked),
    ConsoleSize: asked.ConsoleSize ?? [0, 0],
    CapAdd: checkedCapabilities('CapAdd', asked.CapAdd),
    CapDrop: checkedCapabilities('CapDrop', asked.CapDrop),
    MaskedPaths: asked.MaskedPaths ?? (asked.Privileged ? [] : MASKED_PATHS),
    ReadonlyPaths: asked.ReadonlyPaths ?? (asked.Privileged ? [] : READONLY_PATHS),
    // The command line says -1 for the system's own.
    MemorySwappiness: asked.MemorySwappiness === -1 ? undefined : asked.MemorySwappiness,
    ...memory(asked, facts, warnings),
  } as HostConfig;
  if (hostConfig.LogConfig?.Type === 'json-file')
    warnings.push(
      'The log is kept in the form of the local driver: json-file files for log shippers are not written yet.',
    );
  return { hostConfig, warnings };
}

const set = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== 0 &&
  value !== '' &&
  value !== false &&
  !(Array.isArray(value) && value.length === 0);

/** Asked for and not there yet: better refused than ignored. */
function refuseUnknown(asked: HostConfig, facts: HostFacts): void {
  // These speak to the runtime itself: files on the host, filters, handlers.
  const reserved = Object.keys(asked.Annotations ?? {}).find((name) => name.startsWith('run.oci.'));
  if (reserved !== undefined)
    throw new InvalidArgument(
      `invalid annotation: ${reserved}: names beginning with run.oci. belong to the runtime`,
    );
  const later = [
    'BlkioWeightDevice',
    'BlkioDeviceReadBps',
    'BlkioDeviceWriteBps',
    'BlkioDeviceReadIOps',
    'BlkioDeviceWriteIOps',
    'CpuRealtimePeriod',
    'CpuRealtimeRuntime',
    'DeviceCgroupRules',
    'DeviceRequests',
    'Links',
    'VolumesFrom',
    'StorageOpt',
    'Cgroup',
    'CgroupParent',
    'VolumeDriver',
  ] as const;
  for (const name of later)
    if (set(asked[name]))
      throw new NotImplemented(`HostConfig.${name} is not supported by this version of Gantry`);
  if (asked.UsernsMode && asked.UsernsMode !== 'host')
    throw new InvalidArgument(`invalid user namespace mode: ${asked.UsernsMode}`);
  if (asked.Isolation && asked.Isolation !== 'default')
    throw new InvalidArgument(`invalid isolation (${asked.Isolation}): Linux knows only the default`);
  if (asked.Runtime && !facts.runtimes.includes(asked.Runtime))
    throw new InvalidArgument(`unknown or invalid runtime name: ${asked.Runtime}`);
}

function networkMode(asked: HostConfig, facts: HostFacts): string {
  const wanted = asked.NetworkMode || 'default';
  const name = wanted === 'default' || wanted === 'bridge' ? (facts.bridge ? 'bridge' : 'none') : wanted;
  if (['bridge', 'none', 'host'].includes(name) || /^container:.+/.test(name)) return name;
  if (name.startsWith('container:'))
    throw new InvalidArgument('invalid container format container:<name|id>');
  throw new NotFound(`network ${name} not found`);
}

/** A namespace mode that may also be another container's. */
function mode(what: string, wanted: string, known: readonly string[]): string {
  if (known.includes(wanted) || /^container:.+/.test(wanted)) return wanted;
  throw new InvalidArgument(`invalid ${what} mode: ${wanted}`);
}
function plainMode(what: string, wanted: string, known: readonly string[]): string {
  if (known.includes(wanted)) return wanted;
  throw new InvalidArgument(`invalid ${what} mode: ${wanted}`);
}

function shm(bytes: number | undefined): number {
  if (bytes !== undefined && bytes < 0) throw new InvalidArgument('SHM size can not be less than 0');
  return bytes || SHM_BYTES;
}

function logConfig(asked: HostConfig, facts: HostFacts): NonNullable<HostConfig['LogConfig']> {
  const type = asked.LogConfig?.Type || facts.logDriver;
  if (!LOG_DRIVERS.includes(type))
    throw new InvalidArgument(`logger: no log driver named '${type}' is registered`);
  return { Type: type, Config: asked.LogConfig?.Config ?? (asked.LogConfig?.Type ? {} : facts.logOptions) };
}

function restartPolicy(asked: HostConfig): NonNullable<HostConfig['RestartPolicy']> {
  const { Name = 'no', MaximumRetryCount = 0 } = asked.RestartPolicy ?? {};
  const name = Name === '' ? 'no' : Name;
  if (!['no', 'always', 'on-failure', 'unless-stopped'].includes(name))
    throw new InvalidArgument(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  if (MaximumRetryCount !== 0 && name !== 'on-failure')
    throw new InvalidArgument(
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    );
  if (MaximumRetryCount < 0)
    throw new InvalidArgument('invalid restart policy: maximum retry count cannot be negative');
  if (asked.AutoRemove && name !== 'no')
    throw new InvalidArgument("can't create 'AutoRemove' container with restart policy");
  return { Name: name, MaximumRetryCount };
}

function checkedCapabilities(
  member: 'CapAdd' | 'CapDrop',
  names: readonly string[] | undefined,
): readonly string[] | undefined {
  try {
    names?.forEach(normalizeCapability);
    return names;
  } catch (error) {
    throw reworded(error, (message) => `invalid ${member}: ${message}`);
  }
}

function memory(asked: HostConfig, facts: HostFacts, warnings: string[]): Partial<HostConfig> {
  const limit = asked.Memory ?? 0;
  let swap = asked.MemorySwap ?? 0;
  if (limit !== 0 && limit < MEMORY_BYTES_MIN)
    throw new InvalidArgument('Minimum memory limit allowed is 6MB');
  if (limit > 0 && swap > 0 && swap < limit)
    throw new InvalidArgument('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (limit === 0 && swap > 0)
    throw new InvalidArgument(
      'You should always set the Memory limit when using Memoryswap limit, see usage',
    );
  const reservation = asked.MemoryReservation ?? 0;
  if (reservation > 0 && reservation < MEMORY_BYTES_MIN)
    throw new InvalidArgument('Minimum memory reservation allowed is 6MB');
  if (limit > 0 && reservation > limit)
    throw new InvalidArgument(
      'Minimum memory limit can not be less than memory reservation limit, see usage',
    );
  const swappiness = asked.MemorySwappiness;
  if (swappiness !== undefined && swappiness !== -1 && (swappiness < 0 || swappiness > 100))
    throw new InvalidArgument(`invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  if (limit > 0 && !facts.swapAccounting) {
    if (swap !== 0)
      warnings.push(
        'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
      );
    swap = -1;
  } else if (limit > 0 && swap === 0) swap = limit * 2; // as much swap again: Docker's documented default
  return { Memory: limit, MemorySwap: swap };
}

function checkCpu(asked: HostConfig, facts: HostFacts): void {
  const nano = asked.NanoCpus ?? 0;
  if (nano > 0) {
    if ((asked.CpuPeriod ?? 0) > 0)
      throw new InvalidArgument('Conflicting options: Nano CPUs and CPU Period cannot both be set.');
    if ((asked.CpuQuota ?? 0) > 0)
      throw new InvalidArgument('Conflicting options: Nano CPUs and CPU Quota cannot both be set.');
  }
  if (nano < 0 || nano > facts.cpus * 1e9)
    throw new InvalidArgument(
      `range of CPUs is from 0.01 to ${facts.cpus}.00, as there are only ${facts.cpus} CPUs available`,
    );
  const period = asked.CpuPeriod ?? 0;
  if (period !== 0 && (period < 1000 || period > 1_000_000))
    throw new InvalidArgument(
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    );
  const quota = asked.CpuQuota ?? 0;
  if (quota > 0 && quota < 1000)
    throw new InvalidArgument('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if ((asked.CpuShares ?? 0) < 0) throw new InvalidArgument(`invalid CPU shares: ${asked.CpuShares}`);
  checkSet('cpus', asked.CpusetCpus, facts.cpus);
  checkSet('memory nodes', asked.CpusetMems, Number.POSITIVE_INFINITY);
}

function checkSet(what: string, text: string | undefined, count: number): void {
  if (!text) return;
  const ranges = text.split(',').map((range) => /^(\d+)(?:-(\d+))?$/.exec(range));
  if (ranges.some((range) => range === null || Number(range[2] ?? range[1]) < Number(range[1])))
    throw new InvalidArgument(`Invalid value ${text} for cpuset ${what}`);
  const highest = Math.max(...ranges.map((range) => Number(range?.[2] ?? range?.[1] ?? 0)));
  if (highest >= count)
    throw new InvalidArgument(
      `Requested CPUs are not available - requested ${text}, available: 0-${count - 1}`,
    );
}

/** @throws Conflict when a network mode contradicts other settings */
export function checkNetworkConflicts(
  host: HostConfig,
  said: { hostname: boolean; macAddress: boolean; ports: boolean },
): void {
  const other = host.NetworkMode?.startsWith('container:');
  if (other && said.hostname) throw new Conflict('conflicting options: hostname and the network mode');
  if (other && said.macAddress) throw new Conflict('conflicting options: mac-address and the network mode');
  if (other && said.ports)
    throw new Conflict('conflicting options: port publishing and the container type network mode');
  if (host.UTSMode === 'host' && said.hostname)
    throw new Conflict('conflicting options: hostname and the UTS mode');
}
