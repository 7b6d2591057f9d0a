/** Where a path of a container really lies in its root. Links are followed inside of the root, never on the host. */
import { closeSync, constants, fstatSync } from 'node:fs';
import { O_PATH, openAt2, RESOLVE, readLinkOf } from '../../linux/index.ts';

/** As many links as the kernel follows (path_resolution(7)). */
const LINKS_MAX = 40;
const NOT_FOLLOWED = O_PATH | constants.O_NOFOLLOW;

/**
 * The absolute path without links; what does not exist stays as it is written. `root`: a descriptor of the root's
 * directory. A path with more links than the kernel follows is given back unchanged.
 */
export function placeInRoot(root: number, path: string): string {
  const left = names(path);
  const place: string[] = [];
  let links = 0;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (name === '..') {
      place.pop();
      continue;
    }
    const target = linkTarget(root, [...place, name].join('/'));
    if (target === undefined) {
      place.push(name);
      continue;
    }
    if (++links > LINKS_MAX) return path;
    if (target.startsWith('/')) place.length = 0;
    left.unshift(...names(target));
  }
  return `/${place.join('/')}`;
}

const names = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

/** Undefined: no link, or nothing at all. */
function linkTarget(root: number, path: string): string | undefined {
  let fd: number;
  try {
    fd = openAt2(root, path, NOT_FOLLOWED, 0, RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS);
  } catch {
    return undefined;
  }
  try {
    if (!fstatSync(fd).isSymbolicLink()) return undefined;
    return Buffer.from(readLinkOf(fd), 'latin1').toString('utf8');
  } finally {
    closeSync(fd);
  }
}
