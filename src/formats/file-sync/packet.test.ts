/** Packets of the file sync protocol: whole, and broken in every way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { goMode, kindOfGoMode, permissionsOfGoMode } from './mode.ts';
import { decodePacket, encodePacket, type FileStat, type SyncPacket } from './packet.ts';
import { WireError } from './wire.ts';

const uint32 = fc.nat({ max: 2 ** 32 - 1 });
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const byteText = bytes.map((buffer) => buffer.toString('latin1'));
const plain = { noNullPrototype: true };
const stat: fc.Arbitrary<FileStat> = fc.record(
  {
    path: byteText,
    mode: uint32,
    uid: uint32,
    gid: uint32,
    size: fc.maxSafeNat(),
    mtimeNanos: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    linkname: byteText,
    major: fc.maxSafeNat(),
    minor: uint32,
    xattrs: fc.array(fc.tuple(byteText, bytes), { maxLength: 3 }).map((entries) => new Map(entries)),
  },
  plain,
);
const packet: fc.Arbitrary<SyncPacket> = fc.oneof(
  fc.record({ is: fc.constant('stat' as const), stat: fc.option(stat, { nil: undefined }) }, plain),
  fc.record({ is: fc.constant('request' as const), id: uint32 }, plain),
  fc.record({ is: fc.constant('data' as const), id: uint32, bytes }, plain),
  fc.record({ is: fc.constant('fin' as const) }, plain),
  fc.record({ is: fc.constant('error' as const), message: bytes }, plain),
);

test('a packet is read as it was written', () => {
  fc.assert(fc.property(packet, (sent) => assert.deepEqual(decodePacket(encodePacket(sent)), sent)));
});

const full: FileStat = {
  path: 'a/\xc3\xa9',
  mode: 0o644,
  uid: 1000,
  gid: 70_000,
  size: 5_000_000_000,
  mtimeNanos: -1n,
  linkname: 'x',
  major: 8,
  minor: 1,
  xattrs: new Map([['u.a', Buffer.from([0, 1])]]),
};

test('known bytes of the wire are read, and written the same', () => {
  const known: readonly (readonly [hex: string, packet: SyncPacket])[] = [
    ['', { is: 'stat', stat: undefined }],
    ['08011805', { is: 'request', id: 5 }],
    ['0802180522026869', { is: 'data', id: 5, bytes: Buffer.from('hi') }],
    ['08021805', { is: 'data', id: 5, bytes: Buffer.alloc(0) }],
    ['0803', { is: 'fin' }],
    ['08042203626164', { is: 'error', message: Buffer.from('bad') }],
    [
      '12330a04612fc3a910a40318e80720f0a2042880e497d01230ffffffffffffffffff013a01784008480152090a03752e6112020001',
      { is: 'stat', stat: full },
    ],
  ];
  for (const [hex, expected] of known) {
    assert.deepEqual(decodePacket(Buffer.from(hex, 'hex')), expected, hex);
    assert.equal(encodePacket(expected).toString('hex'), hex);
  }
});

test('of broken bytes a WireError is made, and nothing else', () => {
  fc.assert(
    fc.property(packet, fc.nat(), fc.nat({ max: 255 }), fc.nat(), (sent, at, byte, cut) => {
      const wire = encodePacket(sent);
      if (wire.length > 0) wire[at % wire.length] = byte;
      try {
        decodePacket(wire.subarray(0, wire.length - (cut % (wire.length + 1))));
      } catch (error) {
        assert(error instanceof WireError, String(error));
      }
    }),
  );
});

for (const [what, hex] of [
  ['ends within a number', '08'],
  ['has a number beyond 64 bits', '18ffffffffffffffffffff01'],
  ['has an id beyond 32 bits', '080118ffffffff7f'],
  ['has a run beyond its end', '2205'],
  ['has a stat beyond its end', '12050a01'],
  ['has a path beyond its stat', '12030a056162636465'],
  ['has a size below 0', '120b28ffffffffffffffffff01'],
  ['has a path that is a number', '12020805'],
  ['has a kind that is a run', '0a0101'],
  ['has a field without a number', '0001'],
  ['has a group', '2b'],
  ['is of a kind that nobody knows', '0805'],
] as const)
  test(`a packet that ${what} is refused`, () => {
    assert.throws(() => decodePacket(Buffer.from(hex, 'hex')), WireError);
  });

test('fields that nobody knows are passed over', () => {
  const unknown = '28013001' + '3a0161' + '4100000000000000ff' + '4dffffffff';
  assert.deepEqual(decodePacket(Buffer.from(`0801${unknown}1807`, 'hex')), { is: 'request', id: 7 });
});

test('modes are numbered as Go does', () => {
  for (const [kind, permissions, mode] of [
    ['file', 0o644, 0o644],
    ['file', 0o4755, 2 ** 23 + 0o755],
    ['directory', 0o1777, 2 ** 31 + 2 ** 20 + 0o777],
    ['symlink', 0o777, 2 ** 27 + 0o777],
    ['char', 0o2600, 2 ** 26 + 2 ** 21 + 2 ** 22 + 0o600],
    ['block', 0o600, 2 ** 26 + 0o600],
    ['fifo', 0o600, 2 ** 25 + 0o600],
  ] as const) {
    assert.equal(goMode(kind, permissions), mode);
    assert.equal(kindOfGoMode(mode), kind);
    assert.equal(permissionsOfGoMode(mode), permissions);
  }
  for (const none of [2 ** 24, 2 ** 19, 2 ** 31 + 2 ** 27]) assert.equal(kindOfGoMode(none), undefined);
});
