/** Mounts: classic mount(2), and fsopen/fsconfig for overlays whose options would not fit in a page. */
import { closeSync } from 'node:fs';
import { check, declare, declareAsync, ERRNO, errno, SystemError } from './ffi.ts';

const c_mount = declare('mount', 'int', ['str', 'str', 'str', 'ulong', 'str']);
const c_mountAway = declareAsync('mount', 'int', ['str', 'str', 'str', 'ulong', 'str']);
const c_umount2 = declare('umount2', 'int', ['str', 'int']);
const c_statvfs = declare('statvfs', 'int', ['str', 'void*']);
const c_fsopen = declare('syscall', 'long', ['long', 'str', 'long', 'long', 'long', 'long', 'long']);
const c_fsconfig = declare('syscall', 'long', ['long', 'int', 'uint', 'str', 'str', 'int', 'long']);
const c_fsmount = declare('syscall', 'long', ['long', 'int', 'uint', 'uint', 'long', 'long', 'long']);
const c_open_tree = declare('syscall', 'long', ['long', 'int', 'str', 'long', 'long', 'long', 'long']);
const c_move_mount = declare('syscall', 'long', ['long', 'int', 'str', 'int', 'str', 'long', 'long']);
const c_pivot_root = declare('syscall', 'long', ['long', 'str', 'str', 'long', 'long', 'long', 'long']);
/** The one call here whose number differs between machines. */
const PIVOT_ROOT = process.arch === 'x64' ? 155 : 41;
const AT_FDCWD = -100;

export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  SYNCHRONOUS: 16,
  REMOUNT: 32,
  MANDLOCK: 64,
  DIRSYNC: 128,
  NOATIME: 1024,
  NODIRATIME: 2048,
  BIND: 4096,
  MOVE: 8192,
  REC: 16384,
  UNBINDABLE: 1 << 17,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
  RELATIME: 1 << 21,
  STRICTATIME: 1 << 24,
} as const;
export const MNT_DETACH = 2;

/** struct statvfs of the 64-bit machines: eleven words and spare room; the tenth says how it is mounted. */
const STATVFS_BYTES = 112;
const STATVFS_FLAGS_AT = 72;

/** Of {@link MS}, how the mount that `path` lies on is restricted: RDONLY, NOSUID, NODEV, NOEXEC. @throws SystemError */
export function restrictionsOf(path: string): number {
  const found = Buffer.alloc(STATVFS_BYTES);
  check('statvfs', c_statvfs(path, found), path);
  return found.readUInt32LE(STATVFS_FLAGS_AT) & (MS.RDONLY | MS.NOSUID | MS.NODEV | MS.NOEXEC);
}

/** mount(2). `data` beyond 4,095 bytes is refused here: the kernel would cut it off without a word. @throws SystemError */
export function mount(
  source: string,
  target: string,
  type: string | null,
  flags: number,
  data: string | null,
): void {
  if (data !== null && Buffer.byteLength(data) > 4095)
    throw new RangeError(`mount options for ${target} exceed a page`);
  check('mount', c_mount(source, target, type, flags, data), target);
}
/** mount(2) on a pool thread: what asks a server or a disk may take long. @throws SystemError */
export function mountAway(
  source: string,
  target: string,
  type: string,
  flags: number,
  data: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    c_mountAway([source, target, type, flags, data], (error, result) => {
      if (error) reject(error);
      else if (result < 0) reject(new SystemError('mount', errno(), target));
      else resolve();
    });
  });
}
/** @throws SystemError */
export const unmount = (target: string, flags = 0): void =>
  void check('umount', c_umount2(target, flags), target);

/**
 * Detaches a mount with all that is mounted below it. Made private first: a copy of the host's mounts is their peer where
 * those are shared, and what goes below the one would go below the other. @throws SystemError EINVAL when it is no mount
 */
export function detachTree(target: string): void {
  mount('none', target, null, MS.REC | MS.PRIVATE, null);
  unmount(target, MNT_DETACH);
}

