/** What an engine needed for its work it gives back when it rests. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { ownMiB } from '../harness/memory.ts';
import { until } from '../harness/until.ts';

/** Compiled code and caches that work has made stay; room for the work itself does not. */
const KEPT_MIB = 10;
/** Of the program's pages that were mapped; an engine that gives memory back lets go of nearly all of them. */
const STILL_MAPPED = 0.5;

/** Pages of its program that are mapped, in KiB. */
const programKiB = ({ pid }: Gantry): number =>
  Number(/^RssFile:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

/** Works, then waits until the engine has given back memory, which it does when it has rested for one or two of its looks. */
async function workAndRest(
  gantry: Gantry,
  work: () => Promise<void>,
): Promise<{ busy: number; rested: number }> {
  await work();
  const [busy, mapped] = [ownMiB(gantry), programKiB(gantry)];
  await until(
    async () => programKiB(gantry),
    (kib) => kib < mapped * STILL_MAPPED,
  );
  return { busy, rested: ownMiB(gantry) };
}

test('after work and a rest the daemon holds little more than before', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api();
  const work = (rounds: number) => async (): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => api.get('/containers/json?all=1')));
      for (const { status } of answers) assert.equal(status, 200);
    }
  };
  const made = await api.post('/containers/create', { Image: 'busybox', Cmd: ['true'] });
  assert.equal(made.status, 201);
  const { rested: before } = await workAndRest(gantry, work(20));
  const { busy, rested } = await workAndRest(gantry, work(300));
  t.diagnostic(`${before} MiB before, ${busy} after the work, ${rested} after a rest`);
  assert.ok(
    rested <= before + KEPT_MIB,
    `${before} MiB before, ${busy} after the work, ${rested} after a rest`,
  );
});
