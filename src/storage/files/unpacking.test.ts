/** ADD of archives: the extractor's rules, in a layer that is never mounted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { LayerInfo } from '../storage.ts';
import { type Member, tar, testStorage } from '../test-storage.ts';
import { temporary } from '../unpack/test-tree.ts';
import { contextOf, copied, copyOf, layerOf, members, namesIn } from './test-files.ts';

const base: readonly Member[] = [
  [{ path: 'o', type: 'symlink', linkPath: '/usr' }],
  [{ path: 'usr/local/', type: 'directory', mode: 0o700, uid: 5 }],
  [{ path: 'usr/kept' }, 'kept'],
  [{ path: 'etc/', type: 'directory' }],
  [{ path: 'tmp/', type: 'directory' }],
  [{ path: 'usr/out', type: 'symlink', linkPath: '../../../../etc' }],
];
const inner: readonly Member[] = [
  [{ path: './', type: 'directory', mode: 0o700 }],
  [{ path: 'local/', type: 'directory', mode: 0o711, uid: 41 }],
  [{ path: 'local/f', uid: 42, mode: 0o4711 }, 'content'],
  [{ path: '/made/on/the/way' }, 'x'],
  [{ path: 'l', type: 'symlink', linkPath: '../../../../tmp' }],
  [{ path: 'l/through' }, 'inside'],
  [{ path: 'out/passwd' }, 'inside too'],
  [{ path: 'hard', type: 'hardlink', linkPath: 'local/f', mode: 0o4711, uid: 42 }],
  [{ path: 'below', type: 'hardlink', linkPath: 'kept' }],
  [{ path: 'fifo', type: 'fifo', mode: 0o600 }],
];
const names = [
  ...[
    'etc',
    'etc/passwd',
    'tmp',
    'tmp/through',
    'usr',
    'usr/below',
    'usr/fifo',
    'usr/hard',
    'usr/kept',
    'usr/l',
  ],
  ...['usr/local', 'usr/local/f', 'usr/made', 'usr/made/on', 'usr/made/on/the', 'usr/made/on/the/way'],
];

for (const [how, pack] of [
  ['plain', (bytes: Buffer) => bytes],
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
  ['xz', (input: Buffer) => execFileSync('xz', { input })],
  ['bzip2', (input: Buffer) => execFileSync('bzip2', { input })],
] as const)
  test(`an archive (${how}) is unpacked at the destination, links followed inside`, async (t) => {
    const { root, storage } = await testStorage(t);
    const parent = await layerOf(storage, base);
    const source = await contextOf(
      t,
      storage,
      [[{ path: 'a' }, pack(tar(...inner)).toString('latin1')]].map(latin),
    );
    const layer = await copied(storage, parent, [copyOf(source, 'a', '/o', { unpack: true })]);
    const made = await members(storage, layer);
    assert.deepEqual(Object.keys(made).sort(), names);
    assert.equal(made['usr/local']!.mode, 0o711);
    assert.equal(made['usr/local']!.uid, 41);
    assert.equal(made['usr/local/f']!.mode, 0o4711);
    assert.equal(made['usr/hard']!.linkPath, 'usr/local/f');
    assert.equal(made['usr/below']!.linkPath, 'usr/kept');
    assert.equal(made['tmp/through']!.content, 'inside');
    assert.equal(readdirSync(join(root, 'staging')).length, 1, 'the context alone');
  });

/** Bytes of an archive as a member's content. */
function latin([entry, data]: readonly (string | { path: string })[]): Member {
  return [entry as { path: string }, Buffer.from(data as string, 'latin1') as unknown as string];
}

test('a download is unpacked when that is asked for', async (t) => {
  const { storage } = await testStorage(t);
  const file = join(temporary(t), 'download');
  writeFileSync(file, gzipSync(tar([{ path: 'in' }])));
  const from = { is: 'file', name: 'd', file, mode: 0o600, mtimeNanos: 0n } as const;
  const owner = { uid: 0, gid: 0 };
  const steps = [true, false].map((unpack) => ({ from: { ...from, unpack }, destination: '/x/', owner }));
  assert.deepEqual(await namesIn(storage, await copied(storage, undefined, steps)), ['x', 'x/d', 'x/in']);
});

for (const [what, content] of [
  ['text', 'just text'],
  ['nothing', ''],
  ['zeros', '\0'.repeat(2048)],
] as const)
  test(`a file of ${what} is copied as it is`, async (t) => {
    const { storage } = await testStorage(t);
    const source = await contextOf(t, storage, [[{ path: 'f' }, content]]);
    const layer = await copied(storage, undefined, [copyOf(source, 'f', '/x/', { unpack: true })]);
    assert.equal((await members(storage, layer))['x/f']?.content, content);
  });

