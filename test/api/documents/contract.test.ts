/** Our documents of 1.0–1.24 say what the published contract of these versions says, or a reason why not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialectOf, openApi } from '../../../src/api/versions/index.ts';
import { absent, publishedAt } from './contract.ts';
import { differences, gathered, judged } from './differences.ts';
import { routesOf } from './members.ts';
import { reasons } from './reasons.ts';

const skip = absent ?? false;
const minors = Array.from({ length: 25 }, (_, minor) => minor);

test('each version documents what the contract has, nothing that came later and nothing that had gone', {
  skip,
}, async () => {
  const found = await Promise.all(
    minors.map(async (minor) => {
      const { routes, onlyDocumented } = publishedAt(minor);
      const lines = differences(routesOf(await openApi(dialectOf(`1.${minor}`))), routes);
      return [minor, lines.filter((line) => !onlyDocumented.has(line.slice(2)))] as const;
    }),
  );
  const { unexplained, idle } = judged(gathered(found), reasons);
  assert.deepEqual(unexplained, []);
  assert.deepEqual(idle, [], 'these reasons explain nothing any more');
});
