/** Whether the kernel ended processes of a container because there was no memory left for them. */
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import {
  EPOLL,
  type ExitStatus,
  type KernelMessage,
  kernelMessages,
  type Reactor,
} from '../../linux/index.ts';
import { type CgroupHost, cgroupDirectory } from './cgroups.ts';

/** How a process looks that was ended with SIGKILL, and a shell whose command was. */
const KILLED = 137;
/** A clock tick of proc(5), on every Linux of today. */
const TICK_US = 10_000;
/** Far more than the few short lines of `memory.events`. */
const EVENTS_BYTES_MAX = 1024;

/** What is known of a container's first process. */
export interface Ended {
  readonly pid: number;
  /** In clock ticks since boot. */
  readonly startTime: string;
  readonly cgroupPath: string;
}

/** How often memory ended a process of a cgroup, also when systemd has removed it: a scope goes with its last process. */
export class MemoryKills {
  readonly #file: string;
  readonly #reactor: Reactor;
  #counted = 0;
  /** Version 2 alone tells of each change. */
  #fd: number | undefined;

  constructor(host: CgroupHost, path: string, reactor: Reactor) {
    const name = host.version === 2 ? 'memory.events' : 'memory.oom_control';
    this.#file = `${cgroupDirectory(host, path, 'memory')}/${name}`;
    this.#reactor = reactor;
    if (host.version === 2) this.#watch();
  }

  #watch(): void {
    try {
      this.#fd = openSync(this.#file, constants.O_RDONLY);
      this.#reactor.add(this.#fd, () => void this.count(), EPOLL.PRI);
    } catch {
      this.close(); // no such controller, or no cgroup any more
    }
  }

  /** Undefined: the cgroup is gone, and had counted none when it was last looked at. 0 when the kernel does not count. */
  count(): number | undefined {
    try {
      this.#counted = Number(/^oom_kill (\d+)$/m.exec(this.#read())?.[1] ?? 0);
    } catch (error) {
      this.close();
      if (['ENOENT', 'ENODEV'].includes(codeOf(error) ?? '')) return this.#counted || undefined;
    }
    return this.#counted;
  }

  /** What is watched tells of a change until it is read itself, from its beginning. */
  #read(): string {
    if (this.#fd === undefined) return readFileSync(this.#file, 'latin1');
    const bytes = Buffer.alloc(EVENTS_BYTES_MAX);
    return bytes.toString('latin1', 0, readSync(this.#fd, bytes, 0, bytes.length, 0));
  }

  close(): void {
    if (this.#fd === undefined) return;
    this.#reactor.remove(this.#fd);
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** Whether memory was why a process of a container ended: its cgroup counts that, or else the kernel's log tells. */
export function killedForMemory(kills: MemoryKills, ended: Ended, status: ExitStatus | undefined): boolean {
  const counted = kills.count();
  kills.close();
  if (counted !== undefined) return counted > 0;
  return status?.code === KILLED && tellsOfKill(kernelMessages(), ended);
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
