/** `docker version` and `docker info`: true values, from memory. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { LOG_DRIVERS } from '../../model/log-options.ts';
import type { SystemInfo, SystemVersion } from '../../model/system.ts';
import { HUB, HUB_LOGIN, type Proxies } from '../../registry/index.ts';
import type { CgroupDriver, CgroupHost, LimitSupport, OciRuntime } from '../../runtime/index.ts';
import type { Directory } from '../containers/directory.ts';
import { isAlive } from '../containers/life/state.ts';
import type { Happening } from '../events/events.ts';
import { pruneNetworks } from '../networks/index.ts';
import { createDiskUsage, type DiskUsageDeps } from './disk-usage.ts';
import type { Host } from './host.ts';
import type { System } from './promise.ts';
import { pruneBuildCache } from './prune.ts';

export interface SystemDeps {
  readonly host: Host;
  readonly cgroups: CgroupHost;
  readonly directory: Directory;
  readonly imageCount: () => Promise<number>;
  readonly listeners: () => number;
  readonly engine: {
    readonly id: string;
    readonly version: string;
    readonly apiVersion: string;
    readonly minApiVersion: string;
    readonly gitCommit: string;
    readonly buildTime: string;
  };
  readonly limits: LimitSupport;
  readonly cgroupDriver: CgroupDriver;
  /** Undefined: the host has no init for containers. */
  readonly initPath: string | undefined;
  readonly securityOptions: readonly string[];
  readonly storage: { readonly driver: string; readonly root: string; readonly backing: string };
  readonly runtimes: readonly OciRuntime[];
  readonly defaultRuntime: string;
  readonly runtimeVersion: string;
  readonly logDriver: string;
  readonly labels: readonly string[];
  readonly debug: boolean;
  readonly registry: {
    readonly mirrors: readonly string[];
    readonly insecure: readonly string[];
    readonly proxies: Proxies;
  };
  readonly warnings: readonly string[];
  readonly now: () => Date;
  readonly usage: DiskUsageDeps;
  readonly events: { emit(event: Happening): void };
}

export function createSystem(deps: SystemDeps): System {
  return {
    info: async () => info(deps, await deps.imageCount()),
    version: async () => version(deps),
    diskUsage: createDiskUsage(deps.usage),
    pruneNetworks: async (filters) => pruneNetworks(filters, deps),
    pruneBuildCache: async (filters) => pruneBuildCache(filters, deps),
  };
}

function version({ host, engine, runtimeVersion, defaultRuntime }: SystemDeps): SystemVersion {
  return {
    Platform: { Name: 'Gantry' },
    Components: [
      {
        Name: 'Engine',
        Version: engine.version,
        Details: {
          ApiVersion: engine.apiVersion,
          Arch: host.goArch,
          BuildTime: engine.buildTime,
          Experimental: 'false',
          GitCommit: engine.gitCommit,
          // The key is Go's; clients print whatever stands there as what the engine runs on.
          GoVersion: `node ${process.versions.node}`,
          KernelVersion: host.kernel,
          MinAPIVersion: engine.minApiVersion,
          Os: 'linux',
        },
      },
      { Name: defaultRuntime, Version: runtimeVersion, Details: {} },
    ],
    Version: engine.version,
    ApiVersion: engine.apiVersion,
    MinAPIVersion: engine.minApiVersion,
    GitCommit: engine.gitCommit,
    GoVersion: `node ${process.versions.node}`,
    Os: 'linux',
    Arch: host.goArch,
    KernelVersion: host.kernel,
    BuildTime: engine.buildTime,
  };
}

function info(deps: SystemDeps, images: number): SystemInfo {
  const { host, cgroups, engine, registry, limits } = deps;
  const states = deps.directory.all().map(({ record }) => record.state);
  const running = states.filter((state) => state.is === 'running').length;
  const paused = states.filter((state) => state.is === 'paused').length;
  return {
    ID: engine.id,
    Containers: states.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: states.filter((state) => !isAlive(state)).length,
    Images: images,
    Driver: deps.storage.driver,
    DriverStatus: [['Backing Filesystem', deps.storage.backing]],
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Log: LOG_DRIVERS.filter((name) => name !== 'none'),
    },
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    CpuCfsPeriod: limits.cpuQuota,
    CpuCfsQuota: limits.cpuQuota,
    CPUShares: limits.cpuShares,
    CPUSet: limits.cpus !== '',
    PidsLimit: limits.pids,
    IPv4Forwarding: flag('/proc/sys/net/ipv4/ip_forward'),
    Debug: deps.debug,
    NFd: count('/proc/self/fd'),
    OomKillDisable: limits.oomKillDisable,
    NGoroutines: count('/proc/self/task'),
    SystemTime: deps.now().toISOString(),
    LoggingDriver: deps.logDriver,
    CgroupDriver: deps.cgroupDriver,
    CgroupVersion: String(cgroups.version),
    NEventsListener: deps.listeners(),
    KernelVersion: host.kernel,
    OperatingSystem: host.system,
    OSVersion: host.systemVersion,
    OSType: 'linux',
    Architecture: host.machine,
    IndexServerAddress: HUB_LOGIN,
    RegistryConfig: {
      InsecureRegistryCIDRs: [
        ...registry.insecure.filter((each) => each.includes('/')),
        '127.0.0.0/8',
        '::1/128',
      ],
      IndexConfigs: {
        [HUB]: { Name: HUB, Mirrors: registry.mirrors, Secure: true, Official: true },
        ...Object.fromEntries(
          registry.insecure
            .filter((each) => !each.includes('/'))
            .map((Name) => [Name, { Name, Mirrors: [], Secure: false, Official: false }]),
        ),
      },
      Mirrors: registry.mirrors,
    },
    NCPU: host.cpus,
    MemTotal: host.memoryBytes,
    DockerRootDir: deps.storage.root,
    HttpProxy: withoutCredentials(registry.proxies.http),
    HttpsProxy: withoutCredentials(registry.proxies.https),
    NoProxy: registry.proxies.none,
    Name: host.hostname,
    Labels: deps.labels,
    ExperimentalBuild: false,
    ServerVersion: engine.version,
    Runtimes: Object.fromEntries(
      deps.runtimes.map(({ name, path, args }) => [
        name,
        { path, ...(args.length > 0 ? { runtimeArgs: args } : {}) },
      ]),
    ),
    DefaultRuntime: deps.defaultRuntime,
    Swarm: { LocalNodeState: 'inactive' },
    // Containers outlive the daemon, always.
    LiveRestoreEnabled: true,
    InitBinary: deps.initPath === undefined ? '' : basename(deps.initPath),
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: deps.runtimeVersion },
    InitCommit: { ID: '' },
    SecurityOptions: deps.securityOptions,
    CDISpecDirs: [],
    Warnings: deps.warnings,
  };
}

/** Who asks for information must not get a password with it. */
const withoutCredentials = (url: string): string => url.replace(/^(\w+:\/\/)?[^/]*@/, '$1xxxxx:xxxxx@');

function flag(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').trim() === '1';
  } catch {
    return false;
  }
}
function count(directory: string): number {
  try {
    return readdirSync(directory).length;
  } catch {
    return -1;
  }
}
