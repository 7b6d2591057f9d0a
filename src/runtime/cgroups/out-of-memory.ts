/** Whether the kernel ended processes of a container because there was no memory left for them. */
import { readFileSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import { type ExitStatus, type KernelMessage, kernelMessages } from '../../linux/index.ts';
import { type CgroupHost, cgroupDirectory } from './cgroups.ts';

/** How a process looks that was ended with SIGKILL, and a shell whose command was. */
const KILLED = 137;
/** A clock tick of proc(5), on every Linux of today. */
const TICK_US = 10_000;

/** What is known of a container's first process. */
export interface Ended {
  readonly pid: number;
  /** In clock ticks since boot. */
  readonly startTime: string;
  readonly cgroupPath: string;
}

/**
 * Whether memory was why a process of the container ended. Its cgroup counts that; systemd removes the cgroup of a scope
 * at once when its last process ends, and then the kernel's log tells.
 */
export function killedForMemory(host: CgroupHost, ended: Ended, status: ExitStatus | undefined): boolean {
  const kills = killsCounted(host, ended.cgroupPath);
  if (kills !== undefined) return kills > 0;
  return status?.code === KILLED && tellsOfKill(kernelMessages(), ended);
}

/** Undefined: the cgroup is gone. 0 when the kernel does not count. */
function killsCounted(host: CgroupHost, path: string): number | undefined {
  const name = host.version === 2 ? 'memory.events' : 'memory.oom_control';
  try {
    const text = readFileSync(`${cgroupDirectory(host, path, 'memory')}/${name}`, 'utf8');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  } catch (error) {
    return ['ENOENT', 'ENODEV'].includes(codeOf(error) ?? '') ? undefined : 0;
  }
}

/**
 * Whether one of these is about a process of the container, since its first one started: `oom-kill:…,task_memcg=PATH,…`,
 * of which the kernel says no more than ten in five seconds, or `…: Killed process PID (NAME) …`, which it always says
 * (mm/oom_kill.c).
 */
export function tellsOfKill(
  messages: Iterable<KernelMessage>,
  { pid, startTime, cgroupPath }: Ended,
): boolean {
  const from = Number(startTime) * TICK_US;
  for (const { at, text } of messages) {
    if (at < from) continue;
    const cgroup = /^oom-kill:.*,task_memcg=([^,]*),/.exec(text)?.[1];
    if (cgroup !== undefined && `${cgroup}/`.startsWith(`${cgroupPath}/`)) return true;
    if (Number(/(?:^| )out of memory: Killed process (\d+) /i.exec(text)?.[1]) === pid) return true;
  }
  return false;
}
