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

test('a frame may be of any stream and of any size', () => {
  const payload = Buffer.alloc(70_000, 'x');
  for (const stream of ['stdin', 'stdout', 'stderr'] as const)
    assert.deepEqual(new FrameReader().push(Buffer.concat([frameHeader(stream, 70_000), payload])), [
      { stream, payload },
    ]);
});

test('what is incomplete waits, and nothing of it is given before', () => {
  const reader = new FrameReader();
  assert(reader.atBoundary);
  const wire = Buffer.concat([frameHeader('stdin', 2), Buffer.from('ab'), frameHeader('stderr', 0)]);
  for (const [from, to, frames] of [
    [0, 7, 0],
    [7, 8, 0],
    [8, 9, 0],
    [9, 10, 1],
    [10, 18, 1],
  ] as const) {
    assert.equal(reader.push(wire.subarray(from, to)).length, frames);
    assert.equal(reader.atBoundary, frames === 1);
  }
});

test('bytes that are no frames are refused', () => {
  for (const first of ['HTTP', '\x03\0\0\0', '\xff\0\0\0'])
    assert.throws(() => new FrameReader().push(Buffer.from(`${first}\0\0\0\0`, 'latin1')), RangeError);
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
