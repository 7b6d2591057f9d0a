import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameReader, framedLines, frameHeader } from './frames.ts';

test('a header is the stream, three zeros and the size, big-endian', () => {
  assert.deepEqual([...frameHeader('stderr', 0x01020304)], [2, 0, 0, 0, 1, 2, 3, 4]);
  assert.deepEqual([...frameHeader('stdout', 5)], [1, 0, 0, 0, 0, 0, 0, 5]);
});

test('frames come out as they went in, wherever the chunks are cut', () => {
  const frames = fc.array(
    fc.record({
      stream: fc.constantFrom('stdout' as const, 'stderr' as const),
      payload: fc.uint8Array({ maxLength: 40 }),
    }),
  );
  fc.assert(
    fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (sent, cuts) => {
      const wire = Buffer.concat(
        sent.flatMap(({ stream, payload }) => [frameHeader(stream, payload.length), payload]),
      );
      const reader = new FrameReader();
      const got = [];
      for (let at = 0; at < wire.length; ) {
        const end = at + (cuts.next().value as number);
        got.push(...reader.push(wire.subarray(at, end)));
        at = end;
      }
      assert.ok(reader.atBoundary);
      assert.deepEqual(
        got.map(({ stream, payload }) => [stream, [...payload]]),
        sent.map(({ stream, payload }) => [stream, [...payload]]),
      );
    }),
  );
});

test('bytes that are no frames are refused', () => {
  assert.throws(() => new FrameReader().push(Buffer.from('HTTP\0\0\0\0')), RangeError);
});

test('lines are framed one by one, what has no end too', () => {
  for (const [text, payloads] of [
    ['', []],
    ['a', ['a']],
    ['a\n', ['a\n']],
    ['a\n\nb', ['a\n', '\n', 'b']],
    ['one\ntwo\n', ['one\n', 'two\n']],
  ] as const) {
    const frames = new FrameReader().push(framedLines('stderr', Buffer.from(text)));
    assert.deepEqual(
      frames.map(({ stream, payload }) => [stream, payload.toString()]),
      payloads.map((payload) => ['stderr', payload]),
    );
  }
});
