/** Runs a program of the host to its end and keeps what it printed, within limits of time and size. */
import { closeSync, existsSync } from 'node:fs';
import { Failed } from '../../base/errors.ts';
import {
  type ExitStatus,
  pidfdOpen,
  pidfdSignal,
  pipe,
  type Reactor,
  SIGKILL,
  setNonBlocking,
  spawn,
} from '../../linux/index.ts';
import type { Exits } from '../exits/exits.ts';
import { OutputPort } from '../output/port.ts';

const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What programs are run with. */
export interface ProgramHost {
  readonly exits: Exits;
  readonly reactor: Reactor;
  readonly devNull: number;
}

/** How long a program may take, and how much of its output is kept. */
export interface ProgramLimits {
  readonly timeoutMs: number;
  /** Of each stream; what is printed beyond is dropped. */
  readonly bytesMax: number;
}

/** How a program ended, and what it printed. */
export interface ProgramEnd {
  /** Undefined: nobody knows. */
  readonly status: ExitStatus | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly timedOut: boolean;
}

/** @throws Failed when this host has no such program */
export async function runProgram(
  { exits, reactor, devNull }: ProgramHost,
  name: string,
  args: readonly string[],
  limits: ProgramLimits,
): Promise<ProgramEnd> {
  const file = DIRECTORIES.map((directory) => `${directory}/${name}`).find((path) => existsSync(path));
  if (file === undefined) throw new Failed(`${name}: exec: "${name}": executable file not found in $PATH`);
  const [out, err] = [pipe(), pipe()];
  const ports = [out, err].map(({ read }) => {
    setNonBlocking(read, true);
    return new OutputPort(read, reactor);
  });
  const done = exits.orphanReaper.work();
  let pid: number;
  try {
    pid = spawn(file, [file, ...args], [devNull, out.write, err.write], { env: environment() });
  } catch (error) {
    for (const port of ports) port.close();
    done();
    throw error;
  } finally {
    closeSync(out.write);
    closeSync(err.write);
  }
  const pidfd = pidfdOpen(pid);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    pidfdSignal(pidfd, SIGKILL);
  }, limits.timeoutMs);
  try {
    const ended = exits.watch(pid, pidfd).then((status) => {
      for (const port of ports) port.drainAndEnd();
      return status;
    });
    const [status, stdout, stderr] = await Promise.all([
      ended,
      ...ports.map((port) => readUpTo(port, limits.bytesMax, devNull)),
    ]);
    return { status, stdout: stdout as Buffer, stderr: stderr as Buffer, timedOut };
  } finally {
    clearTimeout(timer);
    closeSync(pidfd);
    done();
  }
}

/** Nothing of the daemon's settings but its time zone: output looks the same however the daemon was started. */
const environment = (): string[] => [
  `PATH=${DIRECTORIES.join(':')}`,
  'LC_ALL=C.UTF-8',
  ...(process.env.TZ === undefined ? [] : [`TZ=${process.env.TZ}`]),
];

/** The first `bytesMax` bytes. The rest is read too, so that the writer comes to its end. */
async function readUpTo(port: OutputPort, bytesMax: number, devNull: number): Promise<Buffer> {
  const kept: Buffer[] = [];
  let room = bytesMax;
  for await (const chunk of port.chunks()) {
    if (room > 0) kept.push(Buffer.from(chunk.subarray(0, room)));
    room -= chunk.length;
    if (room <= 0) port.discard(devNull);
  }
  return Buffer.concat(kept);
}
