/** Builds the engine and what it stands on, in the order in which one needs the other. */

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { BUILT, COMMIT, VERSION } from '../base/release.ts';
import { nowNanos } from '../base/time.ts';
import {
  type ContainersDeps,
  createContainers,
  createExecs,
  createHealthChecks,
  createImages,
  createSystem,
  Directory,
  type Engine,
  hardLimits,
  imageUsers,
  MountedVolumes,
  openEvents,
  readHost,
  recoverContainers,
  restartByPolicy,
  VolumeService,
  volumeUsers,
} from '../engine/index.ts';
import { canSetMountAttributes, Reactor } from '../linux/index.ts';
import { type BridgeNetwork, openBridgeNetwork } from '../network/index.ts';
import { Registries } from '../registry/index.ts';
import {
  defaultAppArmor,
  hostCapabilities,
  LogDrivers,
  type OciRuntime,
  readLimitSupport,
  Supervisor,
} from '../runtime/index.ts';
import { openStorage } from '../storage/index.ts';
import { engineId, namesFor } from './identity.ts';
import type { DaemonOptions } from './options.ts';

/** The newest API version that the contract describes, and the oldest that is served. */
const API_VERSION = '1.55';
const MIN_API_VERSION = '1.0';

/** Where hosts keep authorities and certificates for registries: ours first, then Docker's customary place. */
const CERTIFICATES = ['/etc/gantry/certs.d', '/etc/docker/certs.d'];

/** The engine, and what its daemon must do with it. */
export interface Built {
  readonly engine: Engine;
  readonly version: { readonly engineVersion: string };
  /** Restart policies begin to act. */
  begin(): void;
  /** Restart policies rest; events end. */
  stop(): void;
  close(): Promise<void>;
}

/** @throws when a room cannot be built: what was built before is closed again */
export async function buildEngine(options: DaemonOptions, log: Log): Promise<Built> {
  await using undo = new AsyncDisposableStack();
  const names = namesFor(options.dataRoot);
  const reactor = new Reactor((error) =>
    log.error('reactor', {
      reason: messageOf(error),
      stack: error instanceof Error ? error.stack : undefined,
    }),
  );
  undo.defer(() => reactor.close());
  const runtimes = [...options.runtimes].map(([name, { path, args }]): OciRuntime => ({ name, path, args }));
  const supervisor = new Supervisor({
    ...{ execRoot: options.execRoot, runtimes, reactor, log },
    cgroupDriver: options.cgroupDriver,
    realtime: options.realtime,
  });
  undo.defer(() => supervisor.close(names.cgroup));
  const logDrivers = new LogDrivers(log);
  undo.defer(() => logDrivers.close());
  const storage = await openStorage({ root: options.dataRoot, log });
  undo.defer(() => storage.close());
  const events = openEvents(`${options.dataRoot}/events`);
  undo.defer(() => events.close());
  if (events.unreadable > 0) log.warn('events.unreadable', { lines: events.unreadable });
  const network = await openNetwork(options, names, log);
  undo.defer(() => network?.close());
  const directory = new Directory();
  const usedBy = (imageId: string) => imageUsers(directory, imageId);
  const registries = new Registries({
    mirrors: options.registryMirrors,
    insecure: options.insecureRegistries,
    certificates: CERTIFICATES,
    proxies: options.proxies,
  });
  undo.defer(() => registries.close());
  const images = await createImages({
    storage,
    events,
    now: nowNanos,
    usedBy,
    log,
    registries,
    transfers: { down: options.maxConcurrentDownloads, up: options.maxConcurrentUploads },
  });
  const limits = readLimitSupport(supervisor.cgroups, `/${names.cgroup}`);
  const host = readHost();
  const apparmor = defaultAppArmor(log);
  const background = new Set<Promise<void>>();
  const volumes = new VolumeService({
    store: storage.volumes,
    records: storage.records,
    events,
    users: () => volumeUsers(directory),
    now: () => new Date(),
    newId,
    background,
  });
  let stopping = false;
  const forExecs = {
    storage,
    supervisor,
    events,
    directory,
    execs: new Map(),
    log,
    facts: {
      hostname: host.hostname,
      cpus: host.cpus,
      memoryBytes: host.memoryBytes,
      cgroupVersion: supervisor.cgroups.version,
      cgroupMounts: supervisor.cgroups.version === 2 ? [] : [...new Set(supervisor.cgroups.mounts.values())],
      limits,
      cgroupDriver: options.cgroupDriver,
      apparmor,
      defaults: options,
      runtimes: supervisor.runtimeNames,
      defaultRuntime: options.defaultRuntime,
      logDriver: options.logDriver,
      logOptions: options.logOptions,
      bridge: network !== undefined,
      recursiveReadOnly: canSetMountAttributes(),
    },
    hostCapabilities: hostCapabilities(),
    newId,
  };
  const deps: ContainersDeps = {
    ...forExecs,
    health: createHealthChecks(forExecs),
    images,
    volumes,
    mountedVolumes: new MountedVolumes(storage.volumes),
    network,
    containersRoot: `${options.dataRoot}/containers`,
    stagedMountsRoot: `${options.execRoot}/mounts`,
    roots: [realpathSync(options.dataRoot), realpathSync(options.execRoot)],
    hardLimits: hardLimits(),
    defaultUlimits: options.defaultUlimits,
    cgroupParent:
      options.cgroupParent ?? (options.cgroupDriver === 'systemd' ? 'system.slice' : names.cgroup),
    initPath: options.initPath,
    dns: { servers: options.dns, search: options.dnsSearch, options: options.dnsOptions },
    logDrivers,
    download: (url, signal) => registries.download(url, signal),
    now: () => new Date(),
    random: Math.random,
    background,
    stopping: () => stopping,
  };
  mkdirSync(deps.containersRoot, { recursive: true, mode: 0o710 });
  const recovered = await recoverContainers(deps);
  log.info('daemon.recovered', { ...recovered });
  const containers = createContainers(deps);
  const system = createSystem({
    usage: { containers, images, volumes },
    events,
    host,
    cgroups: supervisor.cgroups,
    directory,
    imageCount: async () => (await images.list({ all: true, filters: new Map(), sharedSize: false })).length,
    listeners: () => events.listeners,
    engine: {
      id: engineId(options.dataRoot),
      version: VERSION,
      apiVersion: API_VERSION,
      minApiVersion: MIN_API_VERSION,
      gitCommit: COMMIT,
      buildTime: BUILT,
    },
    storage: { driver: storage.driver, root: options.dataRoot, backing: backingFileSystem(options.dataRoot) },
    runtimes,
    defaultRuntime: options.defaultRuntime,
    runtimeVersion: runtimeVersion(options.runtimes.get(options.defaultRuntime)?.path ?? ''),
    logDriver: options.logDriver,
    labels: options.labels,
    debug: options.logLevel === 'debug',
    registry: {
      mirrors: options.registryMirrors,
      insecure: options.insecureRegistries,
      proxies: options.proxies,
    },
    limits,
    cgroupDriver: options.cgroupDriver,
    initPath: options.initPath,
    securityOptions: securityOptions(options, apparmor, supervisor.cgroups.version),
    warnings: limits.swap ? [] : ['WARNING: No swap limit support'],
    now: () => new Date(),
  });
  const rooms = undo.move();
  return {
    engine: { containers, execs: createExecs(forExecs), images, volumes, events, system },
    version: { engineVersion: VERSION },
    begin: () => restartByPolicy(deps),
    stop() {
      stopping = true;
      images.stop();
      for (const { monitor } of directory.all()) monitor?.stop();
    },
    async close() {
      await Promise.allSettled(background);
      await Promise.allSettled(directory.all().map((container) => container.cleanup));
      await rooms.disposeAsync();
    },
  };
}

