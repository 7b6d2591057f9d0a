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

/**
 * Processes below `root`, and those that left the family but name `directory` in their arguments or work in it
 * (containerd's shims, conmon). What runs inside a container, in a pid namespace of its own, is not counted.
 */
export function familyOf(root: number, directory: string): number[] {
  const parentOf = parents();
  const outside = link('self', 'ns/pid');
  const descends = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parentOf.get(at))
      if (at === root) return true;
    return false;
  };
  return [...parentOf.keys()].filter((pid) => {
    if (pid === process.pid || link(pid, 'ns/pid') !== outside) return false;
    return (
      descends(pid) || read(pid, 'cmdline').includes(directory) || link(pid, 'cwd').startsWith(directory)
    );
  });
}

/** Proportional set size of a process in bytes: shared pages count by share. */
export function pssBytes(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(read(pid, 'smaps_rollup'))?.[1] ?? 0) * 1024;
}

/** The command line, its arguments apart by NUL bytes. */
export const commandOf = (pid: number): string => read(pid, 'cmdline');
