/** A container's running process: its pidfd, streams and log. Made by `launchTask` or, after a restart, `adoptTask`. */
import { closeSync, constants, openSync } from 'node:fs';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import {
  cloneMount,
  type ExitStatus,
  inMountsOf,
  mountPoints,
  pidfdSignal,
  processStat,
  type Reactor,
  setWindowSize,
  tryFindInTree,
} from '../../linux/index.ts';
import { type CgroupHost, cgroupProcesses } from '../cgroups/cgroups.ts';
import { killedForMemory, MemoryKills } from '../cgroups/out-of-memory.ts';
import type { OutputWriter } from '../output/writer.ts';
import { Drain, type Source } from '../streams/drain.ts';
import { InputPort } from '../streams/input.ts';
import type { TaskRecord } from './record.ts';

/** How a task ended. */
export interface TaskEnd {
  /** Undefined: no one knows (an old kernel, everything of ours killed). */
  readonly status: ExitStatus | undefined;
  readonly at: Date;
  readonly oomKilled: boolean;
}

/** What a task is made of. */
export interface TaskParts {
  readonly record: TaskRecord;
  /** Undefined: the process is gone and its pidfd was not kept. */
  readonly pidfd: number | undefined;
  readonly writer: OutputWriter;
  readonly sources: readonly Source[];
  /** The write end of stdin's pipe; undefined when it is closed or there is none. A terminal's input is its master. */
  readonly stdinFd: number | undefined;
  readonly reactor: Reactor;
  readonly cgroups: CgroupHost;
  readonly log: Log;
  /** Frees what the supervisor keeps for the task: parked descriptors, mounts, files. */
  readonly release: {
    stdin(): void;
    all(): Promise<void>;
  };
}

/** A process of the engine's that runs or has just ended, with everything that is held for it. */
export class Task {
  readonly record: TaskRecord;
  readonly writer: OutputWriter;
  readonly #parts: TaskParts;
  readonly #drains: readonly Drain[];
  readonly #kills: MemoryKills;
  readonly #ended = Promise.withResolvers<TaskEnd>();
  #since = performance.now();
  readonly #saidBefore: number;
  #input: InputPort | undefined;
  #released = false;

