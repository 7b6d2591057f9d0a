/** For tests: members of an archive that are written without one. */
import { closeSync, openSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { EntryType, TarEntry } from '../../formats/tar/entry.ts';
import { type Guest, TreeWriter, type TreeWriterOptions } from './tree-writer.ts';

/** When all of them were changed. */
export const MTIME = 1_000_000_000_000_000_000n;
/** A member of an archive, as far as a test cares. */
export type Member = readonly [
  type: EntryType,
  path: string,
  more?: Partial<TarEntry> & { content?: string },
];

/** The same in full. */
export const entryOf = ([type, path, more = {}]: Member): TarEntry => ({
  ...{ type, path, linkPath: '', mode: 0o755, uid: 0, gid: 0, userName: '', groupName: '' },
  ...{ mtimeNanos: MTIME, atimeNanos: undefined, major: 0, minor: 0, xattrs: new Map() },
  size: more.content?.length ?? 0,
  ...more,
});

/** Writes members below `into`; gives what was counted. */
export function write(
  into: string,
  members: readonly Member[],
  options: TreeWriterOptions = { whiteouts: 'overlay' },
) {
  const root = openSync(into, 'r');
  const writer = new TreeWriter(root, options);
  try {
    for (const member of members) {
      writer.entry(entryOf(member));
      if (member[2]?.content !== undefined) writer.data(Buffer.from(member[2].content), 0);
      writer.end();
    }
    writer.finish();
    return writer.totals;
  } finally {
    writer.close();
    closeSync(root);
  }
}
/** How a tree is written that is a container’s. */
export const inGuest = (t: TestContext, root: string, more: Partial<Guest> = {}): TreeWriterOptions => {
  const fd = openSync(root, 'r');
  t.after(() => closeSync(fd));
  return {
    whiteouts: 'plain',
    guest: { root: fd, base: '', owner: undefined, keepKinds: false, busy: [], ...more },
  };
};
