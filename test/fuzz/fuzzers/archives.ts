/** Archives, their headers and names, forms in parts, and what files are sent by. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { decodePacket, encodePacket, type SyncPacket } from '../../../src/formats/file-sync/packet.ts';
import { tagOf, WIRE, WireError } from '../../../src/formats/file-sync/wire.ts';
import { multipartParts } from '../../../src/formats/multipart.ts';
import { TAR_BLOCK, TAR_LIMITS, type TarEntry, TarError } from '../../../src/formats/tar/entry.ts';
import { pathBelowRoot } from '../../../src/formats/tar/path.ts';
import { buildPax, parsePax } from '../../../src/formats/tar/pax.ts';
import { TarReader } from '../../../src/formats/tar/reader.ts';
import { mendChecksums } from '../../../src/formats/tar/test-archives.ts';
import { tarEnd, tarEntry, tarHeader, tarMember } from '../../../src/formats/tar/writer.ts';
import { type Fuzzer, inPieces, inputs, unlessRefused, unlessRefusedLater } from '../fuzzer.ts';

const member = (entry: Partial<TarEntry> & { path: string }, data = ''): Buffer =>
  tarMember(tarEntry({ ...entry, size: data.length }), Buffer.from(data));
const pax = (...records: readonly (readonly [string, string])[]): Buffer => {
  const body = buildPax(records);
  const header = tarHeader(tarEntry({ path: 'pax', size: body.length }));
  header[156] = 'x'.charCodeAt(0);
  return Buffer.concat([
    mendChecksums(header),
    body,
    Buffer.alloc((TAR_BLOCK - (body.length % TAR_BLOCK)) % TAR_BLOCK),
  ]);
};
const sparse = pax(
  ['GNU.sparse.major', '1'],
  ['GNU.sparse.minor', '0'],
  ['GNU.sparse.name', 's'],
  ['GNU.sparse.realsize', '70000'],
);
const archives = [
  Buffer.concat([member({ path: 'd/', type: 'directory' }), member({ path: 'd/f' }, 'data'), tarEnd()]),
  Buffer.concat([
    member({ path: 'a'.repeat(200), xattrs: new Map([['user.x', Buffer.from('y')]]) }, 'x'.repeat(600)),
    member({ path: 'l', type: 'symlink', linkPath: 'c'.repeat(150) }),
    member({ path: 'h', type: 'hardlink', linkPath: 'd/f' }),
    member({ path: '.wh.x' }),
    tarEnd(),
  ]),
  Buffer.concat([
    sparse,
    member({ path: 's' }, '2\n0\n3\n65536\n4\n'.padEnd(512, '\0').concat('abcdefg')),
    tarEnd(),
  ]),
  Buffer.concat([
    pax(['GNU.sparse.map', '0,3,65536,4'], ['GNU.sparse.size', '70000']),
    member({ path: 's' }, 'abcdefg'),
    tarEnd(),
  ]),
  Buffer.concat([
    member({ path: 'c', type: 'char', major: 1, minor: 3 }),
    member({ path: 'p', type: 'fifo' }),
  ]),
];

interface Read {
  readonly entries: TarEntry[];
  readonly bytes: number;
}

/** Reads an archive in pieces, and holds the reader to what it promises of order, names and places. */
function readArchive(archive: Buffer, pieces: Iterable<Buffer>): Read {
  const entries: TarEntry[] = [];
  let open: TarEntry | undefined;
  let bytes = 0;
  const reader = new TarReader({
    entry(entry) {
      assert.equal(open, undefined);
      open = entry;
      entries.push(entry);
      assert.ok(entry.path.length <= TAR_LIMITS.pathBytes && entry.linkPath.length <= TAR_LIMITS.pathBytes);
      assert.ok(Number.isSafeInteger(entry.size) && entry.size >= 0, `size ${entry.size}`);
      assert.ok(entry.type === 'file' || entry.size === 0);
    },
    data(part, offset) {
      assert.ok(open && offset >= 0 && offset + part.length <= open.size, `${offset}+${part.length}`);
      bytes += part.length;
    },
    end() {
      open = undefined;
    },
  });
  for (const piece of pieces) reader.push(piece);
  reader.finish();
  assert.ok(bytes <= archive.length && entries.length <= archive.length / TAR_BLOCK);
  return { entries, bytes };
}

