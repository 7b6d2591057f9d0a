/** Watches a process's threads through strace(1): counts what they do to the disk, and kills at one system call of one thread. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { messageOf } from '../../src/base/errors.ts';

/** System calls that change a disk, or make a change last. */
const CHANGING_DISKS = [
  'rename renameat renameat2 link linkat symlink symlinkat mkdir mkdirat mknod mknodat rmdir unlink unlinkat',
  'open openat openat2 creat write writev pwrite64 pwritev pwritev2 copy_file_range sendfile splice',
  'fsync fdatasync syncfs sync_file_range ftruncate truncate fallocate',
  'chmod fchmod fchmodat fchmodat2 chown fchown fchownat lchown utimensat setxattr fsetxattr lsetxattr',
  'removexattr fremovexattr lremovexattr mount umount2 move_mount ioctl',
].flatMap((line) => line.split(' '));
/** Opening changes something only when it makes or empties the file. */
const OPENING = /^(open|openat|openat2)$/;

/** strace passes over those that the machine does not have (`?`). */
const tracing = (calls: readonly string[]): string => `trace=${calls.map((name) => `?${name}`).join(',')}`;

/** Which system calls of a deed are its steps. */
export interface Watched {
  readonly calls: readonly string[];
  /** `rest`: the call's arguments as strace prints them, with descriptors' paths. */
  readonly isStep: (call: string, rest: string) => boolean;
}

/** What changes something below a directory. */
export const changesBelow = (root: string): Watched => ({
  calls: CHANGING_DISKS,
  isStep: (call, rest) =>
    (!OPENING.test(call) || /O_CREAT|O_TRUNC|O_TMPFILE/.test(rest)) && rest.includes(root),
});

/** What changes something below a directory, or a host's network. */
export const changesNetwork = (root: string): Watched => ({
  calls: [...CHANGING_DISKS, 'setns', 'unshare', 'sendto', 'sendmsg', 'bind', 'socket'],
  isStep: (call, rest) =>
    ['setns', 'unshare', 'bind'].includes(call) ||
    /NETLINK/.test(rest) ||
    /\/proc\/sys\/net/.test(rest) ||
    changesBelow(root).isStep(call, rest),
});

/** Calls that change processes, their places and what they have, whatever they are told. */
const CHANGING_PROCESSES = [
  'clone clone3 vfork kill tgkill pidfd_send_signal pidfd_open pidfd_getfd wait4 waitid setns unshare',
  'sendmsg recvmsg bind socket socketpair pipe2',
].flatMap((line) => line.split(' '));

/** What changes something below a directory, processes, control groups or a host's network. */
export const changesContainers = (root: string): Watched => ({
  calls: [...CHANGING_DISKS, ...CHANGING_PROCESSES, 'sendto'],
  isStep: (call, rest) =>
    CHANGING_PROCESSES.includes(call) ||
    /\/sys\/fs\/cgroup/.test(rest) ||
    changesNetwork(root).isStep(call, rest),
});

/** The `nth` time that a thread makes a system call. */
export interface Step {
  /** The thread's name, and which one of that name. */
  readonly thread: string;
  readonly index: number;
  readonly call: string;
  readonly nth: number;
}

/** Why a process cannot be traced here by one that did not start it; undefined: it can. */
export async function untraceable(): Promise<string | undefined> {
  const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' });
  const over = once(sleeper, 'exit');
  try {
    await attach(['-p', String(sleeper.pid), '-o', '/dev/null']);
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    sleeper.kill('SIGKILL');
    await over;
  }
}

/** Begins to write down what every thread of `pid` does; ask for the steps when the process has ended, or is done. */
export async function watch(
  pid: number,
  watched: Watched,
  log: string,
): Promise<{ steps(): Promise<readonly Step[]>; stop(): void }> {
  const threads = threadsOf(pid);
  const argv = ['-f', '-yy', '-s', '8', '-p', String(pid), '-o', log, '-e', tracing(watched.calls)];
  const strace = await attach(argv);
  return {
    async steps() {
      await ended(strace);
      return stepsIn(readFileSync(log, 'utf8'), watched, threads);
    },
    stop: () => void strace.kill('SIGINT'),
  };
}

/**
 * From now on `pid` dies when a thread of that name begins the step: of a pool's threads it is not told from run to run
 * which one does what.
 */
