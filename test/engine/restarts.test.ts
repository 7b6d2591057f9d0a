/** Restart policies over the ends of containers, of the daemon and of the machine. */
import assert from 'node:assert/strict';
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Gantry, type Scope, startGantry } from '../harness/gantry.ts';
import type { Api } from '../harness/http.ts';
import { mountsBelow } from '../harness/leaks.ts';
import { unmountLazily } from '../harness/unmount.ts';
import { until } from '../harness/until.ts';

interface Inspected {
  readonly State: {
    Status: string;
    Pid: number;
    ExitCode: number;
    Error: string;
    StartedAt: string;
    Paused: boolean;
  };
  readonly RestartCount: number;
}

const inspect = async (api: Api, name: string): Promise<Inspected> =>
  (await api.get(`/containers/${name}/json`)).json<Inspected>();
const statusOf = async (api: Api, name: string): Promise<string> => (await inspect(api, name)).State.Status;

async function run(
  api: Api,
  name: string,
  policy: string,
  more: Record<string, unknown> = {},
): Promise<void> {
  const made = await api.post(`/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    ...more,
    HostConfig: {
      NetworkMode: 'none',
      RestartPolicy: { Name: policy },
      ...(more.HostConfig as object | undefined),
    },
  });
  assert.equal(made.status, 201, made.text);
  const started = await api.post(`/containers/${name}/start`);
  assert.equal(started.status, 204, started.text);
}

/** The machine loses its power: every process of ours ends, and what lay in memory alone is gone. */
async function restartMachine(gantry: Gantry, env: Record<string, string>): Promise<void> {
  const api = gantry.api();
  const all = (await api.get('/containers/json')).json<{ Id: string }[]>();
  const pids = await Promise.all(all.map(async ({ Id }) => (await inspect(api, Id)).State.Pid));
  const keepers = ['keeper', 'keeper-2'].map((name) =>
    Number(/\d+/.exec(readFileSync(join(gantry.execRoot, name), 'utf8'))?.[0]),
  );
  await gantry.kill9();
  for (const pid of [...pids, ...keepers]) process.kill(pid, 'SIGKILL');
  for (const point of mountsBelow(gantry.root).reverse()) unmountLazily(point);
  rmSync(gantry.execRoot, { recursive: true });
  env.GANTRY_BOOT_ID = `${env.GANTRY_BOOT_ID}+`;
  await gantry.start();
}

async function startWith(scope: Scope, env: Record<string, string>): Promise<Gantry> {
  return await startGantry(scope, { env });
}

test('RC-S07: after a restart of the machine policies start again what ran, and nothing that was stopped', async (t) => {
  const env = { GANTRY_BOOT_ID: 'test' };
  const gantry = await startWith(t, env);
  const api = gantry.api();
  await run(api, 'always', 'always');
  await run(api, 'joined', 'always', { HostConfig: { NetworkMode: 'container:always' } });
  await run(api, 'unless', 'unless-stopped');
  await run(api, 'stopped', 'unless-stopped');
  await run(api, 'stopped-always', 'always');
  await run(api, 'again', 'unless-stopped');
  await run(api, 'failing', 'on-failure');
  await run(api, 'plain', 'no');
  await run(api, 'removed', 'no', { HostConfig: { AutoRemove: true } });
  const created = await api.post('/containers/create?name=waiting', {
    Image: 'busybox',
    HostConfig: { AutoRemove: true },
  });
  assert.equal(created.status, 201, created.text);
  for (const name of ['stopped', 'stopped-always', 'again'])
    assert.equal((await api.post(`/containers/${name}/stop?t=0`)).status, 204);
  assert.equal((await api.post('/containers/again/restart?t=0')).status, 204);

  await restartMachine(gantry, env);

  for (const name of ['always', 'joined', 'unless', 'stopped-always', 'again', 'failing'])
    await until(
      () => statusOf(api, name),
      (status) => status === 'running',
    );
  assert.equal(await statusOf(api, 'stopped'), 'exited');
  const plain = await inspect(api, 'plain');
  assert.deepEqual([plain.State.Status, plain.State.ExitCode], ['exited', 255]);
  assert.match(plain.State.Error, /host was restarted/);
  assert.equal((await api.get('/containers/removed/json')).status, 404);
  assert.equal(await statusOf(api, 'waiting'), 'created');
});

test('after a restart of the machine a linking container starts behind the one that it links to', async (t) => {
  const env = { GANTRY_BOOT_ID: 'test' };
  const gantry = await startWith(t, env);
  const api = gantry.api();
  // The older one starts first, unless there is a reason; below 1.15 links came with the start.
  const made = await api.post('/containers/create?name=web', { Image: 'busybox', Cmd: ['sleep', '1000'] });
  assert.equal(made.status, 201, made.text);
  await run(api, 'db', 'always', { HostConfig: { NetworkMode: 'bridge' } });
  const host = { Links: ['db:x'], RestartPolicy: { Name: 'always' } };
  const started = await gantry.api('1.14').post('/containers/web/start', host);
  assert.equal(started.status, 204, started.text);

  await restartMachine(gantry, env);

  for (const name of ['db', 'web'])
    await until(
      () => statusOf(api, name),
      (status) => status === 'running',
    );
});

test('RC-K05: a stop that was asked for holds, though the daemon is killed before the end', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api();
  const Cmd = [
    'sh',
    '-c',
    'trap "echo asked; read x </hold; exit 3" TERM; mkfifo /hold; echo up; while :; do sleep 0.05; done',
  ];
  await run(api, 'held', 'unless-stopped', { Cmd });
  const log = async () => (await api.get('/containers/held/logs?stdout=1')).text;
  await until(log, (text) => text.includes('up'));
  const stopping = api.post('/containers/held/stop?t=600').catch(() => undefined);
  await until(log, (text) => text.includes('asked'));
  await gantry.kill9();
  await stopping;
  await gantry.start();
  assert.equal(await statusOf(api, 'held'), 'running');
  const opened = await api.post('/containers/held/exec', { Cmd: ['sh', '-c', 'echo >/hold'] });
  assert.equal(
    (await api.post(`/exec/${opened.json<{ Id: string }>().Id}/start`, { Detach: true })).status,
    200,
  );
  const ended = await until(
    () => inspect(api, 'held'),
    ({ State }) => State.Status !== 'running',
  );
  assert.deepEqual([ended.State.Status, ended.State.ExitCode, ended.RestartCount], ['exited', 3, 0]);
});

test('RC-K05: a daemon that was killed finds what is paused as the kernel has it', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api();
  await run(api, 'still', 'no');
  assert.equal((await api.post('/containers/still/pause')).status, 204);
  await gantry.kill9();
  await gantry.start();
  assert.equal(await statusOf(api, 'still'), 'paused');
  assert.equal((await api.post('/containers/still/unpause')).status, 204);
  await gantry.kill9();
  await gantry.start();
  assert.equal(await statusOf(api, 'still'), 'running');
});

test('a loop of restarts backs off, counts, and ends at once with a stop or with its last retry', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api();
  const events = async (name: string) => {
    const filters = encodeURIComponent(JSON.stringify({ container: [name], event: ['start', 'die'] }));
    const { text } = await api.get(
      `/events?since=0&until=${Math.ceil(Date.now() / 1000)}&filters=${filters}`,
    );
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Action: string; timeNano: number });
  };
  await run(api, 'loop', 'always', { Cmd: ['true'] });
  await until(
    () => inspect(api, 'loop'),
    ({ RestartCount }) => RestartCount >= 4,
  );
  assert.equal((await api.post('/containers/loop/stop?t=600')).status, 204);
  assert.equal(await statusOf(api, 'loop'), 'exited');
  const before = await events('loop');
  const waits: number[] = [];
  for (const [i, { Action, timeNano }] of before.entries()) {
    const last = before[i - 1];
    if (Action === 'start' && last?.Action === 'die') waits.push((timeNano - last.timeNano) / 1e6);
  }
  // Each wait is at least twice the one before it was meant to be: 100, 200, 400, 800 milliseconds.
  for (const [i, wait] of waits.entries()) assert(wait >= 100 * 2 ** i - 5, `wait ${i}: ${waits}`);
  const { RestartCount } = await inspect(api, 'loop');
  assert.equal(RestartCount, waits.length);

  await run(api, 'tries', 'on-failure', {
    Cmd: ['false'],
    HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
  });
  const ended = await until(
    () => inspect(api, 'tries'),
    ({ State, RestartCount: n }) => State.Status === 'exited' && n === 2,
  );
  assert.equal(ended.State.ExitCode, 1);
  assert.equal((await events('tries')).filter(({ Action }) => Action === 'start').length, 3);
});

/** Its first process, once it runs and is none of `before`: a start is on record before there is one. */
async function pidOf(api: Api, name: string, before: readonly number[] = []): Promise<number> {
  const { State } = await until(
    () => inspect(api, name),
    ({ State }) => State.Status === 'running' && State.Pid > 0 && !before.includes(State.Pid),
  );
  return State.Pid;
}

/** Joins `first` in each of the ways there are, `last` in a chain, and names that come before those they join. */
async function runJoined(api: Api): Promise<readonly string[]> {
  await run(api, 'first', 'always', { HostConfig: { NetworkMode: 'none', IpcMode: 'shareable' } });
  await run(api, 'by-network', 'always', { HostConfig: { NetworkMode: 'container:first' } });
  await run(api, 'by-pid', 'always', { HostConfig: { PidMode: 'container:first' } });
  await run(api, 'by-ipc', 'always', { HostConfig: { IpcMode: 'container:first' } });
  await run(api, 'by-volumes', 'always', { HostConfig: { VolumesFrom: ['first'] } });
  await run(api, 'a-last', 'always', {
    HostConfig: {
      NetworkMode: 'container:by-network',
      IpcMode: 'container:by-ipc',
      VolumesFrom: ['by-volumes'],
    },
  });
  return ['first', 'by-network', 'by-pid', 'by-ipc', 'by-volumes', 'a-last'];
}

for (const what of ['the machine', 'the engine, with its containers'])
  test(`containers that join each other come back together after a restart of ${what}`, async (t) => {
    const env = { GANTRY_BOOT_ID: 'test' };
    const gantry = await startWith(t, env);
    const api = gantry.api();
    const names = await runJoined(api);
    const pids = await Promise.all(names.map((name) => pidOf(api, name)));
    if (what === 'the machine') await restartMachine(gantry, env);
    else {
      await gantry.kill9();
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await gantry.start();
    }
    for (const name of names) await pidOf(api, name, pids);
    const network = async (name: string) => readlinkSync(`/proc/${await pidOf(api, name, pids)}/ns/net`);
    assert.equal(await network('a-last'), await network('first'));
  });

test('RC-K04: what ended just before the engine came back is not said to run, by nobody', async (t) => {
  const gantry = await startWith(t, {});
  const api = gantry.api();
  for (const name of ['one', 'two', 'three']) await run(api, name, 'no');
  const pids = await Promise.all(['one', 'two', 'three'].map((name) => pidOf(api, name)));
  await gantry.kill9();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await gantry.start();
  assert.deepEqual((await api.get('/containers/json')).json(), []);
  for (const name of ['one', 'two', 'three']) {
    const { State } = await inspect(api, name);
    assert.deepEqual([State.Status, State.ExitCode, State.Pid], ['exited', 137, 0]);
  }
});

test('what joins a container that does not come back yet waits for it, whoever starts it', async (t) => {
  const env = { GANTRY_BOOT_ID: 'test' };
  const gantry = await startWith(t, env);
  const api = gantry.api();
  await run(api, 'donor', 'no');
  await run(api, 'joined', 'always', { HostConfig: { NetworkMode: 'container:donor' } });
  await run(api, 'chained', 'unless-stopped', { HostConfig: { PidMode: 'container:joined' } });
  await run(api, 'stopped', 'unless-stopped', { HostConfig: { NetworkMode: 'container:donor' } });

  await restartMachine(gantry, env);
  for (const name of ['joined', 'chained', 'stopped'])
    await until(
      () => statusOf(api, name),
      (status) => status === 'restarting',
    );
  assert.match((await inspect(api, 'joined')).State.Error, /waiting for a container to join .*: donor/);
  assert.equal((await api.post('/containers/stopped/stop')).status, 204);
  assert.equal(await statusOf(api, 'stopped'), 'exited');

  assert.equal((await api.post('/containers/donor/start')).status, 204);
  for (const name of ['joined', 'chained'])
    await until(
      () => statusOf(api, name),
      (status) => status === 'running',
    );
  assert.equal(await statusOf(api, 'stopped'), 'exited');
  assert.equal((await inspect(api, 'joined')).State.Error, '');
});

test('a container that joins another comes back behind it when both end, and gives up when that one is removed', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api();
  const kill = async (name: string) => process.kill(await pidOf(api, name), 'SIGKILL');
  await run(api, 'donor', 'always');
  await run(api, 'joined', 'always', { HostConfig: { NetworkMode: 'container:donor' } });
  // Each short run doubles the delay of the next start: the donor's becomes far longer than that of who joins it.
  for (let count = 1; count <= 4; count++) {
    await kill('donor');
    await until(
      () => inspect(api, 'donor'),
      ({ RestartCount }) => RestartCount === count,
    );
  }
  await kill('donor');
  await kill('joined');
  await until(
    () => inspect(api, 'joined'),
    ({ State }) => /waiting for a container to join .*: donor/.test(State.Error),
  );
  const network = async (name: string) => readlinkSync(`/proc/${await pidOf(api, name)}/ns/net`);
  assert.equal(await network('joined'), await network('donor'));

  assert.equal((await api.post('/containers/donor/stop?t=0')).status, 204);
  await kill('joined');
  await until(
    () => statusOf(api, 'joined'),
    (status) => status === 'restarting',
  );
  assert.equal((await api.delete('/containers/donor')).status, 204);
  await until(
    () => statusOf(api, 'joined'),
    (status) => status === 'exited',
  );
  assert.match((await inspect(api, 'joined')).State.Error, /No such container/);
});
