/** The host's `ps` on chosen processes. Titles of processes are theirs to write: no row is chosen by what they say. */

import { Failed } from '../../base/errors.ts';
import { containerFailure } from '../../model/failures/container.ts';
import { type ProgramEnd, runProgram } from '../programs/program.ts';
import type { Supervisor } from '../tasks/supervisor.ts';

/** What ps printed, cut into columns. */
export interface ProcessTable {
  readonly titles: readonly string[];
  /** Each as long as `titles`, where ps printed so much: what hangs over is part of the last. */
  readonly rows: readonly (readonly string[])[];
}

/** ps looks through /proc once; on a host with a hundred thousand processes it takes seconds. */
const LIMITS = { timeoutMs: 30_000, bytesMax: 64 << 20 };
/** One argument of a program may be 128 KiB long (MAX_ARG_STRLEN). */
const PIDS_BYTES_MAX = 100 << 10;

/** `psArgs` as a user of ps writes them, apart by blanks. @throws Failed in the words of the first engine */
export async function processTable(
  supervisor: Supervisor,
  psArgs: string,
  pids: readonly number[],
): Promise<ProcessTable> {
  checkArguments(psArgs);
  const args = psArgs.split(' ').filter((each) => each !== '');
  const list = `-q${pids.join(',')}`;
  if (pids.length > 0 && list.length <= PIDS_BYTES_MAX) {
    const quick = await runProgram(supervisor, 'ps', [...args, list], LIMITS);
    // It showed these processes and no others, whatever stands in the rows.
    if (quick.status?.code === 0) return parseTable(quick.stdout.toString(), undefined);
  }
  // Some options do not go together with a list (`f`); and ps fails when none of the listed is there any more.
  const all = await runProgram(supervisor, 'ps', args, LIMITS);
  if (all.status?.code !== 0) throw containerFailure.psFailed({ why: complaint(all) });
  return parseTable(all.stdout.toString(), new Set(pids));
}

/** Another column under the name of the pids would choose the rows. */
function checkArguments(psArgs: string): void {
  if (psArgs.includes('\0')) throw containerFailure.psFailed({ why: 'invalid argument' });
  for (const [, name, title] of psArgs.matchAll(/\s+([^\s]*)=\s*(PID[^\s]*)/g))
    if (name !== 'pid') throw new Failed(`specifying "${name}=${title}" is not allowed`);
}

function complaint({ stderr, status, timedOut }: ProgramEnd): string {
  if (timedOut) return 'it did not end in time';
  return stderr.toString().split('\n')[0] || `exit status ${status?.code ?? 'unknown'}`;
}

/** `wanted` undefined: every row. Else rows are chosen by what stands below the end of the title `PID`. */
export function parseTable(text: string, wanted: ReadonlySet<number> | undefined): ProcessTable {
  const [head = '', ...lines] = text.split('\n');
  const titles = words(head);
  if (!titles.includes('PID')) throw new Failed("Couldn't find PID field in ps output");
  const end = endOfTitle(head, 'PID');
  const rows: string[][] = [];
  let inside = false;
  for (const line of lines) {
    if (line === '') continue;
    const under = wordAt(line, end);
    // A thread's line has a dash there and belongs to the process above it.
    if (under !== '-') inside = wanted === undefined || (/^\d+$/.test(under) && wanted.has(Number(under)));
    if (inside) rows.push(cells(line, titles.length));
  }
  return { titles, rows };
}

const endOfTitle = (head: string, title: string): number => {
  const at = new RegExp(`(?:^|\\s)${title}(?=\\s|$)`).exec(head);
  return at ? at.index + at[0].length : -1;
};

/** The word whose last letter stands where the title ends: ps writes numbers flush right. */
function wordAt(line: string, end: number): string {
  if (/\S/.test(line[end] ?? ' ')) return '';
  return /\S+$/.exec(line.slice(0, end))?.[0] ?? '';
}

function cells(line: string, count: number): string[] {
  const all = words(line);
  return all.length < count ? all : [...all.slice(0, count - 1), all.slice(count - 1).join(' ')];
}

/** Only ASCII blanks part words: others may stand in a title. */
const words = (line: string): string[] => line.split(/[ \t\n\f\r]+/).filter((word) => word !== '');
