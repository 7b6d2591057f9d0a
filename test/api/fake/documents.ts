/** What the fake engine answers with: one container, image, volume and exec, and the engine itself. */
import type { ContainerInspect, ContainerSummary } from '../../../src/model/container.ts';
import type { EventMessage } from '../../../src/model/event.ts';
import type { ExecInspect } from '../../../src/model/exec.ts';
import type { ImageInspect, ImageSummary } from '../../../src/model/image.ts';
import type { NetworkInspect } from '../../../src/model/network.ts';
import type { ContainerStats } from '../../../src/model/stats.ts';
import type { SystemInfo, SystemVersion } from '../../../src/model/system.ts';

export const ID = 'a1b2c3d4e5f6'.padEnd(64, '0');
export const IMAGE_ID = `sha256:${'b'.repeat(64)}`;

/** A link, with what Go's modes have bits of their own for. */
export const pathStat = {
  name: 'link',
  size: 5,
  mode: 0o121777 | 0o6000,
  mtimeNanos: 1_600_000_000_000_000_001n,
  linkTarget: '/tmp',
};

export const volume = {
  Name: 'data',
  Driver: 'local',
  Mountpoint: '/var/lib/gantry/volumes/data/_data',
  CreatedAt: '2026-01-02T03:04:05Z',
  Labels: { a: 'b' },
  Options: { type: 'tmpfs', device: 'tmpfs' },
  Scope: 'local',
};

const bridge = {
  IPAMConfig: { IPv4Address: '172.17.0.9' },
  Links: [],
  Aliases: [],
  GwPriority: 0,
  NetworkID: 'n'.repeat(64),
  EndpointID: 'e'.repeat(64),
  Gateway: '172.17.0.1',
  IPAddress: '172.17.0.2',
  IPPrefixLen: 16,
  MacAddress: '02:42:ac:11:00:02',
  DNSNames: ['web'],
};

export const inspected: ContainerInspect = {
  Id: ID,
  Created: '2026-01-02T03:04:05.000000006Z',
  Path: 'sh',
  Args: ['-c', 'true'],
  State: {
    Status: 'running',
    Running: true,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    Dead: false,
    Pid: 42,
    ExitCode: 0,
    Error: '',
    StartedAt: '2026-01-02T03:04:06Z',
    FinishedAt: '0001-01-01T00:00:00Z',
  },
  Image: IMAGE_ID,
  ResolvConfPath: '/run/resolv.conf',
  HostnamePath: '/run/hostname',
  HostsPath: '/run/hosts',
  LogPath: '/run/log',
  Name: '/web',
  RestartCount: 0,
  Driver: 'overlay2',
  Platform: 'linux',
  HostConfig: {
    Memory: 4_000_000,
    Dns: ['9.9.9.9'],
    VolumesFrom: ['other'],
    Links: ['db:db'],
    PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
    NetworkMode: 'bridge',
    VolumeDriver: 'local',
  },
  GraphDriver: { Name: 'overlay2', Data: { UpperDir: '/upper' } },
  Mounts: [
    { Type: 'bind', Source: '/src', Destination: '/dst', Mode: 'ro', RW: false, Propagation: 'rprivate' },
  ],
  Config: {
    Hostname: 'web',
    Image: 'busybox',
    Cmd: ['sh', '-c', 'true'],
    Labels: { a: 'b' },
    ExposedPorts: { '80/tcp': {} },
  },
  NetworkSettings: {
    SandboxID: 's'.repeat(64),
    SandboxKey: '/run/netns/x',
    Ports: {
      '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }],
      '53/udp': [{ HostIp: '0.0.0.0', HostPort: '53' }],
    },
    Networks: { bridge },
  },
};

export const listed: ContainerSummary = {
  Id: ID,
  Names: ['/web'],
  Image: 'busybox',
  ImageID: IMAGE_ID,
  Command: '"sh -c true"',
  Created: 1_700_000_000,
  Ports: [
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { PrivatePort: 53, Type: 'udp' },
  ],
  Labels: { a: 'b' },
  State: 'exited',
  Status: 'Exited (3) 5 minutes ago',
  HostConfig: { NetworkMode: 'bridge', Annotations: { x: 'y' } },
  Health: { Status: 'none', FailingStreak: 0 },
  NetworkSettings: { Networks: { bridge } },
  Mounts: inspected.Mounts,
};

export const imageListed: ImageSummary = {
  Containers: 3,
  Created: 1_700_000_000,
  Id: IMAGE_ID,
  Labels: { a: 'b' },
  ParentId: '',
  RepoDigests: ['busybox@sha256:0'],
  RepoTags: ['busybox:latest', 'registry:5000/busybox:1'],
  SharedSize: -1,
  Size: 1234,
};

export const imageInspected: ImageInspect = {
  Id: IMAGE_ID,
  RepoTags: ['busybox:latest'],
  RepoDigests: [],
  Created: '2026-01-02T03:04:05Z',
  Config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
  Architecture: 'amd64',
  Os: 'linux',
  Size: 1234,
  GraphDriver: { Name: 'overlay2', Data: {} },
  RootFS: { Type: 'layers', Layers: ['sha256:0'] },
  Metadata: { LastTagTime: '2026-01-02T03:04:05Z' },
};

