import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { runBuildCampaign } from './builds/campaign.ts';
import { untraceable } from './trace.ts';

test('RC-K09: whatever system call of a build or a prune of its cache a kill -9 falls on, nothing is left of it, and the next build makes the same image', async (t) => {
  const reason = await untraceable();
  if (reason !== undefined) return t.skip(`no process can be traced here: ${reason}`);
  const gantry = await startGantry(t);
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  const say = (line: string) => t.diagnostic(line);
  const { kills, steps } = await runBuildCampaign(gantry, { kills: 8, seed, say });
  t.diagnostic(JSON.stringify({ kills, steps, seed }));
  const killed = Object.values(kills).reduce((sum, count) => sum + count, 0);
  assert.ok(killed >= 2, `seed ${seed}: only ${killed} were killed`);
});
