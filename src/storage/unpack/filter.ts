/** Decompression by the distribution's own programs, for the formats that Node does not read. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TarError } from '../../formats/tar/entry.ts';
import { type ExitStatus, pidfdExit, pidfdOpen, pidfdSignal, pipe, reap, spawn } from '../../linux/index.ts';
import type { Chunks } from './sources.ts';

/** Security fixes come with the distribution; the memory limit refuses archives made to exhaust us. */
const FILTERS = {
  xz: ['/usr/bin/xz', '-dc', '-q', '--memlimit-decompress=128MiB'],
  bzip2: ['/usr/bin/bzip2', '-dc', '-q'],
} as const;
/** Runs a program as nobody, without a way back: it reads what strangers sent. */
const AS_NOBODY = [
  '/usr/bin/setpriv',
  '--reuid=65534',
  '--regid=65534',
  '--clear-groups',
  '--no-new-privs',
] as const;
/** Of a program's complaints, as much as a message needs. */
const COMPLAINT_CHARS = 500;
/** A program that has closed its output ends at once; then its status may be gone (reaped as anybody's orphan). */
const STATUS_WAIT_MS = 2000;
const SIGKILL = 9;

/** The plain bytes of the file `path`. @throws TarError when the program is missing or calls the data bad */
export async function* filtered(path: string, compression: keyof typeof FILTERS): Chunks {
  const filter = FILTERS[compression];
  if (!existsSync(filter[0]))
    throw new TarError(`${compression} data cannot be read: ${filter[0]} is not installed`);
  const child = start(path, existsSync(AS_NOBODY[0]) ? [...AS_NOBODY, ...filter] : filter);
  try {
    const complaint = textOf(child.complaints);
    for await (const chunk of child.output) yield chunk as Buffer;
    const status = await statusOf(child.pid, child.pidfd);
    const said = await complaint;
    if (said !== '' || (status && status.code !== 0))
      throw new TarError(`${compression} data: ${said || `${filter[0]} ended with ${status?.code}`}`);
  } finally {
    pidfdSignal(child.pidfd, SIGKILL);
    child.output.destroy();
    child.complaints.destroy();
    await statusOf(child.pid, child.pidfd);
    closeSync(child.pidfd);
  }
}

interface Child {
  readonly pid: number;
  readonly pidfd: number;
  readonly output: Socket;
  readonly complaints: Socket;
}

function start(path: string, argv: readonly string[]): Child {
  const input = openSync(path, 'r');
  const output = pipe();
  const complaints = pipe();
  try {
    const pid = spawn(argv[0]!, argv, [input, output.write, complaints.write], { env: ['LC_ALL=C'] });
    return {
      pid,
      pidfd: pidfdOpen(pid),
      output: new Socket({ fd: output.read, readable: true, writable: false }),
      complaints: new Socket({ fd: complaints.read, readable: true, writable: false }),
    };
  } finally {
    for (const fd of [input, output.write, complaints.write]) closeSync(fd);
  }
}

async function textOf(stream: Socket): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) if (text.length < COMPLAINT_CHARS) text += chunk;
  return text.trim().slice(0, COMPLAINT_CHARS);
}

/** How the child ended; undefined when another part of this process reaped it and the kernel is too old to tell. */
async function statusOf(pid: number, pidfd: number): Promise<ExitStatus | undefined> {
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
