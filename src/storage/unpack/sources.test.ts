import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { freed, inflated } from './sources.ts';

const plain = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * i) % 251));

/** In one memory, which is filled again as soon as the next chunk is asked for. */
async function* inOneRoom(bytes: Buffer, roomBytes: number): AsyncGenerator<Buffer> {
  const room = Buffer.alloc(roomBytes);
  for (let at = 0; at < bytes.length; at += roomBytes) {
    const filled = bytes.copy(room, 0, at);
    yield room.subarray(0, filled);
    room.fill(0xff);
  }
}

for (const [form, packed] of [
  ['gzip', gzipSync(plain)],
  ['zstd', zstdCompressSync(plain)],
] as const)
  for (const roomBytes of [1, 997, 1 << 20])
    test(`${form} is inflated from memory of ${roomBytes} bytes that is filled again, and what was read is freed`, async () => {
      const seen: Buffer[] = [];
      const copies: Buffer[] = [];
      for await (const chunk of freed(inflated(inOneRoom(packed, roomBytes), form))) {
        copies.push(Buffer.from(chunk));
        seen.push(chunk);
      }
      assert.equal(Buffer.concat(copies).compare(plain), 0);
      const kept = new Set(seen.map(({ buffer }) => buffer).filter(({ byteLength }) => byteLength > 0));
      assert.ok(kept.size <= 1, `${kept.size} of ${seen.length} chunks are still there`); // the end of the last one
    });

test('it is inflated in pieces of 256 KiB', async () => {
  async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
    yield bytes;
  }
  const zeros = Buffer.alloc(1 << 20);
  for (const chunks of [
    inflated(one(gzipSync(zeros)), 'gzip'),
    inflated(one(zstdCompressSync(zeros)), 'zstd'),
  ]) {
    let most = 0;
    for await (const { length } of chunks) most = Math.max(most, length);
    assert.equal(most, 256 << 10);
  }
});

test('memory that a chunk shares with others is left alone', async () => {
  const small = Buffer.from('small'); // in Node's pool
  const shared = Buffer.alloc(1 << 20, 'x');
  async function* chunks(): AsyncGenerator<Buffer> {
    yield small;
    yield shared.subarray(0, 1 << 19);
  }
  for await (const _ of freed(chunks()));
  assert.equal(small.toString(), 'small');
  assert.equal(shared.toString('latin1', 0, 3), 'xxx');
});
