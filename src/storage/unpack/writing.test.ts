/** What a writer of trees counts, and how it minds a tree that is in use. */
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TarEntry } from '../../formats/tar/entry.ts';
import { getXattr } from '../../linux/index.ts';
import { atimeOf } from './attributes.ts';
import { entryOf, inGuest, type Member, MTIME, write } from './test-members.ts';
import { temporary } from './test-tree.ts';
import { TreeWriter } from './tree-writer.ts';
import { hiddenBy } from './whiteouts.ts';

test('the bytes of files and links count, each member once', (t) => {
  const { replaced, ...totals } = write(temporary(t), [
    ['directory', 'd'],
    ['file', 'd/f', { content: '12345' }],
    ['file', 'd/empty'],
    ['symlink', 'd/link', { linkPath: 'abc' }],
    ['hardlink', 'd/same', { linkPath: 'd/f' }],
    ['fifo', 'd/pipe'],
  ]);
  assert.deepEqual(totals, { bytes: 8, entries: 6, opaqueRoot: false });
  assert.equal(replaced, false);
});

test('what replaces something is told, and what is discarded too', (t) => {
  const into = temporary(t);
  assert.equal(write(into, [['file', 'f', { content: 'a' }]]).replaced, false);
  assert.equal(write(into, [['file', 'f', { content: 'bc' }]]).replaced, true);
  assert.equal(readFileSync(join(into, 'f'), 'utf8'), 'bc');
  assert.equal(write(into, [['directory', 'f']]).replaced, true);
  assert.equal(write(into, [['directory', 'f']]).replaced, false);
  const root = openSync(into, 'r');
  const writer = new TreeWriter(root, { whiteouts: 'plain' });
  writer.discard('none');
  writer.discard('none/below');
  assert.deepEqual(readdirSync(into), ['f']);
  writer.discard('f');
  assert.deepEqual([writer.totals.replaced, readdirSync(into)], [true, []]);
  writer.close();
  closeSync(root);
});

test('the root has its header’s attributes, and must be a directory; a container’s own stays as it is', (t) => {
  const into = temporary(t);
  const root: Member = ['directory', './', { mode: 0o711, uid: 3, gid: 4 }];
  write(into, [root]);
  const { mode, uid, gid, mtimeMs } = statSync(into);
  assert.deepEqual([mode & 0o777, uid, gid, mtimeMs], [0o711, 3, 4, 1e12]);
  const other = temporary(t);
  write(other, [root], inGuest(t, other));
  assert.equal(statSync(other).uid, 0);
  assert.throws(() => write(into, [['file', './']]), /the root must be a directory/);
});

test('a name has 255 bytes at most', (t) => {
  const into = temporary(t);
  write(into, [['file', 'x'.repeat(255)]]);
  assert.throws(() => write(into, [['file', 'x'.repeat(256)]]), /name too long/);
  assert.throws(() => write(into, [['file', `d/${'x'.repeat(256)}`]]), /name too long/);
});

test('missing directories belong to root and are open to all, whatever the mask', (t) => {
  const into = temporary(t);
  const before = process.umask(0o077);
  try {
    write(into, [['file', 'a/b/f', { uid: 5, gid: 6, mode: 0o640, content: 'x' }]]);
  } finally {
    process.umask(before);
  }
  for (const path of ['a', 'a/b']) {
    const { mode, uid, gid } = statSync(join(into, path));
    assert.deepEqual([mode & 0o7777, uid, gid], [0o755, 0, 0]);
  }
  const { mode, uid, gid } = statSync(join(into, 'a/b/f'));
  assert.deepEqual([mode & 0o7777, uid, gid], [0o640, 5, 6]);
});

test('nodes have their kind, numbers, owner and mode', (t) => {
  const into = temporary(t);
  const own = { uid: 7, gid: 8, mode: 0o604 };
  write(into, [
    ['char', 'c', { ...own, major: 1, minor: 3 }],
    ['block', 'b', { ...own, major: 7, minor: 300 }],
    ['fifo', 'p', { ...own, major: 9, minor: 9 }],
  ]);
  const facts = (name: string) => {
    const { mode, uid, gid, rdev } = lstatSync(join(into, name));
    return [(mode & 0o177777).toString(8), uid, gid, rdev];
  };
  assert.deepEqual(
    [facts('c'), facts('b'), facts('p')],
    [
      ['20604', 7, 8, (1 << 8) | 3],
      ['60604', 7, 8, ((300 >> 8) << 20) | (7 << 8) | (300 & 0xff)],
      ['10604', 7, 8, 0],
    ],
  );
});

