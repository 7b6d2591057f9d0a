/** An engine that answers from memory: what the API makes of it is what the tests look at. */

import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { InvalidArgument, inContext, NotFound, Unauthorized } from '../../src/base/errors.ts';
import type { Attachment, Engine, OutputChunk } from '../../src/engine/index.ts';
import type { ContainerInspect, ContainerSummary, CreateRequest } from '../../src/model/container.ts';
import type { EventMessage } from '../../src/model/event.ts';
import type { ExecInspect } from '../../src/model/exec.ts';
import { containerContext, containerFailure } from '../../src/model/failures/container.ts';
import { execFailure } from '../../src/model/failures/exec.ts';
import { imageFailure } from '../../src/model/failures/image.ts';
import { volumeFailure } from '../../src/model/failures/volume.ts';
import type { ImageInspect, ImageSummary } from '../../src/model/image.ts';
import type { KeptLogin } from '../../src/model/registry.ts';
import type { ContainerStats } from '../../src/model/stats.ts';
import type { SystemInfo, SystemVersion } from '../../src/model/system.ts';

export const ID = 'a1b2c3d4e5f6'.padEnd(64, '0');
export const IMAGE_ID = `sha256:${'b'.repeat(64)}`;

/** A link, with what Go's modes have bits of their own for. */
const pathStat = {
  name: 'link',
  size: 5,
  mode: 0o121777 | 0o6000,
  mtimeNanos: 1_600_000_000_000_000_001n,
  linkTarget: '/tmp',
};

