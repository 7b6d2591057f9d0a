/** What a writer of trees holds open, makes on the way, and tells of what fails. */
import assert from 'node:assert/strict';
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { TarError } from '../../formats/tar/entry.ts';
import { getXattr } from '../../linux/index.ts';
import { entryOf, inGuest, type Member, write } from './test-members.ts';
import { temporary, temporaryInMemory } from './test-tree.ts';
import { TreeWriter } from './tree-writer.ts';

const openFiles = (): number => readdirSync('/proc/self/fd').length;

test('so many directories are kept open, however many come', (t) => {
  const root = openSync(temporary(t), 'r');
  const before = openFiles();
  const writer = new TreeWriter(root, { whiteouts: 'plain' });
  const opened = Array.from({ length: 100 }, (_, i) => {
    writer.entry(entryOf(['directory', `d${i}`]));
    return openFiles() - before;
  });
  writer.close();
  assert.deepEqual([opened[62], opened[63], opened[64], opened[99]], [63, 64, 64, 64]);
  assert.equal(openFiles(), before);
  closeSync(root);
});

test('what is mounted inside belongs to a container’s tree, but not to one of our own', (t) => {
  const inside = temporaryInMemory(t);
  const name = basename(inside);
  if (!inside.startsWith('/dev/shm/') || statSync('/dev/shm').dev === statSync('/dev').dev) {
    t.skip('nothing is mounted at /dev/shm');
    return;
  }
  const member: Member = ['file', `shm/${name}/d/f`];
  assert.throws(() => write('/dev', [member]), /not a directory \(EXDEV\)/);
  assert.deepEqual(readdirSync(inside), []);
  write('/dev', [member], inGuest(t, '/dev'));
  assert.deepEqual(readdirSync(join(inside, 'd')), ['f']);
});

test('a device that hides is one whatever its mode, and means nothing where whiteouts are names like others', (t) => {
  const device: Member = ['char', 'd', { mode: 0o755 }];
  for (const [first, whiteouts, hides] of [
    [device, 'overlay', true],
    [device, 'plain', false],
    [['file', 'd'], 'overlay', false],
  ] as const) {
    const into = temporary(t);
    write(into, [first, ['directory', 'd']], { whiteouts });
    assert.equal(getXattr(join(into, 'd'), 'trusted.overlay.opaque') !== undefined, hides);
  }
});

test('until its end a file is its owner’s alone, and one that is a hole of one byte is so long', (t) => {
  const into = temporary(t);
  const root = openSync(into, 'r');
  const writer = new TreeWriter(root, { whiteouts: 'plain' });
  writer.entry(entryOf(['file', 'f', { size: 1 }]));
  assert.equal(lstatSync(join(into, 'f')).mode & 0o777, 0o600);
  writer.end();
  writer.close();
  closeSync(root);
  assert.equal(statSync(join(into, 'f')).size, 1);
});

test('directories that were replaced have no times, and nothing else is touched for them', (t) => {
  const before = openFiles();
  write(temporary(t), [
    ['directory', 'a'],
    ['directory', 'a/b'],
    ['file', 'a'],
  ]);
  assert.equal(openFiles(), before);
});

test('what the system refuses is told by its error, what the archive is to blame for as its fault', (t) => {
  const into = temporary(t);
  symlinkSync('loop', join(into, 'loop'));
  assert.throws(() => write(into, [['symlink', 'l', { linkPath: 'x'.repeat(5000) }]]), {
    code: 'ENAMETOOLONG',
  });
  assert.throws(
    () => write(into, [['file', 'loop/f']]),
    (error: Error) => {
      assert.ok(error instanceof TarError);
      assert.match(error.message, /^"loop": not a directory \(ELOOP\)$/);
      return true;
    },
  );
});

test('names begin at the container’s directory, also where the root has such ones', (t) => {
  const root = temporary(t);
  for (const path of ['d', 'in/side/d']) mkdirSync(join(root, path), { recursive: true });
  write(join(root, 'in/side'), [['file', 'd/f']], inGuest(t, root, { base: 'in/side' }));
  assert.deepEqual([readdirSync(join(root, 'd')), readdirSync(join(root, 'in/side/d'))], [[], ['f']]);
});

test('directories that no member speaks of hide nothing', (t) => {
  const into = temporary(t);
  write(into, [['file', 'a/b/f']]);
  for (const path of ['a', 'a/b'])
    assert.equal(getXattr(join(into, path), 'trusted.overlay.opaque'), undefined, path);
});

test('where no directory can be made the system’s error is told', () => {
  assert.throws(() => write('/proc', [['file', 'none/f']]), { code: 'ENOENT', message: /"none"/ });
});

test('a whiteout of what its own layer brought marks directories alone, and nothing through a link', (t) => {
  const [into, outside] = [temporary(t), temporary(t)];
  write(into, [
    ['directory', 'd'],
    ['file', 'f'],
    ['symlink', 'l', { linkPath: outside }],
    ...['d', 'f', 'l'].map((name): Member => ['file', `.wh.${name}`]),
  ]);
  const isMarked = (path: string) => getXattr(path, 'trusted.overlay.opaque') !== undefined;
  assert.deepEqual([join(into, 'd'), join(into, 'f'), outside].map(isMarked), [true, false, false]);
});
