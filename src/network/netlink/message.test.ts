import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  attribute,
  attributeList,
  attributes,
  be16,
  be32,
  be64,
  decode,
  encode,
  FLAG,
  NLMSG_DONE,
  NLMSG_ERROR,
  request,
  text,
  textOf,
  u8,
  u16,
  u32,
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

test('the flags and types are those of linux/netlink.h', () => {
  assert.deepEqual(FLAG, {
    REQUEST: 0x01,
    ACK: 0x04,
    DUMP: 0x300,
    REPLACE: 0x100,
    EXCL: 0x200,
    CREATE: 0x400,
    APPEND: 0x800,
  });
  assert.deepEqual([NLMSG_ERROR, NLMSG_DONE], [2, 3]);
});

test('a request that replaces or must be the first is no dump, though it has a part of its flags', () => {
  for (const flags of [0, FLAG.REPLACE, FLAG.EXCL, FLAG.CREATE])
    assert.equal(request('test', 18, flags, []).flags, flags | 5);
  assert.equal(request('test', 18, FLAG.DUMP, []).flags, 0x301);
});

test('a nested attribute is marked as one', () => {
  assert.equal(attribute(7, [u8(1), u8(2)]).toString('hex'), '0600' + '0780' + '0102' + '0000');
  assert.equal(attribute(7, u32(1)).toString('hex'), '0800' + '0700' + '01000000');
});

test('an attribute has as many bytes as its length can say, and none more', () => {
  assert.equal(attribute(1, Buffer.alloc(65_531)).length, 65_536);
  assert.throws(() => attribute(1, Buffer.alloc(65_532)), { message: 'netlink attribute 1 of 65536 bytes' });
});

test('numbers stand in the order of the machine, or of the network', () => {
  const spelled = [u8(0xfe), u16(0x0102), u32(0x01020304), u32(-2), be16(0x0102), be32(0x01020304), be32(-2)];
  assert.deepEqual(
    [...spelled, be64(0x0102030405), text('ab')].map((each) => each.toString('hex')),
    [
      ...['fe', '0201', '04030201', 'feffffff', '0102', '01020304', 'fffffffe'],
      ...['0000000102030405', '616200'],
    ],
  );
});

test('one receive may give several messages, each beginning at a multiple of four', () => {
  const bodies = ['', 'a', 'abcd', 'abcde'];
  const bytes = Buffer.concat(
    bodies.map((body, index) => encode(request('test', 20 + index, 0, [Buffer.from(body)]), 100 + index)),
  );
  assert.deepEqual(
    [...decode(bytes)].map(({ type, sequence, body }) => [type, sequence, body.toString()]),
    bodies.map((body, index) => [20 + index, 100 + index, body]),
  );
  // The padding of the last one may be missing, its body not.
  assert.equal([...decode(bytes.subarray(0, -3))].length, 4);
  assert.equal([...decode(bytes.subarray(0, -4))].length, 3);
});

test('a message that says to be shorter than its header ends the reading', () => {
  const bytes = encode(request('test', 1, 0, []), 1);
  bytes.writeUInt32LE(15, 0);
  assert.deepEqual([...decode(bytes)], []);
});

test('attributes begin where they are told to, may be empty, and of repeated ones the last counts', () => {
  const bytes = Buffer.concat([u32(0xffffffff), attribute(3, u8(1)), attribute(4, []), attribute(3, u8(2))]);
  const found = attributes(bytes, 4);
  assert.deepEqual([...found.keys()], [3, 4]);
  assert.deepEqual([found.get(3)?.toString('hex'), found.get(4)?.length], ['02', 0]);
  assert.deepEqual([...attributes(attribute(3, u8(1))).keys()], [3]);
  assert.equal([...attributeList(bytes, 4)].length, 3);
  // The last one's padding may be missing, its value not.
  assert.equal([...attributeList(bytes.subarray(0, -3), 4)].length, 3);
  assert.equal([...attributeList(bytes.subarray(0, -4), 4)].length, 2);
  assert.deepEqual([...attributeList(Buffer.from([3, 0, 1, 0]))], []);
  assert.equal([...attributeList(Buffer.from([4, 0, 1, 0]))].length, 1);
});

test('a text ends at its NUL, or where its bytes do', () => {
  assert.deepEqual(
    [undefined, Buffer.from('ab\0cd'), Buffer.from('ab'), Buffer.from('\0ab'), Buffer.alloc(0)].map(textOf),
    ['', 'ab', 'ab', '', ''],
  );
});

test('an acknowledgement is no error, and one too short to say anything is EIO', () => {
  assert.equal(Math.abs(verdictOf(Buffer.alloc(4)).errno), 0);
  assert.deepEqual(verdictOf(Buffer.alloc(3)), { errno: 5, words: '' });
});