const isTarError = (error: unknown): boolean => error instanceof TarError;

const tar: Fuzzer = {
  name: 'tar',
  samples: archives,
  words: [
    'ustar\0' + '00',
    'GNU.sparse.',
    'SCHILY.xattr.',
    '././@LongLink',
    '\xff'.repeat(12),
    '\0'.repeat(512),
  ],
  check(input) {
    const archive = mendChecksums(Buffer.from(input));
    const whole = unlessRefused(() => readArchive(archive, [archive]), isTarError);
    const cut = unlessRefused(() => readArchive(archive, inPieces(archive)), isTarError);
    assert.deepEqual(cut, whole);
    return whole !== undefined;
  },
};

const paxRecords: Fuzzer = {
  name: 'pax',
  samples: [
    buildPax([
      ['path', 'x'],
      ['mtime', '1.5'],
      ['size', '7'],
    ]),
    buildPax([['SCHILY.xattr.user.a', '\xff\n']]),
  ],
  words: ['6 a=b\n', '0 ', '99999999999 ', '=', '\n', '11 path=abc\n'],
  check(input) {
    const records = unlessRefused(() => parsePax(input), isTarError);
    if (records) assert.deepEqual(parsePax(buildPax(records)), records);
    return records !== undefined;
  },
};

const tarPath: Fuzzer = {
  name: 'names in archives',
  samples: inputs('a/b', '/etc/passwd', './a//b/../c', 'a/..'),
  words: ['/', '..', '.', '//', 'a', '\\', '\0', '../'],
  check(input) {
    const path = unlessRefused(() => pathBelowRoot(input.toString('latin1')), isTarError);
    if (path === undefined) return false;
    assert.doesNotMatch(`/${path}/`, /\/\.{0,2}\/./);
    assert.ok(path.length <= input.length);
    assert.equal(pathBelowRoot(path), path);
    return true;
  },
};

const form = 'multipart/form-data; boundary=x';
const multipart: Fuzzer = {
  name: 'forms in parts',
  samples: inputs(
    '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--x\r\nContent-Disposition: form-data; name=b\r\n\r\n\r\n--x--\r\n',
  ),
  words: ['\r\n--x', '--x--', '\r\n', 'name="', 'Content-Disposition: form-data; ', '--', '\r\n\r\n'],
  quickRuns: 150,
  async check(input) {
    const read = async (pieces: Iterable<Buffer>) => {
      const parts: string[] = [];
      for await (const { name, bytes } of multipartParts(Readable.from(pieces), form)) {
        let said = '';
        for await (const piece of bytes) said += piece.toString('latin1');
        parts.push(`${name}=${said}`);
      }
      assert.ok(parts.join('').length <= input.length);
      return parts;
    };
    const whole = await unlessRefusedLater(() => read([input].filter(({ length }) => length > 0)));
    assert.deepEqual(await unlessRefusedLater(() => read(inPieces(input))), whole);
    return whole !== undefined;
  },
};

const stat = {
  path: 'd/f',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 3,
  mtimeNanos: 5n,
  linkname: '',
  major: 0,
  minor: 0,
  xattrs: new Map([['user.a', Buffer.from('b')]]),
} as const;
const packets: readonly SyncPacket[] = [
  { is: 'stat', stat },
  { is: 'stat', stat: undefined },
  { is: 'request', id: 300 },
  { is: 'data', id: 3, bytes: Buffer.from('abc') },
  { is: 'error', message: Buffer.from('no') },
  { is: 'fin' },
];
const fileSync: Fuzzer = {
  name: 'packets of file sync',
  samples: packets.map(encodePacket),
  words: [tagOf(2, WIRE.run), tagOf(10, WIRE.run), 0x80, 0xff, 0x7f].map((code) => String.fromCharCode(code)),
  check(input) {
    const packet = unlessRefused(
      () => decodePacket(input),
      (error) => error instanceof WireError,
    );
    if (packet) assert.deepEqual(decodePacket(encodePacket(packet)), packet);
    return packet !== undefined;
  },
};

export const ARCHIVES: readonly Fuzzer[] = [tar, paxRecords, tarPath, multipart, fileSync];
