/** A further process in a running container. It lives with its client: its streams are plain pipes or a terminal. */
import { closeSync, fstatSync, rmSync, writeFileSync } from 'node:fs';
import type { Owner } from '../../base/id-map.ts';
import { undoUnlessDone } from '../../base/lifetime.ts';
import {
  chownFd,
  type ExitStatus,
  pidfdOpen,
  pidfdSignal,
  pipe,
  setNonBlocking,
  setWindowSize,
} from '../../linux/index.ts';
import { LastWords } from '../oci/last-words.ts';
import type { ProcessSpec } from '../oci/spec.ts';
import { OutputPort } from '../output/port.ts';
import type { StreamName } from '../output/record.ts';
import { InputPort } from '../streams/input.ts';
import type { Supervisor } from './supervisor.ts';
import type { Task } from './task.ts';

/** What a further process runs, and which of its streams somebody wants. */
export interface ExecPlan {
  readonly execId: string;
  /** `process` of the OCI configuration. */
  readonly process: object;
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** The container's root, where it is not the host's. */
  readonly owner?: Owner | undefined;
}

/** A further process in a running container, until its end. */
export class ExecProcess {
  readonly pid: number;
  readonly ended: Promise<ExitStatus | undefined>;
  readonly input: InputPort | undefined;
  readonly outputs: ReadonlyMap<StreamName, OutputPort>;
  readonly #pidfd: number;
  readonly #terminal: number | undefined;
  /** Inodes of the pipes that it writes to. */
  readonly pipes: readonly number[];
  #over = false;

  constructor(parts: {
    pid: number;
    pidfd: number;
    ended: Promise<ExitStatus | undefined>;
    input: InputPort | undefined;
    outputs: ReadonlyMap<StreamName, OutputPort>;
    terminal: number | undefined;
    pipes: readonly number[];
  }) {
    this.pid = parts.pid;
    this.#pidfd = parts.pidfd;
    this.input = parts.input;
    this.outputs = parts.outputs;
    this.#terminal = parts.terminal;
    this.pipes = parts.pipes;
    this.ended = parts.ended.then((status) => {
      this.#over = true;
      closeSync(this.#pidfd);
      this.input?.close();
      for (const output of this.outputs.values()) output.drainAndEnd();
      return status;
    });
  }

  signal(number: number): void {
    if (!this.#over) pidfdSignal(this.#pidfd, number);
  }
  resize(rows: number, columns: number): void {
    if (!this.#over && this.#terminal !== undefined) setWindowSize(this.#terminal, rows, columns);
  }
}

/** @throws RuntimeRefused when the command cannot be run: then nothing is left of it */
export async function startExec(supervisor: Supervisor, task: Task, plan: ExecPlan): Promise<ExecProcess> {
  const base = supervisor.execFile(task, plan.execId);
  const files = { process: `${base}.json`, pid: `${base}.pid`, log: `${base}.log` };
  writeFileSync(files.process, JSON.stringify(plan.process), { mode: 0o600 });
  try {
    return await undoUnlessDone((undo) =>
      plan.terminal
        ? onTerminal(supervisor, task, plan, files, undo)
        : onPipes(supervisor, task, plan, files, undo),
    );
  } finally {
    for (const file of Object.values(files)) rmSync(file, { force: true });
  }
}

interface Files {
  readonly process: string;
  readonly pid: string;
  readonly log: string;
}

async function onPipes(
  supervisor: Supervisor,
  task: Task,
  plan: ExecPlan,
  files: Files,
  undo: AsyncDisposableStack,
): Promise<ExecProcess> {
  using nothing = supervisor.nothingFor(plan.owner);
  const theirs: number[] = [];
  const mine: number[] = [];
  undo.defer(() => {
    for (const fd of mine) closeSync(fd);
  });
  // Ends of a pipe have descriptions of their own: ours does not block, theirs does.
  const open = (wanted: boolean, direction: 'in' | 'out'): number | undefined => {
    if (!wanted) {
      theirs.push(nothing.fd);
      return undefined;
    }
    const { read, write } = pipe();
    const [their, our] = direction === 'in' ? [read, write] : [write, read];
    setNonBlocking(our, true);
    if (plan.owner !== undefined) chownFd(their, plan.owner.uid, plan.owner.gid);
    theirs.push(their);
    mine.push(our);
    return our;
  };
  const stdin = open(plan.stdin, 'in');
  const outputs = new Map<StreamName, OutputPort>();
  const fds = { stdout: open(plan.stdout, 'out'), stderr: open(plan.stderr, 'out') };
  try {
    const [a = -1, b = -1, c = -1] = theirs;
    const pid = await supervisor.toolOf(task).exec({
      id: task.record.id,
      processFile: files.process,
      pidFile: files.pid,
      logFile: files.log,
      oomScoreAdj: scoreOf(plan),
      consoleSocket: undefined,
      stdio: [a, b, c],
    });
    const pipes = Object.values(fds).flatMap((fd) => (fd === undefined ? [] : [fstatSync(fd).ino]));
    const words = new LastWords(pid, commandOf(plan));
    for (const stream of ['stdout', 'stderr'] as const) {
      const fd = fds[stream];
      if (fd !== undefined) outputs.set(stream, outputPort(supervisor, fd, words));
    }
    const input = stdin === undefined ? undefined : new InputPort(stdin, supervisor.reactor);
    if (stdin !== undefined) closeSync(stdin);
    return watched(supervisor, pid, words, { input, outputs, terminal: undefined, pipes });
  } finally {
    for (const fd of theirs) if (fd !== nothing.fd) closeSync(fd);
  }
}

async function onTerminal(
  supervisor: Supervisor,
  task: Task,
  plan: ExecPlan,
  files: Files,
  undo: AsyncDisposableStack,
): Promise<ExecProcess> {
  const socket = supervisor.openConsole();
  try {
    using nothing = supervisor.nothingFor(plan.owner);
    const nul = nothing.fd;
    const pid = await supervisor.toolOf(task).exec({
      id: task.record.id,
      processFile: files.process,
      pidFile: files.pid,
      logFile: files.log,
      oomScoreAdj: scoreOf(plan),
      consoleSocket: socket.path,
      stdio: [nul, nul, nul],
    });
    const master = await socket.master();
    undo.defer(() => closeSync(master));
    setNonBlocking(master, true);
    const words = new LastWords(pid, commandOf(plan));
    return watched(supervisor, pid, words, {
      input: new InputPort(master, supervisor.reactor),
      outputs: new Map([['stdout', outputPort(supervisor, master, words)]]),
      terminal: master,
      pipes: [],
    });
  } finally {
    socket.close();
  }
}

const commandOf = ({ process }: ExecPlan): string => (process as ProcessSpec).args[0] ?? '';

const scoreOf = ({ process }: ExecPlan): number | undefined => (process as ProcessSpec).oomScoreAdj;

const outputPort = ({ reactor }: Supervisor, fd: number, words: LastWords): OutputPort =>
  new OutputPort(fd, reactor, (bytes, read) => words.instead(bytes, read));

function watched(
  supervisor: Supervisor,
  pid: number,
  words: LastWords,
  parts: {
    input: InputPort | undefined;
    outputs: ReadonlyMap<StreamName, OutputPort>;
    terminal: number | undefined;
    pipes: readonly number[];
  },
): ExecProcess {
  const pidfd = pidfdOpen(pid);
  return new ExecProcess({
    pid,
    pidfd,
    ended: supervisor.exits.watch(pid, pidfd, () => words.ending()),
    ...parts,
  });
}
