/** The OCI runtime's command line: crun by default, any other that speaks runc's. */
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { codeOf, Failed } from '../../base/errors.ts';
import { readEnd, readState } from '../../base/files.ts';
import type { Log } from '../../base/log.ts';
import {
  type ExitStatus,
  killIfAlive,
  newSessionKeyring,
  ownOomScore,
  pidfdOpen,
  runUndisturbed,
  setOomScore,
  spawn,
  withHiddenPath,
} from '../../linux/index.ts';
import type { CgroupHost } from '../cgroups/cgroups.ts';
import type { CgroupDriver } from '../cgroups/location.ts';
import type { Exits } from '../exits/exits.ts';
import { bundleArgument } from './makers.ts';
import { withReadOnlyProc } from './read-only-proc.ts';
import { SealedProgram } from './sealed-program.ts';
import { SeccompPrograms } from './seccomp-programs.ts';
import { asAnnotations, type Resources, unitProperties } from './unit-properties.ts';

/** A runtime as `--add-runtime` names it. */
export interface OciRuntime {
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
}

/** What a runtime is called with. */
export interface ToolDeps {
  readonly exits: Exits;
  readonly cgroups: CgroupHost;
  readonly cgroupDriver: CgroupDriver;
  readonly devNull: number;
  readonly log: Log;
  /** Where the runtimes keep their own state, one directory a runtime. */
  readonly stateRoot: string;
}

const ENV = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];

/** What a runtime said when it refused. */
export class RuntimeRefused extends Failed {
  readonly status: ExitStatus | undefined;
  constructor(what: string, status: ExitStatus | undefined) {
    super(what);
    this.status = status;
  }
}

/** The arguments of the runtime's `create`. */
export interface CreateCall {
  readonly id: string;
  readonly bundle: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly consoleSocket: string | undefined;
  /** The process's score for the out-of-memory killer: crun does not set 0, and its exec sets none. */
  readonly oomScoreAdj: number | undefined;
  readonly stdio: readonly [stdin: number, stdout: number, stderr: number];
  /** Ends the runtime, with what it has begun. */
  readonly signal: AbortSignal | undefined;
}
/** The arguments of the runtime's `exec`. */
export interface ExecCall extends Omit<CreateCall, 'bundle' | 'signal'> {
  readonly processFile: string;
}

/** How the runtime's program is run. */
interface RunOptions {
  /** The score for the out-of-memory killer of what it makes. */
  readonly score?: number | undefined;
  /** Before everything else on its processor. */
  readonly undisturbed?: boolean;
  /** With a session keyring that nobody else has; else with the daemon's. */
  readonly ownKeyring?: boolean;
  /** Ends it before it is done. */
  readonly signal?: AbortSignal | undefined;
}

/** One runtime, called as a program; nothing of it runs between two calls. */
export class OciTool {
  readonly #deps: ToolDeps;
  readonly runtime: OciRuntime;

