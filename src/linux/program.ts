/** Programs of the distribution that work for us: started without a shell, read, and ended with all that they started. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipe } from './files.ts';
import {
  type ExitStatus,
  killIfAlive,
  pidfdExit,
  pidfdOpen,
  pidfdSignal,
  reap,
  SIGKILL,
  type SpawnOptions,
  spawn,
} from './process.ts';

const SETPRIV = '/usr/bin/setpriv';
/** The user that owns nothing. */
export const NOBODY = 65534;
/** A program that has closed its output ends at once; then its status may be gone (reaped as anybody's orphan). */
const STATUS_WAIT_MS = 2000;

/**
 * What runs a program as nobody, without a way back, in front of its own words: it reads what strangers sent. Empty:
 * nobody can be run as here.
 */
export const asNobody = (): readonly string[] =>
  process.getuid?.() === 0 && existsSync(SETPRIV)
    ? [SETPRIV, `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs']
    : [];

/** A program that runs. Stop it, whatever happens. */
export interface Program {
  readonly pid: number;
  readonly pidfd: number;
  readonly output: Socket;
  readonly complaints: Socket;
}

/** Starts a program of its own session; `input`: the file that it reads, or a descriptor, which stays the caller's. @throws SystemError */
export function startProgram(
  argv: readonly [string, ...string[]],
  input: string | number,
  options: SpawnOptions = {},
): Program {
  const stdin = typeof input === 'string' ? openSync(input, 'r') : input;
  const output = pipe();
  const complaints = pipe();
  try {
    const pid = spawn(argv[0], argv, [stdin, output.write, complaints.write], options);
    return {
      pid,
      pidfd: pidfdOpen(pid),
      output: new Socket({ fd: output.read, readable: true, writable: false }),
      complaints: new Socket({ fd: complaints.read, readable: true, writable: false }),
    };
  } catch (error) {
    for (const fd of [output.read, complaints.read]) closeSync(fd);
    throw error;
  } finally {
    for (const fd of [output.write, complaints.write]) closeSync(fd);
    if (stdin !== input) closeSync(stdin);
  }
}

/** All that comes, of which `most` characters are kept. */
export async function textOf(stream: Socket, most: number): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) if (text.length < most) text += chunk;
  return text.trim().slice(0, most);
}

/** How a program is run to its end. */
export interface RunOptions extends SpawnOptions {
  /** Characters that are kept of what it prints, and of its complaints. */
  readonly most: { readonly printed: number; readonly complaint: number };
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** What a program that was run has left. */
export interface RanProgram {
  readonly printed: string;
  readonly complaint: string;
  /** See {@link endOf}. */
  readonly status: ExitStatus | undefined;
}

/** Runs a program, which has nothing to read, to its end. @throws SystemError, and the signal's reason */
export async function runProgram(
  argv: readonly [string, ...string[]],
  { most, signal, ...options }: RunOptions,
): Promise<RanProgram> {
  signal.throwIfAborted();
  const program = startProgram(argv, '/dev/null', options);
  const stop = () => void program.output.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const complaint = textOf(program.complaints, most.complaint).catch(() => '');
    const printed = await textOf(program.output, most.printed).catch(() => '');
    signal.throwIfAborted();
    const status = await endOf(program);
    return { printed, complaint: status?.code === 0 ? '' : await complaint, status };
  } finally {
    signal.removeEventListener('abort', stop);
    await stopProgram(program);
  }
}

/** Ends it and whatever it started, and lets go of it. */
export async function stopProgram(program: Program): Promise<void> {
  const { pid, pidfd, output, complaints } = program;
  // Its number is still its own: it lives, or nobody has asked for its end.
  if (pidfdSignal(pidfd, SIGKILL)) killIfAlive(-pid);
  output.destroy();
  complaints.destroy();
  await endOf(program);
  closeSync(pidfd);
}

/** How it ended; undefined when another part of this process reaped it and the kernel is too old to tell. */
export async function endOf({ pid, pidfd }: Program): Promise<ExitStatus | undefined> {
  for (let waitedMs = 0; waitedMs < STATUS_WAIT_MS; waitedMs += 5) {
    const status = reap(pid) ?? statusFromPidfd(pidfd);
    if (status || !pidfdSignal(pidfd, 0)) return status;
    await sleep(5);
  }
  return undefined;
}

function statusFromPidfd(pidfd: number): ExitStatus | undefined {
  try {
    return pidfdExit(pidfd);
  } catch {
    return undefined; // before Linux 6.15
  }
}
