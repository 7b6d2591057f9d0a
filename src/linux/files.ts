/** Files and descriptors: what node:fs lacks. */
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { check, declare, ERRNO, errno, SystemError } from './ffi.ts';

const c_mkfifo = declare('mkfifo', 'int', ['str', 'uint']);
const c_mknod = declare('mknod', 'int', ['str', 'uint', 'ulong']);
const c_mknodat = declare('mknodat', 'int', ['int', 'str', 'uint', 'ulong']);
const c_fcntl = declare('fcntl', 'int', ['int', 'int', 'long']);
const c_ioctl = declare('ioctl', 'int', ['int', 'ulong', 'void*']);
const c_read = declare('read', 'long', ['int', 'void*', 'size_t']);
const c_write = declare('write', 'long', ['int', 'void*', 'size_t']);
const c_splice = declare('splice', 'long', ['int', 'void*', 'int', 'void*', 'size_t', 'uint']);
const c_openat2 = declare('syscall', 'long', ['long', 'int', 'str', 'void*', 'size_t', 'long', 'long']);
const c_flock = declare('flock', 'int', ['int', 'int']);
const c_lseek = declare('lseek', 'long', ['int', 'long', 'int']);
const c_syncfs = declare('syncfs', 'int', ['int']);
const c_utimensat = declare('utimensat', 'int', ['int', 'str', 'void*', 'int']);
const c_lsetxattr = declare('lsetxattr', 'int', ['str', 'str', 'void*', 'size_t', 'int']);
const c_lgetxattr = declare('lgetxattr', 'long', ['str', 'str', 'void*', 'size_t']);
const c_llistxattr = declare('llistxattr', 'long', ['str', 'void*', 'size_t']);
const c_lremovexattr = declare('lremovexattr', 'int', ['str', 'str']);
const c_fsetxattr = declare('fsetxattr', 'int', ['int', 'str', 'void*', 'size_t', 'int']);
const c_mkdirat = declare('mkdirat', 'int', ['int', 'str', 'uint']);
const c_unlinkat = declare('unlinkat', 'int', ['int', 'str', 'int']);
const c_symlinkat = declare('symlinkat', 'int', ['str', 'int', 'str']);
const c_linkat = declare('linkat', 'int', ['int', 'str', 'int', 'str', 'int']);
const c_fchownat = declare('fchownat', 'int', ['int', 'str', 'uint', 'uint', 'int']);
const c_eventfd = declare('eventfd', 'int', ['uint', 'int']);
const c_umask = declare('umask', 'uint', ['uint']);

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_EMPTY_PATH = 0x1000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
export const S_IFREG = 0o100000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
export const S_IFIFO = 0o010000;

/** Makes a named pipe (mkfifo(3)). */
export const mkfifo = (path: string, mode: number): void => void check('mkfifo', c_mkfifo(path, mode), path);
/** `device` as {@link makeDevice} gives it. */
export const mknod = (path: string, mode: number, device: number): void =>
  void check('mknod', c_mknod(path, mode, device), path);
/** Makes a device node below an open directory (mknodat(2)); `device` as {@link makeDevice} gives it. */
export const mknodAt = (dir: number, name: string, mode: number, device: number): void =>
  void check('mknodat', c_mknodat(dir, name, mode, device), name);
/** glibc's dev_t of a major and minor number. */
export const makeDevice = (major: number, minor: number): number =>
  (minor & 0xff) + ((major & 0xfff) << 8) + (minor & ~0xff) * 2 ** 12 + (major & ~0xfff) * 2 ** 32;
/** The major number of a device. */
export const majorOf = (device: number): number =>
  (Math.floor(device / 256) & 0xfff) + Math.floor(device / 2 ** 44) * 4096;
/** The minor number of a device. */
export const minorOf = (device: number): number => (device & 0xff) + (Math.floor(device / 2 ** 12) & 0xfff00);

/** Process-wide: call before threads that create files matter. Returns the mask before. */
export const umask = (mask: number): number => c_umask(mask);

/** The size a pipe can hold; F_SETPIPE_SZ = 1031. Larger than the system's limit is refused: the old size stays. */
export function growPipe(fd: number, bytes: number): void {
  c_fcntl(fd, 1031, bytes);
}
/** Bytes waiting to be read (FIONREAD). */
export function readableBytes(fd: number): number {
  const out = Buffer.alloc(4);
  check('ioctl FIONREAD', c_ioctl(fd, 0x541b, out));
  return out.readInt32LE(0);
}
/** ioctl(2) with a structure that the kernel reads or fills. */
export const ioctl = (fd: number, request: number, argument: Buffer, object = ''): number =>
  check('ioctl', c_ioctl(fd, request, argument), object);
