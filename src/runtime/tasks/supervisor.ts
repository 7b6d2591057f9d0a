/** Starts, finds again, and ends tasks: the processes of containers, which outlive this daemon. */
import { closeSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { undoUnlessDone } from '../../base/lifetime.ts';
import type { Log } from '../../base/log.ts';
import {
  becomeSubreaper,
  bindDescriptor,
  MNT_DETACH,
  MS,
  mount,
  pidfdOpen,
  pidfdSignal,
  processStat,
  type Reactor,
  SystemError,
  setNonBlocking,
  unmount,
  unmountAway,
} from '../../linux/index.ts';
import {
  type CgroupHost,
  cgroupProcesses,
  readCgroupHost,
  removeCgroup,
  removeEmptyCgroup,
} from '../cgroups/cgroups.ts';
import type { CgroupDriver } from '../cgroups/location.ts';
import { CgroupLock } from '../cgroups/lock.ts';
import { takeOwnLimits, writeOwnLimits } from '../cgroups/own-limits.ts';
import { allowRealtime, type RealtimeBudget } from '../cgroups/realtime.ts';
import { chooseExitSource, Exits, openConnector } from '../exits/exits.ts';
import { Keeper } from '../keeper/keeper.ts';
import type { ConsoleSocket } from '../oci/console.ts';
import { type CreateCall, type OciRuntime, OciTool } from '../oci/oci.ts';
import { bootId, RunDirectory } from '../oci/run-directory.ts';
import type { OutputWriter } from '../output/writer.ts';
import { type Opened, Streams } from '../streams/streams.ts';
import { Task, type TaskRecord } from './task.ts';

export interface SupervisorOptions {
  readonly execRoot: string;
  readonly runtimes: readonly OciRuntime[];
  readonly cgroupDriver: CgroupDriver;
  readonly realtime: RealtimeBudget;
  readonly reactor: Reactor;
  readonly log: Log;
}

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
  readonly writer: OutputWriter;
}

/** A task that was prepared: its process exists and waits. `go` lets it run, `undo` takes everything back. */
export interface Launch {
  readonly task: Task;
  go(): Promise<void>;
  undo(): Promise<void>;
}

/** What was found of a container after a restart. */
export type Found =
  | { readonly is: 'running'; readonly task: Task }
  /** It never ran: a start was cut off. Everything of it has been taken back. */
  | { readonly is: 'undone' }
  /** It ended while no daemon ran: `task.ended` is settled already. */
  | { readonly is: 'ended'; readonly task: Task }
  | { readonly is: 'unknown' };

const CONNECTOR_NAME = 'exit events';
const SIGKILL = 9;

export class Supervisor {
  readonly cgroups: CgroupHost;
  readonly reactor: Reactor;
  readonly exits: Exits;
  readonly devNull: number;
  readonly #options: SupervisorOptions;
  readonly #keeper: Keeper;
  readonly #tools = new Map<string, OciTool>();
  readonly #streams: Streams;
  readonly #boot = bootId();
  readonly #cgroupLock: CgroupLock;
  readonly #tasks = new Set<Task>();