  constructor(parts: TaskParts) {
    this.#parts = parts;
    this.record = parts.record;
    this.writer = parts.writer;
    this.#saidBefore = parts.writer.totalBytes;
    this.#kills = new MemoryKills(parts.cgroups, parts.record.cgroupPath, parts.reactor);
    this.#drains = parts.sources.map((source) => new Drain(source, parts.writer, parts.reactor, parts.log));
    parts.writer.onDrained = () => {
      for (const drain of this.#drains) drain.resume();
    };
    for (const drain of this.#drains) drain.start();
    const inputFd = parts.record.terminal ? this.#master : parts.stdinFd;
    if (inputFd !== undefined) this.#input = new InputPort(inputFd, parts.reactor);
  }

  /** Its process has become the program: it counts from now. */
  begin(): void {
    this.#since = performance.now();
  }
  /** How long its program runs, or is in this daemon's hands. */
  get ageMs(): number {
    return performance.now() - this.#since;
  }
  /** It has written nothing in that time. */
  get isSilent(): boolean {
    return this.writer.totalBytes === this.#saidBefore;
  }

  get #master(): number | undefined {
    return this.record.terminal ? this.#parts.sources[0]?.fd : undefined;
  }
  get pid(): number {
    return this.record.pid;
  }
  /** Where clients write to; undefined when stdin was closed or never asked for. */
  get input(): InputPort | undefined {
    return this.#input?.closed ? undefined : this.#input;
  }

  /** The end of input for the process: every writer of its stdin closes, after what was written is taken. */
  closeInput(): void {
    const input = this.#input;
    if (input === undefined || this.record.terminal) return;
    input.drained(() => {
      input.close();
      this.#closeStdin();
    });
  }
  #stdinClosed = false;
  #closeStdin(): void {
    if (this.#stdinClosed || this.#parts.stdinFd === undefined) return;
    this.#stdinClosed = true;
    this.#parts.release.stdin();
    closeSync(this.#parts.stdinFd);
  }

  /** False when the process has ended already. */
  signal(number: number): boolean {
    return this.#parts.pidfd !== undefined && pidfdSignal(this.#parts.pidfd, number);
  }
  /** Its end is certain, though perhaps not heard of yet: the kernel kills the rest of its namespace first. */
  get ending(): boolean {
    return this.#parts.pidfd === undefined || (processStat(this.pid)?.exiting ?? true);
  }
  /** Sends a signal to everything in the cgroup: what `kill -9` must reach when the container shares the host's processes. */
  signalAll(number: number): void {
    for (const pid of cgroupProcesses(this.#parts.cgroups, this.record.cgroupPath)) {
      try {
        process.kill(pid, number);
      } catch {
        // ended meanwhile
      }
    }
  }
  /** @throws SystemError; nothing happens without a terminal */
  resize(rows: number, columns: number): void {
    const master = this.#master;
    if (master !== undefined) setWindowSize(master, rows, columns);
  }

  /** Where something is mounted as its processes see it; nothing when it has ended. */
  mountPoints(): string[] {
    const points = mountPoints(this.pid);
    return this.signal(0) ? points : []; // else the number may be another's by now
  }
  /**
   * Copies of what is mounted at `paths` for its processes, the caller's to close; undefined for what is not there.
   * Paths are looked up inside its root. Synchronous.
   */
  mountCopies(paths: readonly string[]): (number | undefined)[] {
    const { pidfd } = this.#parts;
    if (pidfd === undefined || paths.length === 0) return paths.map(() => undefined);
    try {
      return inMountsOf(pidfd, () => copyMounts(paths));
    } catch (error) {
      if (codeOf(error) === 'ESRCH') return paths.map(() => undefined); // it has ended
      throw error;
    }
  }

  /** Resolves when the process has ended and its last output is in the log. Then `release` must be called. */
  get ended(): Promise<TaskEnd> {
    return this.#ended.promise;
  }

  /** Called once by the supervisor: the process has ended. */
  end(status: ExitStatus | undefined, at: Date): void {
    for (const drain of this.#drains) drain.finish();
    this.#endLog();
    this.#ended.resolve({ status, at, oomKilled: killedForMemory(this.#kills, this.record, status) });
  }

  #endLog(): void {
    try {
      this.writer.endRun();
    } catch (error) {
      // A full disk must not hide the end.
      this.#parts.log.warn('output.lost', { directory: this.writer.directory, reason: messageOf(error) });
    }
    this.writer.finish();
  }

  /** Gives everything back to the kernel. Call it when the end is on record: only then may its traces go. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#input?.close();
    this.#closeStdin();
    for (const { fd, pipe } of this.#parts.sources)
      for (const each of pipe ? [fd, pipe.read, pipe.write] : [fd]) closeSync(each);
    if (this.#parts.pidfd !== undefined) closeSync(this.#parts.pidfd);
    await this.#parts.release.all();
  }

  /** An orderly stop of the daemon: the process runs on, its descriptors stay with the keeper. */
  abandon(): void {
    for (const drain of this.#drains) drain.stop();
    this.#kills.close();
    this.#input?.close();
    this.writer.finish();
  }
}

/** Inside a process's own mounts. */
function copyMounts(paths: readonly string[]): (number | undefined)[] {
  const root = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY);
  const copies: (number | undefined)[] = [];
  try {
    for (const path of paths) {
      const found = tryFindInTree(root, path, true);
      if (found >= 0) copies.push(copyOf(found));
      else copies.push(undefined);
    }
    return copies;
  } catch (error) {
    for (const copy of copies) if (copy !== undefined) closeSync(copy);
    throw error;
  } finally {
    closeSync(root);
  }
}

function copyOf(found: number): number {
  try {
    return cloneMount(found, '', true);
  } finally {
    closeSync(found);
  }
}
