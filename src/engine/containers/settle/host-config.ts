/** `HostConfig`: defaults filled in, contradictions and what this host or engine cannot do refused. Pure. */
import { inContext } from '../../../base/errors.ts';
import type { HostConfig } from '../../../model/container.ts';
import { settingContext, settingFailure } from '../../../model/failures/setting.ts';
import type { RestartPolicy } from '../../../model/host-config.ts';
import { checkLogOptions, DEFAULT_FILE_OPTIONS } from '../../../model/log-options.ts';
import { joinedContainer } from '../../../model/namespace-mode.ts';
import { type CgroupDriver, normalizeCapability } from '../../../runtime/index.ts';
import { DEFAULT_NETWORK, networkModeOf } from '../../networks/index.ts';
import { type LimitFacts, settleLimits } from './limits.ts';
import { checkRights, checkSysctls } from './rights.ts';

/** What the daemon's settings give to containers that say nothing. */
export interface HostDefaults {
  readonly shmBytes: number;
  readonly ipcMode: 'private' | 'shareable';
  /** Undefined: private with control groups of version 2, the host's with version 1. */
  readonly cgroupnsMode: 'private' | 'host' | undefined;
  readonly init: boolean;
  readonly noNewPrivileges: boolean;
  /** `builtin`, `unconfined`, or the text of a profile. */
  readonly seccomp: string;
}

/** What must be known of the host and the daemon's settings. */
export interface HostFacts extends LimitFacts {
  readonly hostname: string;
  readonly memoryBytes: number;
  readonly cgroupVersion: 1 | 2;
  readonly cgroupDriver: CgroupDriver;
  /** The AppArmor profile of plain containers; undefined: the host has no AppArmor. */
  readonly apparmor: string | undefined;
  readonly defaults: HostDefaults;
  readonly runtimes: readonly string[];
  readonly defaultRuntime: string;
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  readonly bridge: boolean;
  /** Read-only binds can hold what is mounted below them too (Linux 5.12 and up). */
  readonly recursiveReadOnly: boolean;
  /** Directories with descriptions of devices. */
  readonly cdiSpecDirs: readonly string[];
  /** Containers have ids that are not the host's, unless they ask for those. */
  readonly ownUserIds: boolean;
}