/** What `docker info` shows of containers' protection, in dockerd's words. */
function securityOptions(
  options: DaemonOptions,
  apparmor: string | undefined,
  cgroupVersion: 1 | 2,
): string[] {
  const profile = ['builtin', 'unconfined'].includes(options.seccomp) ? options.seccomp : 'custom';
  return [
    ...(apparmor === undefined ? [] : ['name=apparmor']),
    `name=seccomp,profile=${profile}`,
    ...(cgroupVersion === 2 ? ['name=cgroupns'] : []),
    ...(options.noNewPrivileges ? ['name=no-new-privileges'] : []),
  ];
}

async function openNetwork(
  options: DaemonOptions,
  names: ReturnType<typeof namesFor>,
  log: Log,
): Promise<BridgeNetwork | undefined> {
  if (options.bridge === 'none') return undefined;
  return await openBridgeNetwork({
    name: 'bridge',
    bridgeName: options.bridge ?? names.bridge,
    subnet: options.bridgeAddress,
    execRoot: options.execRoot,
    tableName: names.table,
    mtu: options.mtu,
    log,
  });
}

/** The file system that the data root lies on, by the longest mount point above it. */
function backingFileSystem(path: string): string {
  let found = { point: '', type: 'unknown' };
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, point = '', type = ''] = line.split(' ');
    if (
      (path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`)) &&
      point.length >= found.point.length
    )
      found = { point, type };
  }
  return found.type === 'ext4' ? 'extfs' : found.type;
}

/** What `crun --version` says on its first line; empty when it cannot be run. */
function runtimeVersion(path: string): string {
  if (!existsSync(path)) return '';
  try {
    return (
      /version (\S+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8', timeout: 5000 }))?.[1] ?? ''
    );
  } catch {
    return '';
  }
}

/** 64 hex digits, the first twelve of which are not a number: names and short ids must not be mistaken for each other. */
function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (!/^\d+$/.test(id.slice(0, 12))) return id;
  }
}
