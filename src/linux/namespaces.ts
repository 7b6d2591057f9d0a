/** Namespaces, entered by the main thread for the length of one synchronous function. */
import { closeSync, openSync } from 'node:fs';
import { check, declare } from './ffi.ts';
import { MS, mount } from './mounts.ts';

const c_setns = declare('setns', 'int', ['int', 'int']);
const c_unshare = declare('unshare', 'int', ['int']);

export const CLONE = {
  FS: 0x200,
  NEWNS: 0x20000,
  NEWUTS: 0x4000000,
  NEWIPC: 0x8000000,
  NEWUSER: 0x10000000,
  NEWNET: 0x40000000,
} as const;

/** Enters a namespace, for the calling thread (setns(2)). */
export const setns = (fd: number, type: number): void => void check('setns', c_setns(fd, type));
/** Makes namespaces of the calling thread's own (unshare(2)). */
export const unshare = (flags: number): void => void check('unshare', c_unshare(flags));

let hostNetwork: number | undefined;
let hostMounts: number | undefined;

/** A descriptor of the calling thread's namespace; `/proc/self` would name the main thread's. */
export const ownNamespace = (type: 'net' | 'mnt'): number => openSync(`/proc/thread-self/ns/${type}`, 'r');

/** Runs `work` with this thread inside the network namespace `fd`. `work` must not await: other code would run there. */
export function inNetworkNamespace<T>(fd: number, work: () => T): T {
  hostNetwork ??= ownNamespace('net');
  setns(fd, CLONE.NEWNET);
  try {
    return work();
  } finally {
    setns(hostNetwork, CLONE.NEWNET);
  }
}

/** Makes a network namespace, runs `work` in it, and returns its descriptor (owned by the caller) and the result. */
export function newNetworkNamespace<T>(work: () => T): { fd: number; result: T } {
  hostNetwork ??= ownNamespace('net');
  unshare(CLONE.NEWNET);
  let fd = -1;
  try {
    fd = ownNamespace('net');
    return { fd, result: work() };
  } catch (error) {
    if (fd >= 0) closeSync(fd);
    throw error;
  } finally {
    setns(hostNetwork, CLONE.NEWNET);
  }
}

/** Runs `work` away from the host's mounts and comes back whatever it did. Strictly synchronous. */
function awayFromHostMounts<T>(leave: () => void, work: () => T): T {
  // setns(mnt) is EINVAL while threads share cwd and root, and each new thread shares its maker's.
  unshare(CLONE.FS);
  hostMounts ??= ownNamespace('mnt');
  const cwd = process.cwd();
  leave();
  try {
    return work();
  } finally {
    setns(hostMounts, CLONE.NEWNS);
    process.chdir(cwd);
  }
}

/**
 * Runs `work` in a new mount namespace, a copy of the host's. Strictly synchronous. The host's mounts are untouched:
 * the copy is a slave: the host's later mounts reach it, never the reverse. It ends with its last descriptor.
 */
export const inNewMounts = <T>(work: () => T): T =>
  awayFromHostMounts(
    () => unshare(CLONE.NEWNS),
    () => {
      mount('none', '/', null, MS.REC | MS.SLAVE, null);
      return work();
    },
  );

/** Runs `work` in the mount namespace behind a descriptor: a namespace's, or a process's pidfd. Strictly synchronous. */
export const inMountsOf = <T>(fd: number, work: () => T): T =>
  awayFromHostMounts(() => setns(fd, CLONE.NEWNS), work);

/** Runs `work` in a throw-away mount namespace where an empty tmpfs hides `path`. Strictly synchronous. */
export const withHiddenPath = <T>(path: string, work: () => T): T =>
  inNewMounts(() => {
    mount('none', path, 'tmpfs', 0, 'mode=755');
    return work();
  });
