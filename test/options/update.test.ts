/** Limits of a running container: what an update changes at once, what it refuses, and what a killed daemon knows of it. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { before, test } from 'node:test';
import { readCgroupHost } from '../../src/runtime/index.ts';
import { type Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import { fileScope } from '../harness/file-scope.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { execInside } from '../security/inside.ts';

let gantry: Gantry;
let dockerd: Dockerd | string;
const scope = fileScope();
before(async () => {
  [gantry, dockerd] = await Promise.all([startGantry(scope), startDockerd(scope)]);
});

const MB = 1 << 20;
const { version } = readCgroupHost();

/** Where each limit is read inside, and what to call it. */
const FILES =
  version === 2
    ? ['memory.max', 'memory.swap.max', 'memory.low', 'cpu.max', 'cpuset.cpus', 'pids.max']
    : [
        ...['memory/memory.limit_in_bytes', 'memory/memory.memsw.limit_in_bytes'],
        ...[
          'memory/memory.soft_limit_in_bytes',
          'cpu/cpu.cfs_quota_us',
          'cpuset/cpuset.cpus',
          'pids/pids.max',
        ],
      ];
async function limits(id: string): Promise<string[]> {
  const Cmd = ['sh', '-c', `cd /sys/fs/cgroup; cat ${FILES.join(' ')}`];
  return (await execInside(gantry, id, { Cmd })).output.trim().split('\n');
}

async function started(engine: Engine, HostConfig: object, name = 'updated'): Promise<string> {
  const api = engine.api('1.41');
  const body = {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    HostConfig: { NetworkMode: 'none', ...HostConfig },
  };
  const made = await api.post(`/containers/create?name=${name}`, body);
  const { Id } = made.json<{ Id: string }>();
  const answer = await api.post(`/containers/${Id}/start`);
  assert.equal(answer.status, 204, answer.text);
  return Id;
}

/** Each change of one running container, in this order, and what holds then. */
const changes: readonly (readonly [
  what: string,
  change: object,
  v1: readonly string[],
  v2: readonly string[],
])[] = [
  [
    'all at once',
    {
      Memory: 64 * MB,
      MemorySwap: 96 * MB,
      MemoryReservation: 32 * MB,
      NanoCpus: 500_000_000,
      CpusetCpus: '0',
      PidsLimit: 50,
    },
    [`${64 * MB}`, `${96 * MB}`, `${32 * MB}`, '50000', '0', '50'],
    [`${64 * MB}`, `${32 * MB}`, `${32 * MB}`, '50000 100000', '0', '50'],
  ],
  [
    'memory beyond the swap limit that stood',
    { Memory: 128 * MB, MemorySwap: 256 * MB },
    [`${128 * MB}`, `${256 * MB}`, `${32 * MB}`, '50000', '0', '50'],
    [`${128 * MB}`, `${128 * MB}`, `${32 * MB}`, '50000 100000', '0', '50'],
  ],
  [
    'less of both',
    { Memory: 48 * MB, MemorySwap: 56 * MB },
    [`${48 * MB}`, `${56 * MB}`, `${32 * MB}`, '50000', '0', '50'],
    [`${48 * MB}`, `${8 * MB}`, `${32 * MB}`, '50000 100000', '0', '50'],
  ],
  [
    'no limit of processes any more',
    { PidsLimit: -1 },
    [`${48 * MB}`, `${56 * MB}`, `${32 * MB}`, '50000', '0', 'max'],
    [`${48 * MB}`, `${8 * MB}`, `${32 * MB}`, '50000 100000', '0', 'max'],
  ],
];

test('limits change while a container runs, in whatever order they need, and a killed daemon knows them', async () => {
  const id = await started(gantry, { Memory: 96 * MB });
  const api = gantry.api();
  for (const [what, change, v1, v2] of changes) {
    const answer = await api.post(`/containers/${id}/update`, change);
    assert.equal(answer.status, 200, `${what}: ${answer.text}`);
    assert.deepEqual(await limits(id), version === 2 ? v2 : v1, what);
  }
  const shown = async () =>
    (await gantry.api().get(`/containers/${id}/json`)).json<{ HostConfig: Record<string, unknown> }>()
      .HostConfig;
  const before = await shown();
  assert.deepEqual(
    [before.Memory, before.MemorySwap, before.NanoCpus, before.CpusetCpus, before.PidsLimit],
    [48 * MB, 56 * MB, 500_000_000, '0', 0],
  );
  await gantry.kill9();
  await gantry.start();
  assert.deepEqual(await shown(), before);
  // They hold for the next run too.
  await gantry.api().post(`/containers/${id}/restart?t=0`);
  const again = await limits(id);
  assert.deepEqual(again.slice(0, 2), (changes.at(-1)?.[version === 2 ? 3 : 2] ?? []).slice(0, 2));
  await gantry.api().delete(`/containers/${id}?force=1`);
});

test('a stopped container has its new limits at its next start', async () => {
  const api = gantry.api();
  const id = await started(gantry, {});
  await api.post(`/containers/${id}/kill`);
  await api.post(`/containers/${id}/wait`);
  assert.equal(
    (await api.post(`/containers/${id}/update`, { Memory: 64 * MB, MemorySwap: 64 * MB })).status,
    200,
  );
  await api.post(`/containers/${id}/start`);
  assert.equal((await limits(id))[0], `${64 * MB}`);
  await api.delete(`/containers/${id}?force=1`);
});

