/** Looking into a container's root and preparing it. Nothing in it decides a path on the host: links resolve inside. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { codeOf, InvalidArgument } from '../../base/errors.ts';
import { chownAt, mkdirAt, O_PATH, openAt2, RESOLVE, symlinkAt } from '../../linux/index.ts';
import { placeInRoot } from './place-in-root.ts';

const INSIDE = RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS;

function withRoot<T>(rootfs: string, work: (root: number) => T): T {
  const root = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return work(root);
  } finally {
    closeSync(root);
  }
}

/** A regular file's text, at most `limitBytes` of it; undefined when there is no such file. */
export function readInRoot(rootfs: string, path: string, limitBytes: number): string | undefined {
  return withRoot(rootfs, (root) => {
    let fd: number;
    try {
      // Non-blocking: a FIFO that an image puts there must not hold the daemon.
      fd = openAt2(root, path, constants.O_RDONLY | constants.O_NONBLOCK, 0, INSIDE);
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(codeOf(error) ?? '')) return undefined;
      throw error;
    }
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) return undefined;
      const bytes = Buffer.allocUnsafe(Math.min(stat.size, limitBytes));
      return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
    } finally {
      closeSync(fd);
    }
  });
}

/** What stands at a path inside the root, links followed; undefined: nothing. */
export function kindInRoot(rootfs: string, path: string): 'directory' | 'other' | undefined {
  return withRoot(rootfs, (root) => {
    try {
      const fd = openAt2(root, path, O_PATH, 0, INSIDE);
      const isDirectory = fstatSync(fd).isDirectory();
      closeSync(fd);
      return isDirectory ? 'directory' : 'other';
    } catch {
      return undefined;
    }
  });
}

/** Where paths really lie inside the root, by the paths: links followed, what does not exist as it is written. */
export function placesInRoot(rootfs: string, paths: readonly string[]): Map<string, string> {
  return withRoot(rootfs, (root) => new Map(paths.map((path) => [path, placeInRoot(root, path)])));
}

/**
 * Makes a directory and its parents inside the root, as `WORKDIR` wants it, also where a link leads that has nothing at
 * its end; what exists stays as it is. @throws InvalidArgument
 */
export function makeDirectoryInRoot(rootfs: string, path: string, owner: { uid: number; gid: number }): void {
  withRoot(rootfs, (root) => {
    let made = '';
    for (const name of placeInRoot(root, path).split('/').filter(Boolean)) {
      const parent = openAt2(root, made === '' ? '.' : made, O_PATH | constants.O_DIRECTORY, 0, INSIDE);
      made = made === '' ? name : `${made}/${name}`;
      try {
        if (exists(root, made)) continue;
        mkdirAt(parent, name, 0o755);
        chownAt(parent, name, owner.uid, owner.gid);
      } finally {
        closeSync(parent);
      }
    }
    if (made === '') return;
    try {
      closeSync(openAt2(root, made, O_PATH | constants.O_DIRECTORY, 0, INSIDE));
    } catch (error) {
      throw new InvalidArgument(`Cannot mkdir: ${path} is not a directory`, { cause: error });
    }
  });
}

function exists(root: number, path: string): boolean {
  try {
    closeSync(openAt2(root, path, O_PATH, 0, INSIDE));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw new InvalidArgument(`Cannot mkdir ${path}: ${codeOf(error)}`, { cause: error });
  }
}

/** Owner and mode of a directory inside the root; undefined when there is none. */
export function directoryInRoot(
  rootfs: string,
  path: string,
): { uid: number; gid: number; mode: number } | undefined {
  return withRoot(rootfs, (root) => {
    try {
      const fd = openAt2(root, path, O_PATH | constants.O_DIRECTORY, 0, INSIDE);
      const { uid, gid, mode } = fstatSync(fd);
      closeSync(fd);
      return { uid, gid, mode: mode & 0o7777 };
    } catch {
      return undefined;
    }
  });
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * What Docker's containers have whatever their image: the file by which programs know that they are in a container, and
 * the old name of the list of mounts. What the image has there stays.
 */
export function furnishRoot(rootfs: string): void {
  withRoot(rootfs, (root) => {
    unlessThere(() => closeSync(openAt2(root, '.dockerenv', NEW_FILE, 0o755, INSIDE)));
    unlessThere(() => {
      const etc = openAt2(root, 'etc', O_PATH | constants.O_DIRECTORY, 0, INSIDE);
      try {
        symlinkAt('/proc/mounts', etc, 'mtab');
      } finally {
        closeSync(etc);
      }
    });
  });
}

/** Empty files inside the root, to mount something over; what the image has there stays, also a link to nowhere. */
export function makeFilesInRoot(rootfs: string, paths: readonly string[]): void {
  withRoot(rootfs, (root) => {
    for (const path of paths) unlessThere(() => closeSync(openAt2(root, path, NEW_FILE, 0o755, INSIDE)));
  });
}

/** An image may have anything in the way: its own file, or no such directory. @throws SystemError of the disk */
function unlessThere(make: () => void): void {
  try {
    make();
  } catch (error) {
    if (!['EEXIST', 'ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) throw error;
  }
}
