import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TAR_BLOCK, TAR_LIMITS, type TarEntry, TarError } from './entry.ts';
import { buildHeader } from './header.ts';
import { buildPax, formatPaxTime, parsePax, parsePaxTime } from './pax.ts';
import { TarReader } from './reader.ts';
import { mendChecksums } from './test-archives.ts';
import { tarEnd, tarEntry, tarHeader, tarMember, tarPadding } from './writer.ts';

interface Member {
  readonly entry: TarEntry;
  readonly data: Buffer;
}

/** Reads `archive` in pieces of the given sizes, over and over. */
function read(archive: Buffer, sizes: readonly number[] = [archive.length]): Member[] {
  const members: Member[] = [];
  let entry: TarEntry | undefined;
  let data = Buffer.alloc(0);
  const reader = new TarReader({
    entry: (found) => {
      entry = found;
      data = Buffer.alloc(found.size);
    },
    data: (bytes, offset) => void bytes.copy(data, offset),
    end: () => void members.push({ entry: entry!, data }),
  });
  for (let at = 0, i = 0; at < archive.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1);
    reader.push(archive.subarray(at, at + size));
    at += size;
  }
  reader.finish();
  return members;
}

// Any byte but NUL, as file names have them.
const bytes = (maxLength: number) =>
  fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)), maxLength });
const name = fc.tuple(bytes(300), fc.constantFrom('a', '/b', '/c\xff')).map((parts) => parts.join(''));
const time = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 20n });
const common = {
  path: name,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
  gid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
  userName: fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 40 }),
  groupName: fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 40 }),
  mtimeNanos: time,
  atimeNanos: fc.option(time, { nil: undefined }),
  xattrs: fc
    .dictionary(
      fc.constantFrom('user.a', 'security.capability', 'trusted.x'),
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
    )
    .map((all) => new Map(Object.entries(all).map(([key, value]) => [key, Buffer.from(value)]))),
};
const member = fc.oneof(
  fc.record({
    entry: fc.record({ ...common, type: fc.constant('file' as const) }),
    data: fc.uint8Array({ maxLength: 1500 }),
  }),
  fc.record({
    entry: fc.record({
      ...common,
      type: fc.constantFrom('symlink' as const, 'hardlink' as const),
      linkPath: name,
    }),
    data: fc.constant(new Uint8Array()),
  }),
  fc.record({
    entry: fc.record({
      ...common,
      type: fc.constantFrom('char' as const, 'block' as const, 'fifo' as const),
      major: fc.integer({ min: 0, max: 4095 }),
      minor: fc.integer({ min: 0, max: 2 ** 20 - 1 }),
    }),
    data: fc.constant(new Uint8Array()),
  }),
  fc.record({
    entry: fc.record({ ...common, type: fc.constant('directory' as const) }),
    data: fc.constant(new Uint8Array()),
  }),
);

test('whatever is written is read back, in chunks of any size', () => {
  fc.assert(
    fc.property(
      fc.array(member, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 5 }),
      (members, sizes) => {
        const wanted = members.map(({ entry, data }) => ({
          entry: { ...tarEntry(entry), size: data.length },
          data: Buffer.from(data),
        }));
        const archive = Buffer.concat([...wanted.map(({ entry, data }) => tarMember(entry, data)), tarEnd()]);
        assert.deepEqual(read(archive, sizes), wanted);
      },
    ),
  );
});

