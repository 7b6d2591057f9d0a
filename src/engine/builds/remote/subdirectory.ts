/** A directory of a repository, found without leaving it. */
import { closeSync, constants, lstatSync, openSync, readlinkSync } from 'node:fs';
import { join, posix } from 'node:path';
import { tryOpenDirectoryInRoot } from '../../../linux/index.ts';
import { buildFailure } from '../../../model/failures/build.ts';
import { vertexFailure } from '../../../model/failures/vertex.ts';

/** The path of `directory` below `root`; links in it lead nowhere else. @throws InvalidArgument */
export function directoryIn(root: string, directory: string): string {
  const rootFd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const found = tryOpenDirectoryInRoot(rootFd, directory === '' ? '.' : directory);
    if (found < 0) throw buildFailure.contextOutside({ directory });
    try {
      return readlinkSync(`/proc/self/fd/${found}`);
    } finally {
      closeSync(found);
    }
  } finally {
    closeSync(rootFd);
  }
}

/**
 * The same, but for links: BuildKit takes none, wherever it leads. Nobody changes the files meanwhile.
 * @throws InvalidArgument, in its words
 */
export function directoryWithoutLinks(root: string, directory: string): string {
  const parts = posix.normalize(directory).split('/').filter(Boolean);
  for (const i of parts.keys()) {
    const at = parts.slice(0, i + 1).join('/');
    const found = lstatSync(join(root, at), { throwIfNoEntry: false });
    if (found?.isDirectory()) continue;
    const isThere = found !== undefined;
    throw vertexFailure.noSubdirectory({ directory: posix.join('/', directory), at, isThere });
  }
  return directoryIn(root, directory);
}
