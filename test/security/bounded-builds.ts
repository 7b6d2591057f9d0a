/** Builds that want to exhaust the engine: what they cost, that others are served meanwhile, and what they leave. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Built, contextOf } from '../harness/building.ts';
import type { Gantry } from '../harness/gantry.ts';
import { grownBy } from '../harness/memory.ts';

/** What a build takes, of whatever size it is (bench/goals.ts has the same): a quarter of a gigabyte at once is more. */
const GROWN_MIB_MAX = 200;

/** Builds in little memory, while others are served; the message of an error can be read, and nothing is left. */
export async function inLittle(
  t: TestContext,
  gantry: Gantry,
  building: Promise<Built>,
  mostMiB = GROWN_MIB_MAX,
): Promise<Built> {
  const grown = await grownBy(gantry, building);
  t.diagnostic(`${grown.toFixed(1)} MiB`);
  assert.ok(grown <= mostMiB, `${grown} MiB more`);
  const built = await building;
  assert.ok(built.error.length < 1000, built.error.slice(0, 1000));
  assert.deepEqual(readdirSync(join(gantry.dataRoot, 'staging')), []);
  return built;
}

/** The same for what is not to be built. */
export async function refused(
  t: TestContext,
  gantry: Gantry,
  building: Promise<Built>,
  mostMiB?: number,
): Promise<void> {
  const { error, text } = await inLittle(t, gantry, building, mostMiB);
  assert.notEqual(error, '', text.slice(0, 500));
}

/** Every image without a name goes, and with it all that it took. */
export async function removeBuilt(gantry: Gantry): Promise<void> {
  assert.equal((await gantry.api().post('/build/prune?all=1')).status, 200);
  await gantry.dockerOk('image', 'prune', '-f');
}

/** An archive behind the Dockerfile of a context. */
export const behind = (dockerfile: string, archive: Buffer): Buffer =>
  Buffer.concat([contextOf(dockerfile).subarray(0, -1024), archive]);