test('a damaged archive is refused or read, never worse', () => {
  const archive = Buffer.concat([
    tarMember(
      tarEntry({ path: 'a'.repeat(200), xattrs: new Map([['user.x', Buffer.from('y')]]) }),
      Buffer.from('data'),
    ),
    tarMember(tarEntry({ path: 'b', type: 'symlink', linkPath: 'c'.repeat(150) })),
    tarEnd(),
  ]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(archive.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 12 }),
      fc.nat(archive.length),
      fc.boolean(),
      (changes, end, mend) => {
        const damaged = Buffer.from(archive.subarray(0, end));
        for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value;
        if (mend) mendChecksums(damaged);
        try {
          read(damaged, [700]);
        } catch (error) {
          assert.ok(error instanceof TarError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('times of pax keep their nanoseconds on both sides of 1970', () => {
  fc.assert(fc.property(time, (nanos) => assert.equal(parsePaxTime(formatPaxTime(nanos)), nanos)));
});

test('pax records keep any bytes, their order and repeated keys', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(fc.tuple(key, bytes(200))), (records) => {
      assert.deepEqual(parsePax(buildPax(records)), records);
    }),
  );
});

const header = (typeFlag: string, name: string, size: number): Buffer =>
  buildHeader({
    typeFlag,
    name,
    prefix: '',
    link: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size,
    mtimeSeconds: 0,
    userName: '',
    groupName: '',
    major: 0,
    minor: 0,
  });
const meta = (typeFlag: string, body: Buffer): Buffer =>
  Buffer.concat([header(typeFlag, 'meta', body.length), body, tarPadding(body.length)]);
const patched = (block: Buffer, patch: (block: Buffer) => void): Buffer => {
  patch(block);
  mendChecksums(block);
  return block;
};

for (const [what, archive, message] of [
  [
    'a size of 2^60',
    patched(header('0', 'f', 0), (b) => {
      b[124] = 0x80;
      b.writeBigUInt64BE(2n ** 60n, 128);
    }),
    /size out of range/,
  ],
  ['a negative size', patched(header('0', 'f', 0), (b) => void b.fill(0xff, 124, 136)), /negative size/],
  [
    'a size that is text',
    patched(header('0', 'f', 0), (b) => void b.write('zzzzzzzzzzz\0', 124)),
    /malformed size/,
  ],
  [
    'a pax header of 8 GB',
    patched(header('x', 'p', 0), (b) => void b.write('77777777777\0', 124)),
    /too large/,
  ],
  ['a long name of 1 GB', header('L', 'n', 2 ** 30), /too large/],
  [
    'a name longer than a path can be',
    Buffer.concat([meta('x', buildPax([['path', 'x'.repeat(5000)]])), header('0', 'f', 0)]),
    /name too long/,
  ],
  ['a name with a NUL', Buffer.concat([meta('x', buildPax([['path', 'a\0b']])), header('0', 'f', 0)]), /NUL/],
  ['an unknown kind of member', header('Q', 'f', 0), /unknown kind/],
  ['a wrong checksum', Buffer.concat([Buffer.from('hello'), Buffer.alloc(507)]), /invalid tar header/],
  ['an end inside a file', tarHeader(tarEntry({ path: 'f', size: 100 })), /unexpected EOF/],
  ['an end inside a header', Buffer.alloc(100, 1), /unexpected EOF/],
  ['a pax header with nothing behind it', meta('x', buildPax([['path', 'a']])), /unexpected EOF/],
  [
    'a pax record whose length lies',
    Buffer.concat([meta('x', Buffer.from('99 path=a\n')), header('0', 'f', 0)]),
    /wrong length/,
  ],
  [
    'an owner that chown would not change',
    Buffer.concat([meta('x', buildPax([['uid', '4294967295']])), header('0', 'f', 0)]),
    /owner out of range/,
  ],
  ['data behind the end mark', Buffer.concat([Buffer.alloc(512), header('0', 'f', 0)]), /after the end mark/],
  [
    'a sparse map that goes back',
    Buffer.concat([
      meta(
        'x',
        buildPax([
          ['GNU.sparse.map', '10,5,3,2'],
          ['GNU.sparse.size', '100'],
        ]),
      ),
      header('0', 'f', 7),
      Buffer.alloc(512),
    ]),
    /wrong map/,
  ],
  [
    'a sparse map beyond the file',
    Buffer.concat([
      meta(
        'x',
        buildPax([
          ['GNU.sparse.map', '99,5'],
          ['GNU.sparse.size', '100'],
        ]),
      ),
      header('0', 'f', 5),
      Buffer.alloc(512),
    ]),
    /wrong map/,
  ],
  [
    'a sparse map of a million parts',
    Buffer.concat([
      meta(
        'x',
        buildPax([
          ['GNU.sparse.major', '1'],
          ['GNU.sparse.minor', '0'],
          ['GNU.sparse.realsize', '1'],
        ]),
      ),
      header('0', 'f', 512),
      Buffer.from('1000000\n'.padEnd(512, '\0')),
    ]),
    /too many parts/,
  ],
] as const)
  test(`an archive with ${what} is refused`, () => {
    assert.throws(() => read(archive as Buffer), { name: 'TarError', message: message as RegExp });
  });

test('what is no longer than a limit is read', () => {
  const path = 'x'.repeat(TAR_LIMITS.pathBytes);
  assert.equal(read(Buffer.concat([tarMember(tarEntry({ path })), tarEnd()]))[0]?.entry.path, path);
});

test('an archive without its end mark, and an empty one, are whole', () => {
  assert.equal(read(tarMember(tarEntry({ path: 'a' }), Buffer.from('x'))).length, 1);
  assert.deepEqual(read(Buffer.alloc(0)), []);
});

test('an archive without the padding of its last file is whole', () => {
  const data = Buffer.from('text');
  const archive = Buffer.concat([tarHeader(tarEntry({ path: 'f', size: data.length })), data]);
  for (const more of [0, 1, TAR_BLOCK - data.length - 1])
    assert.deepEqual(read(Buffer.concat([archive, Buffer.alloc(more)]))[0]?.data, data);
});

test('global pax headers are read over', () => {
  const archive = Buffer.concat([
    meta('g', buildPax([['path', 'everywhere']])),
    tarMember(tarEntry({ path: 'a' })),
    tarEnd(),
  ]);
  assert.equal(read(archive)[0]?.entry.path, 'a');
});
