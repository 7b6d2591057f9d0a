/** Fields of protobuf messages, held to the bytes that the format's specification gives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tagOf, WIRE, WireError, WireReader, WireWriter } from './wire.ts';

const reader = (hex: string): WireReader => new WireReader(Buffer.from(hex, 'hex'));

for (const [hex, value] of [
  ['00', 0],
  ['01', 1],
  ['7f', 127],
  ['8001', 128],
  ['ff7f', 16_383],
  ['808001', 16_384],
  ['80808001', 2 ** 21],
  ['8080808001', 2 ** 28],
  ['8080808008', 2 ** 31],
  ['ffffffff0f', 2 ** 32 - 1],
  ['8000', 0],
  ['80808080808080808000', 0],
] as const)
  test(`${hex} is the number ${value}, of 32 bits and of 64`, () => {
    assert.equal(reader(hex).uint32(), value);
    assert.equal(reader(hex).count(), value);
    assert.equal(reader(hex).int64(), BigInt(value));
  });

for (const [hex, value] of [
  ['8080808010', 2n ** 32n],
  ['8080808020', 2n ** 33n],
  ['808080808001', 2n ** 35n],
  ['80808080808001', 2n ** 42n],
  ['8080808080808001', 2n ** 49n],
  ['ffffffffffffff0f', 2n ** 53n - 1n],
  ['8080808080808010', 2n ** 53n],
  ['808080808080808001', 2n ** 56n],
  ['ffffffffffffffff7f', 2n ** 63n - 1n],
  ['80808080808080808001', -(2n ** 63n)],
  ['ffffffffffffffffff01', -1n],
] as const)
  test(`${hex} is the number ${value} of 64 bits`, () => {
    assert.equal(reader(hex).int64(), value);
    assert.throws(() => reader(hex).uint32(), { name: 'WireError', message: 'a number beyond 32 bits' });
    if (value < 0n || value >= 2n ** 53n) assert.throws(() => reader(hex).count(), WireError);
    else assert.equal(reader(hex).count(), Number(value));
  });

for (const hex of ['', '80', 'ffffffffffffffffff'])
  test(`${JSON.stringify(hex)} ends within a number`, () =>
    assert.throws(() => reader(hex).int64(), { message: 'it ends within a number' }));

for (const hex of ['ffffffffffffffffff02', '8080808080808080808001', 'ffffffffffffffffffff01'])
  test(`${hex} is beyond 64 bits`, () =>
    assert.throws(() => reader(hex).int64(), { message: 'a number beyond 64 bits' }));

test('numbers are written in as few bytes as there can be, and read as they were', () => {
  const writer = new WireWriter();
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (count, signed) => {
      writer.number(1, count);
      writer.int64(2, signed);
      const message = writer.take();
      const read = new WireReader(message);
      if (count > 0) assert.deepEqual([read.tag(), read.count()], [8, count]);
      if (signed !== 0n) assert.deepEqual([read.tag(), read.int64()], [16, signed]);
      assert.equal(read.tag(), 0);
    }),
  );
  for (const [value, hex] of [
    [127, '087f'],
    [128, '088001'],
    [16_383, '08ff7f'],
    [16_384, '08808001'],
  ] as const) {
    writer.number(1, value);
    assert.equal(writer.take().toString('hex'), hex);
    writer.int64(1, BigInt(value));
    assert.equal(writer.take().toString('hex'), hex);
  }
});

test('a tag is a field and its layout', () => {
  assert.deepEqual([tagOf(1, WIRE.varint), tagOf(2, WIRE.run), tagOf(15, WIRE.fixed32)], [0x08, 0x12, 0x7d]);
  assert.equal(reader('08').tag(), 8);
  assert.equal(reader('').tag(), 0);
  for (const hex of ['00', '07'])
    assert.throws(() => reader(hex).tag(), { message: 'a field without a number' });
});

test('a run has the bytes that it announces, up to the very end', () => {
  assert.equal(reader('03616263').text(), 'abc');
  assert.deepEqual(reader('03616263').run(), Buffer.from('abc'));
  assert.equal(reader('00').text(), '');
  for (const hex of ['04616263', '01']) {
    assert.throws(() => reader(hex).text(), { message: 'a length beyond its end' });
    assert.throws(() => reader(hex).run(), { message: 'a length beyond its end' });
  }
});

test('what is behind a field is read on, whatever the field was', () => {
  for (const [hex, layout] of [
    ['8001', WIRE.varint],
    ['0102030405060708', WIRE.fixed64],
    ['026162', WIRE.run],
    ['01020304', WIRE.fixed32],
  ] as const) {
    const read = reader(`${hex}07`);
    read.skip(tagOf(9, layout));
    assert.equal(read.uint32(), 7, hex);
    reader(hex).skip(tagOf(9, layout));
    assert.throws(() => reader(hex.slice(0, -2)).skip(tagOf(9, layout)), WireError);
  }
  for (const layout of [3, 4, 6, 7])
    assert.throws(() => reader('00').skip(tagOf(9, layout)), { message: `a field of layout ${layout}` });
});

test('a message within a message ends where it says, and what is behind it is read on', () => {
  const read = reader('02080107');
  assert.deepEqual(
    read.within((inner) => [inner.tag(), inner.uint32(), inner.tag()]),
    [8, 1, 0],
  );
  assert.equal(read.uint32(), 7);
  assert.throws(() => reader('0108011807').within((inner) => [inner.tag(), inner.uint32()]), WireError);
});

test('messages of any size are written one behind the other, with room behind them', () => {
  const writer = new WireWriter();
  for (const bytes of [0, 10, 4075, 4076, 4077, 4094, 4095, 4096, 5000, 20_000, 3]) {
    const body = Buffer.alloc(bytes, 'x');
    writer.number(1, 7);
    writer.within(2, () => writer.run(3, body));
    writer.text(4, 'end');
    const message = writer.take(5);
    const read = new WireReader(message.subarray(0, message.length - 5));
    assert.deepEqual([read.tag(), read.uint32()], [8, 7]);
    assert.equal(read.tag(), tagOf(2, WIRE.run));
    const [tag, run] = read.within((inner) => [inner.tag(), inner.run()]);
    assert.equal(tag, tagOf(3, WIRE.run));
    assert(body.equals(run as Buffer));
    assert.deepEqual([read.tag(), read.text(), read.tag()], [tagOf(4, WIRE.run), 'end', 0]);
  }
});

test('many fields find room, whatever they are', () => {
  const writer = new WireWriter();
  for (const write of [
    () => writer.number(1, 2 ** 53 - 1),
    () => writer.int64(1, -1n),
    () => writer.runHead(1, 2 ** 40),
    () => writer.run(1, Buffer.alloc(3)),
  ]) {
    write();
    const one = writer.take();
    for (let i = 0; i < 2000; i++) write();
    assert(writer.take().equals(Buffer.concat(Array(2000).fill(one))));
  }
});

test('nothing is written of zeros and empty texts, and an empty run is a run', () => {
  const writer = new WireWriter();
  writer.number(1, 0);
  writer.int64(2, 0n);
  writer.text(3, '');
  assert.equal(writer.take().length, 0);
  writer.run(4, Buffer.alloc(0));
  assert.equal(writer.take().toString('hex'), '2200');
});
