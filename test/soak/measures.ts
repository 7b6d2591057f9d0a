/** What an engine takes of its host, looked at from outside. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Gantry } from '../harness/gantry.ts';
import { mountsBelow, networkMarks } from '../harness/leaks.ts';
import { ruleSet } from '../harness/rule-set.ts';

/** Resident memory of the daemon in MiB: its own, and what is mapped of files. Undefined: there is none now. */
export function residentMiB(gantry: Gantry): number | undefined {
  if (!gantry.running) return undefined;
  try {
    const status = readFileSync(`/proc/${gantry.pid}/status`, 'utf8');
    const kib = /^VmRSS:\s+(\d+)/m.exec(status)?.[1]; // a zombie has none
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined; // killed at this moment
  }
}

/** Open descriptors of the daemon. */
export const descriptors = ({ pid }: Gantry): number => readdirSync(`/proc/${pid}/fd`).length;

/** What an engine at rest has, which the same rest has again. */
export interface AtRest {
  readonly descriptors: number;
  readonly mounts: number;
  readonly interfaces: number;
  readonly files: number;
}

/** Looks at an engine that has nothing to do. */
export function atRest(gantry: Gantry): AtRest {
  const { bridges } = networkMarks(gantry.root);
  return {
    descriptors: descriptors(gantry),
    mounts: mountsBelow(gantry.root).length,
    interfaces: bridges.size,
    files: filesBelow(gantry.execRoot) + filesBelow(gantry.dataRoot),
  };
}

/** Lines of the firewall that are an engine's own. */
export function rulesOf(gantry: Gantry): readonly string[] {
  const { tables } = networkMarks(gantry.root);
  let isOwn = false;
  return ruleSet()
    .split('\n')
    .filter((line) => {
      if (line.startsWith('table ')) isOwn = tables.has(line.split(' ')[2] ?? '');
      return isOwn && line !== '';
    });
}

/** The journal of events begins a second file when the first is full: so much is bounded, and nothing that was left. */
const SECOND_JOURNAL = 'events/old.jsonl';

function filesBelow(root: string): number {
  return readdirSync(root, { recursive: true }).filter((path) => path !== SECOND_JOURNAL).length;
}

/** The middle one. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
