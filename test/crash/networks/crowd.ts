/** Very many containers on one network: each has an address and a name of its own, and nothing of them stays. */
import assert from 'node:assert/strict';
import type { Gantry } from '../../harness/gantry.ts';
import { addressAt } from '../../harness/subnets.ts';

/** Starts that are under way at a time. */
const AT_ONCE = 8;

/** Milliseconds of starts. */
export interface CrowdVerdict {
  /** Medians of the first and of the last tenth. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** @throws AssertionError for the first thing that is wrong */
export async function runCrowd(gantry: Gantry, count: number): Promise<CrowdVerdict> {
  const api = gantry.api();
  const subnet = addressAt(0, 0).replace(/\.\d+\.\d+$/, '.0.0/16');
  const made = await api.post('/networks/create', { Name: 'crowd', IPAM: { Config: [{ Subnet: subnet }] } });
  assert.equal(made.status, 201, made.text);
  const names = Array.from({ length: count }, (_, i) => `c${i}`);
  const took: number[] = [];
  await each(names, async (name) => {
    const body = { Image: 'busybox', Cmd: ['sleep', '100000'], HostConfig: { NetworkMode: 'crowd' } };
    const created = await api.post(`/containers/create?name=${name}`, body);
    assert.equal(created.status, 201, created.text);
    const begun = performance.now();
    const started = await api.post(`/containers/${name}/start`);
    assert.equal(started.status, 204, started.text);
    took.push(performance.now() - begun);
  });
  const { Containers } = (await api.get('/networks/crowd')).json<{
    Containers: Record<string, { Name: string; IPv4Address: string }>;
  }>();
  const members = Object.values(Containers);
  assert.equal(members.length, count);
  assert.equal(new Set(members.map(({ IPv4Address }) => IPv4Address)).size, count);
  await namesResolve(gantry, members);
  const tenth = Math.max(1, Math.floor(count / 10));
  await each(names, async (name) => {
    const removed = await api.delete(`/containers/${name}?force=1`);
    assert.equal(removed.status, 204, removed.text);
  });
  const removed = await api.delete('/networks/crowd');
  assert.equal(removed.status, 204, removed.text);
  return { firstMs: median(took.slice(0, tenth)), lastMs: median(took.slice(-tenth)) };
}

async function namesResolve(
  gantry: Gantry,
  members: readonly { readonly Name: string; readonly IPv4Address: string }[],
): Promise<void> {
  const script = 'while read name; do nslookup $name 2>&1 | tail -n +3; done';
  const told = await gantry.docker(['exec', '-i', 'c0', 'sh', '-c', script], {
    input: members.map(({ Name }) => `${Name}\n`).join(''),
  });
  const missing = members.filter(
    ({ IPv4Address }) => !told.stdout.includes(`Address: ${IPv4Address.split('/')[0]}`),
  );
  assert.deepEqual(
    missing.map(({ Name }) => Name),
    [],
    told.stdout.slice(0, 500) + told.stderr.slice(0, 500),
  );
}

async function each(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const left = names.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const name of left) await work(name);
    }),
  );
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
