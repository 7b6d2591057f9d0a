import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { runDamageCampaign } from './damage/campaign.ts';

test('RC-M01, RC-S06: whatever file of state is damaged in whatever way, the daemon starts, what runs runs on, and the rest is served', async (t) => {
  const gantry = await startGantry(t);
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  const say = (line: string) => t.diagnostic(line);
  const { violations, ...figures } = await runDamageCampaign(gantry, { rounds: 4, seed, say });
  t.diagnostic(JSON.stringify(figures));
  assert.deepEqual(violations, []);
});
