import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runImageCampaign } from './images/campaign.ts';

test('RC-K08, RC-K10, RC-K12: whatever step of pull, push, load, import, tag, commit, rmi or prune a kill -9 falls on, and whatever step of the next start another one, the store is sound and nothing stays', async (t) => {
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  const { kills, steps, starts } = await runImageCampaign({
    kills: 16,
    seed,
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(JSON.stringify({ kills, steps, starts, seed }));
  // Where a run takes a step less than the one that was counted, the kill comes too late.
  const killed = Object.values(kills).reduce((sum, count) => sum + count, 0);
  assert.ok(killed >= 8, `seed ${seed}: only ${killed} were killed`);
});
