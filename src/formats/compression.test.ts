/** Which compression a stream has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { COMPRESSION_HEAD_BYTES, type Compression, compressionOf } from './compression.ts';
import { tarEntry, tarHeader } from './tar/writer.ts';

const heads: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['zstd', [0x50, 0x2a, 0x4d, 0x18]],
  ['zstd', [0x5f, 0x2a, 0x4d, 0x18]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

for (const [compression, head] of heads)
  test(`${Buffer.from(head).toString('hex')} begins ${compression}, whatever follows; a part of it, or another byte in it, does not`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (rest) => {
        assert.equal(compressionOf(Buffer.from([...head, ...rest])), compression);
      }),
    );
    assert(head.length <= COMPRESSION_HEAD_BYTES);
    for (let at = 0; at < head.length; at++) {
      assert.equal(compressionOf(Buffer.from(head.slice(0, at))), 'none');
      const other = head.with(at, head[at]! ^ 0x80);
      assert.equal(compressionOf(Buffer.from([...other, 0, 0])), 'none');
    }
  });

test('what real programs write is told', () => {
  assert.equal(compressionOf(gzipSync('a')), 'gzip');
  assert.equal(compressionOf(zstdCompressSync('a')), 'zstd');
  assert.equal(compressionOf(tarHeader(tarEntry({ path: 'a' }))), 'none');
});

test('the sixteen skippable frames of zstd are told from their neighbours', () => {
  const told = (number: number) => {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(number);
    return compressionOf(head);
  };
  for (let low = 0; low < 16; low++) assert.equal(told(0x184d2a50 + low), 'zstd');
  for (const other of [0x184d2a4f, 0x184d2a60, 0x084d2a50]) assert.equal(told(other), 'none');
});
