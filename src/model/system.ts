/** The engine and its host, on the wire. */
import {
  blank,
  boolean,
  type Infer,
  integer,
  list,
  map,
  object,
  optional,
  pointer,
  presentList,
  string,
} from '../base/schema.ts';

/** The answer of `GET /version`. */
export const SystemVersion = object('VersionResponse', {
  Platform: object('PlatformInfo', { Name: string() }),
  Version: string(),
  ApiVersion: string(),
  MinAPIVersion: string(),
  Os: string(),
  /** As Go names it: amd64, arm64. */
  Arch: string(),
  Components: list(
    object('ComponentVersion', { Name: string(), Version: string(), Details: optional(map(string())) }),
  ),
  GitCommit: optional(string()),
  /** What the engine is compiled by or runs on; clients print it. */
  GoVersion: optional(string()),
  KernelVersion: optional(string()),
  Experimental: optional(boolean()),
  BuildTime: optional(string()),
});
export type SystemVersion = Infer<typeof SystemVersion>;

const Commit = object('Commit', { ID: string() });

/** An OCI runtime that containers can be run with. */
const Runtime = object('RuntimeWithStatus', {
  path: optional(string()),
  runtimeArgs: optional(list(string())),
  runtimeType: optional(string()),
  status: optional(map(string())),
});

const RegistryConfig = object('ServiceConfig', {
  InsecureRegistryCIDRs: presentList(string()),
  IndexConfigs: map(
    object('IndexInfo', {
      Name: string(),
      Mirrors: presentList(string()),
      Secure: boolean(),
      Official: boolean(),
    }),
  ),
  Mirrors: presentList(string()),
});

const SwarmInfo = object('Info', {
  NodeID: blank(string()),
  NodeAddr: blank(string()),
  LocalNodeState: string(),
  ControlAvailable: blank(boolean()),
  Error: blank(string()),
  RemoteManagers: blank(list(object('Peer', { NodeID: string(), Addr: string() }))),
});

/** The answer of `GET /info`. */
export const SystemInfo = object('Info', {
  ID: string(),
  Containers: integer('int'),
  ContainersRunning: integer('int'),
  ContainersPaused: integer('int'),
  ContainersStopped: integer('int'),
  Images: integer('int'),
  Driver: string(),
  DriverStatus: presentList(list(string())),
  Plugins: object('PluginsInfo', {
    Volume: presentList(string()),
    Network: presentList(string()),
    Authorization: pointer(list(string())),
    Log: presentList(string()),
  }),
  MemoryLimit: boolean(),
  SwapLimit: boolean(),
  CpuCfsPeriod: boolean(),
  CpuCfsQuota: boolean(),
  CPUShares: boolean(),
  CPUSet: boolean(),
  PidsLimit: boolean(),
  IPv4Forwarding: boolean(),
  Debug: boolean(),
  NFd: integer('int'),
  OomKillDisable: boolean(),
  NGoroutines: integer('int'),
  SystemTime: string(),
  LoggingDriver: string(),
  CgroupDriver: string(),
  CgroupVersion: optional(string()),
  NEventsListener: integer('int'),
  KernelVersion: string(),
  OperatingSystem: string(),
  OSVersion: string(),
  OSType: string(),
  Architecture: string(),
  IndexServerAddress: string(),
  RegistryConfig: pointer(RegistryConfig),
  NCPU: integer('int'),
  MemTotal: integer(),
  GenericResources: pointer(list(object('GenericResource', {}))),
  DockerRootDir: string(),
  HttpProxy: string(),
  HttpsProxy: string(),
  NoProxy: string(),
  Name: string(),
  Labels: presentList(string()),
  ExperimentalBuild: boolean(),
  ServerVersion: string(),
  Runtimes: map(Runtime),
  DefaultRuntime: string(),
  Swarm: SwarmInfo,
  LiveRestoreEnabled: boolean(),
  Isolation: blank(string()),
  InitBinary: string(),
  ContainerdCommit: Commit,
  RuncCommit: Commit,
  InitCommit: Commit,
  SecurityOptions: presentList(string()),
  ProductLicense: optional(string()),
  DefaultAddressPools: optional(list(object('NetworkAddressPool', { Base: string(), Size: integer('int') }))),
  FirewallBackend: optional(
    object('FirewallInfo', { Driver: string(), Info: optional(list(list(string()))) }),
  ),
  CDISpecDirs: presentList(string()),
  DiscoveredDevices: optional(list(object('DeviceInfo', { Source: string(), ID: string() }))),
  Warnings: pointer(list(string())),
});
export type SystemInfo = Infer<typeof SystemInfo>;
