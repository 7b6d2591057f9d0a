/** Finds the tasks of an earlier daemon again. */
import { closeSync, openSync } from 'node:fs';
import {
  type ExitStatus,
  killIfAlive,
  pidfdOpen,
  pidfdSignal,
  processStat,
  SIGKILL,
} from '../../linux/index.ts';
import { endMakers } from '../oci/makers.ts';
import type { OutputWriter } from '../output/writer.ts';
import { detach } from './mounts.ts';
import type { TaskRecord } from './record.ts';
import type { RunDirectory } from './run-directory.ts';
import type { Task } from './task.ts';
import { directoryOf, endWith, makeTask, type TaskHost, toolOf, watchTask } from './task-host.ts';

/** What the kernel still has of a container after a restart. Looking changes nothing but descriptors of our own. */
export type Look =
  | {
      readonly is: 'running';
      readonly record: TaskRecord;
      readonly pidfd: number;
      /** Resolves when the process has ended, adopted or not; undefined: nobody knows how. */
      readonly status: Promise<ExitStatus | undefined>;
      /** Its end is certain, though perhaps not heard of yet. */
      readonly ending: boolean;
    }
  /** It ended while no daemon ran, and its pidfd was not kept. */
  | { readonly is: 'ended'; readonly record: TaskRecord }
  /** It never ran: a start was cut off, of which the record tells if it came so far. */
  | { readonly is: 'cut-off'; readonly record: TaskRecord | undefined }
  /** It ended with an earlier boot of the machine. */
  | { readonly is: 'gone'; readonly record: TaskRecord }
  /** Its record cannot be read: it may be running. */
  | { readonly is: 'unreadable'; readonly damage: string };

/** What there is to adopt. */
export type Adoptable = Extract<Look, { readonly is: 'running' | 'ended' }>;

/** Looks for the process of container `id` after a restart of the daemon. A running one is watched from now on. */
export function lookForTask(host: TaskHost, id: string): Look {
  const directory = directoryOf(host, id);
  const loaded = directory.load();
  if (loaded.is === 'unreadable') return loaded;
  if (loaded.is === 'none') return { is: 'cut-off', record: undefined };
  const { record } = loaded;
  if (record.bootId !== host.boot) return { is: 'gone', record };
  if (toolOf(host, record.runtime).isWaiting(id)) return { is: 'cut-off', record };
  const pidfd = reopenPidfd(record, directory);
  if (pidfd === undefined) return { is: 'ended', record };
  host.unclaimed.add(id);
  return {
    is: 'running',
    record,
    pidfd,
    status: host.exits.watch(record.pid, pidfd),
    ending: !pidfdSignal(pidfd, 0) || (processStat(record.pid)?.exiting ?? true),
  };
}

/** Goes on with what was found: output is read again. {@link followTask} it when somebody listens to that. */
export function adoptTask(
  host: TaskHost,
  id: string,
  look: Adoptable,
  writerOf: (record: TaskRecord) => OutputWriter,
): Task {
  const { record } = look;
  const pidfd = look.is === 'running' ? look.pidfd : undefined;
  const task = makeTask(host, record, pidfd, writerOf(record), host.streams.reopen(record));
  host.unclaimed.delete(id);
  return task;
}

/** An adopted task ends with its process, which it may have done already: then its last output is read now. */
export function followTask(host: TaskHost, task: Task, look: Adoptable): void {
  const { pid, startTime } = look.record;
  endWith(task, look.is === 'running' ? look.status : host.exits.resolve(pid, undefined, startTime));
}

/** Takes back what there is of a run that never was, or that ended with the machine. */
export function forgetTask(
  host: TaskHost,
  id: string,
  look: Extract<Look, { is: 'cut-off' | 'gone' }>,
): void {
  const directory = directoryOf(host, id);
  if (look.is === 'cut-off') {
    const pidfd = look.record && reopenPidfd(look.record, directory);
    if (pidfd !== undefined) pidfdSignal(pidfd, SIGKILL);
    if (pidfd !== undefined) closeSync(pidfd);
    undoStart(host, id, directory, look.record);
    return;
  }
  host.tools.get(look.record.runtime)?.forget(id); // where the exec root is on a disk
  directory.remove();
}

/** Goes on with a task whose owner's record cannot be read, and takes nothing back. Undefined: it does not run. */
export function keepTask(
  host: TaskHost,
  id: string,
  writerOf: (record: TaskRecord) => OutputWriter,
): Task | undefined {
  const directory = directoryOf(host, id);
  const loaded = directory.load();
  if (loaded.is !== 'found' || loaded.record.bootId !== host.boot) return undefined;
  const { record } = loaded;
  const pidfd = reopenPidfd(record, directory);
  if (pidfd === undefined) return undefined;
  const task = makeTask(host, record, pidfd, writerOf(record), host.streams.reopen(record));
  watchTask(host, task, pidfd);
  return task;
}

/** The bound pidfd knows the exit status for ever; without it the pid must still be the same process. */
function reopenPidfd(record: TaskRecord, directory: RunDirectory): number | undefined {
  const bound = openIfThere(directory.file('pidfd'));
  try {
    if (bound !== undefined) pidfdSignal(bound, 0); // an error tells that nothing is bound there
    if (bound !== undefined) return bound;
  } catch {
    if (bound !== undefined) closeSync(bound);
  }
  if (processStat(record.pid)?.startTime !== record.startTime) return undefined;
  try {
    return pidfdOpen(record.pid);
  } catch {
    return undefined;
  }
}

/** Takes back what a start left that was cut off before its process was on record or let go. */
function undoStart(host: TaskHost, id: string, directory: RunDirectory, record?: TaskRecord): void {
  endMakers(directory.path);
  const pid = directory.pidFromRuntime();
  for (const tool of host.tools.values()) {
    if (pid !== undefined && tool.isWaiting(id)) killIfAlive(pid);
    tool.forget(id);
  }
  detach(directory.file('pidfd'));
  detach(directory.file('shm'));
  host.streams.release(id);
  directory.remove();
  if (record) void host.removals.begin(record.cgroupPath);
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
