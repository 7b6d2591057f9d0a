/** For tests: a temporary directory, and everything that can be told of a tree as plain data. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { getXattr, listXattrs, removeTreeAt } from '../../linux/index.ts';

/** A directory that goes with the test. */
export function temporary(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-tree-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The same in memory where there is such a place, for trees of very many names: a disk would take minutes. */
export function temporaryInMemory(t: TestContext): string {
  const path = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'gantry-tree-'));
  t.after(() => removeTreeAt(-100, path));
  return path;
}

/** Name (one character a byte) → kind, mode, owner, times, device, content, attributes, and which other name it shares. */
export function snapshot(
  root: string,
  { times = true, without = new Set<string>() }: { times?: boolean; without?: ReadonlySet<string> } = {},
): Record<string, string> {
  const found: Record<string, string> = {};
  const firstName = new Map<string, string>();
  const look = (path: Buffer, name: string): void => {
    const stat = lstatSync(path, { bigint: true });
    const key = `${stat.dev}:${stat.ino}`;
    const shared = stat.isDirectory() || stat.nlink === 1n ? '' : `same as ${firstName.get(key) ?? 'itself'}`;
    if (!firstName.has(key)) firstName.set(key, name);
    const content = stat.isFile()
      ? `${stat.size} ${createHash('sha1').update(readFileSync(path)).digest('hex')}`
      : stat.isSymbolicLink()
        ? readlinkSync(path, { encoding: 'latin1' })
        : '';
    const facts = [
      stat.mode.toString(8),
      stat.uid,
      stat.gid,
      times ? stat.mtimeNs : '',
      stat.rdev,
      content,
      xattrs(path),
      shared,
    ];
    found[name] = facts.join(' | ');
    if (stat.isDirectory())
      for (const entry of readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare))
        if (!without.has(`${name}/${entry.toString('latin1')}`))
          look(Buffer.concat([path, Buffer.from('/'), entry]), `${name}/${entry.toString('latin1')}`);
  };
  look(Buffer.from(root), '.');
  return found;
}

function xattrs(path: Buffer): string {
  // The calls take text: the trees of these tests have attributes on names of plain text alone.
  const text = path.toString('utf8');
  if (!Buffer.from(text).equals(path)) return '';
  return listXattrs(text)
    .sort()
    .map((name) => `${name}=${getXattr(text, name)?.toString('hex')}`)
    .join(',');
}
