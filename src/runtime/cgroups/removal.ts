/** The end of a container's cgroup. */
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { killIfAlive } from '../../linux/index.ts';
import { type CgroupHost, cgroupProcesses, removeCgroup } from './cgroups.ts';

/** Some ten seconds in all: a process that the kernel holds longer keeps its cgroup. */
const ATTEMPTS_MAX = 200;
/** The first attempts follow fast, because a killed process is reaped a moment after the kill. */
const FAST_ATTEMPTS = 20;
const FAST_MS = 5;
const SLOW_MS = 50;

/**
 * The removals of an engine. What is put into a cgroup while it is removed would be ended with the rest: who makes a
 * container in one waits until that is over.
 */
export class CgroupRemovals {
  readonly #host: CgroupHost;
  readonly #log: Log;
  readonly #going = new Map<string, Promise<void>>();

  constructor(host: CgroupHost, log: Log) {
    this.#host = host;
    this.#log = log;
  }

  /** Ends what still runs in the cgroup and removes it. Never fails: a cgroup that stays is told to the log. */
  begin(path: string): Promise<void> {
    const going = this.#going.get(path);
    if (going !== undefined) return going;
    const removal = removeWhenEmpty(this.#host, path, this.#log).finally(() => this.#going.delete(path));
    this.#going.set(path, removal);
    return removal;
  }

  /** Resolves when the cgroup is no longer being removed; at once for most. */
  async over(path: string): Promise<void> {
    await this.#going.get(path);
  }

  /** Resolves when none goes on that had begun by now. */
  async allOver(): Promise<void> {
    await Promise.all(this.#going.values());
  }
}

async function removeWhenEmpty(host: CgroupHost, path: string, log: Log): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    try {
      if (await removeCgroup(host, path)) return;
    } catch (error) {
      log.warn('cgroup.kept', { path, reason: messageOf(error) });
      return;
    }
    for (const pid of cgroupProcesses(host, path)) killIfAlive(pid);
    await new Promise((resolve) => setTimeout(resolve, attempt < FAST_ATTEMPTS ? FAST_MS : SLOW_MS));
  }
  log.warn('cgroup.kept', { path, reason: 'processes in it do not end' });
}
