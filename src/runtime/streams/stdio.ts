/**
 * Pipes between a container and its log. They are anonymous, so that nothing of the host shows through /proc/self/fd
 * in the container; while every daemon is away they live on in the keeper and in the container itself.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { growPipe, pipe } from '../../linux/index.ts';

/** A pipe's size: fewer wake-ups a megabyte than the default 64 KiB. */
const PIPE_BYTES = 256 << 10;

/** The inodes of a container's two output pipes, by which another daemon finds them again. */
export interface PipeInodes {
  readonly stdout: number;
  readonly stderr: number;
}

/** One pipe between a container's process and us. */
export interface Pipe {
  /** Non-blocking. */
  readonly ours: number;
  /** Blocking; to be closed when the process has it. */
  readonly theirs: number;
  /** The pipe's inode: it is found again by it. */
  readonly inode: number;
}

/** Another description of an open pipe, with modes of its own (proc(5), `/proc/PID/fd`). */
const reopen = (path: string, flags: number): number => openSync(path, flags);

/**
 * The way out of a container. Both ends are open for reading and writing: ours is quiet instead of at its end when no
 * process writes any more, theirs never breaks (SIGPIPE) while no daemon reads.
 */
export function outputPipe(): Pipe {
  const { read, write } = pipe();
  try {
    growPipe(read, PIPE_BYTES);
    const ours = reopen(`/proc/self/fd/${read}`, constants.O_RDWR | constants.O_NONBLOCK);
    const theirs = reopen(`/proc/self/fd/${write}`, constants.O_RDWR);
    return { ours, theirs, inode: fstatSync(read).ino };
  } finally {
    closeSync(read);
    closeSync(write);
  }
}

/** The way in: while our end is open somewhere, the process waits for input; then it reads its end. */
export function inputPipe(): Pipe {
  const { read, write } = pipe();
  try {
    growPipe(read, PIPE_BYTES);
    return {
      ours: reopen(`/proc/self/fd/${write}`, constants.O_RDWR | constants.O_NONBLOCK),
      theirs: read,
      inode: fstatSync(read).ino,
    };
  } finally {
    closeSync(write);
  }
}

/** Our end of an output pipe, taken from any process that still has it; undefined when nobody has. */
export function findPipe(inode: number, pids: readonly number[]): number | undefined {
  for (const pid of pids) {
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`))
        if (readlinkSync(`/proc/${pid}/fd/${fd}`) === `pipe:[${inode}]`)
          return reopen(`/proc/${pid}/fd/${fd}`, constants.O_RDWR | constants.O_NONBLOCK);
    } catch {
      // it ended meanwhile
    }
  }
  return undefined;
}
