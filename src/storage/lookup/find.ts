/** Finds what a path means in a container, and tells what is there: links lead inside only. */
import { closeSync, fstatSync, readlinkSync } from 'node:fs';
import { type ByteText, TarError } from '../../formats/tar/entry.ts';
import { splitLast } from '../../formats/tar/path.ts';
import {
  ERRNO,
  pathBytes,
  readLinkOf,
  SystemError,
  tryFindInTree,
  tryOpenDirectoryInTree,
} from '../../linux/index.ts';
import type { PathStat } from '../storage.ts';

/** Links that are followed for one path, as the kernel follows at most 40. */
const LINKS_MAX = 40;

/** What a path led to. */
export interface FoundPath {
  readonly stat: PathStat;
  /** Where it is, links before its last part resolved: clean, '' is the root. */
  readonly path: ByteText;
  /** Its name in an archive. */
  readonly archived: ByteText;
}

/** A path as somebody wrote it, cleaned word by word; whether it must be a directory. */
interface Asked {
  readonly path: ByteText;
  readonly directory: boolean;
  /** The last part: `/` for the root, `.` for what ends so. */
  readonly name: string;
}

/** @throws TarError */
function readPath(text: string): Asked {
  if (text.includes('\0')) throw new TarError('a path with a NUL byte');
  const parts: string[] = [];
  for (const part of text.split('/'))
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  const last = text.slice(text.lastIndexOf('/') + 1);
  const path = Buffer.from(parts.join('/')).toString('latin1');
  const name = last === '.' ? '.' : (parts.at(-1) ?? '/');
  return { path, directory: parts.length === 0 || last === '.' || last === '', name };
}

/**
 * `follow`: a link at the end leads on, and the name is what it leads to.
 * @throws SystemError (`lstat /path: ENOENT`)
 */
export function findPath(root: number, text: string, follow: boolean): FoundPath {
  const { path, directory, name } = readPath(text);
  const fd = tryFindInTree(
    root,
    pathBytes(path === '' ? '.' : directory ? `${path}/` : path),
    follow || directory,
  );
  if (fd < 0) throw new SystemError('lstat', -fd, text);
  try {
    const stat = fstatSync(fd, { bigint: true });
    const where = placeOf(fd);
    const last = follow ? textOf(splitLast(where)[1] || '.') : name;
    return {
      stat: {
        name: last,
        size: Number(stat.size),
        mode: Number(stat.mode),
        mtimeNanos: stat.mtimeNs,
        linkTarget: stat.isSymbolicLink() ? leadsTo(root, where) : '',
      },
      path: where,
      archived: Buffer.from(last).toString('latin1'),
    };
  } finally {
    closeSync(fd);
  }
}

/** The directory that `text` means, a link at its end followed: clean. @throws SystemError (ENOENT, ENOTDIR) */
export function findDirectory(root: number, text: string): ByteText {
  const { fd, path } = openDirectory(root, readPath(text).path, text);
  closeSync(fd);
  return path;
}

/** Opens the directory `path` (clean). `shown`: what an error calls it. @throws SystemError */
export function openDirectory(
  root: number,
  path: ByteText,
  shown = `/${path}`,
): { fd: number; path: ByteText } {
  const bytes = pathBytes(path === '' ? '.' : path);
  const fd = tryOpenDirectoryInTree(root, bytes);
  if (fd >= 0) return { fd, path: placeOf(fd) };
  const there = fd === -ERRNO.ENOTDIR ? tryFindInTree(root, bytes, true) : fd;
  if (there < 0) throw new SystemError('lstat', -fd, shown);
  closeSync(there);
  throw new TarError('extraction point is not a directory');
}

/** Where a descriptor is, as the kernel has it: below the root of its mounts, which is the container's. */
const placeOf = (fd: number): ByteText =>
  readlinkSync(`/proc/self/fd/${fd}`, { encoding: 'latin1' }).replace(/^\/+/, '');

const textOf = (path: ByteText): string => Buffer.from(path, 'latin1').toString();

/** What a link leads to at last; where it leads nowhere, the path at which there is nothing. */
function leadsTo(root: number, link: ByteText): string {
  let resolved: ByteText[] = [];
  const left = link.split('/');
  for (let links = 0; left.length > 0; ) {
    const part = left.shift()!;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      resolved.pop();
      continue;
    }
    const target = readLink(root, [...resolved, part].join('/'));
    if (target === undefined) {
      resolved.push(part);
      continue;
    }
    if (++links > LINKS_MAX) throw new SystemError('readlink', ERRNO.ELOOP, textOf(`/${link}`));
    if (target.startsWith('/')) resolved = [];
    left.unshift(...target.split('/'));
  }
  return textOf(`/${resolved.join('/')}`);
}

/** Undefined: there is no link of that name. */
function readLink(root: number, path: ByteText): ByteText | undefined {
  const fd = tryFindInTree(root, pathBytes(path), false);
  if (fd < 0) return undefined;
  try {
    if (!fstatSync(fd).isSymbolicLink()) return undefined;
    return readLinkOf(fd);
  } finally {
    closeSync(fd);
  }
}
