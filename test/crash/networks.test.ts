import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { runNetworkCampaign } from './networks/campaign.ts';
import { runChurn } from './networks/churn.ts';
import { runCrowd } from './networks/crowd.ts';
import { runSteady } from './networks/steady.ts';
import { untraceable } from './trace.ts';

test('RC-K07: whatever system call of network create, connect, disconnect or remove a kill -9 falls on, record, kernel and inspect agree', async (t) => {
  const reason = await untraceable();
  if (reason !== undefined) return t.skip(`no process can be traced here: ${reason}`);
  const gantry = await startGantry(t);
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  const { kills, steps } = await runNetworkCampaign(gantry, {
    kills: 8,
    seed,
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(JSON.stringify({ kills, steps, seed }));
  const killed = Object.values(kills).reduce((sum, count) => sum + count, 0);
  assert.ok(killed >= 2, `seed ${seed}: only ${killed} were killed`);
});

test('RC-K07, RC-C05: containers that join and leave in random order are where they were told, also after kills of the daemon', async (t) => {
  const gantry = await startGantry(t);
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  const say = (line: string) => t.diagnostic(line);
  await runChurn(gantry, { changes: 40, containers: 4, networks: 4, kills: 2, seed, say });
});

test('many containers on one network have addresses and names of their own, and leave nothing', async (t) => {
  const gantry = await startGantry(t);
  t.diagnostic(JSON.stringify(await runCrowd(gantry, 30)));
});

test('RC-K03: conversations through a published port and between containers outlive restarts of the daemon, every byte of them', async (t) => {
  const gantry = await startGantry(t);
  t.diagnostic(JSON.stringify(await runSteady(gantry, 3)));
});
