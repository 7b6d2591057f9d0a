/** What the engine tells of itself: `info`, `version`, `system df`. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { askedOnce } from '../../base/asked-once.ts';
import { BUILT, COMMIT, VERSION } from '../../base/release.ts';
import { createSystem, type System, type SystemDeps } from '../../engine/index.ts';
import { formatRange } from '../../network/index.ts';
import { formatHost } from '../hosts.ts';
import { engineId } from '../identity.ts';
import type { DaemonOptions } from '../options.ts';
import type { Foundations } from './foundations.ts';
import type { HostAbilities } from './host.ts';

const run = promisify(execFile);

/** The newest API version that the contract describes, and the oldest that is served. */
const API_VERSION = '1.55';
const MIN_API_VERSION = '1.0';

/** What it counts and measures. */
export interface SystemParts extends Pick<SystemDeps, 'directory' | 'imageCount' | 'usage'> {
  /** Doors that stand open, as they were opened. */
  readonly openDoors: readonly string[];
}

/** The verbs on the engine as a whole. */
export const buildSystem = (
  options: DaemonOptions,
  { supervisor, storage, events, runtimes }: Foundations,
  { host, limits, apparmor }: HostAbilities,
  { openDoors, ...parts }: SystemParts,
): System =>
  createSystem({
    ...parts,
    events,
    host,
    cgroups: supervisor.cgroups,
    listeners: () => events.listeners,
    engine: {
      id: engineId(options.dataRoot),
      version: VERSION,
      apiVersion: API_VERSION,
      minApiVersion: MIN_API_VERSION,
      gitCommit: COMMIT,
      buildTime: BUILT,
    },
    storage: {
      driver: storage.driver,
      root: options.dataRoot,
      // No start of the daemon reads a long table for it, nor waits for the program below.
      backing: askedOnce(() => backingFileSystem(options.dataRoot)),
    },
    runtimes,
    defaultRuntime: options.defaultRuntime,
    runtimeVersion: askedOnce(() => runtimeVersion(options.runtimes.get(options.defaultRuntime)?.path ?? '')),
    logDriver: options.logDriver,
    hosts: options.hosts.map(formatHost),
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
    cdiSpecDirs: options.cdiSpecDirs,
    securityOptions: securityOptions(options, apparmor, supervisor.cgroups.version),
    warnings: () => openDoors,
    firewall: options.firewallFamilies.length > 0 ? 'nftables' : undefined,
    addressPools: options.addressPools.map(({ base, size }) => ({ Base: formatRange(base), Size: size })),
    now: () => new Date(),
  });

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
    ...(options.idMap === undefined ? [] : ['name=userns']),
    ...(cgroupVersion === 2 ? ['name=cgroupns'] : []),
    ...(options.noNewPrivileges ? ['name=no-new-privileges'] : []),
  ];
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
async function runtimeVersion(path: string): Promise<string> {
  if (!existsSync(path)) return '';
  try {
    const { stdout } = await run(path, ['--version'], { encoding: 'utf8', timeout: 5000 });
    return /version (\S+)/.exec(stdout)?.[1] ?? '';
  } catch {
    return '';
  }
}
