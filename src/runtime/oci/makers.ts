/** Runtimes that are still making a container when the daemon that asked for it is gone. */
import { closeSync, readdirSync } from 'node:fs';
import { argumentsOf, pidfdOpen, pidfdSignal, SIGKILL } from '../../linux/index.ts';

/**
 * Ends them, and what they have begun for it: whoever made a container of this bundle's id anew would meet them, in
 * its cgroup and in the runtime's own files.
 */
export function endMakers(bundle: string): void {
  const argument = bundleArgument(bundle);
  const isMaker = (pid: number): boolean => argumentsOf(pid).includes(argument);
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || !isMaker(pid)) continue;
    try {
      const pidfd = pidfdOpen(pid);
      if (isMaker(pid)) pidfdSignal(pidfd, SIGKILL); // not another one that has got its number since
      closeSync(pidfd);
    } catch {
      // it ended by itself
    }
  }
}

/** How a runtime is told of a bundle (crun(1), runc(8)). */
export const bundleArgument = (bundle: string): string => `--bundle=${bundle}`;