const volume = {
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

const inspected: ContainerInspect = {
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

const listed: ContainerSummary = {
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

const imageInspected: ImageInspect = {
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

const info: SystemInfo = {
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

const version: SystemVersion = {
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

const execInspected: ExecInspect = {
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

/** What the tests watch and steer. */
export interface Fake {
  readonly engine: Engine;
  readonly calls: [verb: string, ...args: unknown[]][];
  readonly names: Set<string>;
  running: boolean;
  terminal: boolean;
  /** While set, a rename waits for it. */
  gate: Promise<void> | undefined;
  /** Ends what waits for the container's end. */
  exit(code: number): void;
  /** The attachments that were opened and not closed. */
  readonly open: Set<Attachment>;
  /** Signals of calls that may be cut off. */
  readonly signals: AbortSignal[];
}

/** Echoes on stdout what it gets, and tells on stderr how much that was when the input has ended. */
function echo(terminal: boolean, open: Set<Attachment>, stdin = true): Attachment {
  const input = new PassThrough({ highWaterMark: 256 * 1024 });
  if (!stdin) input.end('nobody types');
  const detached = Promise.withResolvers<void>();
  async function* output(): AsyncGenerator<OutputChunk> {
    let bytes = 0;
    for await (const chunk of input as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      yield { stream: 'stdout', bytes: chunk };
    }
    yield { stream: 'stderr', bytes: Buffer.from(`[${bytes} bytes]`) };
  }
  const attachment: Attachment = {
    terminal,
    output: output(),
    input: stdin ? input : undefined,
    detached: detached.promise,
    close: () => void open.delete(attachment),
  };
  open.add(attachment);
  return attachment;
}

/** An engine with one container, image and volume, and a record of what was asked of it. */
export function fakeEngine(): Fake {
  const calls: Fake['calls'] = [];
  const ended = Promise.withResolvers<number>();
  const open = new Set<Attachment>();
  const signals: AbortSignal[] = [];
  const fake: Omit<Fake, 'engine'> = {
    calls,
    names: new Set(['web', ID]),
    running: true,
    terminal: false,
    gate: undefined,
    exit: ended.resolve,
    open,
    signals,
  };
  const known = (name: string): void => {
    if (!fake.names.has(name.replace(/^\//, ''))) throw containerFailure.notFound({ name });
  };
  let kept: KeptLogin | undefined;
  const note = (...call: Fake['calls'][number]) => void calls.push(call);

  const engine: Engine = {
    containers: {
      async create(request: CreateRequest, { name, platform }) {
        note('create', request, name, platform);
        if (request.Image === 'missing') throw imageFailure.notFound({ name: 'missing:latest' });
        if (name === 'web') throw containerFailure.nameTaken({ name: 'web', holder: ID });
        return { Id: ID, Warnings: [] };
      },
      async list(options) {
        note('list', options);
        return [options.size ? { ...listed, SizeRw: 5, SizeRootFs: 6 } : listed];
      },
      async inspect(name, options) {
        known(name);
        note('inspect', name, options);
        return { ...structuredClone(inspected), ...(options.size && { SizeRw: 5, SizeRootFs: 6 }) };
      },
      async start(name, options) {
        known(name);
        note('start', name, options);
        if (fake.running) throw containerFailure.alreadyRunning({ id: name });
      },
      async stop(name, options) {
        known(name);
        note('stop', name, options);
        if (!fake.running) throw containerFailure.alreadyStopped({ id: name });
      },
      async restart(name, options) {
        known(name);
        note('restart', name, options);
      },
      async kill(name, options) {
        known(name);
        note('kill', name, options);
        if (!fake.running)
          throw inContext(containerFailure.notRunning({ id: ID }), containerContext.kill({ name }));
      },
      async pause(name) {
        known(name);
      },
      async unpause(name) {
        known(name);
      },
      async wait(name, { condition, signal }) {
        known(name);
        note('wait', name, condition);
        signals.push(signal);
        return { ended: ended.promise.then((StatusCode) => ({ StatusCode })) };
      },
      async rename(name, to) {
        known(name);
        note('rename', name, to);
        await fake.gate;
      },
      async remove(name, options) {
        known(name);
        note('remove', name, options);
        if (fake.running && !options.force)
          throw inContext(containerFailure.alive({ state: 'running' }), containerContext.remove({ name }));
      },
      async resize(name, size) {
        known(name);
        note('resize', name, size);
      },
      async attach(name, options) {
        known(name);
        note('attach', name, options);
        return echo(fake.terminal, open, options.stdin);
      },
      async logs(name, options) {
        known(name);
        note('logs', name, options);
        signals.push(options.signal);
        return { terminal: fake.terminal, output: logged(options) };
      },
      async top(name, psArgs) {
        known(name);
        note('top', name, psArgs);
        return {
          titles: ['UID', 'PID', 'TTY', 'TIME', 'CMD'],
          rows: [['root', '42', 'pts/0', '00:00:00', 'sh -c true']],
        };
      },
      async stats(name, { signal, ...options }) {
        known(name);
        note('stats', name, options);
        signals.push(signal);
        return measured(options.stream, signal);
      },
      async prune(filters) {
        note('prune', filters);
        return { ContainersDeleted: [ID], SpaceReclaimed: 5 };
      },
      async statPath(name, path) {
        known(name);
        note('statPath', name, path);
        if (path !== '/etc/link') throw containerFailure.fileNotFound({ path, name });
        return pathStat;
      },
      async getArchive(name, path) {
        known(name);
        note('getArchive', name, path);
        return { stat: pathStat, archive: Readable.from([Buffer.from('tar')]) };
      },
      async copy(name, path) {
        known(name);
        note('copy', name, path);
        if (path === '/missing') throw containerFailure.fileNotFound({ path, name });
        return Readable.from([Buffer.from('tar')]);
      },
      async putArchive(name, path, archive, { signal: _signal, ...options }) {
        known(name);
        if (path === '/refused') {
          for await (const _ of archive.iterator({ destroyOnReturn: false })) break;
          throw new InvalidArgument('refused half-way');
        }
        note('putArchive', name, path, options, await text(archive));
      },
      async export(name) {
        known(name);
        return Readable.from([Buffer.from('all')]);
      },
      async changes(name) {
        known(name);
        return name === ID ? [] : [{ Path: '/etc', Kind: 0 }];
      },
      async *insert({ image, url, path }) {
        note('insert', image, url, path);
        yield { status: 'Downloading', progressDetail: { current: 50, total: 100 } };
        yield { status: IMAGE_ID };
      },
      async commit(name, { signal: _signal, ...options }) {
        known(name);
        note('commit', name, options);
        return { Id: IMAGE_ID };
      },
      async update(name, request) {
        known(name);
        note('update', name, request);
        return { Warnings: [] };
      },
    },
    execs: {
      async create(container, request) {
        known(container);
        note('execCreate', container, request);
        return { Id: execInspected.ID };
      },
      async start(id, { accepted, ...options }) {
        note('execStart', id, options);
        if (id === 'unknown') throw execFailure.notFound({ id });
        accepted();
        await fake.gate;
        if (id === 'broken') throw new Error('OCI runtime exec failed: no such file');
        return options.detach ? undefined : echo(options.tty ?? false, open);
      },
      async resize(id, size) {
        note('execResize', id, size);
      },
      inspect: async () => execInspected,
    },
    images: {
      async list(options) {
        note('images', options);
        return [imageListed, { ...imageListed, Id: 'sha256:0', RepoTags: [], RepoDigests: [] }];
      },
      async inspect(name) {
        if (name === 'missing') throw imageFailure.notFound({ name });
        note('imageInspect', name);
        return imageInspected;
      },
      history: async () => [
        { Comment: '', Created: 1, CreatedBy: 'sh', Id: IMAGE_ID, Size: 1, Tags: ['busybox:latest'] },
      ],
      async tag(name, to) {
        note('tag', name, to);
      },
      async remove(name, options) {
        note('imageRemove', name, options);
        return [{ Untagged: 'busybox:latest' }, { Deleted: IMAGE_ID }];
      },
      async prune(filters) {
        note('imagesPrune', filters);
        return { SpaceReclaimed: 0 };
      },
      load: (archive, { signal }) => swallow(archive, signal, signals),
      async save(names, { platforms, signal }) {
        signals.push(signal);
        if (names.includes('missing')) throw imageFailure.notFound({ name: 'missing:latest' });
        note('save', names, platforms);
        return Readable.from([Buffer.from('an archive')]);
      },
      importRootfs: (from, options) => {
        note('import', { ...options, signal: undefined }, ...(from instanceof URL ? [from.href] : []));
        return from instanceof URL ? pulling(from.href) : swallow(from, options.signal, signals);
      },
      pull(options) {
        signals.push(options.signal);
        note('pull', options.image, options.tag, options.oneByOne);
        return pulling(options.image);
      },
      push(options) {
        signals.push(options.signal);
        note('push', options.image, options.tag, options.credentials);
        return pulling(options.image);
      },
      async search({ term, limit, credentials }) {
        note('search', term, limit, credentials);
        return [{ name: term, description: 'found', star_count: 3, is_official: true, is_automated: false }];
      },
      async login({ server, credentials }) {
        note('login', server, credentials);
        if (server === 'wrong') throw new Unauthorized('unauthorized: incorrect username or password');
      },
      async keptLogin() {
        return kept;
      },
      async keepLogin(login) {
        kept = login;
      },
      async keptCredentials() {
        return kept && { is: 'password', username: kept.username, password: kept.password };
      },
      async distribution({ image }) {
        note('distribution', image);
        return { Descriptor: { mediaType: 'm', digest: IMAGE_ID, size: 3 }, Platforms: [{ os: 'linux' }] };
      },
    },
    volumes: {
      async list(filters) {
        note('volumes', filters);
        return { Volumes: [volume] };
      },
      async inspect(name) {
        if (name === 'missing') throw volumeFailure.notFound({ name: 'missing' });
        note('volumeInspect', name);
        return volume;
      },
      async create(request) {
        note('volumeCreate', request);
        return volume;
      },
      async remove(name, options) {
        note('volumeRemove', name, options);
        if (name === 'used') throw volumeFailure.inUse({ name: 'used', users: ['abc'] });
      },
      async prune(filters) {
        note('volumesPrune', filters);
        return { VolumesDeleted: ['data'], SpaceReclaimed: 7 };
      },
    },
    events: {
      async *subscribe({ signal, filters, since, until }) {
        note('events', filters, since, until);
        signals.push(signal);
        yield* events;
        if (until === undefined && !signal.aborted)
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    },
    system: {
      info: async () => info,
      version: async () => version,
      async diskUsage({ kinds, verbose }) {
        note('diskUsage', kinds, verbose);
        const usage = { TotalCount: 1, ActiveCount: 1, TotalSize: 9, Reclaimable: 0 };
        const nameless = { ...imageListed, RepoTags: [], RepoDigests: [] };
        return {
          ...(kinds.includes('image') && {
            ImageUsage: { ...usage, ...(verbose && { Items: [nameless] }) },
          }),
          ...(kinds.includes('volume') && {
            VolumeUsage: {
              ...usage,
              ...(verbose && { Items: [{ ...volume, UsageData: { RefCount: 1, Size: 9 } }] }),
            },
          }),
          ...(kinds.includes('container') && { ContainerUsage: { ...usage, ...(verbose && { Items: [] }) } }),
          ...(kinds.includes('build-cache') && { BuildCacheUsage: usage }),
        };
      },
      async pruneNetworks(filters) {
        note('networksPrune', filters);
        return {};
      },
      async pruneBuildCache(filters) {
        note('buildPrune', filters);
        return { SpaceReclaimed: 0 };
      },
    },
  };
  return Object.assign(fake, { engine });
}

async function* logged({
  timestamps,
  follow,
  signal,
}: {
  timestamps: boolean;
  follow: boolean;
  signal: AbortSignal;
}) {
  const stamp = timestamps ? '2026-01-02T03:04:05.678901234Z ' : '';
  yield { stream: 'stdout' as const, bytes: Buffer.from(`${stamp}out\n`) };
  yield { stream: 'stderr' as const, bytes: Buffer.from(`${stamp}err\n`) };
  if (follow && !signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

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

const sample: ContainerStats = {
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

async function* measured(stream: boolean, signal: AbortSignal) {
  yield sample;
  if (stream && !signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

async function* swallow(archive: Readable, signal: AbortSignal, signals: AbortSignal[]) {
  signals.push(signal);
  let bytes = 0;
  for await (const chunk of archive as AsyncIterable<Buffer>) bytes += chunk.length;
  yield { status: `${bytes} bytes` };
}

async function* pulling(image: string) {
  if (image === 'missing') throw new NotFound('pull access denied for missing');
  yield { status: `Pulling from ${image}`, id: 'latest' };
  yield { status: 'Downloading', id: 'layer', progressDetail: { current: 50, total: 100 } };
  if (image === 'torn') throw new NotFound('manifest unknown');
  yield { status: 'Pull complete', id: 'layer' };
}