export const info: SystemInfo = {
  ID: 'id',
  Containers: 1,
  ContainersRunning: 1,
  ContainersPaused: 0,
  ContainersStopped: 0,
  Images: 1,
  Driver: 'overlay2',
  DriverStatus: [['Backing Filesystem', 'extfs']],
  Plugins: { Volume: ['local'], Network: ['bridge'], Log: ['json-file'] },
  MemoryLimit: true,
  SwapLimit: false,
  CpuCfsPeriod: true,
  CpuCfsQuota: true,
  CPUShares: true,
  CPUSet: true,
  PidsLimit: true,
  IPv4Forwarding: true,
  Debug: false,
  NFd: 20,
  OomKillDisable: true,
  NGoroutines: 1,
  SystemTime: '2026-01-02T03:04:05Z',
  LoggingDriver: 'local',
  CgroupDriver: 'cgroupfs',
  CgroupVersion: '1',
  NEventsListener: 0,
  KernelVersion: '6.1',
  OperatingSystem: 'Debian',
  OSVersion: '12',
  OSType: 'linux',
  Architecture: 'x86_64',
  IndexServerAddress: 'https://index.docker.io/v1/',
  RegistryConfig: {
    InsecureRegistryCIDRs: ['127.0.0.0/8'],
    IndexConfigs: { 'docker.io': { Name: 'docker.io', Mirrors: [], Secure: true, Official: true } },
    Mirrors: [],
  },
  NCPU: 2,
  MemTotal: 1e9,
  DockerRootDir: '/var/lib/gantry',
  HttpProxy: '',
  HttpsProxy: '',
  NoProxy: '',
  Name: 'host',
  Labels: [],
  ExperimentalBuild: false,
  ServerVersion: '0.1.0',
  Runtimes: { crun: { path: 'crun' } },
  DefaultRuntime: 'crun',
  Swarm: { LocalNodeState: 'inactive' },
  LiveRestoreEnabled: true,
  InitBinary: '',
  ContainerdCommit: { ID: '' },
  RuncCommit: { ID: '1.8.1' },
  InitCommit: { ID: '' },
  SecurityOptions: ['name=seccomp,profile=default'],
  CDISpecDirs: [],
  FirewallBackend: { Driver: 'nftables' },
};

export const version: SystemVersion = {
  Platform: { Name: 'Gantry' },
  Version: '0.1.0',
  ApiVersion: '1.55',
  MinAPIVersion: '1.0',
  Os: 'linux',
  Arch: 'amd64',
  Components: [{ Name: 'Engine', Version: '0.1.0' }],
  GitCommit: 'abc',
  GoVersion: 'node',
  KernelVersion: '6.1',
  BuildTime: '2026-01-02T03:04:05Z',
};

export const events: readonly EventMessage[] = [
  {
    Type: 'container',
    Action: 'start',
    Actor: { ID, Attributes: { image: 'busybox', name: 'web' } },
    scope: 'local',
    time: 1_700_000_000,
    timeNano: 1_700_000_000_123_456_789n,
  },
  {
    Type: 'network',
    Action: 'connect',
    Actor: { ID: 'n', Attributes: {} },
    scope: 'local',
    time: 1_700_000_001,
    timeNano: 1n,
  },
];

export const execInspected: ExecInspect = {
  ID: 'e'.repeat(64),
  Running: false,
  ExitCode: 3,
  ProcessConfig: {
    tty: false,
    entrypoint: 'sh',
    arguments: ['-c', 'exit 3'],
    privileged: false,
    user: 'root',
  },
  OpenStdin: false,
  OpenStderr: true,
  OpenStdout: true,
  ContainerID: ID,
  Pid: 0,
};

const cpu = {
  cpu_usage: { total_usage: 5, percpu_usage: [2, 3], usage_in_kernelmode: 1, usage_in_usermode: 4 },
  system_cpu_usage: 100,
  online_cpus: 2,
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};
const traffic = {
  ...{ rx_bytes: 1, rx_packets: 2, rx_errors: 3, rx_dropped: 4 },
  ...{ tx_bytes: 5, tx_packets: 6, tx_errors: 7, tx_dropped: 8 },
};

/** One measurement. */
export const sample: ContainerStats = {
  id: ID,
  name: '/web',
  os_type: 'linux',
  read: '2026-01-02T03:04:06Z',
  cpu_stats: cpu,
  memory_stats: { usage: 7, stats: { cache: 9_223_372_036_854_771_712n } },
  networks: { eth0: traffic, eth1: traffic },
  pids_stats: { current: 1, limit: 9 },
  blkio_stats: { io_service_bytes_recursive: [{ major: 8, minor: 0, op: 'Read', value: 4096 }] },
  num_procs: 0,
  storage_stats: {},
  preread: '2026-01-02T03:04:05Z',
  precpu_stats: cpu,
};

export const network: NetworkInspect = {
  Name: 'net',
  Id: ID,
  Created: '2024-01-01T00:00:00Z',
  Scope: 'local',
  Driver: 'bridge',
  EnableIPv4: true,
  EnableIPv6: false,
  IPAM: {
    Driver: 'default',
    Options: {},
    Config: [
      {
        Subnet: '10.5.0.0/24',
        IPRange: '10.5.0.128/25',
        Gateway: '10.5.0.1',
        AuxiliaryAddresses: { router: '10.5.0.200' },
      },
    ],
  },
  Internal: false,
  Attachable: false,
  Ingress: false,
  ConfigFrom: { Network: '' },
  ConfigOnly: false,
  Options: { 'com.docker.network.driver.mtu': '1400' },
  Labels: { a: 'b' },
  Containers: {
    [ID]: {
      Name: 'web',
      EndpointID: ID,
      MacAddress: '02:42:0a:05:00:82',
      IPv4Address: '10.5.0.130/24',
      IPv6Address: '',
    },
  },
  Status: { IPAM: { Subnets: { '10.5.0.0/24': { IPsInUse: 5n, DynamicIPsAvailable: 250n } } } },
};
