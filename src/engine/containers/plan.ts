/** A container's record becomes the plan of its bundle. Pure: what must be looked up on the host comes in as facts. */

import { InvalidArgument } from '../../base/errors.ts';
import type { ContainerConfig, HostConfig } from '../../model/container.ts';
import {
  type BundlePlan,
  capabilitiesFor,
  defaultSeccomp,
  type Limits,
  type Namespace,
  type PlannedDevice,
  type PlannedMount,
  type Rlimit,
  type SeccompProfile,
} from '../../runtime/index.ts';
import type { ContainerRecord } from './record.ts';
import type { ResolvedUser } from './user.ts';

export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What is known only when the container starts. */
export interface StartFacts {
  readonly rootfs: string;
  readonly user: ResolvedUser;
  readonly network: Namespace;
  /** Namespaces of other containers that it joins. */
  readonly pid: Namespace;
  readonly ipc: Namespace;
  /** Files of the engine's that are mounted over the image's: hosts, hostname, resolv.conf. */
  readonly files: readonly { readonly source: string; readonly destination: string }[];
  readonly devices: readonly PlannedDevice[];
  readonly hostCapabilities: ReadonlySet<string>;
  readonly hardLimits: ReadonlyMap<string, number>;
  readonly defaultUlimits: ReadonlyMap<string, { readonly soft: number; readonly hard: number }>;
  readonly canRaiseLimits: boolean;
  readonly cgroupParent: string;
  readonly cgroupVersion: 1 | 2;
}

export function cgroupPath(parent: string, id: string): string {
  return `/${parent}/${id}`;
}

export function planBundle(
  record: ContainerRecord,
  facts: StartFacts,
): { plan: BundlePlan; warnings: string[] } {
  const { config, hostConfig: host } = record;
  const warnings: string[] = [];
  const security = readSecurity(host.SecurityOpt ?? []);
  const privileged = host.Privileged ?? false;
  const caps = capabilitiesFor(
    { add: host.CapAdd ?? [], drop: host.CapDrop ?? [], privileged },
    facts.hostCapabilities,
  );
  if (caps.missing.length > 0) warnings.push(`this host cannot give ${caps.missing.join(', ')}`);
  const seccomp =
    privileged || security.seccomp === 'unconfined'
      ? undefined
      : security.seccomp === 'default'
        ? defaultSeccomp(caps.set)
        : security.seccomp;
  const hostname = host.UTSMode === 'host' || host.NetworkMode === 'host' ? undefined : config.Hostname;
  const plan: BundlePlan = {
    rootfs: facts.rootfs,
    readonlyRootfs: host.ReadonlyRootfs ?? false,
    args: [record.path, ...record.args],
    env: environment(config, facts.user.home),
    cwd: config.WorkingDir || '/',
    user: facts.user,
    terminal: config.Tty ?? false,
    ...consoleSize(host),
    ...(hostname && host.UTSMode !== 'host' ? { hostname } : {}),
    ...(config.Domainname ? { domainname: config.Domainname } : {}),
    capabilities: caps.set,
    noNewPrivileges: security.noNewPrivileges,
    rlimits: rlimits(host, facts, warnings),
    ...(host.OomScoreAdj ? { oomScoreAdj: host.OomScoreAdj } : {}),
    ...(seccomp ? { seccomp } : {}),
    mounts: mounts(record, facts),
    ...(record.mounts.some(({ point }) => /shared|slave/.test(point.Propagation ?? ''))
      ? { rootfsPropagation: 'slave' }
      : {}),
    namespaces: {
      pid: facts.pid,
      network: facts.network,
      ipc: facts.ipc,
      uts: host.UTSMode === 'host' || host.NetworkMode === 'host' ? 'host' : 'private',
      cgroup: host.CgroupnsMode === 'private' ? 'private' : 'host',
    },
    privileged,
    devices: facts.devices,
    limits: limits(host),
    cgroupsPath: cgroupPath(facts.cgroupParent, record.id),
    sysctls: { ...networkSysctls(facts.network, host), ...host.Sysctls },
    maskedPaths: host.MaskedPaths ?? [],
    readonlyPaths: host.ReadonlyPaths ?? [],
    annotations: host.Annotations ?? {},
  };
  return { plan, warnings };
}

