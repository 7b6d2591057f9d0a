import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inStartOrder } from './start-order.ts';

/** For each item the items that it comes after; only earlier ones, so that there is no circle. */
const withoutCircles = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 30 })
  .map((ties) => ties.map((each, at) => each.map((tie) => (at === 0 ? -1 : tie % at))));
const anyTies = fc.array(fc.array(fc.integer({ min: -1, max: 31 }), { maxLength: 4 }), { maxLength: 30 });

test('each container starts behind all that it comes after, in whatever order they are listed', () =>
  fc.assert(
    fc.property(withoutCircles, fc.infiniteStream(fc.nat()), (ties, keys) => {
      const items = shuffled([...ties.keys()], keys);
      const order = inStartOrder(items, (item) => ties[item] ?? []);
      assert.deepEqual(order.toSorted(byNumber), [...ties.keys()]);
      for (const [item, before] of ties.entries())
        for (const other of before) if (other >= 0) assert(order.indexOf(other) < order.indexOf(item));
    }),
  ));

test('circles and ties to what is not listed end, with each container once', () =>
  fc.assert(
    fc.property(anyTies, (ties) => {
      const order = inStartOrder([...ties.keys()], (item) => ties[item] ?? []);
      assert.deepEqual(order.toSorted(byNumber), [...ties.keys()]);
    }),
  ));

test('without ties the order stays, and a chain may be long', () => {
  assert.deepEqual(
    inStartOrder([3, 1, 2], () => []),
    [3, 1, 2],
  );
  const long = Array.from({ length: 100_000 }, (_, at) => at);
  const order = inStartOrder(long, (item) => [item + 1]);
  assert.deepEqual([order[0], order.at(-1)], [99_999, 0]);
});

const byNumber = (one: number, other: number): number => one - other;

function shuffled(items: number[], keys: fc.Stream<number>): number[] {
  const drawn = new Map(items.map((item) => [item, keys.next().value as number]));
  return items.toSorted((one, other) => (drawn.get(one) ?? 0) - (drawn.get(other) ?? 0));
}
