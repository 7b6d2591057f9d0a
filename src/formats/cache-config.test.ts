/** What a cache says of itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CachedSteps,
  readCacheConfig,
  readInlineCache,
  writeCacheConfig,
  writeInlineCache,
} from './cache-config.ts';

const read = (document: unknown) => readCacheConfig(Buffer.from(JSON.stringify(document)));
const found = (steps: CachedSteps, ...digests: string[]) => digests.map((digest) => steps.blobsOf(digest));

test('layers are followed down, as BuildKit writes them', () => {
  const layers = [{ blob: 'a', parent: -1 }, { blob: 'b' }, { blob: 'c', parent: 1 }];
  const records = [
    { digest: 'base' },
    { digest: 'one', layers: [{ layer: 2 }], inputs: [[{ link: 0 }]] },
    { digest: 'two', chains: [{ layers: [0, 2] }] },
    { digest: 'three', layers: [{ layer: 0, createdAt: '2024-01-01T00:00:00Z' }] },
  ];
  assert.deepEqual(found(read({ layers, records }), 'base', 'one', 'two', 'three', 'four'), [
    undefined,
    ['a', 'b', 'c'],
    ['a', 'c'],
    ['a'],
    undefined,
  ]);
});

test('what leads in circles or nowhere is left out', () => {
  const circle = [
    { blob: 'a', parent: 1 },
    { blob: 'b', parent: 0 },
  ];
  const one = { digest: 'x', layers: [{ layer: 1 }] };
  const nowhere = { digest: 'x', layers: [{ layer: 7 }] };
  const many = { digest: 'x', chains: [{ layers: Array.from({ length: 1000 }, () => 0) }] };
  for (const [layers, record] of [
    [circle, one],
    [[], nowhere],
    [[{ parent: -1 }], { digest: 'x', layers: [{ layer: 0 }] }],
    [circle, many],
  ])
    assert.deepEqual(found(read({ layers, records: [record] }), 'x'), [undefined]);
  assert.deepEqual(found(read({}), 'x'), [undefined]);
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
  const bytes = writeInlineCache(steps);
  assert.deepEqual(found(readInlineCache(bytes, ['a', 'b', 'c']), 'x', 'y'), [['a'], ['a', 'b']]);
  assert.deepEqual(found(readInlineCache(bytes, []), 'x', 'y'), [undefined, undefined]);
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
      const last = new Map(steps.map((each) => [each.digest, each.blobs]));
      for (const [digest, wanted] of last) assert.deepEqual(readCacheConfig(bytes).blobsOf(digest), wanted);
      assert.deepEqual(blobs.toSorted(), [...new Set(steps.flatMap((each) => each.blobs))].sort());
    }),
  );
});

test('a document may be a mebibyte, and a step have as many layers as an image', () => {
  const padded = (length: number) => Buffer.from('{}'.padEnd(length));
  assert.deepEqual(readCacheConfig(padded(1_048_576)).blobsOf('x'), undefined);
  assert.throws(() => readCacheConfig(padded(1_048_577)), {
    name: 'InvalidArgument',
    message: "a cache's configuration is larger than 1048576 bytes",
  });
  const chain = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ blob: `b${i}`, parent: i - 1 }));
  const top = (count: number) => ({
    layers: chain(count),
    records: [{ digest: 'x', layers: [{ layer: count - 1 }] }],
  });
  const list = (count: number) => ({
    layers: chain(count),
    records: [{ digest: 'x', chains: [{ layers: chain(count).map((_, i) => i) }] }],
  });
  for (const form of [top, list])
    assert.deepEqual(
      [250, 251].map((count) => read(form(count)).blobsOf('x')?.length),
      [250, undefined],
    );
});

test('a step of a result and of a chain is of its result, and an empty chain leads nowhere', () => {
  const layers = [
    { blob: 'a', parent: -1 },
    { blob: 'b', parent: -1 },
  ];
  const both = { digest: 'x', layers: [{ layer: 1 }], chains: [{ layers: [0] }] };
  const [none, unsaid] = [
    { digest: 'y', chains: [{ layers: [] }] },
    { digest: 'z', chains: [{}] },
  ];
  const first = { digest: 'v', layers: [{}] };
  const nameless = { layers: [{ layer: 1 }] };
  const steps = read({ layers, records: [both, none, unsaid, first, nameless] });
  assert.deepEqual(found(steps, 'x', 'y', 'z', 'v', ''), [['b'], undefined, undefined, ['a'], ['b']]);
});

test('the first layer is what a layer without a parent lies on, as Go reads a zero', () => {
  const { bytes } = writeCacheConfig([{ digest: 'x', blobs: ['a', 'b'] }]);
  assert.deepEqual(JSON.parse(bytes.toString()), {
    layers: [{ blob: 'a', parent: -1 }, { blob: 'b' }],
    records: [{ layers: [{ layer: 1 }], digest: 'x' }],
  });
});
