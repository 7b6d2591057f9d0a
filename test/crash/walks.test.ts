import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { untraceable } from './trace.ts';
import { containers } from './walks/containers.ts';
import { volumes } from './walks/volumes.ts';
import { runWalk, type Walk } from './walks/walk.ts';

/** A kill of each deed; by a seed, at other system calls each time. */
async function walked<Deed extends string>(t: TestContext, walk: Walk<Deed>): Promise<void> {
  const reason = await untraceable();
  if (reason !== undefined) return t.skip(`no process can be traced here: ${reason}`);
  const gantry = await startGantry(t);
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  const options = { kills: walk.deeds.length, seed, say: (line: string) => t.diagnostic(line) };
  const { kills, steps } = await runWalk(gantry, walk, options);
  t.diagnostic(JSON.stringify({ kills, steps, seed }));
  const killed = Object.values(kills).reduce((sum, count) => sum + count, 0);
  assert.ok(killed * 2 >= walk.deeds.length, `seed ${seed}: only ${killed} were killed`);
}

test('RC-K01, RC-K02, RC-K05, RC-K06, RC-K07, RC-K11: whatever system call of what is asked of a container a kill -9 falls on, it is done or not done, what was answered holds, and nothing is left', (t) =>
  walked(t, containers));

test('RC-K07: whatever system call of volume create, rm or prune a kill -9 falls on, no volume is lost that was to stay', (t) =>
  walked(t, volumes));