  constructor(runtime: OciRuntime, deps: ToolDeps) {
    this.runtime = runtime;
    this.#deps = deps;
    if (this.#isCrun) this.#program = new SealedProgram(runtime.path, deps.log);
  }

  get #isCrun(): boolean {
    return /(^|\/)crun$/.test(this.runtime.path);
  }
  get #root(): string {
    return `${this.#deps.stateRoot}/${this.runtime.name}`;
  }

  readonly #filters = new SeccompPrograms();
  readonly #program: SealedProgram | undefined;

  /** What to write as `config.json`, and what to do when the container is prepared. */
  bundle(id: string, spec: object): { readonly spec: object; prepared(): void } {
    if (!this.#isCrun) return { spec, prepared: () => undefined };
    const { spec: ready, learn } = this.#filters.prepare(withReadOnlyProc(spec, existsSync));
    return { spec: ready, prepared: () => learn?.(`${this.#root}/${id}/seccomp.bpf`) };
  }

  /** systemd makes the cgroup, and hears of its limits from us: other runtimes than crun tell it themselves. */
  get tellsUnit(): boolean {
    return this.#deps.cgroupDriver === 'systemd' && this.#isCrun;
  }

  /** A configuration with what crun needs to know when systemd makes the cgroup. */
  inScope(spec: object): object {
    if (!this.tellsUnit) return spec;
    const { annotations, linux } = spec as {
      annotations?: Readonly<Record<string, string>>;
      linux: { resources: Resources };
    };
    // systemd has a limit of processes of its own, a sixth of the host's; who asks for none gets none.
    const resources = { pids: { limit: -1 }, ...linux.resources };
    const limits = asAnnotations(unitProperties(resources, this.#deps.cgroups.version));
    // Without the last, processes go into a cgroup below the scope that we asked for (crun(1)).
    return { ...spec, annotations: { ...annotations, ...limits, 'run.oci.systemd.subgroup': '' } };
  }

  /** Prepares the container: its first process exists and waits to be started. @throws RuntimeRefused */
  async create(call: CreateCall): Promise<number> {
    const args = [bundleArgument(call.bundle), `--pid-file=${call.pidFile}`, ...console_(call), call.id];
    await this.#run(call, ['create', ...args], { signal: call.signal });
    const pid = this.#made(call.pidFile);
    if (call.oomScoreAdj !== undefined) setScoreOf(pid, call.oomScoreAdj); // it waits to be started
    return pid;
  }

  /** Changes limits of a running container. `resources`: `linux.resources`, left in `file`. @throws RuntimeRefused */
  async update(id: string, file: string, resources: object): Promise<void> {
    const { devNull } = this.#deps;
    writeFileSync(file, JSON.stringify(resources), { mode: 0o600 });
    const logFile = `${file}.log`;
    rmSync(logFile, { force: true });
    await this.#run({ id, logFile, stdio: [devNull, devNull, devNull] }, [
      'update',
      `--resources=${file}`,
      id,
    ]);
  }

  /** Lets the prepared process go. */
  async start(id: string, logFile: string): Promise<void> {
    // crun's init waits in read(2) of this FIFO; writing the byte ourselves saves starting a program (crun(1) start does the same).
    if (this.#isCrun && this.#release(id)) return;
    const { devNull } = this.#deps;
    await this.#run({ id, logFile, stdio: [devNull, devNull, devNull] }, ['start', id]);
  }

  #fifo(id: string): string {
    return `${this.#root}/${id}/exec.fifo`;
  }
  #release(id: string): boolean {
    const fd = this.#openFifo(id);
    if (fd === undefined) return false;
    try {
      // The byte first: whoever finds the FIFO without a reader knows that the process runs.
      writeSync(fd, Buffer.alloc(1));
    } finally {
      closeSync(fd);
    }
    unlinkSync(this.#fifo(id));
    return true;
  }
  #openFifo(id: string): number | undefined {
    try {
      return openSync(this.#fifo(id), constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENXIO') return undefined;
      throw error;
    }
  }

  /** Whether the container was prepared but never let go: what a daemon killed in the middle of a start leaves. */
  isWaiting(id: string): boolean {
    if (!this.#isCrun) return existsSync(this.#fifo(id));
    const fd = this.#openFifo(id);
    if (fd === undefined) return false;
    closeSync(fd);
    return true;
  }

  /** Starts a further process in the container and returns its pid. @throws RuntimeRefused */
  async exec(call: ExecCall): Promise<number> {
    const args = [
      '--detach',
      `--process=${call.processFile}`,
      `--pid-file=${call.pidFile}`,
      ...console_(call),
    ];
    await this.#run(call, ['exec', ...args, call.id], {
      score: call.oomScoreAdj,
      // Runtimes make one for a container; for what is run in it later runc does, and crun does not.
      ownKeyring: this.#isCrun,
      // crun lets the process go first and then gives its terminal a size (container.c): on a busy machine the process
      // has asked for the size by then. While crun keeps its processor it is the faster of the two.
      undisturbed: this.#isCrun && call.consoleSocket !== undefined,
    });
    return this.#made(call.pidFile);
  }

  /** The pid of what the runtime made; without a pause between its end and this, or the process could be taken for nobody's. */
  #made(pidFile: string): number {
    const pid = readPid(pidFile);
    this.#deps.exits.claim(pid);
    return pid;
  }

  close(): void {
    this.#program?.close();
  }

  /** Removes what the runtime remembers of an ended container. Never fails: it may never have got that far. */
  forget(id: string): void {
    rmSync(`${this.#root}/${id}`, { recursive: true, force: true });
  }

  #spawn(argv: readonly string[], stdio: CreateCall['stdio'], score: number | undefined): number {
    if (score !== undefined && score !== ownOomScore()) {
      // By its path: the sealed copy's descriptor does not reach the shell.
      const scored = ['sh', '-c', WITH_SCORE, 'sh', String(score), this.runtime.path, ...argv.slice(1)];
      return spawn('/bin/sh', scored, stdio, { env: ENV });
    }
    const file = this.#program?.file ?? this.runtime.path;
    try {
      return spawn(file, argv, stdio, { env: ENV });
    } catch (error) {
      if (this.#program === undefined || file === this.runtime.path) throw error;
      return spawn(this.#program.refuse(error), argv, stdio, { env: ENV });
    }
  }

  #managerFlags(): string[] {
    if (this.#deps.cgroupDriver === 'systemd')
      return [this.#isCrun ? '--cgroup-manager=systemd' : '--systemd-cgroup'];
    return this.#isCrun ? ['--cgroup-manager=cgroupfs'] : [];
  }

  async #run(
    call: Pick<CreateCall, 'id' | 'logFile' | 'stdio'>,
    args: readonly string[],
    { score, undisturbed = false, ownKeyring = false, signal }: RunOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    const { cgroups, exits } = this.#deps;
    const manager = this.#managerFlags();
    const argv = [
      this.runtime.path,
      ...this.runtime.args,
      `--root=${this.#root}`,
      `--log=${call.logFile}`,
      '--log-format=json',
      ...manager,
      ...args,
    ];
    const start = () => {
      if (ownKeyring) newSessionKeyring();
      return this.#spawn(argv, call.stdio, score);
    };
    const done = exits.orphanReaper.work();
    let pid: number;
    try {
      pid = cgroups.hide === undefined ? start() : withHiddenPath(cgroups.hide, start);
    } catch (error) {
      done();
      throw new Failed(`cannot start the runtime ${this.runtime.name}: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (undisturbed) runUndisturbed(pid);
    const pidfd = pidfdOpen(pid);
    let status: ExitStatus | undefined;
    const late = new AbortController();
    // It leads a session of its own, and is not reaped yet, so that nobody else has its number.
    const end = () => killIfAlive(-pid);
    const timer = setTimeout(() => late.abort(end()), PATIENCE_MS);
    signal?.addEventListener('abort', end, { once: true });
    try {
      status = await exits.watch(pid, pidfd);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      closeSync(pidfd);
      done();
    }
    if (status?.code === 0) return;
    // What it had begun is ours now.
    exits.orphanReaper.look();
    signal?.throwIfAborted();
    if (late.signal.aborted)
      throw new RuntimeRefused(
        `the runtime ${this.runtime.name} was not done within ${PATIENCE_MS / 1000} seconds`,
        status,
      );
    throw new RuntimeRefused(
      lastComplaint(call.logFile) ?? `${this.runtime.name} ended with status ${status?.code ?? 'unknown'}`,
      status,
    );
  }
}

const console_ = (call: Pick<CreateCall, 'consoleSocket'>): string[] =>
  call.consoleSocket === undefined ? [] : [`--console-socket=${call.consoleSocket}`];

/** Sets the score ($1) of itself and becomes the program ($2 …): so that no process is made before it has the score. */
const WITH_SCORE = '{ echo "$1" > /proc/self/oom_score_adj; } 2> /dev/null; shift; exec "$@"';

function setScoreOf(pid: number, score: number): void {
  try {
    setOomScore(score, pid);
  } catch {
    // It has ended.
  }
}

function readPid(file: string): number {
  const pid = Number(readState(file, 100));
  if (!Number.isSafeInteger(pid) || pid <= 0) throw new Failed(`the runtime wrote no pid to ${file}`);
  return pid;
}

/** A runtime with the slowest of hooks is done long before this; tests have less patience. */
const PATIENCE_MS = Number(process.env.GANTRY_RUNTIME_PATIENCE_MS ?? 120_000);

/** The most of a runtime's log that is read for its last words: a broken runtime may write without end. */
const LOG_BYTES_MAX = 1 << 20;

/** The last error in a runtime's JSON log. */
function lastComplaint(logFile: string): string | undefined {
  let text: string;
  try {
    text = readEnd(logFile, LOG_BYTES_MAX);
  } catch {
    return undefined;
  }
  for (const line of text.trimEnd().split('\n').reverse()) {
    try {
      const { msg, level } = JSON.parse(line) as { msg?: unknown; level?: unknown };
      if (typeof msg === 'string' && level !== 'warning' && level !== 'debug' && level !== 'info') return msg;
    } catch {
      if (line !== '') return line.slice(0, 512);
    }
  }
  return undefined;
}
