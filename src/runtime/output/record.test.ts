import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeRecord, encodeRecord, type GoodRecord, RECORD_BYTES } from './record.ts';

const anyRecord: fc.Arbitrary<GoodRecord> = fc.record(
  {
    is: fc.constantFrom('bytes', 'cut', 'open'),
    at: fc.bigInt(0n, 2n ** 64n - 1n),
    stream: fc.constantFrom('stdout', 'stderr'),
    end: fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 40 - 1 })),
  },
  { noNullPrototype: true },
);

test('a record is read as it was written, wherever it stands', () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 5 }), (records) => {
      const bytes = Buffer.concat(records.map(encodeRecord));
      assert.equal(bytes.length, records.length * RECORD_BYTES);
      assert.deepEqual(
        records.map((_, index) => decodeRecord(bytes, index * RECORD_BYTES)),
        records,
      );
    }),
  );
});

test('the end of a stream may be any of forty bits', () => {
  for (const end of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 39, 2 ** 40 - 1])
    for (const stream of ['stdout', 'stderr'] as const) {
      const record: GoodRecord = { is: 'bytes', at: 0n, stream, end };
      assert.deepEqual(decodeRecord(encodeRecord(record), 0), record);
    }
});

/** Records as they lie on disks: every later engine must read them. */
const ON_DISK: readonly (readonly [string, GoodRecord])[] = [
  ['00000000000000000000000000c02f7e', { is: 'bytes', at: 0n, stream: 'stdout', end: 0 }],
  [
    '15cd853dfe9c971700100000000094a2',
    { is: 'bytes', at: 1_700_000_000_123_456_789n, stream: 'stdout', end: 4096 },
  ],
  [
    '15cd853dfe9c97170700000001030574',
    { is: 'cut', at: 1_700_000_000_123_456_789n, stream: 'stderr', end: 2 ** 32 + 7 },
  ],
  ['0000000000000080ffffffffff559239', { is: 'open', at: 2n ** 63n, stream: 'stderr', end: 2 ** 40 - 1 }],
];

for (const [hex, record] of ON_DISK)
  test(`${hex} is a record of ${record.stream} up to ${record.end}`, () => {
    assert.equal(encodeRecord(record).toString('hex'), hex);
    assert.deepEqual(decodeRecord(Buffer.from(hex, 'hex'), 0), record);
  });

test('a record of which any bit is another is damaged, and so are zeros', () => {
  for (const [hex] of ON_DISK)
    for (let bit = 0; bit < RECORD_BYTES * 8; bit++) {
      const bytes = Buffer.from(hex, 'hex');
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.deepEqual(decodeRecord(bytes, 0), { is: 'damaged' }, `bit ${bit}`);
    }
  assert.deepEqual(decodeRecord(Buffer.alloc(RECORD_BYTES), 0), { is: 'damaged' });
  assert.deepEqual(decodeRecord(Buffer.alloc(RECORD_BYTES, 0xff), 0), { is: 'damaged' });
});
