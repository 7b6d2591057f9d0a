/** Heads in pieces, cut anywhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeldHead } from './held-head.ts';

test('the end is found wherever the pieces are cut, and found again when it was left', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('\r', '\n', '\r\n', '\r\n\r\n', 'a', 'bcd'), { minLength: 1 }),
      (pieces) => {
        const held = new HeldHead();
        held.begin(Buffer.from('GET'));
        let text = 'GET';
        for (const piece of pieces) {
          text += piece;
          const { bytes, end } = held.add(Buffer.from(piece));
          assert.equal(bytes.toString(), text);
          assert.equal(end, text.indexOf('\r\n\r\n'));
        }
        assert.equal(held.length, text.length);
        assert.equal(held.release().toString(), text);
        assert.equal(held.length, 0);
      },
    ),
  );
});

test('what came first is not written into, and what was released is left alone', () => {
  const first = Buffer.from('abcdef');
  const held = new HeldHead();
  held.begin(first.subarray(0, 3));
  held.add(Buffer.from('xyz'));
  assert.equal(first.toString(), 'abcdef');
  const released = held.release();
  held.begin(Buffer.from('1'));
  held.add(Buffer.from('2345678'));
  assert.equal(released.toString(), 'abcxyz');
});
