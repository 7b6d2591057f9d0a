/** The reader, where archives differ from those that we write ourselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TAR_LIMITS, type TarEntry } from './entry.ts';
import { buildHeader, type HeaderFields } from './header.ts';
import { buildPax, type PaxRecord } from './pax.ts';
import { TarReader } from './reader.ts';
import { tarEnd, tarPadding } from './writer.ts';

const header = (given: Partial<HeaderFields>): Buffer =>
  buildHeader({
    typeFlag: '0',
    name: 'f',
    prefix: '',
    link: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtimeSeconds: 0,
    userName: '',
    groupName: '',
    major: 0,
    minor: 0,
    ...given,
  });
const member = (given: Partial<HeaderFields>, body: Buffer | string): Buffer => {
  const bytes = Buffer.from(body);
  return Buffer.concat([header({ ...given, size: bytes.length }), bytes, tarPadding(bytes.length)]);
};
const pax = (...records: PaxRecord[]): Buffer => member({ typeFlag: 'x' }, buildPax(records));

/** What the sink was called with, in order. */
function calls(...parts: readonly Buffer[]): [call: string, what?: unknown, offset?: number][] {
  const found: [string, unknown?, number?][] = [];
  const reader = new TarReader({
    entry: (entry) => void found.push(['entry', entry]),
    data: (bytes, offset) => void found.push(['data', bytes.toString('latin1'), offset]),
    end: () => void found.push(['end']),
  });
  reader.push(Buffer.concat(parts));
  reader.finish();
  return found;
}
const entryOf = (...parts: readonly Buffer[]): TarEntry => calls(...parts)[0]?.[1] as TarEntry;
const refused = (message: RegExp, ...parts: readonly Buffer[]) =>
  assert.throws(() => calls(...parts), { name: 'TarError', message });

test('each kind of member is told by its letter, and has a link only where that is one', () => {
  for (const [typeFlag, type, linkPath] of [
    ['0', 'file', ''],
    ['7', 'file', ''],
    ['\0', 'file', ''],
    ['1', 'hardlink', 'to'],
    ['2', 'symlink', 'to'],
    ['3', 'char', ''],
    ['4', 'block', ''],
    ['5', 'directory', ''],
    ['6', 'fifo', ''],
  ] as const) {
    const entry = entryOf(header({ typeFlag, link: 'to', major: 7, minor: 9 }));
    assert.deepEqual([entry.type, entry.linkPath, entry.major, entry.minor], [type, linkPath, 7, 9]);
  }
});

test('a file whose name ends in a slash is a directory, as before POSIX, but not if it says which kind of file', () => {
  assert.equal(entryOf(header({ name: 'd/' })).type, 'directory');
  assert.equal(entryOf(header({ name: 'd/', typeFlag: '7' })).type, 'file');
  assert.equal(entryOf(header({ name: 'd/', typeFlag: '2' })).type, 'symlink');
});

test('what is no file has no data: a size in its header means nothing', () => {
  const found = calls(header({ typeFlag: '5', size: 512 }), member({ name: 'g' }, 'x'));
  assert.deepEqual(
    found.map(([call]) => call),
    ['entry', 'end', 'entry', 'data', 'end'],
  );
});

test('records of pax stand above the header, empty ones do not, and they hold for one member', () => {
  const records = pax(
    ['path', 'long'],
    ['linkpath', ''],
    ['uid', '70000'],
    ['gid', '0'],
    ['uname', 'u'],
    ['gname', ''],
    ['mtime', '1.5'],
    ['atime', '-2'],
    ['size', '3'],
    ['SCHILY.xattr.user.a', '\xff\x01'],
    ['other.xattr.user.b', 'x'],
  );
  const file = { gid: 7, userName: 'x', groupName: 'g', mtimeSeconds: 9 };
  const [first, data, , second] = calls(
    records,
    header(file),
    Buffer.from('abc'.padEnd(512, '\0')),
    header({ ...file, name: 'g' }),
  );
  const { path, uid, gid, userName, groupName, mtimeNanos, atimeNanos, size, xattrs } = (
    first as readonly unknown[]
  )[1] as TarEntry;
  assert.deepEqual(
    [path, uid, gid, userName, groupName, mtimeNanos, atimeNanos, size],
    ['long', 70_000, 0, 'u', 'g', 1_500_000_000n, -2_000_000_000n, 3],
  );
  assert.deepEqual(xattrs, new Map([['user.a', Buffer.from([0xff, 1])]]));
  assert.deepEqual(data, ['data', 'abc', 0]);
  const plain = second?.[1] as TarEntry;
  assert.deepEqual(
    [plain.path, plain.uid, plain.gid, plain.userName, plain.mtimeNanos, plain.atimeNanos, plain.xattrs.size],
    ['g', 0, 7, 'x', 9_000_000_000n, undefined, 0],
  );
});

