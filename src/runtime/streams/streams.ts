/**
 * A container's streams: made for a start, parked with the keeper before any process can write to them, and found
 * again by the next daemon.
 */
import { closeSync } from 'node:fs';
import type { Owner } from '../../base/id-map.ts';
import { chownFd, newNullDevice, pipe, type Reactor, setNonBlocking } from '../../linux/index.ts';
import { type CgroupHost, cgroupProcesses } from '../cgroups/cgroups.ts';
import { type Keeper, SHELVES, type Shelf } from '../keeper/keeper.ts';
import { ConsoleSocket } from '../oci/console.ts';
import type { CreateCall } from '../oci/oci.ts';
import type { Source } from './drain.ts';
import { findPipe, inputPipe, outputPipe, type Pipe, type PipeInodes } from './stdio.ts';

/** What streams are made with. */
export interface StreamsDeps {
  readonly keeper: Keeper;
  /** What the keeper held when this daemon came. */
  readonly parked: Record<Shelf, Map<string, number[]>>;
  readonly execRoot: string;
  readonly devNull: number;
  readonly cgroups: CgroupHost;
  readonly reactor: Reactor;
}

/** What a process's creation gives: the process, and where its output is read. */
export interface Opened {
  readonly pid: number;
  readonly sources: readonly Source[];
  readonly stdin: number | undefined;
  /** Undefined with a terminal. */
  readonly pipes: PipeInodes | undefined;
}

/** What must be known of a running process to find its streams again. */
export interface Left {
  readonly id: string;
  readonly terminal: boolean;
  readonly pipes: PipeInodes | undefined;
  readonly cgroupPath: string;
}

/** Which pipes a process has. */
export interface PipesWanted {
  readonly openStdin: boolean;
  /** The container's root, where it is not the host's. */
  readonly owner?: Owner | undefined;
}

/** Creates the process with the given streams: the runtime's `create`. */
type Create = (streams: Pick<CreateCall, 'stdio' | 'consoleSocket'>) => Promise<number>;

/** The streams of all containers of an engine. */
export class Streams {
  readonly #deps: StreamsDeps;
  #consoles = 0;

  constructor(deps: StreamsDeps) {
    this.#deps = deps;
  }

  /** Pipes, and a process on them. */
  async onPipes(
    id: string,
    { openStdin, owner }: PipesWanted,
    create: Create,
    undo: AsyncDisposableStack,
  ): Promise<Opened> {
    const { keeper } = this.#deps;
    using nothing = this.nothingFor(owner);
    const opened: Pipe[] = [];
    undo.defer(() => {
      for (const { ours } of opened) closeSync(ours);
    });
    try {
      const open = (make: () => Pipe): Pipe => {
        const made = make();
        opened.push(made);
        // Its processes may open it once more, by /proc/self/fd.
        if (owner !== undefined) chownFd(made.theirs, owner.uid, owner.gid);
        return made;
      };
      const [stdout, stderr] = [open(outputPipe), open(outputPipe)];
      keeper.park('output', id, [stdout.ours, stderr.ours]);
      undo.defer(() => keeper.release('output', id));
      const stdin = openStdin ? open(inputPipe) : undefined;
      if (stdin) keeper.park('input', id, [stdin.ours]);
      undo.defer(() => keeper.release('input', id));
      const pid = await create({
        stdio: [stdin?.theirs ?? nothing.fd, stdout.theirs, stderr.theirs],
        consoleSocket: undefined,
      });
      return {
        pid,
        sources: [
          { stream: 'stdout', fd: stdout.ours, pipe: undefined },
          { stream: 'stderr', fd: stderr.ours, pipe: undefined },
        ],
        stdin: stdin?.ours,
        pipes: { stdout: stdout.inode, stderr: stderr.inode },
      };
    } finally {
      for (const { theirs } of opened) closeSync(theirs);
    }
  }