/** Paths that no plain container reads (Docker's documented defaults). */
const MASKED_PATHS = [
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
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** The settled configuration and its warnings. @throws InvalidArgument */
export function settleHostConfig(
  asked: HostConfig,
  facts: HostFacts,
): { hostConfig: HostConfig; warnings: string[] } {
  refuseUnknown(asked, facts);
  if (facts.ownUserIds && asked.UsernsMode !== 'host') refuseWithOwnIds(asked);
  const warnings: string[] = [];
  const limits = settleLimits(asked, facts, warnings);
  checkRights(asked, facts.cgroupDriver);
  const hostConfig: HostConfig = {
    ...asked,
    NetworkMode: networkMode(asked, facts),
    IpcMode: mode('IPC', asked.IpcMode || facts.defaults.ipcMode, ['private', 'shareable', 'host', 'none']),
    PidMode: mode('PID', asked.PidMode ?? '', ['', 'host']),
    UTSMode: plainMode('UTS', asked.UTSMode ?? '', ['', 'host']),
    UsernsMode: asked.UsernsMode ?? '',
    CgroupnsMode: plainMode('cgroup namespace', asked.CgroupnsMode || defaultCgroupns(asked, facts), [
      'private',
      'host',
    ]),
    ShmSize: shm(asked.ShmSize, facts.defaults.shmBytes),
    Runtime: asked.Runtime || facts.defaultRuntime,
    LogConfig: logConfig(asked, facts),
    RestartPolicy: restartPolicy(asked),
    ConsoleSize: asked.ConsoleSize ?? [0, 0],
    CapAdd: checkedCapabilities('CapAdd', asked.CapAdd),
    CapDrop: checkedCapabilities('CapDrop', asked.CapDrop),
    SecurityOpt: unlabelled(asked),
    MaskedPaths: asked.MaskedPaths ?? (asked.Privileged ? undefined : MASKED_PATHS),
    ReadonlyPaths: asked.ReadonlyPaths ?? (asked.Privileged ? undefined : READONLY_PATHS),
    ...limits,
    ...swapDefault(limits),
  } as HostConfig;
  checkSysctls(hostConfig);
  if (networkModeOf(hostConfig).is === 'host' && Object.keys(hostConfig.PortBindings ?? {}).length > 0)
    warnings.push('Published ports are discarded when using host network mode');
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
  const later = ['Cgroup'] as const;
  for (const name of later) if (set(asked[name])) throw settingFailure.memberUnsupported({ name });
  if (asked.UsernsMode && asked.UsernsMode !== 'host')
    throw settingFailure.usernsModeInvalid({ mode: asked.UsernsMode });
  if (asked.Isolation && asked.Isolation !== 'default')
    throw settingFailure.isolationInvalid({ isolation: asked.Isolation });
  if (asked.Runtime && !facts.runtimes.includes(asked.Runtime))
    throw settingFailure.runtimeUnknown({ runtime: asked.Runtime });
}

/** What only the host's user namespace has the right to. @throws InvalidArgument */
function refuseWithOwnIds(asked: HostConfig): void {
  if (asked.Privileged) throw settingFailure.privilegedWithOwnIds();
  if (networkModeOf(asked).is === 'host')
    throw settingFailure.hostWithOwnIds({ what: "the host's network namespace" });
  if (asked.PidMode === 'host') throw settingFailure.hostWithOwnIds({ what: 'the host PID namespace' });
}

/** The mode as records keep it. Without a default network, what names none has none. @throws InvalidArgument, NotFound */
function networkMode(asked: HostConfig, facts: HostFacts): string {
  const mode = networkModeOf(asked);
  if (mode.is === 'container' && mode.id === '') throw settingFailure.joinNamesNobody();
  if (mode.is !== 'network') return asked.NetworkMode ?? '';
  if (mode.name !== DEFAULT_NETWORK) return mode.name; // whether there is such a network is asked at the start
  return facts.bridge ? mode.name : 'none';
}

/** A namespace mode that may also be another container's. */
function mode(what: string, wanted: string, known: readonly string[]): string {
  if (known.includes(wanted) || joinedContainer(wanted)) return wanted;
  throw settingFailure.namespaceModeInvalid({ what, mode: wanted });
}
function plainMode(what: string, wanted: string, known: readonly string[]): string {
  if (known.includes(wanted)) return wanted;
  throw settingFailure.namespaceModeInvalid({ what, mode: wanted });
}

function shm(bytes: number | undefined, absent: number): number {
  if (bytes !== undefined && bytes < 0) throw settingFailure.shmNegative();
  return bytes || absent;
}

function logConfig(asked: HostConfig, facts: HostFacts): NonNullable<HostConfig['LogConfig']> {
  const Type = asked.LogConfig?.Type || facts.logDriver;
  // The daemon's options are its driver's; those of the copy for reading hold for every driver.
  const inherited = Object.entries(facts.logOptions).filter(
    ([name]) => Type === facts.logDriver || name.startsWith('cache-'),
  );
  const said = { ...Object.fromEntries(inherited), ...asked.LogConfig?.Config };
  const isUnsaid = !asked.LogConfig?.Type && Object.keys(said).length === 0;
  const Config = isUnsaid && Type === 'json-file' ? DEFAULT_FILE_OPTIONS : said;
  checkLogOptions(Type, Config);
  return { Type, Config };
}

function restartPolicy(asked: HostConfig): RestartPolicy {
  const policy = readRestartPolicy(asked.RestartPolicy ?? {});
  if (asked.AutoRemove && policy.Name !== 'no') throw settingFailure.autoRemoveRestarts();
  return policy;
}

/** @throws InvalidArgument */
export function readRestartPolicy({ Name = 'no', MaximumRetryCount = 0 }: RestartPolicy): RestartPolicy {
  const name = Name === '' ? 'no' : Name;
  if (!['no', 'always', 'on-failure', 'unless-stopped'].includes(name))
    throw settingFailure.restartPolicyUnknown({ policy: name });
  if (MaximumRetryCount !== 0 && name !== 'on-failure') throw settingFailure.retriesUnasked();
  if (MaximumRetryCount < 0) throw settingFailure.retriesNegative();
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
    throw inContext(error, settingContext.member({ member }));
  }
}

type Limits = ReturnType<typeof settleLimits>;

/** What shares the host's processes or memory is told to have no labels, also by a dockerd without SELinux. */
function unlabelled({ SecurityOpt, IpcMode, PidMode, Privileged }: HostConfig): HostConfig['SecurityOpt'] {
  const isLabelled = (SecurityOpt ?? []).some((option) => /^label[=:]/.test(option));
  if (isLabelled || !(Privileged || IpcMode === 'host' || PidMode === 'host')) return SecurityOpt;
  return [...(SecurityOpt ?? []), 'label=disable'];
}

/** As much swap again as memory: Docker's documented default. */
const swapDefault = ({ Memory = 0, MemorySwap = 0 }: Pick<Limits, 'Memory' | 'MemorySwap'>): HostConfig =>
  Memory > 0 && MemorySwap === 0 ? { MemorySwap: Memory * 2 } : {};

function defaultCgroupns(asked: HostConfig, { cgroupVersion, defaults }: HostFacts): 'private' | 'host' {
  if (asked.Privileged && cgroupVersion === 1) return 'host';
  return defaults.cgroupnsMode ?? (cgroupVersion === 2 ? 'private' : 'host');
}

/** @throws Conflict when a network mode contradicts other settings */
export function checkNetworkConflicts(
  host: HostConfig,
  said: { hostname: boolean; macAddress: boolean; ports: boolean; exposed: boolean },
): void {
  const other = networkModeOf(host).is === 'container';
  if (other && said.hostname) throw settingFailure.hostnameShared();
  if (other && (host.Dns ?? []).length > 0) throw settingFailure.dnsShared();
  if (other && (host.ExtraHosts ?? []).length > 0) throw settingFailure.hostsShared();
  if (other && said.macAddress) throw settingFailure.macAddressShared();
  if (other && (said.ports || host.PublishAllPorts)) throw settingFailure.portsShared();
  if (other && said.exposed) throw settingFailure.exposedShared();
  if (host.UTSMode === 'host' && said.hostname) throw settingFailure.hostnameOfHost();
}
