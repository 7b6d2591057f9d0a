/** Starts a task in two steps: its process is prepared and waits, then it is let go. */
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from '../../base/id-map.ts';
import { undoUnlessDone } from '../../base/lifetime.ts';
import {
  bindDescriptor,
  pidfdOpen,
  pidfdSignal,
  processStat,
  SIGKILL,
  SystemError,
} from '../../linux/index.ts';
import { takeOwnLimits, writeOwnLimits } from '../cgroups/own-limits.ts';
import { allowRealtime } from '../cgroups/realtime.ts';
import { LastWords } from '../oci/last-words.ts';
import type { CreateCall, OciTool } from '../oci/oci.ts';
import type { ProcessSpec } from '../oci/spec.ts';
import type { OutputWriter } from '../output/writer.ts';
import type { PipeInodes } from '../streams/stdio.ts';
import type { Opened } from '../streams/streams.ts';
import { detach, mountShared } from './mounts.ts';
import type { TaskRecord } from './record.ts';
import type { RunDirectory } from './run-directory.ts';
import type { Task } from './task.ts';
import { directoryOf, makeTask, type TaskHost, toolOf, watchTask } from './task-host.ts';

/** What a launch must know of a container. */
export interface LaunchPlan {
  readonly id: string;
  readonly runtime: string;
  /** `config.json`. */
  readonly spec: object;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  readonly cgroupPath: string;
  /** The size of a /dev/shm that others may join; undefined: it shares none. */
  readonly sharedMemoryBytes?: number | undefined;
  /** The container's root, where it is not the host's. */
  readonly owner?: Owner | undefined;
  readonly writer: OutputWriter;
}

/** A task that was prepared: its process exists and waits. `go` lets it run, `undo` takes everything back. */
export interface Launch {
  readonly task: Task;
  go(): Promise<void>;
  undo(): Promise<void>;
}

/** Prepares a container's process. @throws RuntimeRefused, SystemError: then nothing is left of it */
export function launchTask(host: TaskHost, plan: LaunchPlan, signal?: AbortSignal): Promise<Launch> {
  return undoUnlessDone(async (undo) => {
    const directory = directoryOf(host, plan.id);
    const tool = toolOf(host, plan.runtime);
    furnish(directory, plan, undo);
    allowRealtime(host.cgroups, plan.cgroupPath, host.realtime);
    const { spec, writes } = ownLimits(host, tool.inScope(plan.spec));
    const bundle = tool.bundle(plan.id, spec);
    directory.writeConfig(bundle.spec);
    undo.defer(() => {
      tool.forget(plan.id);
      void host.removals.begin(plan.cgroupPath);
    });
    await host.removals.over(plan.cgroupPath); // the end of its last run may still be under way
    const streams = await createProcess(host, tool, directory, plan, { undo, signal });
    bundle.prepared();
    const pidfd = pidfdOpen(streams.pid);
    undo.defer(() => closeSync(pidfd));
    undo.defer(() => void pidfdSignal(pidfd, SIGKILL));
    writeOwnLimits(host.cgroups, plan.cgroupPath, writes);
    bindPidfd(pidfd, directory);
    undo.defer(() => detach(directory.file('pidfd')));
    const record = recordOf(host, plan, streams.pid, streams.pipes);
    directory.save(record);
    const task = makeTask(host, record, pidfd, plan.writer, streams);
    undo.defer(() => void host.tasks.delete(task));
    const words = new LastWords(streams.pid, processOf(plan.spec).args[0] ?? '');
    plan.writer.onFirstBytes = (bytes, read) => words.instead(bytes, read);
    watchTask(host, task, pidfd, () => words.ending());
    return {
      task,
      async go() {
        await tool.start(plan.id, directory.file('log.json'));
        await programRuns(streams.pid);
        task.begin();
      },
      undo: () => takeBack(task),
    };
  });
}

/** The directory, and in it the /dev/shm to share. */
function furnish(directory: RunDirectory, plan: LaunchPlan, undo: AsyncDisposableStack): void {
  directory.create();
  undo.defer(() => directory.remove());
  if (plan.sharedMemoryBytes !== undefined) mountShared(directory, plan.sharedMemoryBytes, plan.owner);
  undo.defer(() => detach(directory.file('shm')));
}

/** The limits that the runtime does not set are taken out of the configuration: we write them ourselves. */
function ownLimits(host: TaskHost, spec: object) {
  const { linux } = spec as { linux: { resources: object } };
  const { resources, writes } = takeOwnLimits(host.cgroups, linux.resources);
  return { spec: { ...spec, linux: { ...linux, resources } }, writes };
}

const processOf = (spec: object): ProcessSpec => (spec as { process: ProcessSpec }).process;

function createProcess(
  host: TaskHost,
  tool: OciTool,
  directory: RunDirectory,
  plan: LaunchPlan,
  { undo, signal }: { readonly undo: AsyncDisposableStack; readonly signal: AbortSignal | undefined },
): Promise<Opened> {
  const call = {
    signal,
    id: plan.id,
    bundle: directory.path,
    pidFile: directory.file('pid'),
    logFile: directory.file('log.json'),
    oomScoreAdj: processOf(plan.spec).oomScoreAdj,
  };
  const create = (io: Pick<CreateCall, 'stdio' | 'consoleSocket'>) => tool.create({ ...call, ...io });
  return plan.terminal
    ? host.streams.onTerminal(plan.id, plan.owner, create, undo)
    : host.streams.onPipes(plan.id, plan, create, undo);
}

const recordOf = (
  host: TaskHost,
  plan: LaunchPlan,
  pid: number,
  pipes: PipeInodes | undefined,
): TaskRecord => ({
  id: plan.id,
  pid,
  startTime: processStat(pid)?.startTime ?? '',
  bootId: host.boot,
  runtime: plan.runtime,
  terminal: plan.terminal,
  openStdin: plan.openStdin,
  pipes,
  cgroupPath: plan.cgroupPath,
  logDirectory: plan.writer.directory,
});

/** Keeps the pidfd for the next daemon, where the kernel can. */
function bindPidfd(pidfd: number, directory: RunDirectory): void {
  const path = directory.touchPidfd();
  try {
    bindDescriptor(pidfd, path);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error; // before Linux 6.14: the connector must do
  }
}

/** A runtime that is let go has a handful of calls to make until then; one that is stuck holds up no start. */
const PROGRAM_WAIT_MS = 200;

/**
 * Waits until the process has become the container's program: clients read its output, its name and its memory as soon
 * as a start is answered. Not for long, and no longer than it lives.
 */
async function programRuns(pid: number): Promise<void> {
  const deadline = performance.now() + PROGRAM_WAIT_MS;
  while (processStat(pid)?.executed === false && performance.now() < deadline) await sleep(1);
}

async function takeBack(task: Task): Promise<void> {
  task.signal(SIGKILL);
  await task.ended;
  await task.release();
}
