/** Finds the tasks of an earlier daemon again. */
import { closeSync, openSync } from 'node:fs';
import { pidfdOpen, pidfdSignal, processStat } from '../../linux/index.ts';
import { killIfAlive, removeWhenEmpty } from '../cgroups/removal.ts';
import type { OutputWriter } from '../output/writer.ts';
import { detach } from './mounts.ts';
import type { TaskRecord } from './record.ts';
import type { RunDirectory } from './run-directory.ts';
import type { Task } from './task.ts';
import { directoryOf, makeTask, SIGKILL, type TaskHost, toolOf, watchTask } from './task-host.ts';

/** What was found of a container after a restart. */
export type Found =
  | { readonly is: 'running'; readonly task: Task }
  /** It never ran: a start was cut off. Everything of it has been taken back. */
  | { readonly is: 'undone' }
  /** It ended while no daemon ran: `task.ended` is settled already. */
  | { readonly is: 'ended'; readonly task: Task }
  | { readonly is: 'unknown' }
  /** Its record cannot be read: it may be running. Nothing of it was touched. */
  | { readonly is: 'unreadable'; readonly damage: string };

/** Finds the process of container `id` again after a restart of the daemon. */
export function adoptTask(host: TaskHost, id: string, writerOf: (record: TaskRecord) => OutputWriter): Found {
  const directory = directoryOf(host, id);
  const loaded = directory.load();
  if (loaded.is === 'unreadable') return loaded;
  if (loaded.is === 'none') {
    undoStart(host, id, directory);
    return { is: 'undone' };
  }
  const { record } = loaded;
  if (record.bootId !== host.boot) {
    host.tools.get(record.runtime)?.forget(id); // where the exec root is on a disk
    directory.remove();
    return { is: 'unknown' };
  }
  const pidfd = reopenPidfd(record, directory);
  if (toolOf(host, record.runtime).isWaiting(id)) {
    if (pidfd !== undefined) pidfdSignal(pidfd, SIGKILL);
    if (pidfd !== undefined) closeSync(pidfd);
    undoStart(host, id, directory, record);
    return { is: 'undone' };
  }
  const task = makeTask(host, record, pidfd, writerOf(record), host.streams.reopen(record));
  if (pidfd === undefined) {
    void host.exits.resolve(record.pid, undefined).then((status) => task.end(status, new Date()));
    return { is: 'ended', task };
  }
  watchTask(host, task, pidfd);
  return { is: 'running', task };
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
  const pid = directory.pidFromRuntime();
  for (const tool of host.tools.values()) {
    if (pid !== undefined && tool.isWaiting(id)) killIfAlive(pid);
    tool.forget(id);
  }
  detach(directory.file('pidfd'));
  detach(directory.file('shm'));
  host.streams.release(id);
  directory.remove();
  if (record) void removeWhenEmpty(host.cgroups, record.cgroupPath, host.log);
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