  constructor(options: SupervisorOptions) {
    const { execRoot, reactor, log } = options;
    this.#options = options;
    this.reactor = reactor;
    mkdirSync(`${execRoot}/tasks`, { recursive: true, mode: 0o700 });
    becomeSubreaper();
    this.cgroups = readCgroupHost();
    this.#cgroupLock = new CgroupLock(this.cgroups);
    this.devNull = openSync('/dev/null', 'r+');
    const { keeper, found } = Keeper.open({
      file: `${execRoot}/keeper`,
      devNull: this.devNull,
      reactor,
      log,
    });
    this.#keeper = keeper;
    this.exits = this.#openExits(found.output.get(CONNECTOR_NAME)?.[0]);
    this.#streams = new Streams({
      keeper,
      parked: found,
      execRoot,
      devNull: this.devNull,
      cgroups: this.cgroups,
      reactor,
    });
    for (const runtime of options.runtimes)
      this.#tools.set(
        runtime.name,
        new OciTool(runtime, {
          exits: this.exits,
          cgroups: this.cgroups,
          cgroupDriver: options.cgroupDriver,
          devNull: this.devNull,
          log,
          stateRoot: `${execRoot}/runtimes`,
        }),
      );
    mkdirSync(`${execRoot}/runtimes`, { recursive: true, mode: 0o700 });
  }

  /** `parked`: the connector's socket, if the keeper held one. */
  #openExits(parked: number | undefined): Exits {
    const { reactor, log } = this.#options;
    const source = chooseExitSource(process.env.GANTRY_EXIT_SOURCE);
    let connector = parked;
    if (source === 'connector' && connector === undefined) {
      connector = openConnector();
      setNonBlocking(connector, true);
      this.#keeper.park('output', CONNECTOR_NAME, [connector]);
    }
    if (source === 'none')
      log.warn('exits.unknown', {
        note: 'this kernel cannot tell exit codes of containers that end while the daemon is away',
      });
    return new Exits({ reactor, log, source, connector });
  }

  /** This boot of the machine: what ran in another does not run any more. */
  get boot(): string {
    return this.#boot;
  }
  get runtimeNames(): readonly string[] {
    return [...this.#tools.keys()];
  }
  get keeperPid(): number {
    return this.#keeper.pid;
  }
  #tool(name: string): OciTool {
    const tool = this.#tools.get(name);
    if (tool === undefined) throw new Error(`no runtime ${name}`);
    return tool;
  }
  #directory(id: string): RunDirectory {
    return new RunDirectory(`${this.#options.execRoot}/tasks/${id}`);
  }

  /** A launch or an exec is near: what takes the kernel long is begun beside the other work. */
  announceStart(): void {
    this.#cgroupLock.warm();
  }

  /** Where the /dev/shm lies that a container shares, while it runs. */
  sharedMemory(id: string): string {
    return this.#directory(id).file('shm');
  }

  /** Changes the limits of a running container: `linux.resources` of what is to change. @throws RuntimeRefused */
  async update(task: Task, resources: object): Promise<void> {
    const { id, runtime, cgroupPath } = task.record;
    const own = takeOwnLimits(this.cgroups, resources);
    await this.#tool(runtime).update(id, this.#directory(id).file('limits.json'), own.resources);
    writeOwnLimits(this.cgroups, cgroupPath, own.writes);
  }

  /** Prepares a container's process. @throws RuntimeRefused, SystemError: then nothing is left of it */
  launch(plan: LaunchPlan): Promise<Launch> {
    return undoUnlessDone(async (undo) => {
      const directory = this.#directory(plan.id);
      directory.create();
      undo.defer(() => directory.remove());
      if (plan.sharedMemoryBytes !== undefined) mountShared(directory, plan.sharedMemoryBytes);
      undo.defer(() => detach(directory.file('shm')));
      const tool = this.#tool(plan.runtime);
      allowRealtime(this.cgroups, plan.cgroupPath, this.#options.realtime);
      const { spec, writes } = this.#ownLimits(plan.spec);
      const bundle = tool.bundle(plan.id, spec);
      directory.writeConfig(bundle.spec);
      undo.defer(() => this.#sweepProcess(tool, plan.id, plan.cgroupPath));
      const call = {
        id: plan.id,
        bundle: directory.path,
        pidFile: directory.file('pid'),
        logFile: directory.file('log.json'),
      };
      const create = (io: Pick<CreateCall, 'stdio' | 'consoleSocket'>) => tool.create({ ...call, ...io });
      const streams = plan.terminal
        ? await this.#streams.onTerminal(plan.id, create, undo)
        : await this.#streams.onPipes(plan.id, plan.openStdin, create, undo);
      const { pid } = streams;
      bundle.prepared();
      const pidfd = pidfdOpen(pid);
      undo.defer(() => closeSync(pidfd));
      undo.defer(() => void pidfdSignal(pidfd, SIGKILL));
      writeOwnLimits(this.cgroups, plan.cgroupPath, writes);
      this.#bindPidfd(pidfd, directory);
      undo.defer(() => detach(directory.file('pidfd')));
      const record = this.#record(plan, pid, streams.pipes);
      directory.save(record);
      const task = this.#task(record, pidfd, plan.writer, streams, directory);
      undo.defer(() => void this.#tasks.delete(task));
      this.#watch(task, pidfd);
      return {
        task,
        go: () => tool.start(plan.id, directory.file('log.json')),
        undo: async () => {
          task.signal(SIGKILL);
          await task.ended;
          await task.release();
        },
      };
    });
  }

  #ownLimits(spec: object) {
    const { linux } = spec as { linux: { resources: object } };
    const { resources, writes } = takeOwnLimits(this.cgroups, linux.resources);
    return { spec: { ...spec, linux: { ...linux, resources } }, writes };
  }

  #record(plan: LaunchPlan, pid: number, pipes: TaskRecord['pipes']): TaskRecord {
    return {
      id: plan.id,
      pid,
      startTime: processStat(pid)?.startTime ?? '',
      bootId: this.#boot,
      runtime: plan.runtime,
      terminal: plan.terminal,
      openStdin: plan.openStdin,
      pipes,
      cgroupPath: plan.cgroupPath,
      logDirectory: plan.writer.directory,
    };
  }

  #bindPidfd(pidfd: number, directory: RunDirectory): void {
    const path = directory.touchPidfd();
    try {
      bindDescriptor(pidfd, path);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error; // before Linux 6.14: the connector must do
    }
  }

  #task(
    record: TaskRecord,
    pidfd: number | undefined,
    writer: OutputWriter,
    streams: Pick<Opened, 'sources' | 'stdin'>,
    directory: RunDirectory,
  ): Task {
    const task = new Task({
      record,
      pidfd,
      writer,
      sources: streams.sources,
      stdinFd: streams.stdin,
      reactor: this.reactor,
      cgroups: this.cgroups,
      log: this.#options.log,
      release: {
        stdin: () => this.#streams.releaseInput(record.id),
        all: async () => {
          this.#tasks.delete(task);
          this.#streams.release(record.id);
          void this.#removeCgroup(record.cgroupPath);
          await detachAway(directory.file('pidfd'));
          await detachAway(directory.file('shm'));
          directory.remove();
          this.#tool(record.runtime).forget(record.id);
        },
      },
    });
    this.#tasks.add(task);
    return task;
  }

  #watch(task: Task, pidfd: number): void {
    void this.exits.watch(task.pid, pidfd).then((status) => {
      // With the host's process namespace nothing else ends the container's other processes: they go with the first.
      task.signalAll(SIGKILL);
      task.end(status, new Date());
    });
  }

  /** The cgroup empties when its last process is reaped: a moment after the kill. */
  async #removeCgroup(path: string): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt++) {
      try {
        if (await removeCgroup(this.cgroups, path)) return;
      } catch (error) {
        this.#options.log.warn('cgroup.kept', { path, reason: messageOf(error) });
        return;
      }
      for (const pid of cgroupProcesses(this.cgroups, path)) {
        try {
          process.kill(pid, SIGKILL);
        } catch {
          // ended meanwhile
        }
      }
      await new Promise((resolve) => setTimeout(resolve, attempt < 20 ? 5 : 50));
    }
    this.#options.log.warn('cgroup.kept', { path, reason: 'processes in it do not end' });
  }

  /** Ids with a directory below the exec root: what an earlier daemon started and did not clear away. */
  leftIds(): string[] {
    return readdirSync(`${this.#options.execRoot}/tasks`);
  }

  /** Finds a container's process again after a restart of the daemon. */
  adopt(id: string, writerOf: (record: TaskRecord) => OutputWriter): Found {
    const directory = this.#directory(id);
    const record = directory.load();
    if (record === undefined) {
      this.#undoStart(id, directory);
      return { is: 'undone' };
    }
    if (record.bootId !== this.#boot) {
      directory.remove();
      return { is: 'unknown' };
    }
    const pidfd = this.#reopenPidfd(record, directory);
    if (this.#tool(record.runtime).isWaiting(id)) {
      if (pidfd !== undefined) pidfdSignal(pidfd, SIGKILL);
      if (pidfd !== undefined) closeSync(pidfd);
      this.#undoStart(id, directory, record);
      return { is: 'undone' };
    }
    const task = this.#task(record, pidfd, writerOf(record), this.#streams.reopen(record), directory);
    if (pidfd === undefined) {
      void this.exits.resolve(record.pid, undefined).then((status) => task.end(status, new Date()));
      return { is: 'ended', task };
    }
    this.#watch(task, pidfd);
    return { is: 'running', task };
  }

  /**
   * Goes on with the output of a container's process whose owner's record cannot be read. Takes nothing back, whatever
   * it finds; its files stay when it ends, so that {@link adopt} finds them another time. Undefined: it does not run.
   */
  keep(id: string, writerOf: (record: TaskRecord) => OutputWriter): Task | undefined {
    const directory = this.#directory(id);
    const record = directory.load();
    if (record === undefined || record.bootId !== this.#boot) return undefined;
    const pidfd = this.#reopenPidfd(record, directory);
    if (pidfd === undefined) return undefined;
    const task = this.#task(record, pidfd, writerOf(record), this.#streams.reopen(record), directory);
    this.#watch(task, pidfd);
    return task;
  }

  /** The bound pidfd knows the exit status for ever; without it the pid must still be the same process. */
  #reopenPidfd(record: TaskRecord, directory: RunDirectory): number | undefined {
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
  #undoStart(id: string, directory: RunDirectory, record?: TaskRecord): void {
    const pid = directory.pidFromRuntime();
    for (const tool of this.#tools.values()) {
      if (pid !== undefined && tool.isWaiting(id)) killIfAlive(pid);
      tool.forget(id);
    }
    detach(directory.file('pidfd'));
    detach(directory.file('shm'));
    this.#streams.release(id);
    directory.remove();
    if (record) void this.#removeCgroup(record.cgroupPath);
  }

  #sweepProcess(tool: OciTool, id: string, cgroupPath: string): void {
    tool.forget(id);
    void this.#removeCgroup(cgroupPath);
  }

  /** Removes a cgroup that a cut-off start left; safe to call for one that never was. */
  async sweepCgroup(path: string): Promise<void> {
    await this.#removeCgroup(path);
  }

  /** Forgets what is parked for containers that nobody adopted, but for those to keep. Call it when all adoptions are done. */
  dropUnclaimed(isKept: (id: string) => boolean): void {
    this.#streams.dropUnclaimed((id) => id === CONNECTOR_NAME || isKept(id));
  }

  /** For an exec's terminal. */
  openConsole(): ConsoleSocket {
    return this.#streams.openConsole();
  }
  /** Where an exec's files lie while it starts; they go with the task at the latest. */
  execFile(task: Task, execId: string): string {
    return `${this.#directory(task.record.id).path}/exec-${execId.slice(0, 16)}`;
  }
  /** The tool of a runtime, for exec. */
  toolOf(task: Task): OciTool {
    return this.#tool(task.record.runtime);
  }

  /** An orderly end of the daemon. Containers run on; without any, the keeper and the engine's cgroup go too. */
  close(cgroupParent: string): void {
    const idle = this.#tasks.size === 0;
    for (const task of this.#tasks) task.abandon();
    if (idle && this.exits.connector !== undefined) this.#keeper.release('output', CONNECTOR_NAME);
    this.exits.close();
    for (const tool of this.#tools.values()) tool.close();
    if (!idle) return;
    this.#keeper.close();
    removeEmptyCgroup(this.cgroups, `/${cgroupParent}`);
  }
}

/** Made by the engine, so that no container decides what is mounted into another. */
function mountShared(directory: RunDirectory, bytes: number): void {
  const path = directory.file('shm');
  mkdirSync(path, { mode: 0o700 });
  mount('shm', path, 'tmpfs', MS.NOSUID | MS.NODEV | MS.NOEXEC, `mode=1777,size=${bytes}`);
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

/** Off the main thread: the kernel waits for its readers. */
async function detachAway(path: string): Promise<void> {
  try {
    await unmountAway(path, MNT_DETACH);
  } catch {
    // never bound, or an older kernel
  }
}

function detach(path: string): void {
  try {
    unmount(path, MNT_DETACH);
  } catch {
    // never bound, or an older kernel
  }
}
