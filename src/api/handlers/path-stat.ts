/** What is at a path of a container, in the header that tells of it. */

import { formatNanos } from '../../base/time.ts';
import type { PathStat } from '../../engine/index.ts';
import { requestFailure } from '../../model/failures/request.ts';

/** File kinds of stat(2), and the bit that Go's os.FileMode has for each. */
const KINDS = new Map([
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o020000, 2 ** 26 + 2 ** 21],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
]);

/** Go's os.FileMode of a mode of stat(2). */
export function goFileMode(mode: number): number {
  const special =
    (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return (KINDS.get(mode & 0o170000) ?? 0) + special + (mode & 0o777);
}

/** The header `X-Docker-Container-Path-Stat`: base64 of a JSON document. */
export function pathStatHeader({ name, size, mode, mtimeNanos, linkTarget }: PathStat): {
  'X-Docker-Container-Path-Stat': string;
} {
  const told = { name, size, mode: goFileMode(mode), mtime: formatNanos(mtimeNanos), linkTarget };
  return { 'X-Docker-Container-Path-Stat': Buffer.from(JSON.stringify(told)).toString('base64') };
}

/** @throws InvalidArgument when there is none */
export function requirePath(path: string | undefined): string {
  if (path === undefined) throw requestFailure.pathEmpty();
  return path;
}