/** In a network of its own any user may listen on low ports and ping, as Docker sets it up since 20.10. */
function networkSysctls(network: Namespace, host: HostConfig): Record<string, string> {
  if (network === 'host' || host.NetworkMode?.startsWith('container:')) return {};
  return { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' };
}

function consoleSize(host: HostConfig): Pick<BundlePlan, 'consoleSize'> {
  const [rows = 0, columns = 0] = host.ConsoleSize ?? [];
  return rows > 0 && columns > 0 ? { consoleSize: { rows, columns } } : {};
}

/** PATH, HOSTNAME, TERM and HOME first, each overridden by what the configuration says. `NAME` alone takes it away. */
export function environment(
  config: Pick<ContainerConfig, 'Env' | 'Tty' | 'Hostname'>,
  home: string,
): string[] {
  const variables = new Map<string, string>();
  const defaults = [
    DEFAULT_PATH,
    ...(config.Hostname ? [`HOSTNAME=${config.Hostname}`] : []),
    ...(config.Tty ? ['TERM=xterm'] : []),
  ];
  for (const entry of [...defaults, ...(config.Env ?? [])]) {
    const at = entry.indexOf('=');
    if (at < 0) variables.delete(entry);
    else variables.set(entry.slice(0, at), entry.slice(at + 1));
  }
  if (!variables.has('HOME')) variables.set('HOME', home);
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

interface Security {
  readonly seccomp: 'default' | 'unconfined' | SeccompProfile;
  readonly noNewPrivileges: boolean;
}

/** `SecurityOpt`: `name=value`, or with a colon as clients before 1.24 wrote it. @throws InvalidArgument */
export function readSecurity(options: readonly string[]): Security {
  let seccomp: Security['seccomp'] = 'default';
  let noNewPrivileges = false;
  for (const option of options) {
    const [, name = option, value = ''] = /^([a-z-]+)[=:]([\s\S]*)$/.exec(option) ?? [];
    if (name === 'no-new-privileges') noNewPrivileges = value !== 'false';
    else if (name === 'seccomp') seccomp = readSeccomp(value);
    else if (!['apparmor', 'label', 'systempaths', 'writable-cgroups'].includes(name))
      throw new InvalidArgument(`invalid --security-opt 2: ${JSON.stringify(option)}`);
  }
  return { seccomp, noNewPrivileges };
}

function readSeccomp(value: string): Security['seccomp'] {
  if (value === 'unconfined') return 'unconfined';
  if (value === 'builtin' || value === '') return 'default';
  try {
    return JSON.parse(value) as SeccompProfile;
  } catch (cause) {
    throw new InvalidArgument('decoding seccomp profile failed: it is no JSON', { cause });
  }
}

const NAME_OF_LIMIT = /^[a-z]+$/;

/** A limit above this daemon's own cannot be given without CAP_SYS_RESOURCE: it is cut, with a warning, not refused. */
function rlimits(host: HostConfig, facts: StartFacts, warnings: string[]): Rlimit[] {
  const asked = new Map(facts.defaultUlimits);
  for (const { Name, Soft, Hard } of host.Ulimits ?? []) asked.set(Name, { soft: Soft, hard: Hard });
  return [...asked].map(([name, { soft, hard }]) => {
    if (!NAME_OF_LIMIT.test(name)) throw new InvalidArgument(`invalid ulimit type: ${name}`);
    const type = `RLIMIT_${name.toUpperCase()}`;
    const most = facts.canRaiseLimits
      ? Number.POSITIVE_INFINITY
      : (facts.hardLimits.get(name) ?? Number.POSITIVE_INFINITY);
    const unlimited = (value: number) => (value < 0 ? Number.POSITIVE_INFINITY : value);
    const cut = (value: number) => Math.min(unlimited(value), most);
    if (cut(hard) < unlimited(hard))
      warnings.push(`ulimit ${name}: ${hard} is cut to ${most}, this daemon's own limit`);
    // RLIM_INFINITY is 2^64 − 1, which JSON carries as the nearest double; the largest exact one serves as well.
    const encode = (value: number) => (value === Number.POSITIVE_INFINITY ? 2 ** 63 - 1024 : value);
    return { type, soft: encode(Math.min(cut(soft), cut(hard))), hard: encode(cut(hard)) };
  });
}

function limits(host: HostConfig): Limits {
  const nano = host.NanoCpus ?? 0;
  const period = nano > 0 ? 100_000 : host.CpuPeriod || undefined;
  const quota = nano > 0 ? Math.floor((nano * 100_000) / 1e9) : host.CpuQuota || undefined;
  const found: Record<string, unknown> = {
    memoryBytes: host.Memory || undefined,
    memorySwapBytes: host.Memory ? host.MemorySwap || undefined : undefined,
    memoryReservationBytes: host.MemoryReservation || undefined,
    memorySwappiness: host.MemorySwappiness,
    oomKillDisable: host.OomKillDisable || undefined,
    cpuShares: host.CpuShares || undefined,
    cpuQuotaMicros: quota,
    cpuPeriodMicros: period,
    cpusetCpus: host.CpusetCpus || undefined,
    cpusetMems: host.CpusetMems || undefined,
    pids: host.PidsLimit && host.PidsLimit > 0 ? host.PidsLimit : undefined,
    blkioWeight: host.BlkioWeight || undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as Limits;
}

/** The kernel's file systems that every container has, in dockerd's order and options. */
function systemMounts(host: HostConfig, facts: StartFacts): PlannedMount[] {
  const readOnly = host.Privileged ? 'rw' : 'ro';
  const shm: PlannedMount =
    facts.ipc === 'host'
      ? { destination: '/dev/shm', type: 'bind', source: '/dev/shm', options: ['rbind'] }
      : {
          destination: '/dev/shm',
          type: 'tmpfs',
          source: 'shm',
          options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${host.ShmSize ?? 0}`],
        };
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    // With the host's network the kernel refuses a sysfs of one's own.
    facts.network === 'host'
      ? {
          destination: '/sys',
          type: 'bind',
          source: '/sys',
          options: ['rbind', 'nosuid', 'noexec', 'nodev', readOnly],
        }
      : {
          destination: '/sys',
          type: 'sysfs',
          source: 'sysfs',
          options: ['nosuid', 'noexec', 'nodev', readOnly],
        },
    ...(facts.network === 'host'
      ? []
      : [
          {
            destination: '/sys/fs/cgroup',
            type: 'cgroup',
            source: 'cgroup',
            options: ['nosuid', 'noexec', 'nodev', readOnly],
          },
        ]),
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    ...(host.IpcMode === 'none' ? [] : [shm]),
  ];
}

function mounts(record: ContainerRecord, facts: StartFacts): PlannedMount[] {
  const taken = new Set(record.mounts.map(({ point }) => point.Destination));
  const system = systemMounts(record.hostConfig, facts).filter(({ destination }) => !taken.has(destination));
  const files = facts.files
    .filter(({ destination }) => !taken.has(destination))
    .map(
      ({ source, destination }): PlannedMount => ({
        destination,
        type: 'bind',
        source,
        options: ['rbind', 'rprivate', ...(record.hostConfig.ReadonlyRootfs ? ['ro'] : [])],
      }),
    );
  const own = record.mounts.map(
    ({ point, options }): PlannedMount =>
      point.Type === 'tmpfs'
        ? { destination: point.Destination, type: 'tmpfs', source: 'tmpfs', options }
        : { destination: point.Destination, type: 'bind', source: point.Source, options },
  );
  return [...system, ...files, ...own];
}
