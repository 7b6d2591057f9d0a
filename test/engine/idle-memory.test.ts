/** What an engine needed for its work it gives back when it rests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGantry } from '../harness/gantry.ts';
import { ownMiB } from '../harness/memory.ts';

/** The engine looks every ten seconds whether it rests. */
const REST_MS = 25_000;
/** Compiled code and caches that work has made stay; room for the work itself does not. */
const KEPT_MIB = 10;

test('after work and a rest the daemon holds little more than before', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api();
  const work = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => api.get('/containers/json?all=1')));
      for (const { status } of answers) assert.equal(status, 200);
    }
  };
  const made = await api.post('/containers/create', { Image: 'busybox', Cmd: ['true'] });
  assert.equal(made.status, 201);
  await work(20);
  await sleep(REST_MS);
  const before = ownMiB(gantry);
  await work(300);
  const busy = ownMiB(gantry);
  await sleep(REST_MS);
  const rested = ownMiB(gantry);
  assert.ok(
    rested <= before + KEPT_MIB,
    `${before} MiB before, ${busy} after the work, ${rested} after a rest`,
  );
});
