import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { runPowerCampaign } from './power/campaign.ts';
import { noDisk } from './power/disk.ts';
import { changesBelow, failAt, untraceable } from './trace.ts';

test('RC-P01, RC-P03: when the power goes, what was answered is there on the disk with every byte of its layers, and nothing is half', async (t) => {
  const reason = noDisk();
  if (reason !== undefined) return t.skip(`no disk can be made here: ${reason}`);
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  const say = (line: string): void => t.diagnostic(line);
  t.diagnostic(JSON.stringify({ ...(await runPowerCampaign({ cuts: 4, seed, say })), seed }));
});

test('RC-P05: what a failed fsync was for is refused, or written again; what was answered before and after it holds', async (t) => {
  const reason = await untraceable();
  if (reason !== undefined) return t.skip(`no process can be traced here: ${reason}`);
  const gantry = await startGantry(t);
  const made = async (name: string): Promise<number> => {
    const body = { Image: 'busybox', HostConfig: { NetworkMode: 'none' } };
    return (await gantry.api().post(`/containers/create?name=${name}`, body)).status;
  };
  const there = async (name: string): Promise<boolean> =>
    (await gantry.api().get(`/containers/${name}/json`)).status === 200;
  assert.equal(await made('before'), 201);
  const step = { thread: 'records', index: 0, call: 'fsync', nth: 1 };
  const failing = { ...changesBelow(gantry.root), error: 'EIO', log: join(gantry.root, 'strace') };
  const failed = await failAt(gantry.pid, step, failing);
  const first = await made('met');
  await failed?.end();
  assert.equal(failed?.outcome(), 'fired');
  assert.ok([201, 500].includes(first), String(first));
  const isThere = await there('met');
  assert.equal(isThere, first === 201);
  assert.equal(await made('after'), 201);
  await gantry.kill9();
  await gantry.start();
  assert.deepEqual([await there('before'), await there('met'), await there('after')], [true, isThere, true]);
  t.diagnostic(`answered ${first}`);
});
