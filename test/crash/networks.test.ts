import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { runNetworkCampaign } from './networks/campaign.ts';
import { untraceable } from './trace.ts';

test('whatever system call of network create, connect, disconnect or remove a kill -9 falls on, record, kernel and inspect agree', async (t) => {
  const reason = await untraceable();
  if (reason !== undefined) return t.skip(`no process can be traced here: ${reason}`);
  const gantry = await startGantry(t);
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  const { kills, steps } = await runNetworkCampaign(gantry, {
    kills: 8,
    seed,
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(JSON.stringify({ kills, steps, seed }));
  const killed = Object.values(kills).reduce((sum, count) => sum + count, 0);
  assert.ok(killed >= 2, `seed ${seed}: only ${killed} were killed`);
});
