/** Errors that a kernel answers with under pressure, and the calls that it may answer so. */
import type { Watched } from '../trace.ts';

/** What is short, or broken. */
export type Fault = 'ENOSPC' | 'EDQUOT' | 'EIO' | 'EMFILE' | 'EAGAIN';

const words = (text: string): readonly string[] => text.split(' ');
const WRITING = words(
  'write writev pwrite64 pwritev pwritev2 copy_file_range sendfile splice ftruncate fallocate fsync fdatasync syncfs',
);
const NAMING = words('mkdir mkdirat rename renameat renameat2 link linkat symlink symlinkat mknod mknodat');
const OPENING = words('open openat openat2');

interface Kind {
  readonly calls: readonly string[];
  /** What an answer says of it, in its own words or in those of SQLite. */
  readonly said: RegExp;
  /** Of a call's arguments as strace prints them. */
  readonly hits: (call: string, rest: string, root: string) => boolean;
}

/** Sockets and pipes have no disk, and of the daemon's own log nobody waits for an answer. */
const onDisk = (rest: string, root: string): boolean =>
  rest.includes(root) && !/^\d+<(?:UNIX|TCP|UDP|NETLINK|socket|pipe|FIFO)|gantry\.log/.test(rest);
const makes = (call: string, rest: string): boolean =>
  !OPENING.includes(call) || /O_CREAT|O_TMPFILE/.test(rest);

/** What a disk answers that takes no more, be it of anybody's or of this user's. */
const full = (said: RegExp): Kind => ({
  calls: [...WRITING, ...NAMING, ...OPENING, 'setxattr', 'fsetxattr', 'lsetxattr'],
  said,
  hits: (call, rest, root) => onDisk(rest, root) && makes(call, rest),
});

const KINDS: Readonly<Record<Fault, Kind>> = {
  // A sync or write that fails may have no reason in SQLite's words.
  ENOSPC: full(/no space left|ENOSPC|disk is full|disk i\/o error/i),
  EDQUOT: full(/quota|EDQUOT|disk is full|disk i\/o error/i),
  EIO: {
    calls: [...WRITING, ...NAMING, ...OPENING, ...words('read readv pread64 preadv getdents64 unlink rmdir')],
    said: /EIO|i\/o error|input\/output error/i,
    hits: (_call, rest, root) => onDisk(rest, root),
  },
  EMFILE: {
    calls: [
      ...OPENING,
      ...words('socket socketpair pipe2 memfd_create epoll_create1 eventfd2 pidfd_open dup3'),
    ],
    said: /EMFILE|too many open files|unable to open database file|disk i\/o error/i,
    hits: () => true,
  },
  EAGAIN: {
    calls: words('clone clone3 fork vfork'),
    said: /EAGAIN|temporarily unavailable/i,
    hits: () => true,
  },
};

/** Which calls of a deed a fault may meet. */
export const metBy = (fault: Fault, root: string): Watched => ({
  calls: KINDS[fault].calls,
  isStep: (call, rest) => KINDS[fault].hits(call, rest, root),
});

/** Whether a message names what was short. */
export const tells = (fault: Fault, message: string): boolean => KINDS[fault].said.test(message);
