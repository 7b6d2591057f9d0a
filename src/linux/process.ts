/** Processes: posix_spawn, pidfds, exit status. Never `child_process` on a hot path: forking a large heap is slow. */
import { readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { check, declare, ERRNO, errno, SystemError } from './ffi.ts';
import { ioctl } from './files.ts';

const c_spawn = declare('posix_spawn', 'int', ['void*', 'str', 'void*', 'void*', 'char**', 'char**']);
const c_fa_init = declare('posix_spawn_file_actions_init', 'int', ['void*']);
const c_fa_destroy = declare('posix_spawn_file_actions_destroy', 'int', ['void*']);
const c_fa_dup2 = declare('posix_spawn_file_actions_adddup2', 'int', ['void*', 'int', 'int']);
const c_fa_close = declare('posix_spawn_file_actions_addclose', 'int', ['void*', 'int']);
const c_fa_chdir = declare('posix_spawn_file_actions_addchdir_np', 'int', ['void*', 'str']);
const c_at_init = declare('posix_spawnattr_init', 'int', ['void*']);
const c_at_flags = declare('posix_spawnattr_setflags', 'int', ['void*', 'short']);
const c_at_mask = declare('posix_spawnattr_setsigmask', 'int', ['void*', 'void*']);
const c_at_default = declare('posix_spawnattr_setsigdefault', 'int', ['void*', 'void*']);
const c_waitpid = declare('waitpid', 'int', ['int', 'void*', 'int']);
const c_waitid = declare('waitid', 'int', ['int', 'uint', 'void*', 'int']);
const c_setscheduler = declare('sched_setscheduler', 'int', ['int', 'int', 'void*']);
const c_prctl = declare('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);
const c_syscall = declare('syscall', 'long', ['long', 'long', 'long', 'long', 'long', 'long', 'long']);

/** How a process ended: `code` as a shell says it (128 + signal), `signal` 0 when it exited by itself. */
export interface ExitStatus {
  readonly code: number;
  readonly signal: number;
}

const statusFrom = (wait: number): ExitStatus => {
  const signal = wait & 0x7f;
  return { code: signal ? 128 + signal : (wait >> 8) & 0xff, signal };
};

// The children get an empty signal mask, default dispositions and a session of their own.
const attributes = Buffer.alloc(336);
c_at_init(attributes);
c_at_mask(attributes, Buffer.alloc(128));
c_at_default(attributes, Buffer.alloc(128, 0xff));
c_at_flags(attributes, 0x04 | 0x08 | 0x80);

/** What a program is started with, beside its arguments and streams. */
export interface SpawnOptions {
  readonly env?: readonly string[];
  readonly cwd?: string;
}

/**
 * Starts `file` with exactly the given descriptors as 0, 1, 2, …. Returns its pid; reap it with {@link reap}.
 * @throws SystemError naming the file
 */
export function spawn(
  file: string,
  argv: readonly string[],
  fds: readonly number[],
  options: SpawnOptions = {},
): number {
  const actions = Buffer.alloc(80);
  const pid = Buffer.alloc(4);
  c_fa_init(actions);
  try {
    // First above all of them, so that no dup2 overwrites a source that is still wanted, or the program itself.
    const above = Math.max(...fds, descriptorIn(file)) + 1;
    fds.forEach((fd, i) => c_fa_dup2(actions, fd, above + i));
    fds.forEach((_, i) => c_fa_dup2(actions, above + i, i));
    fds.forEach((_, i) => c_fa_close(actions, above + i));
    if (options.cwd !== undefined) c_fa_chdir(actions, options.cwd);
    const failed = c_spawn(pid, file, actions, attributes, [...argv, null], [...(options.env ?? []), null]);
    if (failed !== 0) throw new SystemError('posix_spawn', failed, file);
  } finally {
    c_fa_destroy(actions);
  }
  return pid.readInt32LE(0);
}

const SCHED_FIFO = 1;
const SCHED_RESET_ON_FORK = 0x40000000;

/**
 * Gives a process its processor until it sleeps by itself; what it forks is scheduled as usual (sched(7)). Whether it
 * is so: the kernel allows it to those with CAP_SYS_NICE, and to none in a cgroup without real-time bandwidth.
 */
export function runUndisturbed(pid: number): boolean {
  const priority = Buffer.alloc(4);
  priority.writeInt32LE(1, 0);
  return c_setscheduler(pid, SCHED_FIFO | SCHED_RESET_ON_FORK, priority) === 0;
}

/** The descriptor that a program's path names, if it is one of ours. */
const descriptorIn = (file: string): number => Number(/^\/proc\/self\/fd\/(\d+)$/.exec(file)?.[1] ?? -1);

/** The end of our own child `pid`, or undefined while it lives or when it is not ours. */
export function reap(pid: number): ExitStatus | undefined {
  const status = Buffer.alloc(4);
  return c_waitpid(pid, status, 1) > 0 ? statusFrom(status.readInt32LE(0)) : undefined;
}

/** The pid of a child that has ended and waits to be reaped, without reaping it; undefined when there is none. */
export function peekZombie(): number | undefined {
  const info = Buffer.alloc(128);
  const WNOHANG = 1,
    WEXITED = 4,
    WNOWAIT = 0x01000000;
  if (c_waitid(0, 0, info, WNOHANG | WEXITED | WNOWAIT) < 0) return undefined;
  const pid = info.readInt32LE(12);
  return pid > 0 ? pid : undefined;
}

/** Orphans below this process become its children (PR_SET_CHILD_SUBREAPER). */
export const becomeSubreaper = (): void => void check('prctl', c_prctl(36, 1, 0, 0, 0));
/** @throws SystemError ESRCH when there is no such process */
export const pidfdOpen = (pid: number): number =>
  check('pidfd_open', c_syscall(434, pid, 0, 0, 0, 0, 0), String(pid));
/** A copy of another process's descriptor (pidfd_getfd(2)). */
export const pidfdGetFd = (pidfd: number, fd: number): number =>
  check('pidfd_getfd', c_syscall(438, pidfd, fd, 0, 0, 0, 0));

/** Sends a signal; false when the process has already ended. @throws SystemError */
export function pidfdSignal(pidfd: number, signal: number): boolean {
  if (c_syscall(424, pidfd, signal, 0, 0, 0, 0) >= 0) return true;
  const e = errno();
  if (e === ERRNO.ESRCH) return false;
  throw new SystemError('pidfd_send_signal', e);
}

/** Ends a process, whatever it wants (signal(7)). */
export const SIGKILL = 9;

/** Sends SIGKILL to a process that may have ended meanwhile; with a minus before its number, to all of its group. */
export function killIfAlive(pid: number): void {
  try {
    process.kill(pid, SIGKILL);
  } catch {
    // it ended by itself
  }
}

const PIDFD_INFO_BYTES = 80;
const PIDFD_GET_INFO = ((3 << 30) | (PIDFD_INFO_BYTES << 16) | (0xff << 8) | 11) >>> 0;
const PIDFD_INFO_EXIT = 8n;
/**
 * The exit status behind any pidfd, also of a process that is not ours and already reaped (Linux 6.15 and up).
 * Undefined while it lives or waits to be reaped. @throws SystemError (ENOTTY, EINVAL) on kernels without it
 */
export function pidfdExit(pidfd: number): ExitStatus | undefined {
  const info = Buffer.alloc(PIDFD_INFO_BYTES);
  info.writeBigUInt64LE(1n | PIDFD_INFO_EXIT, 0);
  try {
    ioctl(pidfd, PIDFD_GET_INFO, info);
  } catch (error) {
    if (error instanceof SystemError && error.errno === ERRNO.ESRCH) return undefined;
    throw error;
  }
  if ((info.readBigUInt64LE(0) & PIDFD_INFO_EXIT) === 0n) return undefined;
  return statusFrom(info.readInt32LE(60));
}

/**
 * The exit status of a process that has ended and that its parent has not reaped: field 52 of proc(5), which Linux tells
 * as wait(2) does from 5.17 on, to who may look into the process. Undefined: another state, or not for us to know.
 */
export function zombieExit(pid: number): ExitStatus | undefined {
  try {
    readlinkSync(`/proc/${pid}/ns/user`); // the same right; without it the field would read 0
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? statusFrom(Number(fields[49])) : undefined;
  } catch {
    return undefined;
  }
}

/** Number of a signal name with or without `SIG`; RTMIN+n and RTMAX-n too. Undefined when unknown. */
export function signalNumber(name: string): number | undefined {
  const bare = name.toUpperCase().replace(/^SIG/, '');
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(bare);
  if (realtime) {
    const base = realtime[1] === 'MIN' ? 34 : 64;
    const n = base + (realtime[2] === '-' ? -1 : 1) * Number(realtime[3] ?? 0);
    return n >= 34 && n <= 64 ? n : undefined;
  }
  const aliases: Readonly<Record<string, number>> = { CLD: 17, POLL: 29, IOT: 6, STKFLT: 16, PWR: 30 };
  return aliases[bare] ?? (constants.signals as Readonly<Record<string, number>>)[`SIG${bare}`];
}
