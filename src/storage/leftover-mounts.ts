/** Mounts that a killed engine left where nothing of use can be mounted any more. */
import { existsSync, realpathSync } from 'node:fs';
import { detachTree, mountPoints } from '../linux/index.ts';

/** Detaches everything that is mounted below `path`, innermost first: what is mounted cannot be deleted. */
export function detachBelow(path: string): void {
  for (const point of mountedBelow(path).reverse()) detachTree(point);
}

/** What is mounted below `path`, in the order of mounting. */
export function mountedBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  const prefix = `${realpathSync(path)}/`;
  return mountPoints('self').filter((point) => point.startsWith(prefix));
}
