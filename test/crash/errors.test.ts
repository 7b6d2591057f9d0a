import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gantry } from '../harness/gantry.ts';
import { runErrorCampaign } from './errors/campaign.ts';
import type { Fault } from './errors/faults.ts';
import { untraceable } from './trace.ts';

const WRITES = ['create with a volume', 'start on a network', 'stop', 'rename', 'rm', 'network rm', 'commit'];

for (const [name, fault, deeds] of [
  ['RC-D01: whatever system call of a verb finds the disk full', 'ENOSPC', WRITES],
  ['RC-D07: whatever a verb cannot read or write', 'EIO', ['logs', 'get files', 'save']],
] as const)
  test(`${name}, the verb is done, or it fails in words and has changed nothing`, async (t) => {
    const reason = await untraceable();
    if (reason !== undefined) return t.skip(`no process can be traced here: ${reason}`);
    const gantry = new Gantry({ env: { UV_THREADPOOL_SIZE: '2' } });
    try {
      await gantry.start();
      await gantry.loadBusybox();
      const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
      const faults: readonly Fault[] = [fault];
      const say = (line: string) => t.diagnostic(line);
      const { counts, violations } = await runErrorCampaign(gantry, { deeds, faults, rounds: 2, seed, say });
      assert.deepEqual(violations, []);
      const fired = Object.values(counts).reduce((sum, count) => sum + count.fired, 0);
      assert.ok(fired > 0, `seed ${seed}: none came`);
    } finally {
      await gantry.end();
    }
  });
