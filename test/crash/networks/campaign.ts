/** Kills the daemon at system calls of network create, connect, disconnect and remove, and looks at what the next one finds. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Gantry } from '../../harness/gantry.ts';
import { subnetAt } from '../../harness/subnets.ts';
import { aimsAt } from '../aims.ts';
import { changesNetwork, killAt, type Step, watch } from '../trace.ts';
import { randomFrom } from '../workload.ts';
import { agreement } from './agreement.ts';

/** What is done while the daemon dies. */
export type Deed = 'create' | 'connect' | 'disconnect' | 'remove';
/** They take turns. */
const DEEDS: readonly Deed[] = ['create', 'connect', 'disconnect', 'remove'];

/** How long a campaign is, and what it draws its chances from. */
export interface NetworkCampaign {
  /** `all`: at every step of each deed. */
  readonly kills: number | 'all';
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** What a campaign has seen when nothing was wrong. */
export interface NetworkVerdict {
  readonly kills: Readonly<Record<string, number>>;
  readonly steps: Readonly<Record<string, number>>;
}

/** @throws AssertionError with deed, step and seed for the first thing that is wrong */
export async function runNetworkCampaign(
  gantry: Gantry,
  { kills, seed, say }: NetworkCampaign,
): Promise<NetworkVerdict> {
  const verdict = { kills: {} as Record<string, number>, steps: {} as Record<string, number> };
  const random = randomFrom(seed);
  await settle(gantry);
  const known = new Map<Deed, readonly Step[]>();
  for (const deed of DEEDS) {
    known.set(deed, await stepsOf(gantry, deed));
    verdict.steps[deed] = known.get(deed)?.length ?? 0;
  }
  let round = 0;
  for (const { deed, step } of aimsAt(known, kills, random, (i) => DEEDS[i % DEEDS.length] ?? 'create')) {
    const text = `${deed}, killed in ${step.thread} ${step.index} at ${step.call} ${step.nth} (round ${++round}, seed ${seed})`;
    await prepare(gantry, deed);
    await killAt(pidOf(gantry), step);
    const answered = await perform(gantry, deed);
    const isKilled = answered === undefined;
    say(isKilled ? text : `${text}: the call did not come`);
    if (isKilled) verdict.kills[deed] = (verdict.kills[deed] ?? 0) + 1;
    // A call that comes later than the answer kills all the same.
    await gantry.kill9();
    await gantry.start();
    const { networks, containers } = await agreement(gantry, text);
    checkOutcome(deed, answered, { networks, on: containers.web ?? [] }, text);
    await settle(gantry);
  }
  return verdict;
}

/** What was answered holds; what was not answered is there or not there. */
function checkOutcome(
  deed: Deed,
  answered: number | undefined,
  { networks, on }: { readonly networks: readonly string[]; readonly on: readonly string[] },
  text: string,
): void {
  const isDone = {
    create: networks.includes('new'),
    connect: on.includes('b'),
    disconnect: !on.includes('a'),
    remove: !networks.includes('new'),
  }[deed];
  if (answered !== undefined && answered < 300) assert.ok(isDone, `${text}: it was answered`);
  assert.deepEqual(
    networks.filter((name) => name !== 'new'),
    ['a', 'b'],
    text,
  );
}

/** Networks a and b, a container on a, and no other network. */
async function settle(gantry: Gantry): Promise<void> {
  const api = gantry.api();
  for (const [name, number] of [
    ['a', 0],
    ['b', 1],
  ] as const)
    await api.post('/networks/create', { Name: name, IPAM: { Config: [{ Subnet: subnetAt(number) }] } });
  await api.delete('/networks/new');
  if ((await api.get('/containers/web/json')).status === 404)
    await gantry.dockerOk(
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      'a',
      '-p',
      '127.0.0.1::80',
      'busybox',
      'sleep',
      '100000',
    );
  await api.post('/networks/a/connect', { Container: 'web' });
  await api.post('/networks/b/disconnect', { Container: 'web' });
  const { networks, containers } = await agreement(gantry, 'before');
  assert.deepEqual({ networks, containers }, { networks: ['a', 'b'], containers: { web: ['a'] } });
}

async function prepare(gantry: Gantry, deed: Deed): Promise<void> {
  const subnet = { IPAM: { Config: [{ Subnet: subnetAt(2) }] } };
  if (deed === 'remove') await gantry.api().post('/networks/create', { Name: 'new', ...subnet });
}

/** The status of the answer; undefined: there was none. */
async function perform(gantry: Gantry, deed: Deed): Promise<number | undefined> {
  const api = gantry.api();
  const web = { Container: 'web' };
  try {
    const answer = await {
      create: () =>
        api.post('/networks/create', { Name: 'new', IPAM: { Config: [{ Subnet: subnetAt(2) }] } }),
      connect: () => api.post('/networks/b/connect', web),
      disconnect: () => api.post('/networks/a/disconnect', web),
      remove: () => api.delete('/networks/new'),
    }[deed]();
    return answer.status;
  } catch {
    return undefined; // the daemon is gone
  }
}

/** Writes them down once; the deed is taken back. */
async function stepsOf(gantry: Gantry, deed: Deed): Promise<readonly Step[]> {
  await prepare(gantry, deed);
  const watched = await watch(
    pidOf(gantry),
    changesNetwork(gantry.root),
    join(gantry.root, `${deed}.strace`),
  );
  const answered = await perform(gantry, deed);
  assert.ok(answered !== undefined && answered < 300, `${deed} answered ${answered}`);
  watched.stop();
  const steps = await watched.steps();
  await settle(gantry);
  return steps;
}

const pidOf = ({ pidFile }: Gantry): number => Number(readFileSync(pidFile, 'utf8'));
