import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TarEntry } from '../../formats/tar/entry.ts';
import { TarReader } from '../../formats/tar/reader.ts';
import { tarEnd, tarEntry, tarHeader, tarMember, tarPadding } from '../../formats/tar/writer.ts';
import { getXattr, makeDevice, mknod, setXattr } from '../../linux/index.ts';
import { snapshot, temporary } from './test-tree.ts';
import { TreeWriter } from './tree-writer.ts';

function unpack(archive: Buffer, into: string, whiteouts: 'overlay' | 'plain' = 'overlay') {
  const root = openSync(into, 'r');
  const writer = new TreeWriter(root, { whiteouts });
  try {
    const reader = new TarReader(writer);
    for (let at = 0; at < archive.length; at += 100_000) reader.push(archive.subarray(at, at + 100_000));
    reader.finish();
    writer.finish();
    return writer.totals;
  } finally {
    writer.close();
    closeSync(root);
  }
}

/** A tree with everything that a file system can hold. */
function torture(root: string): void {
  const at = (name: string) => join(root, name);
  mkdirSync(at('deep/er/est'), { recursive: true });
  writeFileSync(at('deep/er/est/file'), 'x'.repeat(70_000));
  writeFileSync(at('empty'), '');
  linkSync(at('empty'), at('z-second-name'));
  symlinkSync('/etc/passwd', at('absolute-link'));
  symlinkSync('../../../out', at('deep/climbing-link'));
  linkSync(at('absolute-link'), at('z-second-link'));
  symlinkSync('t'.repeat(180), at('long-link'));
  mknod(at('null'), 0o020666, makeDevice(1, 3));
  mknod(at('big-device'), 0o060640, makeDevice(259, 65_537));
  mknod(at('fifo'), 0o010600, 0);
  writeFileSync(at('set-id'), '#!/bin/sh\n', { mode: 0o755 });
  execFileSync('chown', ['1234:5678', at('set-id')]);
  execFileSync('chown', ['-h', '3000000:4000000', at('long-link')]);
  execFileSync('chmod', ['6755', at('set-id')]);
  writeFileSync(at('capable'), 'cap');
  setXattr(
    at('capable'),
    'security.capability',
    Buffer.from('0100000280000000000000000000000000000000', 'hex'),
  );
  setXattr(at('deep'), 'user.note', Buffer.from([0, 1, 0x80, 0xff, 10, 61]));
  writeFileSync(at('n'.repeat(180)), 'long name');
  mkdirSync(at(`${'d'.repeat(90)}/${'e'.repeat(90)}`), { recursive: true });
  writeFileSync(at(`${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(90)}`), 'longer name');
  writeFileSync(Buffer.from(`${root}/not-utf8-\xff\xfe`, 'latin1'), 'bytes');
  writeFileSync(at('ümläut'), 'utf8');
  writeFileSync(at('new\nline and space'), '');
  const sparse = openSync(at('sparse'), 'w');
  for (const offset of [0, 5 << 20, 9 << 20]) writeSync(sparse, 'island', offset);
  closeSync(sparse);
  execFileSync('truncate', ['-s', '10M', at('sparse')]);
  const islands = openSync(at('many-islands'), 'w');
  for (let i = 0; i < 60; i++) writeSync(islands, `island ${i}`, i * 65_536);
  closeSync(islands);
  execFileSync('touch', ['-h', '-d', '1969-12-31 23:59:58.123456789Z', at('empty'), at('deep/er')]);
  execFileSync('touch', ['-h', '-d', '2033-05-18 03:33:20.000000001Z', at('long-link'), at('null')]);
  execFileSync('chmod', ['1777', at('deep/er')]);
}

const formats = [
  ['gnu', '--format=gnu'],
  ['gnu with old sparse files', '--format=gnu', '--sparse'],
  ['pax', '--format=pax'],
  ['pax with sparse files 0.0', '--format=pax', '--sparse', '--sparse-version=0.0'],
  ['pax with sparse files 0.1', '--format=pax', '--sparse', '--sparse-version=0.1'],
  ['pax with sparse files 1.0', '--format=pax', '--sparse', '--sparse-version=1.0'],
] as const;

