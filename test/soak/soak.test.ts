import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSoak } from './soak.ts';

test('RC-B05: a short soak, the daemon killed again and again: no code is wrong, no byte lost, nothing left', async (t) => {
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  const say = (line: string) => t.diagnostic(line);
  const verdict = await runSoak({ seconds: 10, killEverySeconds: 3, seed, say });
  const { operations, kills, living, killed } = verdict;
  t.diagnostic(JSON.stringify({ seed, kills, living, killed, operations: Object.fromEntries(operations) }));
  assert.ok(kills.daemon + kills.keeper > 0, `seed ${seed}: no kill`);
  assert.deepEqual(verdict.wrongCodes, [], `seed ${seed}`);
  assert.deepEqual(verdict.wrongStreams, [], `seed ${seed}`);
  assert.equal(verdict.lostBytes, 0, `seed ${seed}`);
  assert.deepEqual(verdict.leaks, [], `seed ${seed}`);
});
