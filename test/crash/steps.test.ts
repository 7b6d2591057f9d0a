import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runStepsCampaign } from './images/steps.ts';
import { untraceable } from './trace.ts';

test('RC-K08, RC-K10: whatever system call of whatever thread a kill -9 falls on, the store is sound and nothing stays', async (t) => {
  const reason = await untraceable();
  if (reason !== undefined) return t.skip(`no process can be traced here: ${reason}`);
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  const { kills, threads } = await runStepsCampaign({
    deeds: ['pull', 'push', 'load', 'commit', 'prune'],
    kills: 10,
    seed,
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(JSON.stringify({ kills, threads: [...threads], seed }));
  // Where a thread has no work this time that it had when it was counted, the call does not come.
  const killed = Object.values(kills).reduce((sum, count) => sum + count, 0);
  assert.ok(killed >= 2, `seed ${seed}: only ${killed} were killed`);
});