for (const [name, ...options] of formats)
  test(`an archive of GNU tar (${name}) is unpacked as GNU tar unpacks it`, (t) => {
    const work = temporary(t);
    const [source, ours, theirs] = ['source', 'ours', 'theirs'].map((part) => join(work, part)) as [
      string,
      string,
      string,
    ];
    for (const path of [source, ours, theirs]) mkdirSync(path);
    torture(source);
    const xattrs = options[0] === '--format=pax' ? ['--xattrs', '--xattrs-include=*'] : [];
    const tar = (...args: string[]) =>
      execFileSync('tar', args, { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
    tar('-cf', join(work, 'a.tar'), ...options, ...xattrs, '--numeric-owner', '-C', source, '.');
    tar('-xpf', join(work, 'a.tar'), ...xattrs, '--numeric-owner', '-C', theirs);
    unpack(readFileSync(join(work, 'a.tar')), ours);
    assert.deepEqual(snapshot(ours), snapshot(theirs));
    if (options[0] === '--format=pax') assert.deepEqual(snapshot(ours), snapshot(source));
    if (name.includes('sparse')) assert.ok(statSync(join(ours, 'sparse')).blocks < 1000, 'holes stay holes');
  });

/** Writes a tree of plain things by our writer, reads it by GNU tar. */
test('what our writer writes GNU tar unpacks', (t) => {
  const work = temporary(t);
  const entries: [TarEntry, string][] = [
    [tarEntry({ path: 'd/', type: 'directory', mode: 0o1777, mtimeNanos: 1_600_000_000_123_456_789n }), ''],
    [
      tarEntry({
        path: `d/${'n'.repeat(150)}`,
        uid: 4_000_000,
        xattrs: new Map([['user.a', Buffer.from([0x80, 0, 0xff])]]),
      }),
      'one',
    ],
    [tarEntry({ path: `${'p'.repeat(120)}/${'q'.repeat(80)}`, mtimeNanos: -1_500_000_000n }), 'two'],
    [tarEntry({ path: 'not-utf8-\xff', mode: 0o4755, gid: 7 }), 'three'],
    [tarEntry({ path: 'link', type: 'symlink', linkPath: 't'.repeat(130) }), ''],
    [tarEntry({ path: 'second', type: 'hardlink', linkPath: 'not-utf8-\xff', mode: 0o4755, gid: 7 }), ''],
  ];
  const archive = Buffer.concat([
    ...entries.map(([entry, data]) => tarMember(entry, Buffer.from(data))),
    tarEnd(),
  ]);
  for (const part of ['ours', 'theirs']) mkdirSync(join(work, part));
  execFileSync('tar', ['-xpf', '-', '--xattrs', '--xattrs-include=*', '-C', join(work, 'theirs')], {
    input: archive,
  });
  unpack(archive, join(work, 'ours'));
  const implied = `./${'p'.repeat(120)}`; // made by either side, with its own time
  const [ours, theirs] = ['ours', 'theirs'].map((part) => snapshot(join(work, part)));
  for (const found of [ours!, theirs!]) {
    delete found['.'];
    delete found[implied];
  }
  assert.deepEqual(ours, theirs);
});

test("a hard link's own header has the last word, and takes no capabilities away that it does not speak of", (t) => {
  const work = temporary(t);
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  const xattrs = new Map([['security.capability', capability]]);
  const hard = (path: string, linkPath: string, more: Partial<TarEntry> = {}) =>
    tarMember(tarEntry({ path, type: 'hardlink', linkPath, ...more }));
  unpack(
    Buffer.concat([
      tarMember(tarEntry({ path: 'owned', mode: 0o600, uid: 9 }), Buffer.from('x')),
      hard('owned-too', 'owned', { mode: 0o4711, uid: 5, gid: 6 }),
      tarMember(tarEntry({ path: 'capable', mode: 0o755, xattrs }), Buffer.from('x')),
      hard('capable-too', 'capable', { mode: 0o755, mtimeNanos: 7n }),
      tarMember(tarEntry({ path: 'link', type: 'symlink', linkPath: 'capable' })),
      hard('link-too', 'link', { uid: 8, mode: 0o7777 }),
      tarEnd(),
    ]),
    work,
  );
  const found = snapshot(work);
  assert.match(found['./owned'] ?? '', /^104711 \| 5 \| 6 /);
  assert.match(found['./capable'] ?? '', /^100755 \| 0 \| 0 \| 7 .* security\.capability=/);
  assert.match(found['./link-too'] ?? '', /^120777 \| 8 /);
});

const file = (path: string, data = '') => tarMember(tarEntry({ path }), Buffer.from(data));
const directory = (path: string) => tarMember(tarEntry({ path, type: 'directory' }));
const link = (path: string, linkPath: string) => tarMember(tarEntry({ path, type: 'symlink', linkPath }));
const hard = (path: string, linkPath: string) => tarMember(tarEntry({ path, type: 'hardlink', linkPath }));
const archive = (...members: Buffer[]) => Buffer.concat([...members, tarEnd()]);

/** A place outside of the root that nothing may change. */
function canary(t: TestContext): { root: string; outside: string; intact: () => void } {
  const work = temporary(t);
  const [root, outside] = [join(work, 'root'), join(work, 'outside')];
  mkdirSync(root);
  mkdirSync(join(outside, 'd'), { recursive: true });
  writeFileSync(join(outside, 'secret'), 'secret');
  const before = snapshot(outside);
  return { root, outside, intact: () => assert.deepEqual(snapshot(outside), before) };
}

const up = '../'.repeat(14);
const attacks: readonly (readonly [string, (outside: string) => Buffer[]])[] = [
  ['a parent reference', (outside) => [file(`${up}${outside.slice(1)}/d/pwn`)]],
  [
    'a parent reference behind a directory',
    (outside) => [directory('ok'), file(`ok/${up}${outside.slice(1)}/d/pwn`)],
  ],
  ['an absolute name', (outside) => [file(`${outside}/d/pwn`), file(`//${outside}/d/pwn2`)]],
  ['a file behind an absolute link', (outside) => [link('a', `${outside}/d`), file('a/pwn')]],
  ['a file behind a relative link', (outside) => [link('a', `${up}${outside.slice(1)}/d`), file('a/pwn')]],
  [
    'a file behind a chain of links',
    (outside) => [link('a', 'b'), link('b', `${up}${outside.slice(1)}`), file('a/d/pwn')],
  ],
  ['a file over a link to a file', (outside) => [link('f', `${outside}/secret`), file('f', 'OVERWRITTEN')]],
  [
    'a directory over a link to a directory',
    (outside) => [link('f', `${outside}/d`), directory('f'), file('f/x')],
  ],
  ['a hard link to a host file', (outside) => [hard('h', `${outside}/secret`), file('h', 'OVERWRITTEN')]],
  ['a hard link that climbs', (outside) => [hard('h', `${up}${outside.slice(1)}/secret`)]],
  ['a hard link through a link', (outside) => [link('s', outside), hard('h', 's/secret')]],
  [
    'a hard link to a link, then a file',
    (outside) => [link('s', `${outside}/secret`), hard('h', 's'), file('h', 'OVERWRITTEN')],
  ],
  ['a whiteout of the parent', () => [directory('q'), file('q/.wh...')]],
  ['a whiteout of the directory itself', () => [directory('q'), file('q/.wh..')]],
  ['a whiteout of nothing', () => [file('.wh.')]],
  ['a whiteout behind a link', (outside) => [link('x', outside), file('x/.wh.secret')]],
  ['an opaque mark behind a link', (outside) => [link('y', `${outside}/d`), file('y/.wh..wh..opq')]],
  ['a whiteout that climbs', (outside) => [file(`.wh.${up}${outside.slice(1)}/secret`)]],
  [
    'a directory with attributes behind a link',
    (outside) => [link('l', outside), tarMember(tarEntry({ path: 'l/d', type: 'directory', mode: 0o777 }))],
  ],
  ['a link to /proc', () => [link('p', '/proc/self/root'), file('p/tmp/gantry-pwn')]],
];

for (const [name, members] of attacks)
  test(`${name} is refused or stays inside`, (t) => {
    const { root, outside, intact } = canary(t);
    try {
      unpack(archive(directory('ok/'), file('ok/m', 'm'), ...members(outside)), root);
    } catch (error) {
      assert.equal((error as Error).name, 'TarError', String(error));
    }
    intact();
    assert.equal(statSync(join(outside, 'secret')).nlink, 1);
    assert.equal(readFileSync(join(root, 'ok/m'), 'utf8'), 'm');
    assert.equal(existsSync('/tmp/gantry-pwn'), false);
  });

test('names inside a link of the same layer follow it, as the kernel does inside the root', (t) => {
  const root = temporary(t);
  unpack(
    archive(
      directory('usr/lib'),
      link('lib', 'usr/lib'),
      link('abs', '/usr/lib'),
      file('lib/a', '1'),
      file('abs/b', '2'),
    ),
    root,
  );
  assert.deepEqual(readdirSync(join(root, 'usr/lib')).sort(), ['a', 'b']);
});

const kinds: Readonly<Record<string, () => Buffer>> = {
  file: () => file('n', 'content'),
  directory: () => directory('n'),
  link: () => link('n', 'target'),
  fifo: () => tarMember(tarEntry({ path: 'n', type: 'fifo' })),
};
for (const [first, make] of Object.entries(kinds))
  for (const [second, over] of Object.entries(kinds))
    test(`a ${second} over a ${first} of the same name wins`, (t) => {
      const [both, alone] = [join(temporary(t), 'both'), join(temporary(t), 'alone')];
      mkdirSync(both);
      mkdirSync(alone);
      const inside = first === 'directory' && second !== 'directory' ? [file('n/inner', 'x')] : [];
      unpack(archive(make(), ...inside, over()), both);
      unpack(archive(over()), alone);
      assert.deepEqual(snapshot(join(both, 'n')), snapshot(join(alone, 'n')));
    });

const isWhiteout = (path: string) => lstatSync(path).isCharacterDevice() && lstatSync(path).rdev === 0;
const isOpaque = (path: string) => getXattr(path, 'trusted.overlay.opaque')?.toString() === 'y';

test('a whiteout becomes the device that overlayfs reads, an opaque mark its attribute', (t) => {
  const root = temporary(t);
  unpack(archive(directory('d'), file('d/.wh.gone'), file('e/.wh..wh..opq'), file('.wh..wh.plnk')), root);
  assert.ok(isWhiteout(join(root, 'd/gone')));
  assert.ok(isOpaque(join(root, 'e')));
  assert.deepEqual(readdirSync(root).sort(), ['d', 'e']);
});

test('a whiteout hides lower layers only: what its own layer brings stays, before and after it', (t) => {
  const root = temporary(t);
  const members = [file('a', 'kept'), file('.wh.a'), file('.wh.b'), file('b', 'kept')];
  const trees = [
    directory('c'),
    file('c/x'),
    file('.wh.c'),
    file('.wh.d'),
    directory('d'),
    file('.wh.e'),
    file('e/x'),
  ];
  unpack(archive(...members, ...trees), root);
  assert.equal(readFileSync(join(root, 'a'), 'utf8') + readFileSync(join(root, 'b'), 'utf8'), 'keptkept');
  for (const name of ['c', 'd', 'e']) assert.ok(isOpaque(join(root, name)), `${name} hides what is below it`);
});

test('without whiteouts the names are names like others', (t) => {
  const root = temporary(t);
  unpack(archive(file('.wh.a', 'x'), file('d/.wh..wh..opq')), root, 'plain');
  assert.deepEqual([...readdirSync(root), ...readdirSync(join(root, 'd'))].sort(), [
    '.wh..wh..opq',
    '.wh.a',
    'd',
  ]);
});

test("overlayfs's own attributes cannot be brought by an archive", (t) => {
  const root = temporary(t);
  const xattrs = new Map(
    ['trusted.overlay.redirect', 'trusted.overlay.opaque', 'user.overlay.x', 'user.mine'].map((name) => [
      name,
      Buffer.from('y'),
    ]),
  );
  unpack(archive(tarMember(tarEntry({ path: 'd', type: 'directory', xattrs }))), root);
  assert.equal(getXattr(join(root, 'd'), 'trusted.overlay.redirect'), undefined);
  assert.equal(getXattr(join(root, 'd'), 'trusted.overlay.opaque'), undefined);
  assert.equal(getXattr(join(root, 'd'), 'user.mine')?.toString(), 'y');
});

test('a sparse file of a terabyte takes no space', (t) => {
  const root = temporary(t);
  const data = Buffer.from('1\n1099511627770\n6\n'.padEnd(512, '\0'));
  const pax = Buffer.concat(
    [
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.name', 'huge'],
      ['GNU.sparse.realsize', '1099511627776'],
    ].map(([key, value]) => {
      const text = ` ${key}=${value}\n`;
      const length = text.length + 2;
      return Buffer.from(`${length}${text}`);
    }),
  );
  const header = tarHeader({ ...tarEntry({ path: 'x' }), size: pax.length });
  header.write('x', 156);
  header.fill(0x20, 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  const member = tarHeader({ ...tarEntry({ path: 'GNUSparseFile.0/huge' }), size: 518 });
  unpack(
    archive(header, pax, tarPadding(pax.length), member, data, Buffer.from('island'), tarPadding(6)),
    root,
  );
  const { size, blocks } = statSync(join(root, 'huge'));
  assert.equal(size, 2 ** 40);
  assert.ok(blocks < 100);
});

test('thousands of directories deep and wide, more than are kept open, all get their files', (t) => {
  const root = temporary(t);
  const members: Buffer[] = [];
  for (let i = 0; i < 300; i++) members.push(file(`d${i % 150}/e/f${i}`, String(i)));
  members.push(file(`${'x/'.repeat(1000)}deep`, 'deep'));
  const totals = unpack(archive(...members), root);
  assert.equal(totals.entries, 301);
  assert.deepEqual(readdirSync(join(root, 'd7/e')), ['f157', 'f7']);
});