test("GNU's long names and links hold for one member, end at their NUL, and stand below those of pax", () => {
  const long = (typeFlag: string, text: string) => member({ typeFlag, name: '././@LongLink' }, text);
  const link = { typeFlag: '2', link: 'short' };
  const [first, , second] = calls(
    long('L', 'long name\0rest'),
    long('K', 'long link'),
    header(link),
    header(link),
  );
  assert.deepEqual(
    [first, second].map((call) => (call as [string, TarEntry])[1].path),
    ['long name', 'f'],
  );
  assert.deepEqual(
    [first, second].map((call) => (call as [string, TarEntry])[1].linkPath),
    ['long link', 'short'],
  );
  assert.equal(entryOf(long('L', 'gnu\0'), pax(['path', 'pax']), header({})).path, 'pax');
  assert.equal(entryOf(member({ typeFlag: 'L' }, ''), header({})).path, '');
  assert.equal(entryOf(long('L', '\0rest'), header({})).path, '');
  assert.equal(entryOf(long('L', 'n'), header({})).path, 'n');
});

test('an owner may be any but the one that chown does not change', () => {
  assert.equal(entryOf(pax(['uid', '4294967294'], ['gid', '4294967294']), header({})).gid, 4_294_967_294);
  refused(/^"f": owner out of range$/, pax(['gid', '4294967295']), header({}));
  const negative = header({});
  negative.fill(0xff, 108, 116);
  negative.write(`${(8 * 0x20 + negative.fill(0, 148, 156).reduce((a, b) => a + b, 0)).toString(8)}\0`, 148);
  refused(/owner out of range/, negative);
});

test('names are as long as Linux takes them, links too', () => {
  assert.equal(entryOf(pax(['path', 'x'.repeat(4095)]), header({})).path.length, 4095);
  refused(/^"x{80}…": name too long$/, pax(['path', 'x'.repeat(4096)]), header({}));
  refused(/^"x{80}…": unknown kind of member/, pax(['path', 'x'.repeat(81)]), header({ typeFlag: 'Q' }));
  refused(/name too long/, pax(['linkpath', 'x'.repeat(4096)]), header({ typeFlag: '2' }));
  refused(/^"a\\u0000b": name with a NUL byte$/, pax(['linkpath', 'a\0b']), header({ typeFlag: '1' }));
  refused(
    /^"x{80}": unknown kind of member \("Q"\)$/,
    pax(['path', 'x'.repeat(80)]),
    header({ typeFlag: 'Q' }),
  );
});

test('headers before a member have a mebibyte at most', () => {
  const body = (bytes: number) =>
    Buffer.from(`${bytes} comment=${'x'.repeat(bytes - 9 - String(bytes).length - 1)}\n`);
  assert.equal(TAR_LIMITS.headerBytes, 1_048_576);
  assert.equal(body(1_048_576).length, 1_048_576);
  assert.equal(entryOf(member({ typeFlag: 'x' }, body(1_048_576)), header({})).path, 'f');
  refused(/^tar header of 1048577 bytes is too large$/, header({ typeFlag: 'x', size: 1_048_577 }));
});

test('data comes at its place, whatever the chunks are', () => {
  const found: [string, number][] = [];
  const reader = new TarReader({
    entry: () => undefined,
    data: (bytes, offset) => void found.push([bytes.toString(), offset]),
    end: () => undefined,
  });
  const archive = Buffer.concat([member({}, 'abcdef'), tarEnd()]);
  for (const [from, to] of [
    [0, 514],
    [514, 515],
    [515, 600],
    [600, archive.length],
  ])
    reader.push(archive.subarray(from, to));
  assert.deepEqual(found, [
    ['ab', 0],
    ['c', 2],
    ['def', 3],
  ]);
});

test('behind a sparse file the next member is found, wherever its stored bytes end', () => {
  for (const bytes of [1, 300, 511, 512, 513]) {
    const map = pax(['GNU.sparse.map', `4,${bytes}`], ['GNU.sparse.size', '1000']);
    const found = calls(map, member({}, 'x'.repeat(bytes)), member({ name: 'g' }, 'y'));
    assert.deepEqual(
      found.map(([call]) => call),
      ['entry', 'data', 'end', 'entry', 'data', 'end'],
    );
    assert.deepEqual(found[1], ['data', 'x'.repeat(bytes), 4]);
  }
});

test('an archive ends behind two empty blocks, and nothing is read after them', () => {
  const reader = new TarReader({
    entry: () => assert.fail(),
    data: () => assert.fail(),
    end: () => assert.fail(),
  });
  assert.equal(reader.ended, false);
  reader.push(Buffer.alloc(512));
  assert.equal(reader.ended, false);
  reader.push(Buffer.alloc(512));
  assert.equal(reader.ended, true);
  reader.push(member({}, 'x'));
  reader.finish();
});

test('an archive that ends within a block or before what was announced is none', () => {
  const finish =
    (...parts: readonly Buffer[]) =>
    () =>
      calls(...parts);
  for (const parts of [
    [Buffer.alloc(511)],
    [header({}), Buffer.alloc(1)],
    [pax(['path', 'a'])],
    [header({ size: 1 })],
    [header({ typeFlag: 'x', size: 20 }), Buffer.alloc(10)],
  ])
    assert.throws(finish(...parts), { name: 'TarError', message: 'unexpected EOF' });
  assert.deepEqual(finish(Buffer.alloc(512))(), []);
});