export async function killAt(pid: number, { thread, call, nth }: Step): Promise<void> {
  const found = threadsOf(pid).filter(({ name }) => name === thread);
  if (found.length === 0) return; // it runs without that thread this time
  const inject = `inject=${call}:signal=SIGKILL:when=${nth}`;
  const argv = [...found.flatMap(({ id }) => ['-p', String(id)]), '-o', '/dev/null', '-e', `trace=${call}`];
  await attach([...argv, '-e', inject], found.length).catch((error: unknown) => {
    // A thread without work ends after a while.
    if (!/No such process/.test(messageOf(error))) throw error;
  });
}

/** How a call is to fail. */
export interface Failing extends Watched {
  readonly error: string;
  /** Where strace writes what came. */
  readonly log: string;
}

/** What became of a call that was to fail; `other`: one that is no step had its number this time, and failed. */
export type Failed = 'fired' | 'other' | 'never';

/** From now on the step of `pid` is answered with an error, once. Undefined: the thread that makes it is not there. */
export async function failAt(
  pid: number,
  { thread, index, call, nth }: Step,
  { error, log, isStep }: Failing,
): Promise<{ outcome(): Failed; end(): Promise<void> } | undefined> {
  const found = threadsOf(pid).find((each) => each.name === thread && each.index === index);
  if (found === undefined) return undefined;
  const inject = `inject=${call}:error=${error}:when=${nth}`;
  const traced = ['-e', `trace=${call}`, '-e', inject];
  const strace = await attach(['-yy', '-s', '8', '-p', String(found.id), '-o', log, ...traced]);
  return {
    outcome() {
      const hit = readFileSync(log, 'utf8')
        .split('\n')
        .find((line) => line.includes('(INJECTED)'));
      if (hit === undefined) return 'never';
      return isStep(call, hit.slice(hit.indexOf('(') + 1)) ? 'fired' : 'other';
    },
    async end() {
      strace.kill('SIGINT');
      await ended(strace);
    },
  };
}

/** From now on each of these system calls of `pid` takes so much longer, in all its threads, until it is ended. */
export async function slowDown(
  pid: number,
  calls: readonly string[],
  milliseconds: number,
): Promise<{ end(): Promise<void> }> {
  const names = calls.map((name) => `?${name}`).join(',');
  const inject = `inject=${names}:delay_enter=${milliseconds * 1000}`;
  const strace = await attach([
    '-f',
    '-p',
    String(pid),
    '-o',
    '/dev/null',
    '-e',
    tracing(calls),
    '-e',
    inject,
  ]);
  return {
    async end() {
      strace.kill('SIGINT');
      await ended(strace);
    },
  };
}

interface Thread {
  readonly id: number;
  readonly name: string;
  readonly index: number;
}

/** Threads that are there before the deed, oldest first: those that it starts are not told from run to run. */
function threadsOf(pid: number): Thread[] {
  const tasks = `/proc/${pid}/task`;
  const counts = new Map<string, number>();
  return readdirSync(tasks)
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((id) => {
      const name = nameOf(`${tasks}/${id}/comm`);
      if (name === undefined) return [];
      const index = counts.get(name) ?? 0;
      counts.set(name, index + 1);
      return [{ id, name, index }];
    });
}

/** Undefined: the thread has just ended. */
function nameOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Resolves when it is attached to so many. */
async function attach(argv: readonly string[], count = 1): Promise<ChildProcess> {
  const strace = spawn('strace', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    strace.once('error', reject);
    strace.once('close', () => reject(new Error(`strace ended: ${said}`)));
    strace.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.split(' attached').length > count) resolve();
    });
  });
  return strace;
}

async function ended(process: ChildProcess): Promise<void> {
  if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
}

function stepsIn(log: string, { isStep }: Watched, threads: readonly Thread[]): Step[] {
  const counts = new Map<string, number>();
  const steps: Step[] = [];
  for (const line of log.split('\n')) {
    const [, id, call = '', rest = ''] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
    const thread = threads.find((each) => each.id === Number(id));
    if (thread === undefined) continue;
    const nth = (counts.get(`${id} ${call}`) ?? 0) + 1;
    counts.set(`${id} ${call}`, nth);
    if (isStep(call, rest)) steps.push({ thread: thread.name, index: thread.index, call, nth });
  }
  assert.ok(steps.length > 0, `nothing was done:\n${log.slice(0, 2000)}`);
  return steps;
}