  /** A process on a terminal of its own; the runtime sends its master side. */
  async onTerminal(
    id: string,
    owner: Owner | undefined,
    create: Create,
    undo: AsyncDisposableStack,
  ): Promise<Opened> {
    const { keeper } = this.#deps;
    using nothing = this.nothingFor(owner);
    const socket = this.openConsole();
    try {
      const pid = await create({ stdio: [nothing.fd, nothing.fd, nothing.fd], consoleSocket: socket.path });
      const master = await socket.master();
      const through = pipe(true);
      setNonBlocking(master, true);
      undo.defer(() => {
        for (const fd of [master, through.read, through.write]) closeSync(fd);
      });
      keeper.park('output', id, [master, through.read, through.write]);
      undo.defer(() => keeper.release('output', id));
      return {
        pid,
        sources: [{ stream: 'stdout', fd: master, pipe: through }],
        stdin: undefined,
        pipes: undefined,
      };
    } finally {
      socket.close();
    }
  }

  /**
   * What a process has that has no stream. crun gives it to the container's root: the host's own /dev/null would be
   * that one's to close to everybody.
   */
  nothingFor(owner: Owner | undefined): Disposable & { readonly fd: number } {
    if (owner === undefined) return { fd: this.#deps.devNull, [Symbol.dispose]: () => undefined };
    const fd = newNullDevice();
    return { fd, [Symbol.dispose]: () => closeSync(fd) };
  }

  /** A console socket with a path short enough for any exec root that itself is not longer than 80 bytes. */
  openConsole(): ConsoleSocket {
    return new ConsoleSocket(
      `${this.#deps.execRoot}/tty${process.pid}.${++this.#consoles}`,
      this.#deps.reactor,
    );
  }

  /** The streams of a process that an earlier daemon started. */
  reopen(left: Left): Pick<Opened, 'sources' | 'stdin'> {
    const output = this.#take('output', left.id);
    const [stdin] = this.#take('input', left.id);
    if (left.terminal) {
      const [master, read, write] = output;
      // Without the keeper the terminal is gone, and the kernel has hung it up.
      if (master === undefined || read === undefined || write === undefined)
        return { sources: [], stdin: undefined };
      return { sources: [{ stream: 'stdout', fd: master, pipe: { read, write } }], stdin: undefined };
    }
    const found = output.length > 0 ? output : this.#findPipes(left);
    const sources = (['stdout', 'stderr'] as const).flatMap((stream, i): Source[] => {
      const fd = found[i];
      return fd === undefined ? [] : [{ stream, fd, pipe: undefined }];
    });
    return { sources, stdin };
  }

  #take(shelf: Shelf, id: string): number[] {
    const fds = this.#deps.parked[shelf].get(id) ?? [];
    this.#deps.parked[shelf].delete(id);
    return fds;
  }

  /** The keeper died with the daemon: the container's own processes still have the pipes. */
  #findPipes({ id, pipes, cgroupPath }: Left): (number | undefined)[] {
    if (pipes === undefined) return [];
    const pids = cgroupProcesses(this.#deps.cgroups, cgroupPath);
    const found = [findPipe(pipes.stdout, pids), findPipe(pipes.stderr, pids)];
    const all = found.filter((fd) => fd !== undefined);
    if (all.length === 2) this.#deps.keeper.park('output', id, all);
    return found;
  }

  /** The end of input: the keeper must let go too. */
  releaseInput(id: string): void {
    this.#deps.keeper.release('input', id);
  }

  /** Nothing of the container is held any more, also what nobody reopened. */
  release(id: string): void {
    for (const shelf of SHELVES) {
      for (const fd of this.#take(shelf, id)) closeSync(fd);
      this.#deps.keeper.release(shelf, id);
    }
  }

  /** For whom something is parked that nobody reopened. */
  parkedIds(): string[] {
    const { parked } = this.#deps;
    return [...new Set([...parked.output.keys(), ...parked.input.keys()])];
  }
}