/** Sets or clears O_NONBLOCK on the open file description (shared with whoever else holds it). */
export function setNonBlocking(fd: number, on: boolean): void {
  const flags = check('fcntl', c_fcntl(fd, 3, 0));
  check('fcntl', c_fcntl(fd, 4, on ? flags | constants.O_NONBLOCK : flags & ~constants.O_NONBLOCK));
}
/**
 * Where the next bytes of a file are that are no hole; undefined: there are none behind `from` (lseek(2), SEEK_DATA). File
 * systems that know no holes say `from`. Moves the descriptor's position.
 */
export function nextData(fd: number, from: number): number | undefined {
  const at = c_lseek(fd, from, 3);
  if (at >= 0) return at;
  return errno() === ERRNO.ENXIO ? undefined : from;
}
/** Writes all of it at `offset`, which one pwrite(2) need not do. @throws Error of pwrite(2) */
export function writeAll(fd: number, bytes: Buffer, offset: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, offset + at);
}
/** A duplicate with close-on-exec set. */
export const duplicate = (fd: number): number => check('fcntl F_DUPFD_CLOEXEC', c_fcntl(fd, 1030, 3));

const FS_IOC_GETFLAGS = 0x80086601;
const FS_IOC_SETFLAGS = 0x40086602;
const FS_TOPDIR_FL = 0x20000;

/**
 * Tells the file system that what is made in this directory is unrelated: ext4 then puts each new subdirectory into an
 * empty part of the disk (chattr(1), T). False: this file system knows nothing of the kind.
 */
export function spreadSubdirectories(path: string): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const flags = Buffer.alloc(8);
    if (c_ioctl(fd, FS_IOC_GETFLAGS, flags) < 0) return false;
    flags.writeUInt32LE((flags.readUInt32LE() | FS_TOPDIR_FL) >>> 0);
    return c_ioctl(fd, FS_IOC_SETFLAGS, flags) >= 0;
  } finally {
    closeSync(fd);
  }
}

/** Reads what is there. -1: nothing now; 0: end. @throws SystemError */
export function readNow(fd: number, into: Buffer): number {
  const n = c_read(fd, into, into.length);
  if (n >= 0) return n;
  const e = errno();
  if (e === ERRNO.EAGAIN || e === ERRNO.EINTR) return -1;
  throw new SystemError('read', e);
}
/** Writes what fits now. -1: nothing fits. @throws SystemError */
export function writeNow(fd: number, from: Buffer): number {
  const n = c_write(fd, from, from.length);
  if (n >= 0) return n;
  const e = errno();
  if (e === ERRNO.EAGAIN || e === ERRNO.EINTR) return -1;
  throw new SystemError('write', e);
}

const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;
/**
 * Moves up to `bytes` from a pipe (or terminal) to a file at `offset`, or to a pipe when `offset` is null: what left
 * the source is in the target, even if this process is killed meanwhile (splice(2)).
 * -1: nothing to move now; 0: end of input. @throws SystemError
 */
export function splice(from: number, to: number, offset: number | null, bytes: number): number {
  let at: Buffer | null = null;
  if (offset !== null) {
    at = Buffer.alloc(8);
    at.writeBigInt64LE(BigInt(offset));
  }
  const n = c_splice(from, null, to, at, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n >= 0) return n;
  const e = errno();
  if (e === ERRNO.EAGAIN || e === ERRNO.EINTR) return -1;
  throw new SystemError('splice', e);
}

/** openat2(2) resolve flags. */
export const RESOLVE = { NO_XDEV: 1, NO_MAGICLINKS: 2, NO_SYMLINKS: 4, BENEATH: 8, IN_ROOT: 16 } as const;
/** Opens `path` below `dir` with resolution rules: `RESOLVE.IN_ROOT` treats `dir` as `/`. @throws SystemError */
export function openAt2(dir: number, path: string, flags: number, mode: number, resolve: number): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  const fd = tryOpenAt2(dir, path, how);
  if (fd < 0) throw new SystemError('openat2', -fd, path);
  return fd;
}

/** A `..` on the way while somebody moves or mounts anything at all: the kernel asks to try again (openat2(2), EAGAIN). */
const OPEN_TRIES_MAX = 1000;
/** `how`: a struct open_how. A descriptor, or minus the errno. */
export function tryOpenAt2(dir: number, path: string | Buffer, how: Buffer): number {
  for (let tried = 1; ; tried++) {
    const fd = c_openat2(437, dir, path, how, how.length, 0, 0);
    if (fd >= 0) return fd;
    const e = errno();
    if (e !== ERRNO.EAGAIN || tried === OPEN_TRIES_MAX) return -e;
  }
}
/** mkdirat(2): a directory below an open one. */
export const mkdirAt = (dir: number, name: string, mode: number): void =>
  void check('mkdirat', c_mkdirat(dir, name, mode), name);
/** unlinkat(2). */
export const unlinkAt = (dir: number, name: string, flags = 0): void =>
  void check('unlinkat', c_unlinkat(dir, name, flags), name);
/** symlinkat(2). */
export const symlinkAt = (target: string, dir: number, name: string): void =>
  void check('symlinkat', c_symlinkat(target, dir, name), name);
