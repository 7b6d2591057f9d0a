/** Messages are found in whatever pieces they come, and no client makes the engine hold more than there is room for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameReader, framed, HeldBytes } from './frames.ts';
import { escapeMessage, GrpcError, unescapeMessage } from './status.ts';

test('messages are found in any pieces', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }),
      (messages, sizes) => {
        const whole = Buffer.concat(messages.map(framed));
        const reader = new FrameReader(new HeldBytes(1000));
        const found: Buffer[] = [];
        for (let at = 0, i = 0; at < whole.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          found.push(...reader.push(whole.subarray(at, at + size)));
          at += size;
        }
        reader.finish();
        assert.deepEqual(
          found,
          messages.map((each) => Buffer.from(each)),
        );
      },
    ),
  );
});

test('a message that has only begun, is compressed or too large is refused', () => {
  const begun = new FrameReader();
  begun.push(framed(Buffer.from('abc')).subarray(0, 6));
  assert.throws(() => begun.finish(), GrpcError);
  assert.throws(() => new FrameReader().push(Buffer.from([1, 0, 0, 0, 0])), /compressed/);
  assert.throws(() => new FrameReader().push(Buffer.from([0, 0x7f, 0, 0, 0])), /larger than max/);
});

test('what all hold together has a bound, and goes with who held it', () => {
  const held = new HeldBytes(100);
  const part = framed(Buffer.alloc(90)).subarray(0, 60);
  const one = new FrameReader(held);
  one.push(part);
  const other = new FrameReader(held);
  assert.throws(() => other.push(part), /unfinished messages/);
  one.close();
  other.push(part);
});

test('words of failures come through a header whatever is in them', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.match(escapeMessage(text), /^[ -~]*$/);
      assert.equal(unescapeMessage(escapeMessage(text)), text);
    }),
  );
});
