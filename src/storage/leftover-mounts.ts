/** Mounts that a killed engine left where nothing of use can be mounted any more. */
import { opendirSync, realpathSync } from 'node:fs';
import { codeOf } from '../base/errors.ts';
import { detachTree, mountPoints } from '../linux/index.ts';

/** Detaches everything that is mounted below `path`, innermost first: what is mounted cannot be deleted. */
export function detachBelow(path: string): void {
  for (const point of mountedBelow(path).reverse()) detachTree(point);
}

/** What is mounted below `path`, in the order of mounting. */
export function mountedBelow(path: string): string[] {
  if (isEmpty(path)) return []; // a mount point is an entry: the whole host's table need not be read
  const prefix = `${realpathSync(path)}/`;
  return mountPoints('self').filter((point) => point.startsWith(prefix));
}

/** Whether a directory has no entries, or is not there. */
function isEmpty(path: string): boolean {
  try {
    using directory = opendirSync(path);
    return directory.readSync() === null;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    throw error;
  }
}
