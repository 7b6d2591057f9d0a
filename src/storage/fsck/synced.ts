/** Looks at what is kept of clients' directories. None of it is missed: what is broken is sent again. */
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, leftover } from '../../base/finding.ts';
import { nameOfIndex } from '../sync/kept-files.ts';
import { readKeptIndex } from '../sync/kept-index.ts';

/** What no sync would use. */
export function examineSynced(directory: string): Finding[] {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const used = new Set<string>();
  for (const name of names.filter((each) => each.endsWith('.index'))) {
    const head = readKeptIndex(join(directory, name))?.head;
    const data = head && lstatSync(join(directory, head.data), { throwIfNoEntry: false });
    if (data && data.size >= head.dataLength && nameOfIndex(head.key) === name) used.add(name).add(head.data);
  }
  const unused = names.filter((name) => !used.has(name));
  return unused.map((name) =>
    leftover(join(directory, name), 'of a directory of a client, but not to be used'),
  );
}
