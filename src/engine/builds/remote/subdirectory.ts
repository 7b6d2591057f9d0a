/** A directory of a repository, found without leaving it. */
import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import { tryOpenDirectoryInRoot } from '../../../linux/index.ts';
import { buildFailure } from '../../../model/failures/build.ts';

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
