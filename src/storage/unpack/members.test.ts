/** Outer archives taken apart, names as errors show them, and layers as they are counted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { TarError } from '../../formats/tar/entry.ts';
import { unpackLayer } from './layer.ts';
import { demux } from './members.ts';
import { codeName, lstatAt, quote, refuseBusy, sameFile } from './names-at.ts';
import type { Incoming } from './sources.ts';
import { temporary } from './test-tree.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield Buffer.from(bytes.subarray(at, at + length));
}
const incoming = (bytes: Buffer, length = 1000): Incoming => ({
  chunks: pieces(bytes, length),
  file: undefined,
});

/** What GNU tar makes of the tree that `script` leaves. */
function archiveOf(t: TestContext, script: string, ...options: readonly string[]): Buffer {
  const cwd = temporary(t);
  execFileSync('sh', ['-ec', script], { cwd });
  return execFileSync('tar', ['-c', '--sort=name', ...options, '.'], { cwd, maxBuffer: 1 << 26 });
}

test('each file of an outer archive becomes one of its own, and links tell where they lead', async (t) => {
  const into = temporary(t);
  const script =
    'mkdir d; printf 12345 > d/a; : > e; ln d/a d/b; ln -s a d/c; ln -s /d/a f; ln -s ../d/a d/g; ln -s ../d/ d/h';
  const members = await demux(incoming(archiveOf(t, script)), into);
  const file = (path: string, at: number, text: string) => ({
    is: 'file',
    path,
    file: join(into, String(at)),
    bytes: text.length,
    hash: sha256(Buffer.from(text)),
  });
  assert.deepEqual(members, [
    { is: 'directory', path: '' },
    { is: 'directory', path: 'd' },
    file('d/a', 2, '12345'),
    { is: 'link', path: 'd/b', target: 'd/a' },
    { is: 'link', path: 'd/c', target: 'd/a' },
    { is: 'link', path: 'd/g', target: 'd/a' },
    { is: 'link', path: 'd/h', target: 'd' },
    file('e', 7, ''),
    { is: 'link', path: 'f', target: 'd/a' },
  ]);
  assert.equal(readFileSync(join(into, '2'), 'utf8'), '12345');
  assert.equal((statSync(join(into, '2')).mode & 0o777).toString(8), '600');
});

for (const [what, script, ...options] of [
  ['a sparse file that begins with a hole', 'truncate -s 1M a; printf x >> a', '--sparse'],
  ['a sparse file that ends with one', 'printf x > a; truncate -s 1M a', '--sparse'],
  ['a pipe', 'mkfifo a'],
  ['a device', 'mknod a c 1 3'],
] as const)
  test(`${what} has no place in an image archive`, async (t) => {
    const archive = archiveOf(t, script, ...options);
    await assert.rejects(demux(incoming(archive), temporary(t)), (error: Error) => {
      assert.ok(error instanceof TarError);
      assert.match(error.message, /has no place in an image archive/);
      return true;
    });
  });

test('an outer archive has 65,536 members at most', async (t) => {
  const header = archiveOf(t, 'true', '--no-recursion').subarray(0, 512);
  const archive = (count: number) =>
    incoming(Buffer.concat([Buffer.alloc(count * 512, header), Buffer.alloc(1024)]), 1 << 20);
  assert.equal((await demux(archive(65_536), temporary(t))).length, 65_536);
  await assert.rejects(demux(archive(65_537), temporary(t)), /too many members/);
});

test('a layer is hashed as it came and as it is', async (t) => {
  const plain = archiveOf(t, 'printf 12345 > a; ln -s abc b');
  const packed = gzipSync(plain);
  for (const hashSource of [true, false]) {
    const options = { into: temporary(t), keepAs: undefined, hashSource, whiteouts: 'overlay' } as const;
    const { totals, ...rest } = await unpackLayer(incoming(packed), options);
    assert.deepEqual(rest, {
      diffHash: sha256(plain),
      sourceHash: hashSource ? sha256(packed) : undefined,
      plainBytes: plain.length,
    });
    assert.deepEqual(totals, { bytes: 8, entries: 3, opaqueRoot: false, replaced: false });
  }
});

test('a layer is unpacked into a directory alone, and through no link', async (t) => {
  const top = temporary(t);
  writeFileSync(join(top, 'file'), '');
  mkdirSync(join(top, 'directory'));
  symlinkSync('directory', join(top, 'link'));
  const layer = archiveOf(t, ':');
  for (const name of ['file', 'link']) {
    const into = join(top, name);
    const options = { into, keepAs: undefined, hashSource: false, whiteouts: 'overlay' } as const;
    await assert.rejects(unpackLayer(incoming(layer), options), { code: 'ENOTDIR' }, name);
  }
});

test('a layer that replaces what it brought itself is counted anew', async (t) => {
  const one = archiveOf(t, 'printf 12345 > a');
  const two = archiveOf(t, 'printf 12 > a');
  const both = Buffer.concat([one.subarray(0, 3 * 512), two]);
  const options = { into: temporary(t), keepAs: undefined, hashSource: false, whiteouts: 'overlay' } as const;
  const { totals } = await unpackLayer(incoming(both), options);
  assert.deepEqual([totals.bytes, totals.replaced], [2, true]);
});

test('names are quoted, with 200 characters at most', () => {
  assert.equal(quote('a"b'), '"a\\"b"');
  assert.equal(quote('x'.repeat(200)), `"${'x'.repeat(200)}"`);
  assert.equal(quote('x'.repeat(201)), `"${'x'.repeat(200)}…"`);
  assert.deepEqual([codeName(-2), codeName(-17)], ['ENOENT', 'EEXIST']);
});

test('two names are of one file when it is one', (t) => {
  const root = temporary(t);
  for (const name of ['a', 'b']) writeFileSync(join(root, name), '');
  linkSync(join(root, 'a'), join(root, 'c'));
  const dir = openSync(root, 'r');
  t.after(() => closeSync(dir));
  assert.equal(lstatAt(dir, 'none'), undefined);
  assert.deepEqual(
    ['a', 'b', 'c', 'none'].map((name) => sameFile(dir, 'a', dir, name)),
    [true, false, true, false],
  );
  assert.equal(sameFile(dir, 'none', dir, 'none'), false);
});

test('a place where something is mounted is busy, and so is all above it', (t) => {
  const root = temporary(t);
  mkdirSync(join(root, 'a'));
  const [dir, top] = [openSync(root, 'r'), openSync('/', 'r')];
  t.after(() => {
    for (const fd of [dir, top]) closeSync(fd);
  });
  const point = join(root, 'a/b');
  assert.throws(() => refuseBusy([point], dir, 'a'), { code: 'EBUSY' });
  assert.throws(() => refuseBusy(['/other', join(root, 'a')], dir, 'a'), { code: 'EBUSY' });
  refuseBusy([point, join(root, 'ab')], dir, 'b');
  refuseBusy([join(root, 'ab')], dir, 'a');
  assert.throws(() => refuseBusy(['/x/y'], top, 'x'), { code: 'EBUSY' });
  refuseBusy(['/xy'], top, 'x');
});
