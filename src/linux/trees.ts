/**
 * Building and taking down file trees below directory descriptors, for archives from strangers: names are bytes, no
 * call follows a link it is not told to, and the `try…` calls answer with an errno where exceptions would be the rule.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, readdirSync } from 'node:fs';
import { check, declare, ERRNO, errno, SystemError } from './ffi.ts';
import { AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW, O_CLOEXEC, O_PATH, RESOLVE, tryOpenAt2 } from './files.ts';

/** A path as C takes it: a string (sent as UTF-8), or bytes that end in NUL. */
export type PathBytes = string | Buffer;

const c_openat = declare('openat', 'int', ['int', 'str', 'int', 'uint']);
const c_mkdirat = declare('mkdirat', 'int', ['int', 'str', 'uint']);
const c_mknodat = declare('mknodat', 'int', ['int', 'str', 'uint', 'ulong']);
const c_symlinkat = declare('symlinkat', 'int', ['str', 'int', 'str']);
const c_linkat = declare('linkat', 'int', ['int', 'str', 'int', 'str', 'int']);
const c_unlinkat = declare('unlinkat', 'int', ['int', 'str', 'int']);
const c_renameat = declare('renameat', 'int', ['int', 'str', 'int', 'str']);
const c_fchownat = declare('fchownat', 'int', ['int', 'str', 'uint', 'uint', 'int']);
const c_fchown = declare('fchown', 'int', ['int', 'uint', 'uint']);
const c_fchmodat = declare('fchmodat', 'int', ['int', 'str', 'uint', 'int']);
const c_fchmod = declare('fchmod', 'int', ['int', 'uint']);
const c_utimensat = declare('utimensat', 'int', ['int', 'str', 'void*', 'int']);
const c_futimens = declare('futimens', 'int', ['int', 'void*']);
const c_fsetxattr = declare('fsetxattr', 'int', ['int', 'str', 'void*', 'size_t', 'int']);
const c_lsetxattr = declare('lsetxattr', 'int', ['str', 'str', 'void*', 'size_t', 'int']);

/** One character a byte, as archives are read, to what C takes. */
export function pathBytes(latin1: string): PathBytes {
  for (let i = 0; i < latin1.length; i++)
    if (latin1.charCodeAt(i) > 0x7f) return Buffer.from(`${latin1}\0`, 'latin1');
  return latin1;
}

const shown = (path: PathBytes): string =>
  typeof path === 'string' ? path : path.toString('utf8', 0, path.length - 1);
const orErrno = (result: number): number => (result < 0 ? -errno() : result);

/** A descriptor, or minus the errno. */
export const tryOpenAt = (dir: number, name: PathBytes, flags: number, mode = 0): number =>
  orErrno(c_openat(dir, name, flags | O_CLOEXEC, mode));
/** 0, or minus the errno. The umask applies. */
export const tryMkdirAt = (dir: number, name: PathBytes, mode: number): number =>
  orErrno(c_mkdirat(dir, name, mode));
/** 0, or minus the errno. The umask applies. */
export const tryMknodAt = (dir: number, name: PathBytes, mode: number, device: number): number =>
  orErrno(c_mknodat(dir, name, mode, device));
/** 0, or minus the errno. */
export const trySymlinkAt = (target: PathBytes, dir: number, name: PathBytes): number =>
  orErrno(c_symlinkat(target, dir, name));
/** 0, or minus the errno. A link at `from` is linked itself, not followed. */
export const tryLinkAt = (fromDir: number, from: PathBytes, dir: number, name: PathBytes): number =>
  orErrno(c_linkat(fromDir, from, dir, name, 0));

/** The argument of openat2(2) for a look-up that stays in its root. */
function lookUp(flags: number, resolve: number): Buffer {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(resolve | RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS), 16);
  return how;
}
const directoryOfOneMount = lookUp(constants.O_RDONLY | constants.O_DIRECTORY, RESOLVE.NO_XDEV);
const directory = lookUp(constants.O_RDONLY | constants.O_DIRECTORY, 0);
const anything = lookUp(O_PATH, 0);
const nameItself = lookUp(O_PATH | constants.O_NOFOLLOW, 0);
/**
 * Opens the directory `path` as a process would whose root is `root`: links and `..` stay inside, no mount is crossed.
 * A descriptor, or minus the errno.
 */
