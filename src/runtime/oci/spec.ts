/** The OCI runtime configuration (`config.json`) of a container, from a plan. Pure. */
import type { IdMap, IdRange } from '../../base/id-map.ts';
import { jsonInteger } from '../../formats/json.ts';
import type { SeccompProfile } from './seccomp.ts';

/** One mount inside the container, in the order of mounting. */
export interface PlannedMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}
/** Who the process runs as, in numbers. */
export interface PlannedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
}
/** A device node to be made in the container, in the words of the OCI runtime specification. */
export interface PlannedDevice {
  readonly path: string;
  readonly type: 'c' | 'b' | 'p';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
  /** cgroup access, some of `rwm`. */
  readonly access: string;
}
/** A program of the host's that the runtime runs. */
export interface PlannedHook {
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
}
/** By the moment at which they run, in the words of the OCI runtime specification. */
export type PlannedHooks = Readonly<Record<string, readonly PlannedHook[]>>;
/** One limit of setrlimit(2): `type` by its name in the OCI specification, such as `RLIMIT_CORE`. */
export interface Rlimit {
  readonly type: string;
  /** Exact: without a limit it has all 64 bits set, which no number of ours can say. */
  readonly soft: bigint;
  readonly hard: bigint;
}
/** `private`: a new one; `host`: the daemon's; a path: an existing one. */
export type Namespace = 'private' | 'host' | { readonly path: string };

/** Limits; absent means none. Bytes, microseconds and shares as the OCI specification counts them. */
export interface Limits {
  readonly memoryBytes?: number;
  /** Memory and swap together; -1: no limit. */
  readonly memorySwapBytes?: number;
  readonly memoryReservationBytes?: number;
  readonly memorySwappiness?: number;
  readonly oomKillDisable?: boolean;
  readonly cpuShares?: number;
  readonly cpuQuotaMicros?: number;
  readonly cpuPeriodMicros?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly cpuRealtimePeriodMicros?: number;
  readonly cpuRealtimeRuntimeMicros?: number;
  /** -1: no limit. */
  readonly pids?: number;
  readonly blkioWeight?: number;
  readonly blkioWeightDevices?: readonly DeviceRate[];
  readonly blkioReadBps?: readonly DeviceRate[];
  readonly blkioWriteBps?: readonly DeviceRate[];
  readonly blkioReadIops?: readonly DeviceRate[];
  readonly blkioWriteIops?: readonly DeviceRate[];
}

/** A block device's share, or its bytes or operations a second. */
export interface DeviceRate {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

/** `linux.resources.devices` of the OCI specification. Without numbers: all. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: 'a' | 'b' | 'c';
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

/** Everything that a container's `config.json` is made from. */
export interface BundlePlan {
  readonly rootfs: string;
  readonly readonlyRootfs: boolean;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: PlannedUser;
  readonly terminal: boolean;
  readonly consoleSize?: { readonly rows: number; readonly columns: number };
  readonly hostname?: string;
  readonly domainname?: string;
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly rlimits: readonly Rlimit[];
  readonly oomScoreAdj?: number;
  readonly apparmorProfile?: string;
  readonly seccomp?: SeccompProfile;
  readonly mounts: readonly PlannedMount[];
  readonly rootfsPropagation?: string;
  readonly namespaces: {
    readonly pid: Namespace;
    readonly network: Namespace;
    readonly ipc: Namespace;
    readonly uts: Namespace;
    readonly cgroup: Namespace;
    readonly user: Namespace;
  };
  /** Ids of the container, where they are not the host's. */
  readonly map?: IdMap;
  readonly privileged: boolean;
  readonly devices: readonly PlannedDevice[];
  /** Access to further devices, without nodes. */
  readonly deviceRules: readonly DeviceRule[];
  readonly limits: Limits;
  readonly cgroupsPath: string;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly hooks: PlannedHooks;
}

/** The devices every container has, as dockerd allows them: null, zero, full, random, urandom, tty, console, ptmx, pts, tun not. */
const DEFAULT_DEVICE_RULES: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[
    [1, 3],
    [1, 5],
    [1, 7],
    [1, 8],
    [1, 9],
    [5, 0],
    [5, 1],
    [5, 2],
  ].map(([major = 0, minor = 0]): DeviceRule => ({ allow: true, type: 'c', major, minor, access: 'rwm' })),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
];

const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;

/** What is read again of the `process` of a configuration. */
export interface ProcessSpec {
  readonly args: readonly string[];
  readonly oomScoreAdj?: number;
}

