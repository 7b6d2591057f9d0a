/** Mounts that a killed engine left where nothing of use can be mounted any more. */
import { readFileSync, realpathSync } from 'node:fs';
import { MNT_DETACH, unmount } from '../linux/index.ts';

/** Detaches everything that is mounted below `path`, innermost first: what is mounted cannot be deleted. */
export function detachBelow(path: string): void {
  for (const point of mountedBelow(path).reverse()) unmount(point, MNT_DETACH);
}

/** What is mounted below `path`, in the order of mounting. */
export function mountedBelow(path: string): string[] {
  const prefix = `${realpathSync(path)}/`;
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescaped(line.split(' ')[4] ?? ''))
    .filter((point) => point.startsWith(prefix));
}

/** Blanks and backslashes are written in octal (proc_pid_mountinfo(5)). */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
