/** What the writer puts into a block, and what before it, held to GNU tar. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { TAR_BLOCK } from './entry.ts';
import { parseHeader } from './header.ts';
import { parsePax } from './pax.ts';
import { tarEnd, tarEntry, tarHeader, tarMember, tarPadding } from './writer.ts';

/** The records of the pax header before an entry, by key; undefined: there is none. */
function recordsOf(entry: Parameters<typeof tarEntry>[0]): Record<string, string> | undefined {
  const bytes = tarHeader(tarEntry(entry));
  assert.equal(bytes.length % TAR_BLOCK, 0);
  if (bytes.length === TAR_BLOCK) return undefined;
  const { typeFlag, size, name, ...rest } = parseHeader(bytes);
  const nobody = { uid: 0, gid: 0, userName: '', groupName: '', mtimeSeconds: 0 };
  assert.deepEqual(rest, { link: '', mode: 0o644, ...nobody, major: 0, minor: 0, gnu: false });
  assert.equal(typeFlag, 'x');
  assert(name.startsWith('PaxHeaders.0/') && name.length <= 100, name);
  return Object.fromEntries(parsePax(bytes.subarray(TAR_BLOCK, TAR_BLOCK + size)));
}
const blockOf = (entry: Parameters<typeof tarEntry>[0]) =>
  parseHeader(tarHeader(tarEntry(entry)).subarray(-TAR_BLOCK));

const SECOND = 1_000_000_000n;

test('what fits into a block is there, up to the last byte, digit and second', () => {
  for (const entry of [
    { path: 'x'.repeat(100) },
    { path: `${'p'.repeat(155)}/${'x'.repeat(100)}` },
    { path: `${'p'.repeat(50)}/${'q'.repeat(49)}/x` },
    { path: `${'p'.repeat(154)}/d/` },
    { path: `/${'x'.repeat(99)}` },
    { path: `a/${'x'.repeat(100)}` },
    { path: `${'p'.repeat(120)}//${'x'.repeat(20)}` },
    { path: `${'p'.repeat(60)}/${'q'.repeat(59)}/x` },
    { path: `${'p'.repeat(120)}/x` },
    { path: 'f', linkPath: 'l'.repeat(100), type: 'symlink' },
    { path: 'f', uid: 0o7777777, gid: 0o7777777 },
    { path: 'f', size: 0o77777777777 },
    { path: 'f', mtimeNanos: BigInt(0o77777777777) * SECOND },
    { path: 'f', userName: 'u'.repeat(32), groupName: 'g'.repeat(32) },
  ] as const) {
    assert.equal(recordsOf(entry), undefined, entry.path);
    const { name, link, uid, gid, size, mtimeSeconds, userName, groupName } = blockOf(entry);
    const found = {
      path: name,
      linkPath: link,
      uid,
      gid,
      size,
      mtimeNanos: BigInt(mtimeSeconds) * SECOND,
      userName,
      groupName,
    };
    assert.deepEqual({ ...found, ...entry }, { ...found, ...('type' in entry && { type: entry.type }) });
  }
});

for (const [entry, records] of [
  [{ path: 'x'.repeat(101) }, { path: 'x'.repeat(101) }],
  [{ path: `${'p'.repeat(156)}/x` }, { path: `${'p'.repeat(156)}/x` }],
  [{ path: `${'p'.repeat(100)}/${'x'.repeat(101)}` }, { path: `${'p'.repeat(100)}/${'x'.repeat(101)}` }],
  [{ path: `/${'x'.repeat(100)}` }, { path: `/${'x'.repeat(100)}` }],
  [{ path: `${'x'.repeat(101)}/` }, { path: `${'x'.repeat(101)}/` }],
  [{ path: '\xc3\xa9' }, { path: '\xc3\xa9' }],
  [{ path: 'f', linkPath: 'l'.repeat(101) }, { linkpath: 'l'.repeat(101) }],
  [{ path: 'f', linkPath: '\xff' }, { linkpath: '\xff' }],
  [{ path: 'f', size: 2 ** 33 }, { size: '8589934592' }],
  [{ path: 'f', uid: 2 ** 21 }, { uid: '2097152' }],
  [{ path: 'f', gid: 2 ** 21 }, { gid: '2097152' }],
  [{ path: 'f', userName: 'u'.repeat(33) }, { uname: 'u'.repeat(33) }],
  [{ path: 'f', groupName: 'g'.repeat(33) }, { gname: 'g'.repeat(33) }],
  [{ path: 'f', mtimeNanos: 1n }, { mtime: '0.000000001' }],
  [{ path: 'f', mtimeNanos: -SECOND }, { mtime: '-1' }],
  [{ path: 'f', mtimeNanos: 2n ** 33n * SECOND }, { mtime: '8589934592' }],
  [{ path: 'f', atimeNanos: 0n }, { atime: '0' }],
  [
    {
      path: 'f',
      xattrs: new Map([
        ['user.b', Buffer.from([0xff])],
        ['user.a', Buffer.from('x')],
      ]),
    },
    { 'SCHILY.xattr.user.a': 'x', 'SCHILY.xattr.user.b': '\xff' },
  ],
] as const)
  test(`${Object.keys(records).join()} goes before the block: ${JSON.stringify(records).slice(0, 60)}`, () => {
    const found = recordsOf(entry);
    assert.deepEqual(found, records);
    assert.deepEqual(Object.keys(found ?? {}), Object.keys(records));
  });