/** `process` of the configuration; exec uses the same shape with its own values. */
export function processSpec(
  plan: Pick<
    BundlePlan,
    | 'terminal'
    | 'consoleSize'
    | 'user'
    | 'args'
    | 'env'
    | 'cwd'
    | 'capabilities'
    | 'noNewPrivileges'
    | 'rlimits'
    | 'oomScoreAdj'
    | 'apparmorProfile'
  >,
): object {
  const caps = plan.capabilities;
  // An unprivileged user starts without effective capabilities, but a set-uid program can gain them: as dockerd.
  const effective = plan.user.uid === 0 ? caps : [];
  return defined({
    terminal: plan.terminal,
    consoleSize: plan.consoleSize && { height: plan.consoleSize.rows, width: plan.consoleSize.columns },
    user: { uid: plan.user.uid, gid: plan.user.gid, additionalGids: plan.user.additionalGids },
    args: plan.args,
    env: plan.env,
    cwd: plan.cwd,
    capabilities: { bounding: caps, effective, permitted: effective, inheritable: [], ambient: [] },
    rlimits: plan.rlimits.map(({ type, soft, hard }) => ({
      type,
      soft: jsonInteger(soft),
      hard: jsonInteger(hard),
    })),
    noNewPrivileges: plan.noNewPrivileges,
    oomScoreAdj: plan.oomScoreAdj,
    apparmorProfile: plan.apparmorProfile,
  });
}

function namespaceList(namespaces: BundlePlan['namespaces']): object[] {
  const list: object[] = [{ type: 'mount' }];
  for (const [type, how] of Object.entries(namespaces)) {
    if (how === 'private') list.push({ type });
    else if (how !== 'host') list.push({ type, path: how.path });
  }
  return list;
}

const mappings = (ranges: readonly IdRange[]): object[] =>
  ranges.map(({ container, host, count }) => ({ containerID: container, hostID: host, size: count }));

function deviceRules(plan: Pick<BundlePlan, 'privileged' | 'devices' | 'deviceRules'>): object[] {
  if (plan.privileged) return [{ allow: true, access: 'rwm' }];
  const own = plan.devices.map(({ type, major, minor, access }) => ({
    allow: true,
    type,
    major,
    minor,
    access,
  }));
  return [...DEFAULT_DEVICE_RULES, ...own, ...plan.deviceRules];
}

const unlessEmpty = (value: object): object | undefined =>
  Object.keys(value).length > 0 ? value : undefined;

/** `linux.resources` but for devices: what an update may change too. */
export function limitsSpec(limits: Limits): object {
  const rates = (list: readonly DeviceRate[] | undefined) =>
    list?.map(({ major, minor, rate }) => ({ major, minor, rate }));
  return defined({
    memory: unlessEmpty(
      defined({
        limit: limits.memoryBytes,
        swap: limits.memorySwapBytes,
        reservation: limits.memoryReservationBytes,
        swappiness: limits.memorySwappiness,
        disableOOMKiller: limits.oomKillDisable,
      }),
    ),
    cpu: unlessEmpty(
      defined({
        shares: limits.cpuShares,
        quota: limits.cpuQuotaMicros,
        period: limits.cpuPeriodMicros,
        realtimePeriod: limits.cpuRealtimePeriodMicros,
        realtimeRuntime: limits.cpuRealtimeRuntimeMicros,
        cpus: limits.cpusetCpus,
        mems: limits.cpusetMems,
      }),
    ),
    pids: limits.pids === undefined ? undefined : { limit: limits.pids },
    blockIO: unlessEmpty(
      defined({
        weight: limits.blkioWeight,
        weightDevice: limits.blkioWeightDevices?.map(({ major, minor, rate }) => ({
          major,
          minor,
          weight: rate,
        })),
        throttleReadBpsDevice: rates(limits.blkioReadBps),
        throttleWriteBpsDevice: rates(limits.blkioWriteBps),
        throttleReadIOPSDevice: rates(limits.blkioReadIops),
        throttleWriteIOPSDevice: rates(limits.blkioWriteIops),
      }),
    ),
  });
}

/** The whole `config.json`. */
export function bundleSpec(plan: BundlePlan): object {
  return defined({
    ociVersion: '1.0.2',
    process: processSpec(plan),
    root: { path: plan.rootfs, readonly: plan.readonlyRootfs },
    hostname: plan.hostname,
    domainname: plan.domainname,
    mounts: plan.mounts,
    annotations: plan.annotations,
    hooks: unlessEmpty(plan.hooks),
    linux: defined({
      namespaces: namespaceList(plan.namespaces),
      uidMappings: plan.map && mappings(plan.map.uids),
      gidMappings: plan.map && mappings(plan.map.gids),
      resources: { devices: deviceRules(plan), ...limitsSpec(plan.limits) },
      devices: plan.devices.map(({ path, type, major, minor, fileMode, uid, gid }) => ({
        path,
        type,
        major,
        minor,
        fileMode,
        uid,
        gid,
      })),
      cgroupsPath: plan.cgroupsPath,
      seccomp: plan.seccomp,
      maskedPaths: plan.maskedPaths,
      readonlyPaths: plan.readonlyPaths,
      sysctl: plan.sysctls,
      rootfsPropagation: plan.rootfsPropagation,
    }),
  });
}
