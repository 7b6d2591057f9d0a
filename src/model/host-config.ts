/** What a container needs of its host: resources, mounts, namespaces, rights. */
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
  string,
} from '../base/schema.ts';
import { Mount } from './mount.ts';
import { PortMap } from './network.ts';

/** When an ended container starts again. */
export const RestartPolicy = object('RestartPolicy', {
  Name: blank(string()),
  MaximumRetryCount: blank(integer('int')),
});
export type RestartPolicy = Infer<typeof RestartPolicy>;

/** A container's log driver and its options. */
export const LogConfig = object('LogConfig', { Type: blank(string()), Config: blank(map(string())) });
export type LogConfig = Infer<typeof LogConfig>;

/** A device of the host, and what it is in the container. */
const DeviceMapping = object('DeviceMapping', {
  PathOnHost: string(),
  PathInContainer: string(),
  CgroupPermissions: string(),
});

/** Devices asked of a driver by what they can do, such as GPUs. */
const DeviceRequest = object('DeviceRequest', {
  Driver: blank(string()),
  Count: blank(integer('int')),
  DeviceIDs: blank(list(string())),
  Capabilities: blank(list(list(string()))),
  Options: blank(map(string())),
});

/** A limit on the traffic with one block device: bytes or operations a second. */
const ThrottleDevice = object('ThrottleDevice', { Path: string(), Rate: integer('uint64') });
/** A device's share of the traffic. */
const WeightDevice = object('WeightDevice', { Path: string(), Weight: integer('uint16') });

/** A limit of setrlimit(2) for the container's processes. */
export const Ulimit = object('Ulimit', { Name: string(), Hard: integer(), Soft: integer() });
export type Ulimit = Infer<typeof Ulimit>;
/** What may be limited by setrlimit(2). */
export const ULIMIT_NAMES: readonly string[] = [
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc'],
  ...['rss', 'rtprio', 'rttime', 'sigpending', 'stack'],
];

/** Limits that create sets and update changes. */
const resources = {
  CpuShares: blank(integer()),
  Memory: blank(integer()),
  NanoCpus: blank(integer()),
  CgroupParent: blank(string()),
  BlkioWeight: blank(integer('uint16')),
  BlkioWeightDevice: blank(list(WeightDevice)),
  BlkioDeviceReadBps: blank(list(ThrottleDevice)),
  BlkioDeviceWriteBps: blank(list(ThrottleDevice)),
  BlkioDeviceReadIOps: blank(list(ThrottleDevice)),
  BlkioDeviceWriteIOps: blank(list(ThrottleDevice)),
  CpuPeriod: blank(integer()),
  CpuQuota: blank(integer()),
  CpuRealtimePeriod: blank(integer()),
  CpuRealtimeRuntime: blank(integer()),
  CpusetCpus: blank(string()),
  CpusetMems: blank(string()),
  Devices: blank(list(DeviceMapping)),
  DeviceCgroupRules: blank(list(string())),
  DeviceRequests: blank(list(DeviceRequest)),
  MemoryReservation: blank(integer()),
  /** Said by clients before 1.42: no kernel has held to it since 5.4. */
  KernelMemory: optional(integer()),
  MemorySwap: blank(integer()),
  MemorySwappiness: pointer(integer()),
  OomKillDisable: pointer(boolean()),
  PidsLimit: pointer(integer()),
  Ulimits: blank(list(Ulimit)),
  CpuCount: blank(integer()),
  CpuPercent: blank(integer()),
  IOMaximumIOps: blank(integer('uint64')),
  IOMaximumBandwidth: blank(integer('uint64')),
};

/** `HostConfig` of create and inspect. */
export const HostConfig = object('HostConfig', {
  Binds: blank(list(string())),
  ContainerIDFile: blank(string()),
  LogConfig: blank(LogConfig),
  NetworkMode: blank(string()),
  PortBindings: blank(PortMap),
  RestartPolicy: blank(RestartPolicy),
  AutoRemove: blank(boolean()),
  VolumeDriver: blank(string()),
  VolumesFrom: blank(list(string())),
  ConsoleSize: { ...blank(list(integer('uint32'))), zero: [0, 0] },
  Annotations: optional(map(string())),
  CapAdd: blank(list(string())),
  CapDrop: blank(list(string())),
  CgroupnsMode: blank(string()),
  Dns: blank(list(string())),
  DnsOptions: blank(list(string())),
  DnsSearch: blank(list(string())),
  ExtraHosts: blank(list(string())),
  GroupAdd: blank(list(string())),
  IpcMode: blank(string()),
  Cgroup: blank(string()),
  Links: blank(list(string())),
  OomScoreAdj: blank(integer('int')),
  PidMode: blank(string()),
  Privileged: blank(boolean()),
  PublishAllPorts: blank(boolean()),
  ReadonlyRootfs: blank(boolean()),
  SecurityOpt: blank(list(string())),
  StorageOpt: optional(map(string())),
  Tmpfs: optional(map(string())),
  UTSMode: blank(string()),
  UsernsMode: blank(string()),
  ShmSize: blank(integer()),
  Sysctls: optional(map(string())),
  Runtime: optional(string()),
  Isolation: blank(string()),
  ...resources,
  Mounts: optional(list(Mount)),
  MaskedPaths: blank(list(string())),
  ReadonlyPaths: blank(list(string())),
  Init: optional(boolean()),
});
export type HostConfig = Infer<typeof HostConfig>;

/** What of a container's host configuration may change while it runs. */
export const UpdateRequest = object('UpdateConfig', { ...resources, RestartPolicy: blank(RestartPolicy) });
export type UpdateRequest = Infer<typeof UpdateRequest>;
