/** Which paths of the build context a build wants: the client sends those, and what links in them lead to. Pure. */
import { posix } from 'node:path';
import { textOf } from '../../../../formats/byte-text.ts';
import type { ByteText } from '../../../../formats/tar/entry.ts';

/** Words of a copy, or the source of a mount. `/`: everything. */
export function addContextPaths(paths: Set<string>, words: readonly ByteText[]): void {
  for (const word of words) paths.add(posix.join('/', textOf(word)));
}

/** As the client is asked for them; none: for everything. */
export const followedPaths = (paths: ReadonlySet<string> | undefined): string[] =>
  paths === undefined ? [] : [...paths].map((path) => posix.join('.', path)).toSorted();