/** linkat(2): a further name for a file. */
export const linkAt = (fromDir: number, from: string, toDir: number, to: string, flags = 0): void =>
  void check('linkat', c_linkat(fromDir, from, toDir, to, flags), to);
/** Changes owners without following a link at the end (fchownat(2)). */
export const chownAt = (dir: number, name: string, uid: number, gid: number): void =>
  void check('fchownat', c_fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW), name);

/** Sets access and modification time to `mtimeNanos` below a directory descriptor (or AT_FDCWD), never following a link. */
export function setTimesAt(dir: number, name: string, mtimeNanos: bigint): void {
  const times = Buffer.alloc(32);
  let seconds = mtimeNanos / 1_000_000_000n;
  let nanos = mtimeNanos % 1_000_000_000n;
  if (nanos < 0n) {
    nanos += 1_000_000_000n;
    seconds -= 1n;
  }
  for (const at of [0, 16]) {
    times.writeBigInt64LE(seconds, at);
    times.writeBigInt64LE(nanos, at + 8);
  }
  check('utimensat', c_utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW), name);
}

/** Extended attributes of the path itself (links are not followed). To work below a descriptor use `/proc/self/fd/N/name`. */
export const setXattr = (path: string, name: string, value: Buffer): void =>
  void check('lsetxattr', c_lsetxattr(path, name, value, value.length, 0), `${path} ${name}`);
/** Sets an extended attribute of an open file (fsetxattr(2)). */
export const setXattrFd = (fd: number, name: string, value: Buffer): void =>
  void check('fsetxattr', c_fsetxattr(fd, name, value, value.length, 0), name);
/** Takes an extended attribute away, without following a link at the end (lremovexattr(2)). */
export const removeXattr = (path: string, name: string): void =>
  void check('lremovexattr', c_lremovexattr(path, name), path);
/** The value, or undefined when the attribute (or the file system's support) is missing. A path in bytes ends in NUL. */
export function getXattr(path: string | Buffer, name: string): Buffer | undefined {
  let room = Buffer.alloc(256);
  for (;;) {
    const n = c_lgetxattr(path, name, room, room.length);
    if (n >= 0) return room.subarray(0, n);
    const e = errno();
    if (e === ERRNO.ERANGE && room.length < 65_536) room = Buffer.alloc(65_536);
    else if (e === ERRNO.ENODATA || e === ERRNO.EOPNOTSUPP) return undefined;
    else throw new SystemError('lgetxattr', e, `${path} ${name}`);
  }
}
/** Names of all extended attributes; empty where the file system has none. */
export function listXattrs(path: string): string[] {
  let room = Buffer.alloc(1024);
  for (;;) {
    const n = c_llistxattr(path, room, room.length);
    if (n >= 0)
      return room
        .toString('utf8', 0, n)
        .split('\0')
        .filter((name) => name !== '');
    const e = errno();
    if (e === ERRNO.ERANGE && room.length < 65_536) room = Buffer.alloc(65_536);
    else if (e === ERRNO.EOPNOTSUPP) return [];
    else throw new SystemError('llistxattr', e, path);
  }
}

/** Takes an exclusive lock on an open file, kept until every copy of the descriptor is closed. False: someone has it. */
export function lockExclusive(fd: number): boolean {
  if (c_flock(fd, 2 | 4) === 0) return true;
  const e = errno();
  if (e === ERRNO.EAGAIN) return false;
  throw new SystemError('flock', e);
}
/** Writes everything of the file system that `fd` lies on to the disk. */
export const syncFileSystem = (fd: number): void => void check('syncfs', c_syncfs(fd));
/** An event counter descriptor, non-blocking and close-on-exec. */
export const eventFd = (): number => check('eventfd', c_eventfd(0, O_CLOEXEC | constants.O_NONBLOCK));

const c_pipe2 = declare('pipe2', 'int', ['void*', 'int']);
/** A pipe, close-on-exec; `nonBlocking` sets O_NONBLOCK on both ends. */
export function pipe(nonBlocking = false): { read: number; write: number } {
  const out = Buffer.alloc(8);
  check('pipe2', c_pipe2(out, O_CLOEXEC | (nonBlocking ? constants.O_NONBLOCK : 0)));
  return { read: out.readInt32LE(0), write: out.readInt32LE(4) };
}

const c_memfd = declare('memfd_create', 'int', ['str', 'uint']);
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL, SHRINK, GROW and WRITE: nobody can change it any more. */
const ALL_SEALS = 0xf;

/** A copy of a file in memory that nobody, not even we, can change (memfd_create(2), F_ADD_SEALS). @throws SystemError */
export function sealedCopy(path: string): number {
  const bytes = readFileSync(path);
  const fd = check('memfd_create', c_memfd(path.slice(-200), MFD_CLOEXEC | MFD_ALLOW_SEALING), path);
  try {
    writeAll(fd, bytes, 0);
    check('fcntl F_ADD_SEALS', c_fcntl(fd, F_ADD_SEALS, ALL_SEALS), path);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
