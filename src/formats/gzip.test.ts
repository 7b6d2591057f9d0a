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

const sha = (i: number): Buffer => createHash('sha256').update(String(i)).digest();

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

test('the same bytes are the same file on every machine: no name, no time, no system', async () => {
  assert.equal((await gzip(Buffer.alloc(0), 1)).toString('hex'), '1f8b08000000000000ff03000000000000000000');
});

test('sizes are told as far as four bytes go, whatever the chunks are, empty ones too', async () => {
  async function* chunks(): AsyncGenerator<Buffer, void> {
    yield Buffer.alloc(0);
    yield Buffer.from('abc');
    yield Buffer.alloc(0);
    yield Buffer.from('defg');
  }
  const packed = Buffer.concat(await Array.fromAsync(gzipped(chunks())));
  assert.equal(packed.readUInt32LE(packed.length - 4), 7);
  assert.equal(gunzipSync(packed).toString(), 'abcdefg');
});

test('each piece refers back to the one before it, as far as deflate can', async () => {
  // Bytes that nothing in their own piece is like: all that is saved is saved across the seam.
  const random = Buffer.from(Array.from({ length: 992 }, (_, i) => [...sha(i)]).flat());
  const piece = Buffer.concat([Buffer.alloc((1 << 20) - random.length), random]);
  const alone = (await gzip(piece, 1 << 20)).length;
  const both = (await gzip(Buffer.concat([piece, random]), 1 << 20)).length;
  assert.ok(both - alone < 1000, `${both - alone} bytes more`);
});

test('no more than four pieces are read ahead of who takes them', async () => {
  let read = 0;
  async function* source(): AsyncGenerator<Buffer, void> {
    for (; read < 12; read++) yield Buffer.alloc(1 << 20);
  }
  const stream = gzipped(source());
  await stream.next();
  assert.equal(read, 0, 'nothing is read for the head');
  for (let taken = 1; taken <= 8; taken++) {
    await stream.next();
    assert.equal(read, taken + 2);
  }
  await stream.return();
});