export const tryOpenDirectoryInRoot = (root: number, path: PathBytes): number =>
  tryOpenAt2(root, path, directoryOfOneMount);
/** The same, into whatever is mounted inside. */
export const tryOpenDirectoryInTree = (root: number, path: PathBytes): number =>
  tryOpenAt2(root, path, directory);
/** Finds anything inside `root`, mounts crossed, without opening it (O_PATH). `follow`: a link at the end leads on. */
export const tryFindInTree = (root: number, path: PathBytes, follow: boolean): number =>
  tryOpenAt2(root, path, follow ? anything : nameItself);

/** @throws SystemError */
export const chownFd = (fd: number, uid: number, gid: number): void =>
  void check('fchown', c_fchown(fd, uid, gid));
/** @throws SystemError */
export const chmodFd = (fd: number, mode: number): void => void check('fchmod', c_fchmod(fd, mode));
/** Of the name itself, never of what a link names. @throws SystemError */
export const chownNameAt = (dir: number, name: PathBytes, uid: number, gid: number): void =>
  void check('fchownat', c_fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW), shown(name));
/** Of the name itself, also when somebody puts a link there meanwhile. @throws SystemError */
export function chmodNameAt(dir: number, name: PathBytes, mode: number): void {
  const fd = tryOpenAt(dir, name, O_PATH | constants.O_NOFOLLOW);
  if (fd < 0) throw new SystemError('openat', -fd, shown(name));
  try {
    // A link has no mode, and is not followed: the kernel says EOPNOTSUPP.
    check('fchmodat', c_fchmodat(-100, `/proc/self/fd/${fd}`, mode, 0), shown(name));
  } finally {
    closeSync(fd);
  }
}

const times = Buffer.alloc(32);
function fillTimes(atimeNanos: bigint, mtimeNanos: bigint): Buffer {
  putTime(atimeNanos, 0);
  putTime(mtimeNanos, 16);
  return times;
}
function putTime(time: bigint, at: number): void {
  let seconds = time / 1_000_000_000n;
  let nanos = time % 1_000_000_000n;
  if (nanos < 0n) {
    nanos += 1_000_000_000n;
    seconds -= 1n;
  }
  times.writeBigInt64LE(seconds, at);
  times.writeBigInt64LE(nanos, at + 8);
}
/** @throws SystemError */
export const setTimesFd = (fd: number, atimeNanos: bigint, mtimeNanos: bigint): void =>
  void check('futimens', c_futimens(fd, fillTimes(atimeNanos, mtimeNanos)));
/** Of the name itself. @throws SystemError */
export const setTimesNameAt = (dir: number, name: PathBytes, atimeNanos: bigint, mtimeNanos: bigint): void =>
  void check(
    'utimensat',
    c_utimensat(dir, name, fillTimes(atimeNanos, mtimeNanos), AT_SYMLINK_NOFOLLOW),
    shown(name),
  );

/** 0, or minus the errno. */
export const trySetXattrFd = (fd: number, name: PathBytes, value: Buffer): number =>
  orErrno(c_fsetxattr(fd, name, value, value.length, 0));
/** The same on a name below a directory, for what cannot be opened (links, devices). `name` in one character a byte. */
export const trySetXattrAt = (dir: number, name: string, attribute: PathBytes, value: Buffer): number =>
  orErrno(c_lsetxattr(pathBytes(`/proc/self/fd/${dir}/${name}`), attribute, value, value.length, 0));

const c_llistxattr = declare('llistxattr', 'long', ['str', 'void*', 'size_t']);
const c_lgetxattr = declare('lgetxattr', 'long', ['str', 'str', 'void*', 'size_t']);
const c_readlinkat = declare('readlinkat', 'long', ['int', 'str', 'void*', 'size_t']);
/** The target of a link that is open without being followed (O_PATH), in one character a byte. @throws SystemError */
export function readLinkOf(fd: number): string {
  const room = Buffer.alloc(4096);
  return room.toString('latin1', 0, check('readlinkat', c_readlinkat(fd, '', room, room.length)));
}

