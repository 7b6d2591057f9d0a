/** Has the kernel get ready to move processes between cgroups, before a runtime asks for it. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { CgroupHost } from './cgroups.ts';

/**
 * Whoever moves a process into a cgroup takes a lock of the whole machine (`cgroup_threadgroup_rwsem`), and the first
 * one to take it waits for an RCU grace period: 5–15 ms, a third of a container's start. For about as long afterwards
 * taking it is free. So we take it ourselves when a start is announced, and the wait runs beside the other work.
 */
export class CgroupLock {
  readonly #mounts: CgroupHost['mounts'];
  #asking = false;

  constructor({ mounts }: Pick<CgroupHost, 'mounts'>) {
    this.#mounts = mounts;
  }

  /** Returns at once; the wait is on a pool thread. A host that forbids it only loses the head start. */
  warm(): void {
    if (this.#asking) return;
    this.#asking = true;
    void this.#moveNothing()
      .catch(() => undefined)
      .finally(() => {
        this.#asking = false;
      });
  }

  /** This process into the cgroup where it is already: that changes nothing, and takes the lock. */
  async #moveNothing(): Promise<void> {
    const directory = ownCgroup(this.#mounts, readFileSync('/proc/self/cgroup', 'utf8'));
    if (directory !== undefined) await writeFile(`${directory}/cgroup.procs`, '0');
  }
}

/** The directory of the cgroup that `/proc/self/cgroup` names, on the first hierarchy that we know (cgroups(7)). */
export function ownCgroup(mounts: CgroupHost['mounts'], procCgroup: string): string | undefined {
  for (const line of procCgroup.split('\n')) {
    const [, names = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    const mount = names
      .replace(/^name=/, '')
      .split(',')
      .map((name) => mounts.get(name))
      .find((each) => each !== undefined);
    // A path above the root of our cgroup namespace starts with `/..`: there is no directory of that name to be had.
    if (mount !== undefined && path !== '' && !path.startsWith('/..'))
      return path === '/' ? mount : mount + path;
  }
  return undefined;
}
