/** Measuring trees: what counts, and the way back from where it is deep. */
import assert from 'node:assert/strict';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { temporaryInMemory } from './test-tree.ts';
import { treeBytes } from './tree-bytes.ts';

test('all that is no directory counts, with several names once; the links of the engine do not', (t) => {
  const top = temporaryInMemory(t);
  mkdirSync(join(top, 'etc/inner'), { recursive: true });
  writeFileSync(join(top, 'etc/inner/a'), 'a'.repeat(1000));
  linkSync(join(top, 'etc/inner/a'), join(top, 'b'));
  for (const at of ['etc/mtab', 'etc/inner/mtab', 'mtab']) symlinkSync('/proc/mounts', join(top, at));
  assert.equal(treeBytes(top), 1000 + 3 * '/proc/mounts'.length);
  assert.equal(treeBytes(top, ['etc/mtab']), 1000 + 2 * '/proc/mounts'.length);
  assert.equal(treeBytes(relative(process.cwd(), top)), 1000 + 3 * '/proc/mounts'.length);
  assert.equal(treeBytes(join(top, 'absent')), 0);
  assert.equal(treeBytes(join(top, 'b')), 0);
  assert.throws(() => treeBytes(join(top, 'n'.repeat(256))), { code: 'ENAMETOOLONG' });
});

/** `depth` directories in each other; beside each two more, with a file of three bytes in each. */
function makeBranching(top: string, depth: number): void {
  for (let at = top, i = 0; i < depth; i++, at = join(at, 'd'))
    for (const name of ['a', 'd', 'z']) {
      mkdirSync(join(at, name));
      if (name !== 'd') writeFileSync(join(at, name, 'file'), 'abc');
    }
}
const openFiles = (): number => readdirSync('/proc/self/fd').length;

for (const depth of [1, 62, 63, 64, 65, 200])
  test(`what stands beside the way down is counted on the way back, ${depth} directories deep`, (t) => {
    const top = temporaryInMemory(t);
    makeBranching(top, depth);
    const before = openFiles();
    assert.equal(treeBytes(top), 6 * depth);
    assert.equal(openFiles(), before);
  });

/** Links that do not count; `visit` is told each directory and link that is come to. */
class Watched extends Array<string> {
  visit: (path: string) => void = () => undefined;

  // The walk asks for each directory whether a link is below it: it asks with the directory's path.
  override some(asks: (link: string, at: number, links: string[]) => unknown): boolean {
    asks({ startsWith: (path: string) => this.visit(path) } as unknown as string, 0, this);
    return true;
  }

  // It asks for each symbolic link whether that is one of these.
  override includes(path: string): boolean {
    this.visit(path);
    return false;
  }
}

test('a few directories are kept open at a time, however deep it is', (t) => {
  const top = temporaryInMemory(t);
  makeBranching(top, 200);
  const before = openFiles();
  const links = new Watched();
  let most = 0;
  links.visit = () => {
    most = Math.max(most, openFiles() - before);
  };
  assert.equal(treeBytes(top, links), 1200);
  // The one just come to is open beside them.
  assert.equal(most, 65);
});

test('a directory that is moved away while it is measured does not lead the walk to where it is then', (t) => {
  const top = temporaryInMemory(t);
  mkdirSync(join(top, 'elsewhere'));
  for (const name of ['a', 'z']) {
    mkdirSync(join(top, 'elsewhere', name));
    writeFileSync(join(top, 'elsewhere', name, 'file'), 'x'.repeat(1_000_000));
  }
  mkdirSync(join(top, 'measured'));
  makeBranching(join(top, 'measured'), 100);
  const before = openFiles();
  const links = new Watched();
  links.visit = (path) => {
    if (path === 'd/'.repeat(100))
      renameSync(join(top, 'measured', 'd/'.repeat(10)), join(top, 'elsewhere/d'));
  };
  const bytes = treeBytes(join(top, 'measured'), links);
  // Of the ten levels above it one of the two may have been visited before.
  assert.ok(bytes >= 90 * 6 && bytes <= 90 * 6 + 10 * 3, `${bytes} bytes`);
  assert.equal(openFiles(), before);
});

test('a directory in whose place there is a link by then is gone', (t) => {
  const top = temporaryInMemory(t);
  mkdirSync(join(top, 'elsewhere'));
  writeFileSync(join(top, 'elsewhere/file'), 'abc');
  for (const name of ['a', 'b']) mkdirSync(join(top, 'measured', name), { recursive: true });
  const links = new Watched();
  links.visit = (path) => {
    const other = { 'a/': 'b', 'b/': 'a' }[path];
    if (other === undefined) return;
    rmdirSync(join(top, 'measured', other));
    symlinkSync('../elsewhere', join(top, 'measured', other));
    links.visit = () => undefined;
  };
  assert.equal(treeBytes(join(top, 'measured'), links), 0);
});

test('a name that goes while its directory is measured does not count', (t) => {
  const top = temporaryInMemory(t);
  for (const name of ['a', 'b']) symlinkSync('/proc/mounts', join(top, name));
  const links = new Watched();
  links.visit = (path) => {
    if (path === 'a' || path === 'b') unlinkSync(join(top, path === 'a' ? 'b' : 'a'));
  };
  assert.equal(treeBytes(top, links), '/proc/mounts'.length);
});