const c_flistxattr = declare('flistxattr', 'long', ['int', 'void*', 'size_t']);
const c_fgetxattr = declare('fgetxattr', 'long', ['int', 'str', 'void*', 'size_t']);
/** Room for the largest list and value that Linux has. */
const xattrRoom = Buffer.alloc(65_536);
type Take = (name: PathBytes) => number;
const none: ReadonlyMap<string, Buffer> = new Map();

/** All extended attributes of the path itself, names in one character a byte; none where the file system has none. */
export const xattrsOf = (path: PathBytes): ReadonlyMap<string, Buffer> =>
  xattrs(c_llistxattr(path, xattrRoom, xattrRoom.length), (name) =>
    c_lgetxattr(path, name, xattrRoom, xattrRoom.length),
  );
/** The same of an open file. */
export const xattrsOfFd = (fd: number): ReadonlyMap<string, Buffer> =>
  xattrs(c_flistxattr(fd, xattrRoom, xattrRoom.length), (name) =>
    c_fgetxattr(fd, name, xattrRoom, xattrRoom.length),
  );

function xattrs(listed: number, take: Take): ReadonlyMap<string, Buffer> {
  if (listed <= 0) return none; // nearly every file
  const found = new Map<string, Buffer>();
  for (const name of xattrRoom.toString('latin1', 0, listed - 1).split('\0')) {
    const bytes = take(pathBytes(name));
    if (bytes >= 0) found.set(name, Buffer.from(xattrRoom.subarray(0, bytes)));
  }
  return found;
}

/** Moves a name to another directory of the same file system. @throws SystemError */
export const renameAt = (fromDir: number, from: PathBytes, toDir: number, to: PathBytes): void =>
  void check('renameat', c_renameat(fromDir, from, toDir, to), shown(from));

/** Directories opened inside each other while one is taken down; deeper ones are moved up first. */
const DEPTH_MAX = 200;
const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Removes `name` below `dir` with all that is in it, never following a link and however deep: paths longer than
 * PATH_MAX are no obstacle. What is mounted inside is not entered (EBUSY).
 * Absent: nothing to do. @throws SystemError
 */
export function removeTreeAt(dir: number, name: PathBytes): void {
  if (unlinked(dir, name, 0)) return;
  const top = tryOpenAt(dir, name, OPEN_DIRECTORY);
  if (top === -ERRNO.ENOENT) return;
  if (top < 0) throw new SystemError('openat', -top, shown(name));
  try {
    let moved = 0;
    const tooDeep = (parent: number, inner: PathBytes): void => {
      moved++;
      renameAt(parent, inner, top, `.${randomBytes(8).toString('hex')}`);
    };
    // What was moved up appears in the top directory: until a pass moves nothing.
    for (let before = -1; before !== moved; ) {
      before = moved;
      emptyDirectory(top, DEPTH_MAX, tooDeep);
    }
  } finally {
    closeSync(top);
  }
  unlinked(dir, name, AT_REMOVEDIR);
}

function emptyDirectory(
  dir: number,
  depth: number,
  tooDeep: (parent: number, name: PathBytes) => void,
): void {
  for (const bytes of readdirSync(`/proc/self/fd/${dir}`, { encoding: 'buffer' })) {
    const name = Buffer.concat([bytes, Buffer.from([0])]);
    if (unlinked(dir, name, 0)) continue;
    if (depth === 0) {
      tooDeep(dir, name);
      continue;
    }
    const inner = tryOpenAt(dir, name, OPEN_DIRECTORY);
    if (inner < 0) throw new SystemError('openat', -inner, shown(name));
    try {
      if (fstatSync(inner).dev !== fstatSync(dir).dev)
        throw new SystemError('unlinkat', ERRNO.EBUSY, shown(name));
      emptyDirectory(inner, depth - 1, tooDeep);
    } finally {
      closeSync(inner);
    }
    unlinked(dir, name, AT_REMOVEDIR);
  }
}

/** False: it is a directory (and `flags` did not say so). */
function unlinked(dir: number, name: PathBytes, flags: number): boolean {
  if (c_unlinkat(dir, name, flags) === 0) return true;
  const e = errno();
  if (e === ERRNO.ENOENT) return true;
  if (e === 21 /* EISDIR */ && flags === 0) return false;
  throw new SystemError('unlinkat', e, shown(name));
}
