/** Containers join and leave networks in random order while the daemon is killed: after each kill all agree. */
import assert from 'node:assert/strict';
import type { Gantry } from '../../harness/gantry.ts';
import { subnetAt } from '../../harness/subnets.ts';
import { randomFrom } from '../workload.ts';
import { agreement } from './agreement.ts';

/** How long the churn goes on, and what it draws its chances from. */
export interface Churn {
  readonly changes: number;
  readonly containers: number;
  readonly networks: number;
  readonly kills: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** @throws AssertionError with the seed for the first thing that is wrong */
export async function runChurn(gantry: Gantry, churn: Churn): Promise<{ joined: number; left: number }> {
  const { changes, containers, networks, kills, seed, say } = churn;
  const random = randomFrom(seed);
  const api = gantry.api();
  for (let i = 0; i < networks; i++)
    await api.post('/networks/create', { Name: `net${i}`, IPAM: { Config: [{ Subnet: subnetAt(i) }] } });
  for (let i = 0; i < containers; i++)
    await gantry.dockerOk('run', '-d', '--name', `c${i}`, '--net', 'net0', 'busybox', 'sleep', '100000');
  const on = new Map(Array.from({ length: containers }, (_, i) => [`c${i}`, new Set(['net0'])]));
  const counts = { joined: 0, left: 0 };
  const change = async (): Promise<void> => {
    const name = `c${Math.floor(random() * containers)}`;
    const network = `net${Math.floor(random() * networks)}`;
    const mine = on.get(name) ?? assert.fail();
    const leaves = mine.has(network);
    const answer = await api.post(`/networks/${network}/${leaves ? 'disconnect' : 'connect'}`, {
      Container: name,
    });
    assert.equal(answer.status, 200, `${name} ${network} (seed ${seed}): ${answer.text}`);
    if (leaves) mine.delete(network);
    else mine.add(network);
    counts[leaves ? 'left' : 'joined'] += 1;
  };
  const between = Math.ceil(changes / (kills + 1));
  for (let done = 0; done < changes; ) {
    for (let i = 0; i < between && done < changes; i++, done++) await change();
    if (done < changes) {
      await gantry.kill9();
      await gantry.start();
    }
    const text = `after ${done} changes (seed ${seed})`;
    const { containers: told } = await agreement(gantry, text);
    const expected = [...on].map(([name, names]) => [name, [...names].sort()] as const);
    assert.deepEqual(told, Object.fromEntries(expected), text);
    say(`${text}: all agree`);
  }
  return counts;
}
