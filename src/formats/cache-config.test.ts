/** What a cache says of itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readCacheConfig, readInlineCache, writeCacheConfig, writeInlineCache } from './cache-config.ts';

const read = (document: unknown) => readCacheConfig(Buffer.from(JSON.stringify(document)));

test('layers are followed down, as BuildKit writes them', () => {
  const layers = [{ blob: 'a', parent: -1 }, { blob: 'b' }, { blob: 'c', parent: 1 }];
  const records = [
    { digest: 'base' },
    { digest: 'one', layers: [{ layer: 2 }], inputs: [[{ link: 0 }]] },
    { digest: 'two', chains: [{ layers: [0, 2] }] },
    { digest: 'three', layers: [{ layer: 0, createdAt: '2024-01-01T00:00:00Z' }] },
  ];
  assert.deepEqual(read({ layers, records }), [
    { digest: 'one', blobs: ['a', 'b', 'c'] },
    { digest: 'two', blobs: ['a', 'c'] },
    { digest: 'three', blobs: ['a'] },
  ]);
});

test('what leads in circles or nowhere is left out', () => {
  const circle = [
    { blob: 'a', parent: 1 },
    { blob: 'b', parent: 0 },
  ];
  assert.deepEqual(read({ layers: circle, records: [{ digest: 'x', layers: [{ layer: 1 }] }] }), []);
  assert.deepEqual(read({ layers: [], records: [{ digest: 'x', layers: [{ layer: 7 }] }] }), []);
  assert.deepEqual(
    read({ layers: [{ parent: -1 }], records: [{ digest: 'x', layers: [{ layer: 0 }] }] }),
    [],
  );
  assert.deepEqual(read({}), []);
});

test('what is no such document is refused', () => {
  for (const text of ['', '[]', '{"layers":7}', 'x'.repeat(2 << 20)])
    assert.throws(() => readCacheConfig(Buffer.from(text)), /configuration/);
});

test('records in an image are of its own layers', () => {
  const steps = [
    { digest: 'x', count: 1 },
    { digest: 'y', count: 2 },
  ];
  assert.deepEqual(readInlineCache(writeInlineCache(steps), ['a', 'b', 'c']), [
    { digest: 'x', blobs: ['a'] },
    { digest: 'y', blobs: ['a', 'b'] },
  ]);
  assert.deepEqual(readInlineCache(writeInlineCache(steps), []), []);
});

test('what is written is read, and each blob named once', () => {
  const blob = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.record(
    { digest: fc.string({ minLength: 1 }), blobs: fc.array(blob, { minLength: 1, maxLength: 5 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { bytes, blobs } = writeCacheConfig(steps);
      assert.deepEqual(readCacheConfig(bytes), steps);
      assert.deepEqual(blobs.toSorted(), [...new Set(steps.flatMap((each) => each.blobs))].sort());
    }),
  );
});
