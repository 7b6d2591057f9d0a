/** What the exec root and the kernel have of containers' runs, for a look from outside of the engine. Changes nothing. */
import { readFileSync } from 'node:fs';
import { processStat } from '../../linux/index.ts';
import {
  type CgroupHost,
  cgroupProcesses,
  cgroupsBelow,
  presentCgroups,
  readCgroupHost,
} from '../cgroups/cgroups.ts';
import { keeperFiles } from '../keeper/keeper.ts';
import { bootId, RunDirectory, runDirectoryIds } from './run-directory.ts';

/** A run that has a directory. */
export type FoundRun =
  | { readonly is: 'running'; readonly cgroupPath: string }
  /** Its process has ended, perhaps with an earlier boot of the machine. */
  | { readonly is: 'ended' }
  /** A start that was cut off. */
  | { readonly is: 'cut-off' }
  | { readonly is: 'unreadable'; readonly damage: string };

/** Everything of runs below one exec root. */
export class ExaminedRuns {
  /** By container's id. */
  readonly found: ReadonlyMap<string, FoundRun>;
  readonly boot = bootId();
  readonly #execRoot: string;
  readonly #cgroups: CgroupHost = readCgroupHost();

  /** The exec root need not be there. */
  constructor(execRoot: string) {
    this.#execRoot = execRoot;
    this.found = new Map(idsIn(execRoot).map((id) => [id, lookAt(execRoot, id, this.boot)]));
  }

  /** Whether a process is there that holds containers' streams while no daemon runs. */
  get isKept(): boolean {
    return keeperFiles(`${this.#execRoot}/keeper`).some(isAliveIn);
  }

  /** Those of these cgroups that are there. */
  presentCgroups(paths: readonly string[]): string[] {
    return presentCgroups(this.#cgroups, paths);
  }
  cgroupsBelow(parent: string): string[] {
    return cgroupsBelow(this.#cgroups, parent);
  }
  /** How many processes are in a cgroup and below. */
  processesIn(path: string): number {
    return cgroupProcesses(this.#cgroups, path).length;
  }
}

function idsIn(execRoot: string): string[] {
  try {
    return runDirectoryIds(execRoot);
  } catch {
    return []; // no daemon was ever here, or not since the machine's start
  }
}

function lookAt(execRoot: string, id: string, boot: string): FoundRun {
  const loaded = new RunDirectory(execRoot, id).load();
  if (loaded.is === 'unreadable') return loaded;
  if (loaded.is === 'none') return { is: 'cut-off' };
  const { bootId: begun, pid, startTime, cgroupPath } = loaded.record;
  const stat = begun === boot ? processStat(pid) : undefined;
  const runs = stat?.startTime === startTime && !stat.exiting;
  return runs ? { is: 'running', cgroupPath } : { is: 'ended' };
}

/** A file of the keeper's: pid and start time. */
function isAliveIn(file: string): boolean {
  try {
    const [pid, startTime] = readFileSync(file, 'utf8').trim().split(' ');
    const stat = processStat(Number(pid));
    return stat !== undefined && stat.startTime === startTime && !stat.exiting;
  } catch {
    return false;
  }
}
