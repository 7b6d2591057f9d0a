/** Reading files that may be missing, or not be what they should. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
} from 'node:fs';
import { codeOf } from './errors.ts';

/** The file's text; empty when there is no such file, or it can't be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * The text of a small file of state; undefined: there is none. It never waits: for who would write into a pipe, say.
 * @throws Error for what is no file, or larger than it can be, or cannot be read
 */
export function readState(path: string, bytesMax: number): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) throw new Error(`${path} is no regular file`);
    if (found.size > bytesMax) throw new Error(`${path} has ${found.size} bytes, ${bytesMax} at most`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** The last bytes of a file, as text: it may be of any size. @throws Error when it cannot be read */
export function readEnd(path: string, bytesMax: number): string {
  const fd = openSync(path, 'r');
  try {
    const from = Math.max(0, fstatSync(fd).size - bytesMax);
    const bytes = Buffer.alloc(bytesMax);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytesMax, from));
  } finally {
    closeSync(fd);
  }
}

/** Where what lies in a file's place is set aside: the name says when. */
export const asidePath = (path: string): string =>
  `${path}.bad-${new Date().toISOString().replaceAll(':', '')}`;

/** Has what lies in a file's place out of the way. */
export const setAsideFile = (path: string): void => renameSync(path, asidePath(path));

/** The same for what is no regular file; true: there was such a thing. */
export function setAsideUnlessFile(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) return false;
  setAsideFile(path);
  return true;
}
