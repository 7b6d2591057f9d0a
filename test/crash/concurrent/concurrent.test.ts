import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../../harness/gantry.ts';
import { runConcurrent } from './concurrent.ts';

for (const [what, seconds, kills] of [
  ['RC-C01, RC-C05: 32 clients at once on few containers, images, volumes and networks', 6, {}],
  ['RC-C02: the same while the daemon is killed', 10, { killEverySeconds: 4 }],
] as const)
  test(`${what}: there is an order for what each object answered`, async (t) => {
    const gantry = await startGantry(t);
    const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
    const { verbs, wrong, ...more } = await runConcurrent(gantry, { seconds, seed, ...kills });
    t.diagnostic(JSON.stringify({ seed, verbs, ...more }));
    assert.ok(verbs > 32, `seed ${seed}: each did hardly one verb`);
    assert.deepEqual(wrong, [], `seed ${seed}`);
  });
