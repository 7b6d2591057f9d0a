/**
 * Starts, finds again, and ends tasks: the processes of containers, which outlive this daemon. This file opens what
 * all tasks share and closes it; a start is in launch.ts, the finding again in adopt.ts.
 */
import { mkdirSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { Owner } from '../../base/id-map.ts';
import type { Log } from '../../base/log.ts';
import { becomeSubreaper, type Reactor } from '../../linux/index.ts';
import {
  type CgroupHost,
  cgroupsBelow,
  presentCgroups,
  readCgroupHost,
  removeEmptyCgroup,
} from '../cgroups/cgroups.ts';
import type { CgroupDriver } from '../cgroups/location.ts';
import { CgroupLock } from '../cgroups/lock.ts';
import { takeOwnLimits, writeOwnLimits } from '../cgroups/own-limits.ts';
import type { RealtimeBudget } from '../cgroups/realtime.ts';
import { CgroupRemovals } from '../cgroups/removal.ts';
import type { Exits } from '../exits/exits.ts';
import { openExits } from '../exits/open-exits.ts';
import { type DescriptorStore, Keeper } from '../keeper/keeper.ts';
import type { ConsoleSocket } from '../oci/console.ts';
import { type OciRuntime, OciTool } from '../oci/oci.ts';
import { type Resources, setUnitProperties, unitProperties } from '../oci/unit-properties.ts';
import type { OutputWriter } from '../output/writer.ts';
import { Streams } from '../streams/streams.ts';
import {
  type Adoptable,
  adoptTask,
  followTask,
  forgetTask,
  keepTask,
  type Look,
  lookForTask,
} from './adopt.ts';
import { apartCgroup, moveApart } from './apart.ts';
import { type Launch, type LaunchPlan, launchTask } from './launch.ts';
import type { TaskRecord } from './record.ts';
import { bootId, prepareExecRoot, runDirectoryIds } from './run-directory.ts';
import type { Task } from './task.ts';
import { directoryOf, type TaskHost, toolOf } from './task-host.ts';

/** What a supervisor needs of its engine. */
export interface SupervisorOptions {
  /** Where bundles and records of running tasks lie; it dies with the host's boot. */
  readonly execRoot: string;
  readonly runtimes: readonly OciRuntime[];
  readonly cgroupDriver: CgroupDriver;
  /** The engine's own cgroup, without a slash. */
  readonly cgroup: string;
  readonly realtime: RealtimeBudget;
  readonly reactor: Reactor;
  readonly log: Log;
  /** Who else holds descriptors while no daemon runs. */
  readonly descriptorStore?: DescriptorStore | undefined;
}

/** Under which name the keeper has the socket of the kernel's process events. */
const CONNECTOR_NAME = 'exit events';

/** All tasks of an engine, and what they share. One per daemon: it makes this process the reaper of orphans. */
export class Supervisor {
  readonly cgroups: CgroupHost;
  readonly reactor: Reactor;
  readonly exits: Exits;
  readonly devNull: number;
  readonly #keeper: Keeper;
  readonly #cgroup: string;
  #moving: Promise<void> = Promise.resolve();
  readonly #cgroupLock: CgroupLock;
  readonly #host: TaskHost;

  constructor(options: SupervisorOptions) {
    const { execRoot, reactor, log, cgroup } = options;
    this.reactor = reactor;
    this.#cgroup = cgroup;
    prepareExecRoot(execRoot);
    mkdirSync(`${execRoot}/runtimes`, { recursive: true, mode: 0o700 });
    becomeSubreaper();
    const cgroups = readCgroupHost();
    this.cgroups = cgroups;
    this.#cgroupLock = new CgroupLock(cgroups);
    const devNull = openSync('/dev/null', 'r+');
    this.devNull = devNull;
    const { keeper, found } = Keeper.open({
      file: `${execRoot}/keeper`,
      devNull,
      reactor,
      log,
      settle: (pid) => {
        this.#moving = this.#moveApart(pid, options);
      },
      store: options.descriptorStore,
    });
    this.#keeper = keeper;
    const exits = openExits({
      parked: found.output.get(CONNECTOR_NAME)?.[0],
      park: (connector) => keeper.park('output', CONNECTOR_NAME, [connector]),
      reactor,
      log,
    });
    this.exits = exits;
    this.#host = {
      execRoot,
      boot: bootId(),
      cgroups,
      removals: new CgroupRemovals(cgroups, log),
      realtime: options.realtime,
      reactor,
      exits,
      streams: new Streams({ keeper, parked: found, execRoot, devNull, cgroups, reactor }),
      tools: toolsOf(options, { exits, cgroups, devNull }),
      log,
      tasks: new Set(),
      unclaimed: new Set(),
    };
  }

  async #moveApart(pid: number, { cgroupDriver: driver, cgroup, log }: SupervisorOptions): Promise<void> {
    await setImmediate(); // not in the way of the start
    const { exits, reactor, devNull, cgroups } = this;
    await moveApart({ exits, reactor, devNull, cgroups, driver, cgroup, log }, pid);
  }

  /** This boot of the machine: what ran in another does not run any more. */
  get boot(): string {
    return this.#host.boot;
  }
  get runtimeNames(): readonly string[] {
    return [...this.#host.tools.keys()];
  }

  /** A launch or an exec is near: what takes the kernel long is begun beside the other work. */
  announceStart(): void {
    this.#cgroupLock.warm();
  }

  /** Where the /dev/shm lies that a container shares, while it runs. */
  sharedMemory(id: string): string {
    return directoryOf(this.#host, id).file('shm');
  }

  /** Changes the limits of a running container: `linux.resources` of what is to change. @throws RuntimeRefused */
  async update(task: Task, resources: object): Promise<void> {
    const { id, cgroupPath } = task.record;
    const own = takeOwnLimits(this.cgroups, resources);
    const tool = this.toolOf(task);
    await tool.update(id, directoryOf(this.#host, id).file('limits.json'), own.resources);
    writeOwnLimits(this.cgroups, cgroupPath, own.writes);
    if (tool.tellsUnit) await this.#keepLimits(basename(cgroupPath), resources);
  }

  /** Tells systemd what changed of a scope's limits, so that it keeps them. The kernel has them: it never fails. */
  async #keepLimits(unit: string, resources: Resources): Promise<void> {
    const properties = unitProperties(resources, this.cgroups.version);
    await setUnitProperties(this, unit, properties).catch((error: unknown) =>
      this.#host.log.warn('cgroup.unit-limits', { unit, reason: messageOf(error) }),
    );
  }

  /** Prepares a container's process. `signal` ends a runtime that hangs. @throws RuntimeRefused, SystemError: then nothing is left of it */
  launch(plan: LaunchPlan, signal?: AbortSignal): Promise<Launch> {
    return launchTask(this.#host, plan, signal);
  }

  /** Looks for a container's process after a restart of the daemon. What runs is to be adopted. */
  look(id: string): Look {
    return lookForTask(this.#host, id);
  }

  /** Goes on with a container's process that was found. @throws what opening its log throws: then it can be tried again */
  adopt(id: string, look: Adoptable, writerOf: (record: TaskRecord) => OutputWriter): Task {
    return adoptTask(this.#host, id, look, writerOf);
  }

  /** An adopted task ends when its process does, or has done. Call it when whoever carries its output on is there. */
  follow(task: Task, look: Adoptable): void {
    followTask(this.#host, task, look);
  }

  /** Takes back what was found of a run that never was, or that ended with the machine. */
  forget(id: string, look: Exclude<Look, Adoptable | { is: 'unreadable' }>): void {
    forgetTask(this.#host, id, look);
  }

  /**
   * Goes on with the output of a container's process whose owner's record cannot be read. Takes nothing back, whatever
   * it finds; its files stay when it ends, so that {@link adopt} finds them another time. Undefined: it does not run.
   */
  keep(id: string, writerOf: (record: TaskRecord) => OutputWriter): Task | undefined {
    return keepTask(this.#host, id, writerOf);
  }

  /** Ids with a directory below the exec root: what an earlier daemon started and did not clear away. */
  leftIds(): string[] {
    return runDirectoryIds(this.#host.execRoot);
  }

  /** Ids under which descriptors are parked that nobody has reopened. */
  parkedIds(): string[] {
    return this.#host.streams.parkedIds().filter((id) => id !== CONNECTOR_NAME);
  }
  /** Lets go of what is parked for a container that nobody adopts. */
  dropParked(id: string): void {
    this.#host.streams.release(id);
  }

  /** Those of these cgroups that are there. */
  presentCgroups(paths: readonly string[]): string[] {
    return presentCgroups(this.cgroups, paths);
  }
  cgroupsBelow(parent: string): string[] {
    return cgroupsBelow(this.cgroups, parent);
  }
  /** One that holds anything stays. */
  dropEmptyCgroup(path: string): void {
    removeEmptyCgroup(this.cgroups, path);
  }
  /** Removes a cgroup that a cut-off start left; safe to call for one that never was. */
  sweepCgroup(path: string): Promise<void> {
    return this.#host.removals.begin(path);
  }

  /** For an exec's terminal. */
  openConsole(): ConsoleSocket {
    return this.#host.streams.openConsole();
  }
  /** For an exec's missing streams. */
  nothingFor(owner: Owner | undefined): ReturnType<Streams['nothingFor']> {
    return this.#host.streams.nothingFor(owner);
  }
  /** Where an exec's files lie while it starts; they go with the task at the latest. */
  execFile(task: Task, execId: string): string {
    return `${directoryOf(this.#host, task.record.id).path}/exec-${execId.slice(0, 16)}`;
  }
  /** The tool of a task's runtime. */
  toolOf(task: Task): OciTool {
    return toolOf(this.#host, task.record.runtime);
  }

  /** An orderly end of the daemon. Containers run on; without any, the keeper and the engine's cgroup go too. */
  async close(): Promise<void> {
    const { tasks, tools, unclaimed, removals } = this.#host;
    const idle = tasks.size === 0 && unclaimed.size === 0;
    for (const task of tasks) task.abandon();
    if (idle && this.exits.connector !== undefined) this.#keeper.release('output', CONNECTOR_NAME);
    this.exits.close();
    for (const tool of tools.values()) tool.close();
    if (!idle) return;
    await Promise.all([this.#moving, removals.allOver()]); // the engine's cgroup goes after theirs
    if (this.#keeper.close()) await removals.begin(apartCgroup(this.#cgroup));
    removeEmptyCgroup(this.cgroups, `/${this.#cgroup}`);
  }
}

function toolsOf(
  { execRoot, runtimes, cgroupDriver, log }: SupervisorOptions,
  shared: Pick<Supervisor, 'exits' | 'cgroups' | 'devNull'>,
): ReadonlyMap<string, OciTool> {
  const deps = { ...shared, cgroupDriver, log, stateRoot: `${execRoot}/runtimes` };
  return new Map(runtimes.map((runtime) => [runtime.name, new OciTool(runtime, deps)]));
}
