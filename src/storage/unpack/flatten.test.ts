/** Trees over each other, and directories that are copied. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { copyDirectory, flatten } from './flatten.ts';
import { snapshot, temporary } from './test-tree.ts';

const MIB = 1 << 20;

/** A directory of these files; a name that ends in a slash is a directory. */
function tree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = temporary(t);
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    if (name.endsWith('/')) mkdirSync(path, { recursive: true });
    else {
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, content);
    }
  }
  return root;
}
/** Paths of all that is a file, with what it holds. */
const files = (root: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => lstatSync(join(root, name)).isFile())
      .sort()
      .map((name) => [name, readFileSync(join(root, name), 'utf8')]),
  );

test('later layers stand over earlier ones: they replace, hide and empty', (t) => {
  const into = temporary(t);
  flatten(
    [
      tree(t, {
        a: '1',
        b: '1',
        'd/x': '1',
        'd/y': '1',
        'e/x': '1',
        'e/in/z': '1',
        'kind/x': '1',
        file: '1',
      }),
      tree(t, {
        ...{ a: '2', '.wh.b': '', 'd/.wh.x': '', 'd/new': '2', '.wh.none': '' },
        ...{ 'e/.wh..wh..opq': '', 'e/own': '2', kind: '2', 'file/x': '2', '.wh..wh.plnk': '' },
      }),
      tree(t, { c: '3', 'd/.wh.y': '', 'd/y': '3' }),
    ],
    into,
  );
  assert.deepEqual(files(into), {
    ...{ a: '2', c: '3', 'd/new': '2', 'd/y': '3', 'e/own': '2', 'file/x': '2', kind: '2' },
  });
});

test('a layer that hides all below it leaves what it brings', (t) => {
  const into = temporary(t);
  flatten([tree(t, { a: '1', 'd/x': '1' }), tree(t, { '.wh..wh..opq': '', b: '2' })], into);
  assert.deepEqual(files(into), { b: '2' });
});

/** Owners, modes, times, links, nodes and names of every kind. */
function colourful(t: TestContext): string {
  const root = tree(t, { file: 'content', empty: '', 'd/inner/deep': 'x', 'locked/': '' });
  symlinkSync('../nowhere', join(root, 'd/link'));
  linkSync(join(root, 'file'), join(root, 'd/same'));
  linkSync(join(root, 'file'), join(root, 'd/third'));
  linkSync(join(root, 'd/inner/deep'), join(root, 'pair'));
  execFileSync('mknod', [join(root, 'null'), 'c', '1', '3']);
  execFileSync('mkfifo', [join(root, 'd/pipe')]);
  writeFileSync(Buffer.from(`${root}/not-utf8-\xff`, 'latin1'), 'bytes');
  chownSync(join(root, 'd'), 12, 34);
  chownSync(join(root, 'empty'), 56, 78);
  chmodSync(join(root, 'empty'), 0o4711);
  chmodSync(join(root, 'locked'), 0o1700);
  for (const name of ['d/inner', 'd', 'locked', 'file', ''])
    utimesSync(join(root, name), 1e9, 1.1e9 + name.length);
  return root;
}

test('a copy of a directory is the same in all that can be told of it', (t) => {
  const source = colourful(t);
  const into = temporary(t);
  chmodSync(into, 0o755);
  assert.equal(copyDirectory(source, '.', into), 'copied');
  assert.deepEqual(snapshot(into), snapshot(source));
});

test('a layer that is no directory has nothing in it', (t) => {
  const [into, root] = [temporary(t), tree(t, { file: '1' })];
  flatten([join(root, 'none'), join(root, 'file')], into);
  assert.deepEqual(readdirSync(into), []);
});

test('an empty directory is copied with its own owner, mode and times', (t) => {
  const [source, into] = [temporary(t), temporary(t)];
  chownSync(source, 12, 34);
  chmodSync(source, 0o1750);
  utimesSync(source, 1e9, 1.1e9);
  copyDirectory(source, '.', into);
  assert.deepEqual(snapshot(into), snapshot(source));
});

