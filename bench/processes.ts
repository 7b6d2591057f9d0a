/** Which processes belong to an engine, and how much memory they take. Reads /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const read = (pid: number | string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it ended meanwhile, or has no memory of its own
  }
};
const link = (pid: number | string, file: string): string => {
  try {
    return readlinkSync(`/proc/${pid}/${file}`);
  } catch {
    return '';
  }
};

/** Parent of each process of this machine. */
function parents(): Map<number, number> {
  const found = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(name, 'stat');
    if (stat !== '') found.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  return found;
}

const descends = (pid: number, root: number, parentOf: ReadonlyMap<number, number>): boolean => {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = parentOf.get(at))
    if (at === root) return true;
  return false;
};

/** Processes below `root`, without it. */
export function descendantsOf(root: number): number[] {
  const parentOf = parents();
  return [...parentOf.keys()].filter((pid) => pid !== root && descends(pid, root, parentOf));
}

/**
 * Processes below `root`, and those that left the family but name `directory` in their arguments or work in it
 * (containerd's shims, conmon). What runs inside a container, in a pid namespace of its own, is not counted.
 */
export function familyOf(root: number, directory: string): number[] {
  const parentOf = parents();
  const outside = link('self', 'ns/pid');
  return [...parentOf.keys()].filter((pid) => {
    if (pid === process.pid || link(pid, 'ns/pid') !== outside) return false;
    return (
      descends(pid, root, parentOf) ||
      read(pid, 'cmdline').includes(directory) ||
      link(pid, 'cwd').startsWith(directory)
    );
  });
}

/** Proportional set size of a process in bytes: shared pages count by share. */
export function pssBytes(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(read(pid, 'smaps_rollup'))?.[1] ?? 0) * 1024;
}

/** The command line, its arguments apart by NUL bytes. */
export const commandOf = (pid: number): string => read(pid, 'cmdline');

/** A tick of the clock that the kernel counts processor time by: USER_HZ is 100 on every Linux that we run on. */
const TICK_MS = 10;

/** Processor time of a process so far, with that of its children that have ended. */
export function cpuMs(pid: number): number {
  const stat = read(pid, 'stat');
  // utime, stime, cutime, cstime: fields 14–17 of proc(5), of which the first two end with the bracket.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15);
  return fields.reduce((sum, field) => sum + Number(field) * TICK_MS, 0);
}
