import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { runCampaign, SPARING } from './campaign.ts';

test('RC-K03, RC-S01, RC-S03: containers outlive kill -9 of the daemon, of a process of the keeper and of both: every byte once, every exit code right', async (t) => {
  const gantry = await startGantry(t);
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  const verdict = await runCampaign(gantry, {
    containers: 20,
    kills: 6,
    seed,
    victims: SPARING,
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(JSON.stringify({ ...verdict, seed }));
  assert.deepEqual(verdict.wrongCodes, [], `seed ${seed}`);
  assert.deepEqual(verdict.wrongStreams, [], `seed ${seed}`);
  assert.deepEqual(verdict.allowed, [], `seed ${seed}`);
});