test('a layer alone is the same flattened, but for its root', (t) => {
  const source = colourful(t);
  const into = temporary(t);
  flatten([source], into);
  const [copied, original] = [snapshot(into), snapshot(source)];
  delete copied['.'];
  delete original['.'];
  assert.deepEqual(copied, original);
});

test('a socket is not copied: nobody listens there', async (t) => {
  const source = tree(t, { a: '1' });
  const server = createServer().listen(join(source, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  const into = temporary(t);
  copyDirectory(source, '.', into);
  server.close();
  assert.deepEqual(readdirSync(into), ['a']);
});

test('holes stay holes, and bytes between them stay in their places', (t) => {
  const source = temporary(t);
  const fd = openSync(join(source, 'sparse'), 'w');
  for (const at of [0, 5 * MIB - 3, 8 * MIB]) writeSync(fd, 'island', at);
  closeSync(fd);
  execFileSync('truncate', ['-s', String(12 * MIB + 5), join(source, 'sparse')]);
  writeFileSync(join(source, 'zeros'), Buffer.alloc(3 * MIB));
  const into = temporary(t);
  copyDirectory(source, '.', into);
  for (const name of ['sparse', 'zeros'])
    assert.equal(readFileSync(join(into, name)).compare(readFileSync(join(source, name))), 0);
  assert.ok(statSync(join(into, 'sparse')).blocks * 512 <= 5 * MIB);
  assert.equal(statSync(join(into, 'zeros')).blocks, 0);
});

test('the way to a directory leads through links inside the root; what is none is not copied', (t) => {
  const root = tree(t, { 'real/dir/a': '1', file: '1' });
  symlinkSync('/real', join(root, 'link'));
  symlinkSync('../../../../real', join(root, 'climbing'));
  symlinkSync('/etc', join(root, 'outside'));
  symlinkSync('loop', join(root, 'loop'));
  for (const path of ['real/dir', 'link/dir', 'climbing/dir', 'real/../real/dir']) {
    const into = temporary(t);
    assert.equal(copyDirectory(root, path, into), 'copied', path);
    assert.deepEqual(files(into), { a: '1' });
  }
  const into = temporary(t);
  for (const path of ['none', 'real/none', 'file', 'file/x', 'outside', 'loop'])
    assert.equal(copyDirectory(root, path, into), undefined, path);
  assert.deepEqual(readdirSync(into), []);
  assert.throws(() => copyDirectory(root, 'x'.repeat(300), into), { code: 'ENAMETOOLONG' });
});

test('nothing stays open after copies', (t) => {
  const source = colourful(t);
  const count = () => readdirSync('/proc/self/fd').length;
  const before = count();
  copyDirectory(source, 'd', temporary(t));
  copyDirectory(source, 'none', temporary(t));
  flatten([source, source], temporary(t));
  assert.equal(count(), before);
});

test('only names that begin with the mark of a whiteout hide, and what follows the mark is hidden', (t) => {
  const into = temporary(t);
  const hidden = { x: '1', 'a.wh..wh.': '1', 'b.wh.': '1' };
  flatten([tree(t, hidden), tree(t, { abcdx: '2', '.wh.a.wh..wh.': '', '.wh.b.wh.': '' })], into);
  assert.deepEqual(files(into), { abcdx: '2', x: '1' });
});

test('only a directory is copied from, and only into one that is no link', (t) => {
  const root = tree(t, { 'd/f': '1', file: '1', 'into/': '' });
  const at = (name: string) => join(root, name);
  symlinkSync('into', at('link'));
  assert.throws(() => flatten([], at('file')), { code: 'ENOTDIR' });
  assert.throws(() => copyDirectory(at('file'), 'd', at('into')), { code: 'ENOTDIR' });
  for (const into of ['file', 'link'])
    assert.throws(() => copyDirectory(root, 'd', at(into)), { code: 'ENOTDIR' }, into);
  assert.equal(copyDirectory(root, 'd', at('into')), 'copied');
});
