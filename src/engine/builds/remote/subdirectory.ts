/** A directory of a repository, found without leaving it. */
import { closeSync, constants, lstatSync, openSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { tryOpenDirectoryInRoot } from '../../../linux/index.ts';
import { buildFailure } from '../../../model/failures/build.ts';

/** The path of `directory` below `root`; links in it lead nowhere else. @throws InvalidArgument */
export function directoryIn(root: string, directory: string): string {
  const rootFd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const found = tryOpenDirectoryInRoot(rootFd, directory === '' ? '.' : directory);
    if (found < 0) throw buildFailure.contextOutside({ directory, ...endOfWay(rootFd, directory) });
    try {
      return readlinkSync(`/proc/self/fd/${found}`);
    } finally {
      closeSync(found);
    }
  } finally {
    closeSync(rootFd);
  }
}

/** The first part of the path that is no directory, and whether it is anything. */
function endOfWay(rootFd: number, directory: string): { readonly at: string; readonly isThere: boolean } {
  const parts = posix.normalize(directory).split('/').filter(Boolean);
  for (const i of parts.keys()) {
    const at = parts.slice(0, i + 1).join('/');
    const found = tryOpenDirectoryInRoot(rootFd, at);
    if (found < 0) return { at, isThere: isIn(rootFd, parts.slice(0, i).join('/') || '.', parts[i] ?? '') };
    closeSync(found);
  }
  return { at: directory, isThere: true };
}

function isIn(rootFd: number, directory: string, name: string): boolean {
  const found = tryOpenDirectoryInRoot(rootFd, directory);
  try {
    return lstatSync(`/proc/self/fd/${found}/${name}`, { throwIfNoEntry: false }) !== undefined;
  } finally {
    closeSync(found);
  }
}
