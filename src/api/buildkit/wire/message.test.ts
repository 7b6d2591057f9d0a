/** Messages are read as they were written, and bytes that are none do no harm. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bool, bytes, int32, int64, string } from './field.ts';
import { mapOf, message, part, parts, repeated } from './message.ts';

const Inner = message({ name: string(1), size: int64(3) });
const Outer = message({
  text: string(1),
  yes: bool(2),
  small: int32(3),
  large: int64(4),
  raw: bytes(5),
  names: repeated(string(6)),
  blobs: repeated(bytes(7)),
  inner: part(8, Inner),
  inners: parts(9, Inner),
  labels: mapOf(16, string(2)),
  byName: mapOf(17, part(2, Inner)),
});

const inner = fc.record({ name: fc.string(), size: fc.maxSafeInteger() }, { noNullPrototype: true });
const buffer = fc.uint8Array({ maxLength: 20 }).map((each) => Buffer.from(each));
const outer = fc.record(
  {
    text: fc.string({ unit: 'grapheme' }),
    yes: fc.boolean(),
    small: fc.integer(),
    large: fc.maxSafeInteger(),
    raw: buffer,
    names: fc.array(fc.string(), { maxLength: 4 }),
    blobs: fc.array(buffer, { maxLength: 4 }),
    inner: fc.option(inner, { nil: undefined }),
    inners: fc.array(inner, { maxLength: 4 }),
    labels: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 4 }).map((all) => new Map(all)),
    byName: fc.array(fc.tuple(fc.string(), inner), { maxLength: 4 }).map((all) => new Map(all)),
  },
  { noNullPrototype: true },
);

test('messages are read as they were written', () => {
  fc.assert(
    fc.property(outer, (value) => {
      assert.deepEqual(Outer.decode(Outer.encode(value)), value);
    }),
  );
});

test('any bytes are read or refused, by an error and nothing else', () => {
  let read = 0;
  const check = (given: Uint8Array): void => {
    try {
      Outer.decode(given);
      read++;
    } catch (error) {
      assert(error instanceof Error);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), check), { numRuns: 2000 });
  const broken = fc.tuple(outer, fc.nat(), fc.nat({ max: 255 })).map(([value, at, byte]) => {
    const whole = Outer.encode(value);
    if (whole.length > 0) whole[at % whole.length] = byte;
    return whole;
  });
  fc.assert(fc.property(broken, check), { numRuns: 2000 });
  assert(read > 0);
});

test('a field that is not known is skipped', () => {
  const Newer = message({ text: string(1), later: parts(30, Inner), much: int64(31) });
  const whole = Newer.encode({ text: 'x', later: [Inner.create({ name: 'y' })], much: 7 });
  assert.equal(Outer.decode(whole).text, 'x');
});

test('what was read is of its own: no message has what another was given', () => {
  Outer.decode(Outer.encode({ names: ['a'], labels: new Map([['b', 'c']]) }));
  assert.deepEqual(Outer.decode(Buffer.alloc(0)).names, []);
  assert.equal(Outer.decode(Buffer.alloc(0)).labels.size, 0);
});

test('a part that is longer than its message is refused', () => {
  assert.throws(() => Outer.decode(Buffer.from([8 * 8 + 2, 200, 1])));
});
