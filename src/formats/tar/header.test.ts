/** Header blocks, held to the places that POSIX and GNU tar give their fields. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TarError } from './entry.ts';
import { buildHeader, type HeaderFields, isZeroBlock, number, octalMax, parseHeader } from './header.ts';

/** Every field filled up to its last byte; for numbers what their octal digits say. */
const fields: HeaderFields = {
  typeFlag: '3',
  name: 'n'.repeat(100),
  prefix: 'p'.repeat(155),
  link: 'l'.repeat(100),
  mode: 0o1234,
  uid: 0o7654321,
  gid: 0o1234567,
  size: 0o77777777777,
  mtimeSeconds: 0o12345670123,
  userName: 'u'.repeat(32),
  groupName: 'g'.repeat(32),
  major: 0o1111111,
  minor: 0o2222222,
};

/** The same as text: a table of POSIX.1-1988, from the first byte to the last. */
const layout = [
  'n'.repeat(100),
  '0001234\0',
  '7654321\0',
  '1234567\0',
  '77777777777\0',
  '12345670123\0',
  '        ',
  '3',
  'l'.repeat(100),
  'ustar\x0000',
  'u'.repeat(32),
  'g'.repeat(32),
  '1111111\0',
  '2222222\0',
  'p'.repeat(155),
  '\0'.repeat(12),
].join('');

/** With its checksum, of which `sum` says the form. */
function block(text: string, sum: (unsigned: number, signed: number) => string = posix): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  bytes.fill(0x20, 148, 156);
  const signed = bytes.reduce((total, byte) => total + (byte > 127 ? byte - 256 : byte), 0);
  bytes.write(
    sum(
      bytes.reduce((total, byte) => total + byte, 0),
      signed,
    ),
    148,
    'latin1',
  );
  return bytes;
}
const posix = (unsigned: number) => `${unsigned.toString(8).padStart(6, '0')}\0 `;
const replaced = (at: number, text: string) => layout.slice(0, at) + text + layout.slice(at + text.length);

test('a header is written where POSIX says, each field up to its last byte', () => {
  assert.equal(layout.length, 512);
  assert.equal(buildHeader(fields).toString('latin1'), block(layout).toString('latin1'));
});

test('what is longer than its field is cut off, and spills into no other', () => {
  const { name, link, userName, groupName, prefix } = fields;
  const long = { name: `${name}x`, link: `${link}x`, userName: `${userName}x`, groupName: `${groupName}x` };
  const header = buildHeader({ ...fields, ...long, prefix: `${prefix}x` });
  assert.equal(header.toString('latin1'), block(layout).toString('latin1'));
});

test('a header is read from the same places', () => {
  const { prefix, name, ...rest } = fields;
  assert.deepEqual(parseHeader(block(layout)), { ...rest, name: `${prefix}/${name}`, gnu: false });
});

test('GNU tar has no prefix, and older headers neither that nor names nor devices', () => {
  const { prefix: _, ...rest } = fields;
  assert.deepEqual(parseHeader(block(replaced(257, 'ustar  \0'))), { ...rest, gnu: true });
  for (const magic of ['\0'.repeat(8), 'ustar\t00', 'ustar   ']) {
    const none = { userName: '', groupName: '', major: 0, minor: 0 };
    assert.deepEqual(parseHeader(block(replaced(257, magic))), { ...rest, ...none, gnu: false });
  }
});

test('the version behind the magic does not matter, a header without a kind is of a file', () => {
  const { prefix, name } = fields;
  assert.equal(parseHeader(block(replaced(257, 'ustar\0xy'))).name, `${prefix}/${name}`);
  assert.equal(parseHeader(block(replaced(156, '\0'))).typeFlag, '0');
  assert.equal(parseHeader(block(replaced(345, '\0'.repeat(155)))).name, name);
});

test('only the bits of chmod are taken from a mode', () => {
  assert.equal(parseHeader(block(replaced(100, '0107777\0'))).mode, 0o7777);
});

test('a text ends at its first NUL', () => {
  assert.equal(parseHeader(block(replaced(157, 'to\0rubbish'))).link, 'to');
});

test('a checksum is the sum of the bytes, as POSIX writes it or as old Suns did; any other is refused', () => {
  const high = replaced(0, '\xff\x80\x7f');
  const forms: readonly ((unsigned: number, signed: number) => string)[] = [
    posix,
    (unsigned) => `${unsigned.toString(8).padStart(7, '0')}\0`,
    (unsigned) => unsigned.toString(8).padStart(8, ' '),
    (_, signed) => posix(signed),
  ];
  for (const form of forms) assert.equal(parseHeader(block(high, form)).typeFlag, '3');
  const wrong: typeof forms = [
    (unsigned) => posix(unsigned + 1),
    (unsigned) => posix(unsigned - 1),
    (_, signed) => posix(signed + 1),
    () => '\0'.repeat(8),
    () => 'rubbish\0',
  ];
  for (const form of wrong) assert.throws(() => parseHeader(block(high, form)), TarError);
});

test('a block is empty when each of its bytes is NUL', () => {
  assert(isZeroBlock(Buffer.alloc(512)));
  for (let at = 0; at < 512; at++) {
    const bytes = Buffer.alloc(512);
    bytes[at] = 1;
    assert(!isZeroBlock(bytes), String(at));
  }
});

const read = (text: string) => number(Buffer.from(`7${text}7`, 'latin1'), [1, text.length], 'size');

for (const [text, value] of [
  ['0000017\0', 15],
  ['     17 ', 15],
  ['\0\0\x0017 \0 ', 15],
  ['17\0rubbish', 15],
  ['00000017', 15],
  ['        ', 0],
  ['\0\0\0\0\0\0\0\0', 0],
  ['7777777\0', octalMax(8)],
  ['77777777777\0', octalMax(12)],
  ['\x80\0\0\0\0\0\0\x0f', 15],
  ['\x80\0\0\0\0\x10\0\0', 0x100000],
  ['\x80\x1f\xff\xff\xff\xff\xff\xff', 2 ** 53 - 1],
  ['\xff\xff\xff\xff\xff\xff\xff\xff', -1],
  ['\xff\xff\xff\xff\xff\xff\xff\x00', -256],
  ['\xc0\xff', -(2 ** 14) + 255],
  ['\xbf\xff', 2 ** 14 - 1],
] as const)
  test(`${JSON.stringify(text)} is the number ${value}`, () => assert.equal(read(text), value));

for (const [text, message] of [
  ['0000008\0', 'tar header with a malformed size'],
  ['000000/\0', 'tar header with a malformed size'],
  ['-000017\0', 'tar header with a malformed size'],
  ['17 5    ', 'tar header with a malformed size'],
  ['\x80\x20\0\0\0\0\0\0', 'tar header with a size out of range'],
  ['\x80\0\x20\0\0\0\0\0\0', undefined],
  ['\xff\xdf\xff\xff\xff\xff\xff\xff', 'tar header with a size out of range'],
] as const)
  test(`${JSON.stringify(text)} is ${message ?? 'no number'}`, () =>
    assert.throws(() => read(text), { name: 'TarError', message: message ?? /out of range/ }));

test('octal numbers are read up to the largest that has room', () => {
  assert.deepEqual([octalMax(8), octalMax(12)], [0o7777777, 0o77777777777]);
  fc.assert(
    fc.property(fc.nat({ max: 0o7777777 }), (value) => {
      assert.equal(read(`${value.toString(8).padStart(7, '0')}\0`), value);
    }),
  );
});
