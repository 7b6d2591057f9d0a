/** Ends a further process with all that it has started: its children may have left it, and hold on to its output. */
import { closeSync, readdirSync, readlinkSync } from 'node:fs';
import { type ProcessStat, pidfdOpen, pidfdSignal, processStat, SIGKILL } from '../../linux/index.ts';
import { cgroupProcesses } from '../cgroups/cgroups.ts';
import type { ExecProcess } from './exec.ts';
import type { Supervisor } from './supervisor.ts';
import type { Task } from './task.ts';

/** What forks faster than we look ends with the limits of its container, not with us. */
const ROUNDS_MAX = 50;
const ROUND_MS = 2;

/** Resolves when nothing of it is found any more. */
export async function killWhole(supervisor: Supervisor, task: Task, exec: ExecProcess): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const family = familyOf(cgroupProcesses(supervisor.cgroups, task.record.cgroupPath), task.pid, exec);
    exec.signal(SIGKILL);
    if (family.length === 0) return;
    for (const pid of family) kill(pid);
    await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
  }
}

/** Descendants, the same session, and whoever writes to its pipes; never the container's first process. */
function familyOf(pids: readonly number[], first: number, exec: ExecProcess): number[] {
  const relations = new Map<number, ProcessStat>();
  for (const pid of pids) {
    const relation = living(pid);
    if (relation !== undefined && pid !== first) relations.set(pid, relation);
  }
  const session = relations.get(exec.pid)?.session;
  const own = session === living(first)?.session ? undefined : session;
  const family = new Set([exec.pid]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const [pid, { parent, session: of }] of relations)
      if (family.has(parent) || of === exec.pid || (own !== undefined && of === own)) family.add(pid);
  }
  for (const pid of relations.keys()) if (!family.has(pid) && writesTo(pid, exec.pipes)) family.add(pid);
  return [...family].filter((pid) => relations.has(pid));
}

/** Undefined for what has ended. */
function living(pid: number): ProcessStat | undefined {
  const stat = processStat(pid);
  return stat?.state === 'Z' || stat?.state === 'X' ? undefined : stat;
}

function writesTo(pid: number, pipes: readonly number[]): boolean {
  if (pipes.length === 0) return false;
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return pipes.some((inode) => target === `pipe:[${inode}]`);
    });
  } catch {
    return false; // it ended meanwhile
  }
}

/** By a descriptor that was the same process before and after: a pid may have become another's. */
function kill(pid: number): void {
  const before = living(pid);
  if (before === undefined) return;
  try {
    const pidfd = pidfdOpen(pid);
    if (living(pid)?.startTime === before.startTime) pidfdSignal(pidfd, SIGKILL);
    closeSync(pidfd);
  } catch {
    // it ended meanwhile
  }
}
