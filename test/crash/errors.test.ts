import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gantry } from '../harness/gantry.ts';
import { runErrorCampaign } from './errors/campaign.ts';
import { untraceable } from './trace.ts';

test('RC-D01: whatever system call of a verb finds the disk full, the verb is done, or it fails in words and has changed nothing', async (t) => {
  const reason = await untraceable();
  if (reason !== undefined) return t.skip(`no process can be traced here: ${reason}`);
  const gantry = new Gantry({ env: { UV_THREADPOOL_SIZE: '2' } });
  try {
    await gantry.start();
    await gantry.loadBusybox();
    const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
    const { counts, violations } = await runErrorCampaign(gantry, {
      deeds: ['create with a volume', 'start on a network', 'stop', 'rename', 'rm', 'network rm', 'commit'],
      faults: ['ENOSPC'],
      rounds: 2,
      seed,
      say: (line) => t.diagnostic(line),
    });
    assert.deepEqual(violations, []);
    const fired = Object.values(counts).reduce((sum, count) => sum + count.fired, 0);
    assert.ok(fired >= 4, `seed ${seed}: only ${fired} came`);
  } finally {
    await gantry.end();
  }
});
