/** What create refuses, in dockerd's words, and that nothing is left of a refused request. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import { fileScope } from '../harness/file-scope.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { tracesOf } from './probe.ts';
import { type Refusal, refusals } from './refusals.ts';

/** Debian 12's dockerd: what it says is compared where both speak its version. */
const COMPARED = '1.41';

let gantry: Gantry;
let dockerd: Dockerd | string;
const scope = fileScope();
before(async () => {
  [gantry, dockerd] = await Promise.all([startGantry(scope), startDockerd(scope)]);
});

async function refusalBy(engine: Engine, { config, host }: Refusal, version?: string) {
  const body = { Image: 'busybox', Cmd: ['true'], ...config, HostConfig: { NetworkMode: 'none', ...host } };
  const answer = await engine.api(version).post('/containers/create', body);
  const { message = '', Id } = answer.json<{ message?: string; Id?: string }>();
  if (Id !== undefined) await engine.api().delete(`/containers/${Id}?force=1`);
  return { status: answer.status, message };
}

for (const refusal of refusals)
  test(`refused: ${refusal.what}`, async (t) => {
    const before = tracesOf(gantry);
    // Annotations came with 1.43: before, they pass unseen.
    const version = refusal.version ?? (refusal.host?.Annotations === undefined ? COMPARED : undefined);
    const ours = await refusalBy(gantry, refusal, version);
    assert.match(ours.message, refusal.says);
    assert.equal(ours.status, 400);
    assert.deepEqual(tracesOf(gantry), before);
    if (typeof dockerd === 'string' || refusal.later !== undefined)
      return t.diagnostic(`not compared: ${refusal.later ?? dockerd}`);
    assert.deepEqual(ours, await refusalBy(dockerd, refusal, COMPARED));
  });