test('what the kernel refuses changes nothing, neither there nor on record', async () => {
  const api = gantry.api();
  const id = await started(gantry, { Memory: 64 * MB, MemorySwap: 64 * MB, CpuShares: 100 });
  const [before, shown] = [await limits(id), (await api.get(`/containers/${id}/json`)).text];
  // More real-time than the group above has: the kernel says so after the memory was written.
  const answer = await api.post(`/containers/${id}/update`, {
    Memory: 32 * MB,
    CpuRealtimePeriod: 1_000_000,
    CpuRealtimeRuntime: 900_000,
  });
  assert.ok(answer.status >= 400, answer.text);
  assert.deepEqual(await limits(id), before);
  assert.equal((await api.get(`/containers/${id}/json`)).text, shown);
  await api.delete(`/containers/${id}?force=1`);
});

test('a restart policy changes what happens at the end of the run that goes on', async () => {
  const api = gantry.api();
  const id = await started(gantry, {});
  const policy = { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 } };
  assert.equal((await api.post(`/containers/${id}/update`, policy)).status, 200);
  const before = (await api.get(`/containers/${id}/json`)).json<{ State: { Pid: number } }>().State.Pid;
  process.kill(before, 'SIGKILL');
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { State, RestartCount } = (await api.get(`/containers/${id}/json`)).json<{
      State: { Running: boolean; Pid: number };
      RestartCount: number;
    }>();
    if (State.Running && State.Pid > 0 && State.Pid !== before && RestartCount === 1) break;
    assert(Date.now() < deadline, 'it was not started again');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await api.delete(`/containers/${id}?force=1`);
});

test('rates of single devices change while a container runs, and a list that is left out stands', async (t) => {
  const disk = readdirSync('/sys/block').find((name) => existsSync(`/dev/${name}`));
  if (disk === undefined) return t.skip('this machine has no disk');
  const api = gantry.api();
  const rate = (Rate: number) => [{ Path: `/dev/${disk}`, Rate }];
  const id = await started(gantry, { BlkioDeviceReadBps: rate(1 << 20), BlkioDeviceWriteIOps: rate(100) });
  const update = (change: object) => api.post(`/containers/${id}/update`, change);
  assert.equal((await update({ BlkioDeviceReadBps: rate(2 << 20) })).status, 200);
  const files =
    version === 2
      ? ['io.max']
      : ['blkio/blkio.throttle.read_bps_device', 'blkio/blkio.throttle.write_iops_device'];
  const Cmd = ['sh', '-c', `cd /sys/fs/cgroup; cat ${files.join(' ')}`];
  const { output } = await execInside(gantry, id, { Cmd });
  assert.match(output, version === 2 ? /rbps=2097152 .*wiops=100/ : / 2097152\n.* 100\n/);
  const shown = (await api.get(`/containers/${id}/json`)).json<{ HostConfig: Record<string, unknown> }>();
  assert.deepEqual(shown.HostConfig.BlkioDeviceReadBps, rate(2 << 20));
  assert.deepEqual(shown.HostConfig.BlkioDeviceWriteIOps, rate(100));
  // Before 1.55 an update said nothing of them.
  await gantry.api('1.54').post(`/containers/${id}/update`, { BlkioDeviceReadBps: rate(3 << 20) });
  assert.match((await execInside(gantry, id, { Cmd })).output, version === 2 ? /rbps=2097152/ : / 2097152\n/);
  assert.match(
    (await update({ BlkioDeviceReadBps: [{ Path: '/dev/nope', Rate: 1 }] })).text,
    /stat \/dev\/nope/,
  );
  await api.delete(`/containers/${id}?force=1`);
});

test('an update warns of what has no effect', async () => {
  const id = await started(gantry, {});
  const { Warnings } = (await gantry.api().post(`/containers/${id}/update`, { CpuPercent: 5 })).json<{
    Warnings: string[];
  }>();
  assert.deepEqual(Warnings, ['linux does not support CPU percent. Percent discarded.']);
  await gantry.api().delete(`/containers/${id}?force=1`);
});

/** Refused on a running container with these limits; both engines say the same. */
const standing = { Memory: 64 * MB, MemorySwap: 128 * MB, CpuPeriod: 50_000, CpuQuota: 25_000 };
for (const [what, change] of [
  ['memory above the swap limit that stands', { Memory: 256 * MB }],
  ['NanoCpus where a period stands', { NanoCpus: 1e9 }],
  ['little memory', { Memory: 1 * MB }],
  ['more swap than memory needs', { Memory: 64 * MB, MemorySwap: 32 * MB }],
  ['an unknown restart policy', { RestartPolicy: { Name: 'sometimes' } }],
  ['a processor that is not there', { CpusetCpus: '4000' }],
] as const)
  test(`an update is refused: ${what}`, async (t) => {
    const said = async (engine: Engine) => {
      const id = await started(engine, standing);
      const answer = await engine.api('1.41').post(`/containers/${id}/update`, change);
      await engine.api().delete(`/containers/${id}?force=1`);
      return { status: answer.status, text: answer.text.replaceAll(id, 'ID').trim() };
    };
    const ours = await said(gantry);
    assert.ok(ours.status >= 400 && ours.status < 500, ours.text);
    if (typeof dockerd === 'string') return t.diagnostic(`not compared: ${dockerd}`);
    assert.deepEqual(ours, await said(dockerd));
  });