test('a container’s files may all have one owner', (t) => {
  const into = temporary(t);
  const members: Member[] = [
    ['directory', 'd', { uid: 1, gid: 1 }],
    ['file', 'd/f', { uid: 2, gid: 2, content: 'x' }],
    ['symlink', 'd/l', { uid: 3, gid: 3, linkPath: 'f' }],
    ['hardlink', 'd/h', { uid: 4, gid: 4, linkPath: 'd/f' }],
  ];
  write(into, members, inGuest(t, into, { owner: { uid: 77, gid: 78 } }));
  for (const name of ['d', 'd/f', 'd/l', 'd/h']) {
    const { uid, gid } = lstatSync(join(into, name));
    assert.deepEqual([uid, gid], [77, 78], name);
  }
});

test('kinds that are kept: neither a directory is replaced by something else, nor the reverse', (t) => {
  const into = temporary(t);
  mkdirSync(join(into, 'base/dir'), { recursive: true });
  writeFileSync(join(into, 'base/file'), 'x');
  const base = join(into, 'base');
  const put = (member: Member, keepKinds: boolean, from = 'base') =>
    write(from === '' ? into : base, [member], inGuest(t, into, { base: from, keepKinds }));
  assert.throws(() => put(['file', 'dir'], true), {
    message: 'cannot overwrite directory "/base/dir" with non-directory "/base"',
  });
  assert.throws(() => put(['directory', 'file'], true), {
    message: 'cannot overwrite non-directory "/base/file" with directory "/base"',
  });
  assert.throws(() => put(['file', 'base'], true, ''), {
    message: 'cannot overwrite directory "/base" with non-directory "/"',
  });
  put(['file', 'file', { content: 'new' }], true);
  put(['directory', 'dir'], true);
  put(['symlink', 'new', { linkPath: 'x' }], true);
  assert.equal(readFileSync(join(base, 'file'), 'utf8'), 'new');
  put(['file', 'dir'], false);
  put(['directory', 'file'], false);
  assert.equal(statSync(join(base, 'file')).isDirectory(), true);
});

test('where something is mounted, and above that, nothing is removed; beside it is', (t) => {
  const into = realpathSync(temporary(t));
  mkdirSync(join(into, 'a/point'), { recursive: true });
  mkdirSync(join(into, 'a/points'));
  mkdirSync(join(into, 'apart'));
  const busy = [join(into, 'a/point')];
  for (const path of ['a', 'a/point'])
    assert.throws(() => write(into, [['file', path]], inGuest(t, into, { busy })), { code: 'EBUSY' });
  write(
    into,
    [
      ['file', 'a/points'],
      ['file', 'apart'],
    ],
    inGuest(t, into, { busy }),
  );
  assert.equal(statSync(join(into, 'a/point')).isDirectory(), true);
});

test('hard links lead to names of the same tree, and nowhere else', (t) => {
  const into = temporary(t);
  write(into, [['file', 'd/f', { content: 'x' }]]);
  write(into, [['hardlink', 'same', { linkPath: 'd/f' }]]);
  assert.equal(write(into, [['hardlink', 'same', { linkPath: 'd/f' }]]).replaced, false);
  assert.equal(statSync(join(into, 'same')).nlink, 2);
  write(into, [['file', 'other', { content: 'y' }]]);
  assert.equal(write(into, [['hardlink', 'other', { linkPath: 'd/f' }]]).replaced, true);
  assert.equal(readFileSync(join(into, 'other'), 'utf8'), 'x');
  assert.throws(
    () => write(into, [['hardlink', 'h', { linkPath: '../../etc/passwd' }]]),
    /leaves the archive's root/,
  );
  for (const linkPath of ['none', 'none/f', '', '/'])
    assert.throws(() => write(into, [['hardlink', 'h', { linkPath }]]), /hard link to .*ENOENT/, linkPath);
});

test('a whiteout in the root is told, one below it is an attribute', (t) => {
  const into = temporary(t);
  assert.equal(write(into, [['file', '.wh..wh..opq']]).opaqueRoot, true);
  assert.equal(write(into, [['file', 'd/.wh..wh..opq']]).opaqueRoot, false);
  assert.equal(String(getXattr(join(into, 'd'), 'trusted.overlay.opaque')), 'y');
  assert.deepEqual(readdirSync(into), ['d']);
});

