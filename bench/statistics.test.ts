import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { figure, median, quantile } from './statistics.ts';

test('as many samples lie above the median as below it', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 }), (samples) => {
      const middle = median(samples);
      const below = samples.filter((each) => each < middle).length;
      const above = samples.filter((each) => each > middle).length;
      assert.ok(below <= samples.length / 2 && above <= samples.length / 2);
    }),
  );
});

test('nine of ten samples do not exceed the 90 % quantile', () => {
  assert.equal(quantile([5, 1, 4, 2, 3, 10, 9, 8, 7, 6], 0.9), 9);
  assert.equal(quantile([7], 0.9), 7);
});

test('nothing measured is shown as nothing', () => {
  assert.equal(figure(median([])), '–');
  assert.deepEqual([figure(0.4242), figure(14.24), figure(350.4)], ['0.42', '14.2', '350']);
});
