/** `docker info`: what the engine and its host are, from memory. */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { readText } from '../../base/files.ts';
import { LOG_DRIVERS } from '../../model/log-options.ts';
import type { SystemInfo } from '../../model/system.ts';
import { HUB, HUB_LOGIN } from '../../registry/index.ts';
import type { LimitSupport } from '../../runtime/index.ts';
import { isAlive } from '../containers/state.ts';
import { DRIVER_NAMES } from '../networks/index.ts';
import type { SystemDeps } from './deps.ts';
import type { Host } from './host.ts';

/** What is asked for first: how many images there are, names of described devices, and the runtime's version. */
interface Asked {
  readonly images: number;
  readonly devices: readonly string[];
  readonly runtimeVersion: string;
}

/** Where the engine is reached is told by 1.13 alone. */
export function info(
  deps: SystemDeps,
  { images, devices, runtimeVersion }: Asked,
): SystemInfo & { readonly Sockets: readonly string[] } {
  const { host, engine, firewall, addressPools } = deps;
  return {
    ID: engine.id,
    ...containerCounts(deps),
    Images: images,
    Driver: deps.storage.driver,
    DriverStatus: [['Backing Filesystem', deps.storage.backing()]],
    Plugins: {
      Volume: ['local'],
      Network: DRIVER_NAMES,
      Log: LOG_DRIVERS.filter((name) => name !== 'none'),
    },
    ...limitFlags(deps.limits),
    IPv4Forwarding: flag('/proc/sys/net/ipv4/ip_forward'),
    Debug: deps.debug,
    NFd: count('/proc/self/fd'),
    NGoroutines: count('/proc/self/task'),
    SystemTime: deps.now().toISOString(),
    LoggingDriver: deps.logDriver,
    CgroupDriver: deps.cgroupDriver,
    CgroupVersion: String(deps.cgroups.version),
    NEventsListener: deps.listeners(),
    ...hostFacts(host),
    ...registryFacts(deps.registry),
    DockerRootDir: deps.storage.root,
    Labels: deps.labels,
    ExperimentalBuild: false,
    ServerVersion: engine.version,
    ...runtimeFacts(deps),
    Swarm: { LocalNodeState: 'inactive' },
    // Containers outlive the daemon, always.
    LiveRestoreEnabled: true,
    InitBinary: deps.initPath === undefined ? '' : basename(deps.initPath),
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: runtimeVersion },
    InitCommit: { ID: '' },
    SecurityOptions: deps.securityOptions,
    CDISpecDirs: deps.cdiSpecDirs,
    ...(devices.length > 0 ? { DiscoveredDevices: devices.map((ID) => ({ Source: 'cdi', ID })) } : {}),
    ...(firewall === undefined ? {} : { FirewallBackend: { Driver: firewall } }),
    ...(addressPools.length > 0 ? { DefaultAddressPools: addressPools } : {}),
    Warnings: [...deps.warnings(), ...limitWarnings(deps)],
    Sockets: deps.hosts,
  };
}

type Some<K extends keyof SystemInfo> = Pick<SystemInfo, K>;

function containerCounts({
  directory,
}: Pick<SystemDeps, 'directory'>): Some<
  'Containers' | 'ContainersRunning' | 'ContainersPaused' | 'ContainersStopped'
> {
  const states = directory.all().map(({ record }) => record.state);
  return {
    Containers: states.length,
    ContainersRunning: states.filter((state) => state.is === 'running').length,
    ContainersPaused: states.filter((state) => state.is === 'paused').length,
    ContainersStopped: states.filter((state) => !isAlive(state)).length,
  };
}

/** Which limits this kernel can hold. */
const limitFlags = (limits: LimitSupport) => ({
  MemoryLimit: limits.memory,
  SwapLimit: limits.swap,
  CpuCfsPeriod: limits.cpuQuota,
  CpuCfsQuota: limits.cpuQuota,
  CPUShares: limits.cpuShares,
  CPUSet: limits.cpus !== '',
  PidsLimit: limits.pids,
  OomKillDisable: limits.oomKillDisable,
});

/** What containers cannot be held to here, in dockerd's words. */
function limitWarnings({ limits, cgroups }: Pick<SystemDeps, 'limits' | 'cgroups'>): string[] {
  const lacking: readonly (readonly [has: boolean, what: string])[] = [
    [limits.memory, 'No memory limit support'],
    [limits.swap, 'No swap limit support'],
    [limits.oomKillDisable || cgroups.version === 2, 'No oom kill disable support'],
    [limits.cpuQuota, 'No cpu cfs quota support'],
    [limits.cpuQuota, 'No cpu cfs period support'],
    [limits.cpuShares, 'No cpu shares support'],
    [limits.cpus !== '', 'No cpuset support'],
    [flag('/proc/sys/net/ipv4/ip_forward'), 'IPv4 forwarding is disabled'],
  ];
  return lacking.filter(([has]) => !has).map(([, what]) => `WARNING: ${what}`);
}

const hostFacts = (host: Host) => ({
  KernelVersion: host.kernel,
  OperatingSystem: host.system,
  OSVersion: host.systemVersion,
  OSType: 'linux',
  Architecture: host.machine,
  NCPU: host.cpus,
  MemTotal: host.memoryBytes,
  Name: host.hostname,
});

function registryFacts({ insecure, mirrors, proxies }: SystemDeps['registry']) {
  const hosts = insecure.filter((each) => !each.includes('/'));
  return {
    IndexServerAddress: HUB_LOGIN,
    RegistryConfig: {
      InsecureRegistryCIDRs: [...insecure.filter((each) => each.includes('/')), '127.0.0.0/8', '::1/128'],
      IndexConfigs: {
        [HUB]: { Name: HUB, Mirrors: mirrors, Secure: true, Official: true },
        ...Object.fromEntries(
          hosts.map((Name) => [Name, { Name, Mirrors: [], Secure: false, Official: false }]),
        ),
      },
      Mirrors: mirrors,
    },
    HttpProxy: withoutCredentials(proxies.http),
    HttpsProxy: withoutCredentials(proxies.https),
    NoProxy: proxies.none,
  };
}

const runtimeFacts = ({ runtimes, defaultRuntime }: Pick<SystemDeps, 'runtimes' | 'defaultRuntime'>) => ({
  Runtimes: Object.fromEntries(
    runtimes.map(({ name, path, args }) => [
      name,
      { path, ...(args.length > 0 ? { runtimeArgs: args } : {}) },
    ]),
  ),
  DefaultRuntime: defaultRuntime,
});

/** Who asks for information must not get a password with it. */
const withoutCredentials = (url: string): string => url.replace(/^(\w+:\/\/)?[^/]*@/, '$1xxxxx:xxxxx@');

const flag = (path: string): boolean => readText(path).trim() === '1';
function count(directory: string): number {
  try {
    return readdirSync(directory).length;
  } catch {
    return -1;
  }
}