test('what is before the block is not in it, or as far as it goes', () => {
  const large = { uid: 2 ** 21, gid: 2 ** 21, size: 2 ** 33, mtimeNanos: -1n };
  const { uid, gid, size, mtimeSeconds } = blockOf({ path: 'f', ...large });
  assert.deepEqual([uid, gid, size, mtimeSeconds], [0, 0, 0, 0]);
  const { name, link } = blockOf({ path: `\xff${'x'.repeat(101)}`, linkPath: `\xff${'l'.repeat(101)}` });
  assert.deepEqual([name, link], ['x'.repeat(100), 'l'.repeat(100)]);
  assert.equal(blockOf({ path: 'f', linkPath: 'l'.repeat(101) }).link, 'l'.repeat(100));
});

test('a pax header is called as its member, whatever the path is', () => {
  for (const [path, name] of [
    ['a', 'a'],
    ['a/b', 'b'],
    ['a/b/c', 'c'],
    ['ab/cd/', 'cd'],
    ['ab//', 'ab'],
    ['/a', 'a'],
    [`a/${'x'.repeat(120)}`, 'x'.repeat(87)],
    ['a/b\xff', 'b'],
  ] as const)
    assert.equal(parseHeader(tarHeader(tarEntry({ path, mtimeNanos: 1n }))).name, `PaxHeaders.0/${name}`);
});

test('times between two seconds are of the one before, also before 1970', () => {
  for (const [nanos, seconds] of [
    [1_999_999_999n, 1],
    [2_000_000_000n, 2],
  ] as const)
    assert.equal(blockOf({ path: 'f', mtimeNanos: nanos }).mtimeSeconds, seconds);
  assert.equal(recordsOf({ path: 'f', mtimeNanos: -1n })?.mtime, '-0.000000001');
});

test('an entry is of root, and directories can be entered', () => {
  const { mode, uid, gid, size, major, minor, type } = tarEntry({ path: 'f' });
  assert.deepEqual([mode, uid, gid, size, major, minor, type], [0o644, 0, 0, 0, 0, 0, 'file']);
  assert.equal(tarEntry({ path: 'd', type: 'directory' }).mode, 0o755);
  assert.equal(tarEntry({ path: 'd', type: 'directory', mode: 0 }).mode, 0);
});

test('data is filled up to a whole block, an archive ends with two', () => {
  assert.deepEqual(
    [0, 1, 511, 512, 513].map((bytes) => tarPadding(bytes).length),
    [0, 511, 1, 0, 511],
  );
  assert.deepEqual(tarEnd(), Buffer.alloc(1024));
});

test('GNU tar lists what is written, from every kind', () => {
  const archive = Buffer.concat([
    tarMember(
      tarEntry({ path: 'f', mode: 0o4751, uid: 1, gid: 2, mtimeNanos: 5n * SECOND }),
      Buffer.from('abc'),
    ),
    tarMember(tarEntry({ path: `${'p'.repeat(155)}/${'x'.repeat(100)}`, userName: 'u', groupName: 'g' })),
    tarMember(tarEntry({ path: '\xc3\xa9', type: 'symlink', linkPath: 'l'.repeat(120) })),
    tarMember(tarEntry({ path: 'h', type: 'hardlink', linkPath: 'f' })),
    tarMember(tarEntry({ path: 'c', type: 'char', major: 5, minor: 1 })),
    tarMember(tarEntry({ path: 'b', type: 'block', major: 8, minor: 300 })),
    tarMember(tarEntry({ path: 'd/', type: 'directory' })),
    tarMember(tarEntry({ path: 'p', type: 'fifo' })),
    tarEnd(),
  ]);
  const command = ['--utc', '--full-time', '--quoting-style=literal', '-tvf', '-'];
  const listed = execFileSync('tar', command, {
    input: archive,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  assert.deepEqual(
    listed
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ')),
    [
      '-rwsr-x--x 1/2 3 1970-01-01 00:00:05 f',
      `-rw-r--r-- u/g 0 1970-01-01 00:00:00 ${'p'.repeat(155)}/${'x'.repeat(100)}`,
      `lrw-r--r-- 0/0 0 1970-01-01 00:00:00 é -> ${'l'.repeat(120)}`,
      'hrw-r--r-- 0/0 0 1970-01-01 00:00:00 h link to f',
      'crw-r--r-- 0/0 5,1 1970-01-01 00:00:00 c',
      'brw-r--r-- 0/0 8,300 1970-01-01 00:00:00 b',
      'drwxr-xr-x 0/0 0 1970-01-01 00:00:00 d/',
      'prw-r--r-- 0/0 0 1970-01-01 00:00:00 p',
    ],
  );
});
