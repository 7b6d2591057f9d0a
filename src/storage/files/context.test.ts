/** Build contexts: what an archive's members become, what is refused, and what it costs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { tarEnd, tarEntry, tarHeader, tarMember } from '../../formats/tar/writer.ts';
import { type Member, tar, testStorage } from '../test-storage.ts';
import { fromFile } from '../unpack/sources.ts';
import { temporary } from '../unpack/test-tree.ts';
import { takeContext } from './context-intake.ts';
import { contextOf, forever } from './test-files.ts';

const read = { most: 1000, signal: forever };

const members: readonly Member[] = [
  [{ path: './', type: 'directory', mode: 0o700 }],
  [{ path: 'a/b/f' }, 'first'],
  [{ path: 'g', type: 'hardlink', linkPath: './a/b/f' }],
  [{ path: 'a/b/f' }, 'second'],
  [{ path: '/abs' }, 'absolute'],
  [{ path: 'l', type: 'symlink', linkPath: '/a' }],
  [{ path: 'l/b/through' }, 'through a link'],
  [{ path: '.wh.plain' }, 'a name like others'],
  [{ path: '\xe4\xff' }, 'bytes'],
  [{ path: 'fifo', type: 'fifo' }],
];

for (const [how, pack] of [
  ['plain', (bytes: Buffer) => bytes],
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
  ['xz', (input: Buffer) => execFileSync('xz', { input })],
  ['bzip2', (input: Buffer) => execFileSync('bzip2', { input })],
] as const)
  test(`an archive (${how}) is read as it would be unpacked`, async (t) => {
    const { root, storage } = await testStorage(t);
    const context = await contextOf(t, storage, pack(tar(...members)));
    for (const [path, content] of [
      ['a/b/f', 'second'],
      ['g', 'first'],
      ['abs', 'absolute'],
      ['a/b/through', 'through a link'],
      ['l/b/../b/through', 'through a link'],
      ['../../abs', 'absolute'],
      ['.wh.plain', 'a name like others'],
      ['\xe4\xff', 'bytes'],
    ] as const)
      assert.equal((await context.readFile(path, read)).toString(), content, path);
    assert.equal(readdirSync(join(root, 'staging')).length, 1, 'one file, whatever is in it');
    await context[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(join(root, 'staging')), []);
  });

test('reading a file says why it cannot, and nothing of what is in it', async (t) => {
  const { storage } = await testStorage(t);
  const secret = 'x'.repeat(2000);
  const context = await contextOf(t, storage, [
    ...members,
    [{ path: 'large' }, secret],
    [{ path: 'out', type: 'symlink', linkPath: '/etc/passwd' }],
    [{ path: 'loop', type: 'symlink', linkPath: 'loop' }],
  ]);
  const failing = (path: string) =>
    context.readFile(path, read).then(
      () => assert.fail(),
      (error: unknown) => error as Error & { kind: string; code: string },
    );
  for (const path of ['nothing', 'g/x', 'out', 'loop'])
    assert.equal((await failing(path)).kind, 'notFound', path);
  for (const path of ['a', '', 'fifo']) assert.equal((await failing(path)).code, 'file.notRegular', path);
  const tooLarge = await failing('large');
  assert.equal(tooLarge.code, 'file.tooLarge');
  assert(!tooLarge.message.includes('xxx'));
});

test('a sparse file keeps its holes', async (t) => {
  const home = temporary(t);
  execFileSync('truncate', ['-s', '64M', join(home, 'holes')]);
  writeFileSync(join(home, 'holes'), 'end', { flag: 'r+' });
  execFileSync('tar', ['-C', home, '-S', '--format=posix', '-cf', join(home, 'a.tar'), 'holes']);
  const data = join(home, 'data');
  const index = await takeContext(fromFile(join(home, 'a.tar'), forever), data, join(home, 'spool'));
  assert(index.inodes.byteLength > 0);
  const blocks = Number(execFileSync('stat', ['-c', '%b', data], { encoding: 'utf8' }));
  assert.equal(Number(execFileSync('stat', ['-c', '%s', data], { encoding: 'utf8' })), 64 << 20);
  assert(blocks * 512 < 1 << 20, `${blocks} blocks`);
});

const whole = tar(...members);
const entry = (path: string, more = {}) => tarMember(tarEntry({ path, ...more }));
const broken: readonly (readonly [why: string, archive: Buffer, message: RegExp])[] = [
  ['ends in a member', whole.subarray(0, 1027), /unexpected EOF/],
  ['is no archive', Buffer.alloc(2048, 'x'), /invalid tar header/],
  ['is broken gzip', gzipSync(whole).subarray(0, 100), /gzip/],
  ['has a name that leaves it', entry('../x'), /leaves the archive/],
  [
    'has a link to what leaves it',
    entry('h', { type: 'hardlink', linkPath: '../../etc/passwd' }),
    /leaves the archive/,
  ],
  ['has a hard link to nothing', entry('h', { type: 'hardlink', linkPath: 'nothing' }), /is no file/],
  [
    'has a hard link to a directory',
    Buffer.concat([entry('d/', { type: 'directory' }), entry('h', { type: 'hardlink', linkPath: 'd' })]),
    /is no file/,
  ],
  ['has a file for a root', entry('./.'), /root must be a directory/],
  ['has a file on the way', Buffer.concat([entry('f'), entry('f/x')]), /not a directory/],
  [
    'has links in a circle on the way',
    Buffer.concat([entry('l', { type: 'symlink', linkPath: 'l' }), entry('l/x')]),
    /ELOOP/,
  ],
  ['has a name that is too long', entry('x'.repeat(256)), /name too long/],
  ['has more holes than disks have bytes', sparse(2 ** 45), /too large/],
];

/** One file of nothing but a hole. */
function sparse(size: number): Buffer {
  const records = [
    'GNU.sparse.major=1',
    'GNU.sparse.minor=0',
    'GNU.sparse.name=s',
    `GNU.sparse.realsize=${size}`,
  ];
  const body = records.map((text) => `${text.length + 4} ${text}\n`).join('');
  const header = tarHeader(tarEntry({ path: 'pax', size: Buffer.byteLength(body) }));
  header[156] = 'x'.charCodeAt(0);
  header.fill(' ', 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
  const map = Buffer.alloc(512);
  map.write('0\n');
  const padded = Buffer.alloc(512);
  padded.write(body);
  return Buffer.concat([header, padded, tarMember(tarEntry({ path: 's' }), map), tarEnd()]);
}

for (const [why, archive, message] of broken)
  test(`an archive that ${why} is refused and leaves nothing`, async (t) => {
    const { root, storage } = await testStorage(t);
    await assert.rejects(
      storage.files.openContext(Readable.from([archive]), { signal: forever }),
      (error: Error & { kind?: string }) => {
        assert.match(error.message, message);
        assert.equal(error.kind, 'invalid');
        return true;
      },
    );
    assert.deepEqual(readdirSync(join(root, 'staging')), []);
  });

test('links that lead deeper and deeper come to an end', async (t) => {
  const { storage } = await testStorage(t);
  const part = 'x'.repeat(200);
  const parts: Buffer[] = [];
  for (let i = 0, at = ''; i < 40; i++, at = `l${i - 1}/`)
    parts.push(
      entry(`${at}${part}/`, { type: 'directory' }),
      entry(`l${i}`, { type: 'symlink', linkPath: `${at}${part}` }),
    );
  await assert.rejects(contextOf(t, storage, Buffer.concat([...parts, tarEnd()])), /path too long|ELOOP/);
});

test('a sender that breaks off leaves nothing', async (t) => {
  const { root, storage } = await testStorage(t);
  const control = new AbortController();
  const source = Readable.from(
    (async function* () {
      yield whole.subarray(0, 1024);
      control.abort(new Error('gone'));
      await new Promise(() => undefined);
    })(),
  );
  await assert.rejects(storage.files.openContext(source, { signal: control.signal }), /gone/);
  source.destroy();
  assert.deepEqual(readdirSync(join(root, 'staging')), []);
});

test('fifty thousand files take some ten megabytes of memory, and each is found', async (t) => {
  const home = temporary(t);
  const count = 50_000;
  const archive = join(home, 'a.tar');
  const parts: Buffer[] = [];
  for (let i = 0; i < count; i++) parts.push(entry(`source/directory-${i % 200}/file-number-${i}.ts`));
  writeFileSync(archive, Buffer.concat([...parts, tarEnd()]));
  const index = await takeContext(fromFile(archive, forever), join(home, 'data'), join(home, 'spool'));
  const bytes = Object.values(index).reduce((sum, each: SharedArrayBuffer) => sum + each.byteLength, 0);
  assert(bytes / count < 260, `${bytes / count} bytes a file`);
  const { storage } = await testStorage(t);
  const context = await contextOf(t, storage, readFileSync(archive));
  const [found = []] = await context.select({ sources: ['source/*/file-number-4999?.ts'] }, forever);
  assert.equal(found.length, 10);
});

test('a directory of this machine becomes an archive, without some of its names', async (t) => {
  const { storage } = await testStorage(t);
  const home = temporary(t);
  for (const path of ['.git', 'src', 'src/.git']) mkdirSync(join(home, path));
  for (const path of ['.git/config', 'src/.git/kept', 'src/f']) writeFileSync(join(home, path), path);
  symlinkSync('f', join(home, 'src/l'));
  const context = await contextOf(
    t,
    storage,
    storage.files.packDirectory(home, { without: ['.git'], signal: forever }),
  );
  assert.equal((await context.readFile('src/l', read)).toString(), 'src/f');
  assert.equal((await context.readFile('src/.git/kept', read)).toString(), 'src/.git/kept');
  await assert.rejects(context.readFile('.git/config', read), { kind: 'notFound' });
});

test('a part of a context becomes real files, for as long as they are wanted', async (t) => {
  const { storage } = await testStorage(t);
  const context = await contextOf(t, storage, members);
  const all = await context.materialise('', forever);
  assert.equal(readFileSync(join(all.path, 'a/b/f'), 'utf8'), 'second');
  assert.equal(readFileSync(join(all.path, 'g'), 'utf8'), 'first');
  const one = await context.materialise('l/b/f', forever);
  assert.equal(readFileSync(one.path, 'utf8'), 'second');
  for (const each of [all, one]) await each[Symbol.asyncDispose]();
  for (const each of [all, one]) assert(!existsSync(each.path));
  await assert.rejects(context.materialise('fifo', forever), { kind: 'invalid' });
  await assert.rejects(context.materialise('nothing', forever), { kind: 'notFound' });
});