test('a compressed file that is no archive is copied as it is, and so is a torn one', async (t) => {
  const { storage } = await testStorage(t);
  const [text, torn] = [gzipSync('text'), gzipSync(tar(...inner)).subarray(0, 20)];
  const source = await contextOf(t, storage, [
    latin([{ path: 't.gz' }, text.toString('latin1')]),
    latin([{ path: 'torn' }, torn.toString('latin1')]),
  ]);
  const steps = ['t.gz', 'torn'].map((path) => copyOf(source, path, '/x/', { unpack: true }));
  assert.deepEqual(await namesIn(storage, await copied(storage, undefined, steps)), [
    'x',
    'x/t.gz',
    'x/torn',
  ]);
});

const broken: readonly (readonly [why: string, members: readonly Member[], message: RegExp])[] = [
  ['has a name that leaves it', [[{ path: 'ok' }], [{ path: '../x' }]], /leaves the archive/],
  ['hides a file', [[{ path: 'd/.wh.x' }]], /hide files/],
  ['links to nothing', [[{ path: 'h', type: 'hardlink', linkPath: 'nothing' }]], /is no file/],
  ['links outside', [[{ path: 'h', type: 'hardlink', linkPath: '../../etc/passwd' }]], /leaves the archive/],
  ['goes through a file', [[{ path: 'f' }], [{ path: 'f/x' }]], /ENOTDIR/],
  [
    'goes through a link to nothing',
    [[{ path: 'l', type: 'symlink', linkPath: '/none' }], [{ path: 'l/x' }]],
    /link to nothing/,
  ],
  ['goes in circles', [[{ path: 'l', type: 'symlink', linkPath: 'l' }], [{ path: 'l/x' }]], /ELOOP/],
];

for (const [why, inside, message] of broken)
  test(`an archive that ${why} is refused, and no layer is left of it`, async (t) => {
    const { root, storage } = await testStorage(t);
    const source = await contextOf(t, storage, [latin([{ path: 'a' }, tar(...inside).toString('latin1')])]);
    await assert.rejects(copied(storage, undefined, [copyOf(source, 'a', '/x', { unpack: true })]), message);
    assert.deepEqual(storage.layers.all(), []);
    assert.equal(readdirSync(join(root, 'staging')).length, 1);
  });

test('holes stay holes in a layer and in its archive, whose bytes are those of zeros', async (t) => {
  const home = temporary(t);
  const file = openSync(join(home, 'f'), 'w');
  for (const offset of [0, (9 << 20) + 1, 20 << 20]) writeSync(file, 'island', offset);
  ftruncateSync(file, 64 << 20);
  closeSync(file);
  const packed = (...options: string[]): Buffer =>
    execFileSync('tar', ['-C', home, '--mtime=@0', ...options, '-cf', '-', 'f'], { maxBuffer: 65 << 20 });
  const [sparse, dense] = [packed('-S', '--format=posix'), packed()];
  assert(sparse.length < 1 << 20);
  const made = async (archive: Buffer, unpack: boolean): Promise<[LayerInfo, number]> => {
    const { root, storage } = await testStorage(t);
    const onDisk = (): number =>
      Number(execFileSync('du', ['-skx', root], { encoding: 'utf8' }).split('\t')[0]) * 1024;
    await using context = unpack
      ? await contextOf(t, storage, [latin([{ path: 'a' }, archive.toString('latin1')])])
      : await contextOf(t, storage, archive);
    const was = onDisk();
    const layer = await copied(storage, undefined, [copyOf(context, unpack ? 'a' : 'f', '/', { unpack })]);
    const took = onDisk() - was;
    assert(layer);
    const kept = createHash('sha256');
    for await (const chunk of storage.plainLayer(layer.blob)) kept.update(chunk as Buffer);
    assert.equal(`sha256:${kept.digest('hex')}`, layer.diffId);
    return [layer, took];
  };
  const [zeros, much] = await made(dense, true);
  assert(much > 64 << 20);
  for (const unpack of [true, false]) {
    const [holes, took] = await made(sparse, unpack);
    assert.equal(holes.diffId, zeros.diffId);
    assert(took < 16 << 20, `${took} bytes more`);
  }
});

test('a bomb ends when nobody waits for it any more', async (t) => {
  const { root, storage } = await testStorage(t);
  const bomb = Buffer.concat([tar([{ path: 'f', size: 1 }]).subarray(0, 512)]);
  bomb.write('77777777777\0', 124, 'latin1');
  bomb.fill(' ', 148, 156);
  bomb.write(
    `${bomb
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
  const packed = zstdCompressSync(Buffer.concat([bomb, Buffer.alloc(256 << 20)]));
  assert(packed.length < 100_000);
  const source = await contextOf(t, storage, [latin([{ path: 'a' }, packed.toString('latin1')])]);
  const control = new AbortController();
  await using lease = storage.lease('test');
  const steps = [copyOf(source, 'a', '/x', { unpack: true })];
  const adding = storage.layers.addFiles({ parent: undefined, steps, lease, signal: control.signal });
  setTimeout(() => control.abort(new Error('enough')), 50);
  await assert.rejects(adding, /enough|unexpected EOF/);
  assert.deepEqual(storage.layers.all(), []);
  assert.equal(readdirSync(join(root, 'staging')).length, 1);
});
