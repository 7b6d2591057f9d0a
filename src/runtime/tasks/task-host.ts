/** What all tasks of an engine share, and the making of a task from it: by a launch, or by an adoption. */
import type { Log } from '../../base/log.ts';
import { type ExitStatus, type Reactor, SIGKILL } from '../../linux/index.ts';
import type { CgroupHost } from '../cgroups/cgroups.ts';
import type { RealtimeBudget } from '../cgroups/realtime.ts';
import type { CgroupRemovals } from '../cgroups/removal.ts';
import type { Exits } from '../exits/exits.ts';
import type { OciTool } from '../oci/oci.ts';
import type { OutputWriter } from '../output/writer.ts';
import type { Opened, Streams } from '../streams/streams.ts';
import { detachAway } from './mounts.ts';
import type { TaskRecord } from './record.ts';
import { RunDirectory } from './run-directory.ts';
import { Task } from './task.ts';

/** Handles of the host and of the engine that every task needs. */
export interface TaskHost {
  readonly execRoot: string;
  /** This boot of the machine: what ran in another does not run any more. */
  readonly boot: string;
  readonly cgroups: CgroupHost;
  readonly removals: CgroupRemovals;
  readonly realtime: RealtimeBudget;
  readonly reactor: Reactor;
  readonly exits: Exits;
  readonly streams: Streams;
  readonly tools: ReadonlyMap<string, OciTool>;
  readonly log: Log;
  /** Those that run, or ended and still hold something. */
  readonly tasks: Set<Task>;
  /** Ids of containers that run since an earlier daemon and that nobody has adopted yet. */
  readonly unclaimed: Set<string>;
}

/** The tool of the runtime with that name. @throws when the engine was not told of it */
export function toolOf(host: TaskHost, name: string): OciTool {
  const tool = host.tools.get(name);
  if (tool === undefined) throw new Error(`no runtime ${name}`);
  return tool;
}

/** Where the files of the task of container `id` lie. */
export const directoryOf = (host: TaskHost, id: string): RunDirectory => new RunDirectory(host.execRoot, id);

/** A task over a process that exists. Its release gives back everything that a launch has taken. */
export function makeTask(
  host: TaskHost,
  record: TaskRecord,
  pidfd: number | undefined,
  writer: OutputWriter,
  streams: Pick<Opened, 'sources' | 'stdin'>,
): Task {
  const directory = directoryOf(host, record.id);
  const task = new Task({
    record,
    pidfd,
    writer,
    sources: streams.sources,
    stdinFd: streams.stdin,
    reactor: host.reactor,
    cgroups: host.cgroups,
    log: host.log,
    release: {
      stdin: () => host.streams.releaseInput(record.id),
      all: async () => {
        host.tasks.delete(task);
        host.streams.release(record.id);
        void host.removals.begin(record.cgroupPath);
        await detachAway(directory.file('pidfd'));
        await detachAway(directory.file('shm'));
        // The record goes last: whatever is left before, the next daemon finds by it.
        toolOf(host, record.runtime).forget(record.id);
        directory.remove();
      },
    },
  });
  host.tasks.add(task);
  return task;
}

/**
 * Ends the task when its process does, and with it whatever else of the container still runs. `ending`: as of
 * `Exits.watch`.
 */
export function watchTask(host: TaskHost, task: Task, pidfd: number, ending?: () => void): void {
  endWith(task, host.exits.watch(task.pid, pidfd, ending));
}

/** The same for a process that is watched already. */
export function endWith(task: Task, status: Promise<ExitStatus | undefined>): void {
  void status.then((known) => {
    // With the host's process namespace nothing else ends the container's other processes: they go with the first.
    task.signalAll(SIGKILL);
    task.end(known, new Date());
  });
}
