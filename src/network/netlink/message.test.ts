import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  attribute,
  attributeList,
  attributes,
  decode,
  encode,
  FLAG,
  request,
  textOf,
  verdictOf,
} from './message.ts';

test('a request carries its length, type, flags and number before its body', () => {
  const bytes = encode(request('test', 16, FLAG.CREATE, [Buffer.from('abcde')]), 7);
  assert.equal(bytes.length, 24); // padded to four bytes
  assert.deepEqual(
    [bytes.readUInt32LE(0), bytes.readUInt16LE(4), bytes.readUInt16LE(6), bytes.readUInt32LE(8)],
    [21, 16, FLAG.CREATE | FLAG.ACK | FLAG.REQUEST, 7],
  );
});

test('a dump asks for no acknowledgement: its end is the answer', () => {
  assert.equal(request('test', 18, FLAG.DUMP, []).flags & FLAG.ACK, 0);
});

test('attributes are read back as they were written, nested ones too', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.uint8Array({ maxLength: 40 }))),
      (items) => {
        const inner = items.map(([type, value]) => attribute(type, Buffer.from(value)));
        const [[type, content] = [0, Buffer.alloc(0)]] = [...attributeList(attribute(9, inner))];
        assert.equal(type, 9);
        assert.deepEqual(
          [...attributeList(content)].map(([number, value]) => [number, [...value]]),
          items.map(([number, value]) => [number, [...value]]),
        );
      },
    ),
  );
});

test('damaged bytes end the reading and throw nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const reply of decode(Buffer.from(bytes))) {
        attributes(reply.body);
        verdictOf(reply.body);
        textOf(reply.body);
      }
    }),
  );
});

test('an attribute beyond 64 KiB is refused', () => {
  assert.throws(() => attribute(1, Buffer.alloc(70_000)), RangeError);
});

test("a refusal has the kernel's number and words", () => {
  const header = Buffer.alloc(16);
  const code = Buffer.alloc(4);
  code.writeInt32LE(-17);
  const body = Buffer.concat([code, header, attribute(1, Buffer.from('no room\0'))]);
  assert.deepEqual(verdictOf(body), { errno: 17, words: 'no room' });
});
