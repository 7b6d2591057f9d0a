/** Which limits this host's kernel can hold a container to, seen from the files of a cgroup below the root. */
import { mkdirSync, readdirSync } from 'node:fs';
import { readText } from '../../base/files.ts';
import { type CgroupHost, removeEmptyCgroup } from './cgroups.ts';

/** Which limits work on this host; false for what its kernel lacks or has switched off. */
export interface LimitSupport {
  readonly memory: boolean;
  readonly swap: boolean;
  readonly swappiness: boolean;
  readonly reservation: boolean;
  readonly oomKillDisable: boolean;
  readonly pids: boolean;
  readonly cpuShares: boolean;
  readonly cpuQuota: boolean;
  readonly cpuRealtime: boolean;
  readonly blkioWeight: boolean;
  readonly blkioWeightDevice: boolean;
  readonly blkioThrottle: boolean;
  /** `0-3`; empty: no such controller. */
  readonly cpus: string;
  readonly mems: string;
}

/** Files of version 1 that stand for a limit: any one of them. */
const FILES_V1 = {
  memory: ['memory', 'memory.limit_in_bytes'],
  swap: ['memory', 'memory.memsw.limit_in_bytes'],
  swappiness: ['memory', 'memory.swappiness'],
  reservation: ['memory', 'memory.soft_limit_in_bytes'],
  oomKillDisable: ['memory', 'memory.oom_control'],
  pids: ['pids', 'pids.max'],
  cpuShares: ['cpu', 'cpu.shares'],
  cpuQuota: ['cpu', 'cpu.cfs_quota_us'],
  cpuRealtime: ['cpu', 'cpu.rt_runtime_us'],
  blkioWeight: ['blkio', 'blkio.weight', 'blkio.bfq.weight'],
  blkioWeightDevice: ['blkio', 'blkio.weight_device', 'blkio.bfq.weight_device'],
  blkioThrottle: ['blkio', 'blkio.throttle.read_bps_device'],
} as const;

/** `path`: a cgroup of ours (`/gantry`), made for the look and removed again unless it is in use. */
export function readLimitSupport(host: CgroupHost, path: string): LimitSupport {
  return host.version === 2 ? ofVersion2(host) : ofVersion1(host, path);
}

function ofVersion2(host: CgroupHost): LimitSupport {
  const has = (controller: string) => host.controllers.has(controller);
  const root = host.mounts.get('') ?? '';
  return {
    memory: has('memory'),
    // Swap is accounted wherever memory is, in every cgroup below the root.
    swap: has('memory'),
    swappiness: false,
    reservation: has('memory'),
    oomKillDisable: false,
    pids: has('pids'),
    cpuShares: has('cpu'),
    cpuQuota: has('cpu'),
    cpuRealtime: false,
    blkioWeight: has('io'),
    blkioWeightDevice: has('io'),
    blkioThrottle: has('io'),
    cpus: has('cpuset') ? text(`${root}/cpuset.cpus.effective`) : '',
    mems: has('cpuset') ? text(`${root}/cpuset.mems.effective`) : '',
  };
}

function ofVersion1(host: CgroupHost, path: string): LimitSupport {
  // The root lacks some files that every cgroup below it has.
  const files = new Map(
    ['memory', 'pids', 'cpu', 'blkio'].map((name) => [name, filesBelow(host.mounts.get(name), path)]),
  );
  removeEmptyCgroup(host, path);
  const found = Object.entries(FILES_V1).map(([limit, [controller, ...names]]) => [
    limit,
    names.some((name) => files.get(controller)?.has(name)),
  ]);
  const cpuset = host.mounts.get('cpuset');
  return {
    ...(Object.fromEntries(found) as Record<keyof typeof FILES_V1, boolean>),
    cpus: cpuset === undefined ? '' : text(`${cpuset}/cpuset.cpus`),
    mems: cpuset === undefined ? '' : text(`${cpuset}/cpuset.mems`),
  };
}

function filesBelow(mount: string | undefined, path: string): ReadonlySet<string> {
  if (mount === undefined) return new Set();
  try {
    mkdirSync(`${mount}${path}`, { recursive: true });
    return new Set(readdirSync(`${mount}${path}`));
  } catch {
    return new Set(); // read-only: then nothing can be limited
  }
}

const text = (file: string): string => readText(file).trim();