/** Mounts an overlay by fsconfig, one call per lower layer (up to 500). Topmost lower first. @throws SystemError */
export function mountOverlayMany(
  lowers: readonly string[],
  upper: string,
  work: string,
  target: string,
): void {
  const fs = check('fsopen', c_fsopen(430, 'overlay', 1, 0, 0, 0, 0), 'overlay');
  try {
    const set = (key: string, value: string) =>
      check('fsconfig', c_fsconfig(431, fs, 1, key, value, 0, 0), `${key}=${value}`);
    for (const lower of lowers) set('lowerdir+', lower);
    set('upperdir', upper);
    set('workdir', work);
    check('fsconfig', c_fsconfig(431, fs, 6, null, null, 0, 0), `create ${target}`);
    const made = check('fsmount', c_fsmount(432, fs, 1, 0, 0, 0, 0), target);
    try {
      check('move_mount', c_move_mount(429, made, '', AT_FDCWD, target, 4, 0), target);
    } finally {
      closeSync(made);
    }
  } finally {
    closeSync(fs);
  }
}

/** A file system in memory, attached nowhere: closing the descriptor ends it. @throws SystemError */
export function newTmpfs(): number {
  const fs = check('fsopen', c_fsopen(430, 'tmpfs', 1, 0, 0, 0, 0), 'tmpfs');
  try {
    check('fsconfig', c_fsconfig(431, fs, 6, null, null, 0, 0), 'create tmpfs');
    return check('fsmount', c_fsmount(432, fs, 1, 0, 0, 0, 0), 'tmpfs');
  } finally {
    closeSync(fs);
  }
}

const OPEN_TREE_CLONE = 1;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const O_CLOEXEC = 0o2000000;
/** move_mount(2): both ends are descriptors (MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH). */
const BOTH_DESCRIPTORS = 0x04 | 0x40;
/** From the descriptor of a mount to a path, whose last link is not followed. */
const TO_PATH = 0x04;

/**
 * A copy of the mount at `path`, below the descriptor `dir` or absolute, attached nowhere: closing it ends it.
 * `recursive`: with all that is mounted below. An empty path means `dir` itself. @throws SystemError
 */
export function cloneMount(dir: number, path: string, recursive: boolean): number {
  const flags =
    OPEN_TREE_CLONE | O_CLOEXEC | (recursive ? AT_RECURSIVE : 0) | (path === '' ? AT_EMPTY_PATH : 0);
  return check('open_tree', c_open_tree(428, dir, path, flags, 0, 0, 0), path);
}
/** Attaches a copy that {@link cloneMount} made to the file or directory open as `at`. @throws SystemError */
export const attachMount = (mount: number, at: number, object: string): void =>
  void check('move_mount', c_move_mount(429, mount, '', at, '', BOTH_DESCRIPTORS, 0), object);
/** The same, to a path of this mount namespace. @throws SystemError */
export const attachMountAt = (mount: number, path: string): void =>
  void check('move_mount', c_move_mount(429, mount, '', AT_FDCWD, path, TO_PATH, 0), path);
/** Makes the current directory, a mount, the root of this mount namespace; all that was there before goes. @throws SystemError */
export function pivotHere(): void {
  // The old root stands over the new one for a moment: pivot_root(2), "pivot_root(\".\", \".\")".
  check('pivot_root', c_pivot_root(PIVOT_ROOT, '.', '.', 0, 0, 0, 0));
  unmount('.', MNT_DETACH);
}

/**
 * Binds a descriptor's file (`recursive`: with what is mounted below it) onto `path`: a pidfd (pidfs, Linux 6.14 and up) bound so keeps the exit status of its
 * process readable while no process of ours lives. @throws SystemError
 */
export function bindDescriptor(fd: number, path: string, recursive = false): void {
  const tree = cloneMount(fd, '', recursive);
  try {
    attachMountAt(tree, path);
  } finally {
    closeSync(tree);
  }
}

const c_mount_setattr = declare('syscall', 'long', ['long', 'int', 'str', 'uint', 'void*', 'size_t', 'long']);
/** Whether mount_setattr(2) is there (Linux 5.12): it makes whole trees of mounts read-only. */
export function canSetMountAttributes(): boolean {
  return c_mount_setattr(442, -1, '', 0, null, 0, 0) >= 0 || errno() !== ERRNO.ENOSYS;
}
