/** What the kernel tells of a process in `/proc/PID/stat`. */
import { readFileSync } from 'node:fs';
import { readText } from '../base/files.ts';

/** proc(5). */
export interface ProcessStat {
  /** Field 3: `R`, `S`, `D`, `T`, `Z` … */
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  /** It is on its way out, and nothing stops that any more: `PF_EXITING` of field 9, or nobody waited for it yet. */
  readonly exiting: boolean;
  /** It has executed a program since it was forked: `PF_FORKNOEXEC` of field 9 is off. */
  readonly executed: boolean;
  /** Field 22, in clock ticks since boot: tells a process from a later one with its number. */
  readonly startTime: string;
}

/** `PF_EXITING` of the kernel's `include/linux/sched.h`. */
const EXITING = 0x4;
/** `PF_FORKNOEXEC` of the same file. */
const FORKED_ONLY = 0x40;

/** Undefined: there is no such process any more. */
export function processStat(pid: number): ProcessStat | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name may hold anything, blanks and parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent, , session, , , flags] = fields;
  return {
    state,
    parent: Number(parent),
    session: Number(session),
    exiting: state === 'Z' || state === 'X' || (Number(flags) & EXITING) !== 0,
    executed: (Number(flags) & FORKED_ONLY) === 0,
    startTime: fields[19] ?? '',
  };
}

/** What a process was started with; nothing when there is none, or it has ended and was not waited for. */
export const argumentsOf = (pid: number): readonly string[] => readText(`/proc/${pid}/cmdline`).split('\0');
