/** What create refuses, in dockerd's words, and that nothing is left of a refused request. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { type Refusal, refusals } from './refusals.ts';

/** Debian 12's dockerd: what it says is compared where both speak its version. */
const COMPARED = '1.41';

let gantry: Gantry;
let dockerd: Dockerd | string;
const ends: (() => Promise<void>)[] = [];
const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
before(async () => {
  [gantry, dockerd] = await Promise.all([startGantry(scope), startDockerd(scope)]);
});
after(() => Promise.all(ends.map((end) => end())));

async function refusalBy(engine: Engine, { config, host }: Refusal) {
  const body = { Image: 'busybox', Cmd: ['true'], ...config, HostConfig: { NetworkMode: 'none', ...host } };
  const answer = await engine.api(COMPARED).post('/containers/create', body);
  const { message = '', Id } = answer.json<{ message?: string; Id?: string }>();
  if (Id !== undefined) await engine.api().delete(`/containers/${Id}?force=1`);
  return { status: answer.status, message };
}

/** What a container that was made would leave. */
const traces = () => [
  readdirSync(`${gantry.dataRoot}/containers`),
  readdirSync(gantry.dataRoot, { recursive: true }).filter((path) => /[0-9a-f]{64}/.test(String(path))),
];

for (const refusal of refusals)
  test(`refused: ${refusal.what}`, async (t) => {
    const before = traces();
    const ours = await refusalBy(gantry, refusal);
    // 1.43 and below let annotations pass unseen.
    if (refusal.host?.Annotations === undefined) {
      assert.match(ours.message, refusal.says);
      assert.equal(ours.status, 400);
    } else {
      const body = { Image: 'busybox', HostConfig: refusal.host };
      const newest = await gantry.api().post('/containers/create', body);
      assert.match(newest.json<{ message: string }>().message, refusal.says);
    }
    assert.deepEqual(traces(), before);
    if (typeof dockerd === 'string' || refusal.later !== undefined)
      return t.diagnostic(`not compared: ${refusal.later ?? dockerd}`);
    assert.deepEqual(ours, await refusalBy(dockerd, refusal));
  });
