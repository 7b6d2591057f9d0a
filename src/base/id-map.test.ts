import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IdMap, OVERFLOW_ID, rootOf, toContainer, toContainerId, toHostId } from './id-map.ts';

const ranges = [
  { container: 0, host: 100_000, count: 10 },
  { container: 10, host: 300_000, count: 5 },
];
const map: IdMap = { uids: ranges, gids: [{ container: 0, host: 200_000, count: 10 }] };

for (const [inside, outside] of [
  [0, 100_000],
  [9, 100_009],
  [10, 300_000],
  [14, 300_004],
] as const)
  test(`${inside} in a container is ${outside} on the host, and back`, () => {
    assert.equal(toHostId(ranges, inside), outside);
    assert.equal(toContainerId(ranges, outside), inside);
  });

test('an id that the map does not have is nobody to the container, and none on the host', () => {
  assert.equal(toHostId(ranges, 15), undefined);
  for (const id of [0, 99_999, 100_010, 299_999, 300_005])
    assert.equal(toContainerId(ranges, id), OVERFLOW_ID);
});

test('users and groups have maps of their own; without a map ids stay as they are', () => {
  assert.deepEqual(rootOf(map), { uid: 100_000, gid: 200_000 });
  assert.deepEqual(rootOf(undefined), { uid: 0, gid: 0 });
  assert.deepEqual(toContainer(map, { uid: 100_001, gid: 200_002 }), { uid: 1, gid: 2 });
  assert.deepEqual(toContainer(undefined, { uid: 5, gid: 6 }), { uid: 5, gid: 6 });
});