test('a directory in the place of its own whiteout hides what is below it', (t) => {
  const into = temporary(t);
  write(into, [
    ['file', '.wh.a'],
    ['directory', 'a'],
    ['file', '.wh.b'],
    ['file', 'b/f'],
    ['file', '.wh.c'],
    ['file', 'c', { content: 'x' }],
    ['directory', 'd'],
  ]);
  const opaque = (name: string) => getXattr(join(into, name), 'trusted.overlay.opaque')?.toString();
  assert.deepEqual([opaque('a'), opaque('b'), opaque('d')], ['y', 'y', undefined]);
  assert.equal(lstatSync(join(into, 'c')).isFile(), true);
});

test('a whiteout names what it hides', () => {
  const hidden = (name: string) => hiddenBy(name, name);
  assert.deepEqual(hidden('.wh..wh..opq'), { is: 'all' });
  assert.deepEqual(hidden('.wh..wh.plnk'), { is: 'nothing' });
  assert.deepEqual(
    [hidden('.wh.a'), hidden('.wh..a')],
    [
      { is: 'name', name: 'a' },
      { is: 'name', name: '.a' },
    ],
  );
  for (const name of ['.wh.', '.wh..', '.wh...']) assert.throws(() => hidden(name), /whiteout of nothing/);
});

test('a file that was never read was read when it was written', () => {
  const at = (atimeNanos: bigint | undefined) => atimeOf(entryOf(['file', 'f', { atimeNanos }]));
  assert.deepEqual([undefined, MTIME - 1n, MTIME, MTIME + 1n].map(at), [MTIME, MTIME, MTIME, MTIME + 1n]);
});

test('attributes of names of their own are brought, and a link takes none of `user.`', (t) => {
  const into = temporary(t);
  const xattrs = new Map([
    ['user.a', Buffer.from('1')],
    ['trusted.b', Buffer.from('2')],
  ]);
  write(into, [
    ['file', 'f', { xattrs }],
    ['directory', 'd', { xattrs }],
    ['symlink', 'l', { linkPath: 'f', xattrs }],
    ['fifo', 'p', { xattrs }],
  ]);
  for (const name of ['f', 'd']) assert.equal(String(getXattr(join(into, name), 'user.a')), '1', name);
  for (const name of ['f', 'd', 'p'])
    assert.equal(String(getXattr(join(into, name), 'trusted.b')), '2', name);
  const tooLong = new Map([[`user.${'x'.repeat(300)}`, Buffer.from('x')]]);
  assert.throws(() => write(into, [['file', 'g', { xattrs: tooLong }]]), {
    message: /setxattr/,
    code: 'ERANGE',
  });
});

test('an attribute of a kind that the file system has not is no reason to refuse an image', (t) => {
  write(temporary(t), [['file', 'f', { xattrs: new Map([['nonsense', Buffer.from('x')]]) }]]);
});

test('a hard link’s header gives the file its owner, or its mode', (t) => {
  const into = temporary(t);
  write(into, [['file', 'f', { content: 'x', uid: 5, gid: 6, mode: 0o640 }]]);
  const linked = (more: Partial<TarEntry>) => {
    write(into, [['hardlink', 'h', { linkPath: 'f', uid: 5, gid: 6, mode: 0o640, ...more }]]);
    const { uid, gid, mode } = statSync(join(into, 'f'));
    return [uid, gid, mode & 0o7777];
  };
  assert.deepEqual(linked({ uid: 7 }), [7, 6, 0o640]);
  assert.deepEqual(linked({ uid: 7, gid: 8 }), [7, 8, 0o640]);
  assert.deepEqual(linked({ uid: 7, gid: 8, mode: 0o600 }), [7, 8, 0o600]);
});

test('a sparse file is as long as its header says, and its last hole takes no space', (t) => {
  const into = temporary(t);
  write(into, [['file', 'f', { content: 'abc', size: 1 << 24 }]]);
  const { size, blocks } = statSync(join(into, 'f'));
  assert.deepEqual([size, blocks < 100], [1 << 24, true]);
});

test('links on the way to a member lead inside the root, those that lead nowhere are refused', (t) => {
  const into = temporary(t);
  symlinkSync('/real', join(into, 'absolute'));
  symlinkSync('../../real', join(into, 'climbing'));
  symlinkSync('/none', join(into, 'nowhere'));
  mkdirSync(join(into, 'real'));
  writeFileSync(join(into, 'file'), '');
  write(into, [
    ['file', 'absolute/a'],
    ['file', 'climbing/b'],
  ]);
  assert.deepEqual(readdirSync(join(into, 'real')).sort(), ['a', 'b']);
  for (const path of ['nowhere/c', 'file/c'])
    assert.throws(() => write(into, [['file', path]]), /not a directory/);
  assert.equal(readlinkSync(join(into, 'absolute')), '/real');
  assert.equal(existsSync(join(into, 'none')), false);
});
