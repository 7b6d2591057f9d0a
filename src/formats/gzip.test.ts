import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { gzipped } from './gzip.ts';

async function* cut(bytes: Buffer, at: number): AsyncGenerator<Buffer, void> {
  for (let i = 0; i < bytes.length; i += at) yield bytes.subarray(i, i + at);
}
const gzip = async (bytes: Buffer, at: number): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(gzipped(cut(bytes, at))));

/** Compressible, and never the same at two places. */
function text(bytes: number): Buffer {
  const lines: string[] = [];
  for (let length = 0; length < bytes; length += 75)
    lines.push(`${createHash('sha256').update(String(length)).digest('hex')} a line\n`);
  return Buffer.from(lines.join('')).subarray(0, bytes);
}

for (const size of [0, 1, 1 << 15, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000])
  test(`${size} bytes come back, from us and from gzip`, async () => {
    const bytes = text(size);
    const packed = await gzip(bytes, 64_000);
    assert.ok(gunzipSync(packed).equals(bytes));
    assert.ok(execFileSync('gzip', ['-dc'], { input: packed, maxBuffer: 1 << 25 }).equals(bytes));
  });

test('the result depends on the bytes, not on how they come', async () => {
  const bytes = text(3_000_000);
  const [first, ...others] = await Promise.all(
    [1000, 70_001, 1 << 20, 3_000_000].map((at) => gzip(bytes, at)),
  );
  for (const other of others) assert.ok(first?.equals(other));
});

test('what is compressed is about as small as gzip makes it', async () => {
  const bytes = Buffer.concat([text(2_000_000), Buffer.alloc(1_000_000, 'a line of text\n')]);
  const packed = await gzip(bytes, 1 << 20);
  assert.ok(packed.length < gzipSync(bytes).length * 1.05, `${packed.length}`);
});

test('a source that fails ends the stream with its failure', async () => {
  async function* failing(): AsyncGenerator<Buffer, void> {
    yield text(3_000_000);
    throw new Error('the disk is gone');
  }
  await assert.rejects(Array.fromAsync(gzipped(failing())), /the disk is gone/);
});
