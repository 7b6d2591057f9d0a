/** Mounts that a killed engine left where nothing of use can be mounted any more. */
import { readFileSync, realpathSync } from 'node:fs';
import { MNT_DETACH, unmount } from '../linux/index.ts';

/** Detaches everything that is mounted below `path`, innermost first: what is mounted cannot be deleted. */
export function detachBelow(path: string): void {
  const prefix = `${realpathSync(path)}/`;
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescaped(line.split(' ')[4] ?? ''))
    .filter((point) => point.startsWith(prefix));
  for (const point of mounted.reverse()) unmount(point, MNT_DETACH);
}

/** Blanks and backslashes are written in octal (proc_pid_mountinfo(5)). */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
