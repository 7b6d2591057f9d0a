/** A daemon without descriptors, without processes, out of memory, stopped for a while, or told to end in its work. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

const running = (name: string): string[] => ['run', '-d', '--name', name, '--network', 'none', 'busybox'];
const state = (gantry: Gantry, name: string) =>
  gantry.dockerOk('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name);
const limit = (pid: number, option: string): void =>
  void execFileSync('prlimit', ['--pid', String(pid), option]);

/** Seconds of the processor that a process has had. */
function secondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) / 100;
}

test('RC-R01: without descriptors nobody new is served, nothing spins, streams go on; with some again everything works', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk(...running('one'), 'sh', '-c', 'while :; do echo x; sleep 0.05; done');
  const api = gantry.api();
  const follower = api.connect();
  follower.write(`GET ${api.path('/containers/one/logs?follow=1&stdout=1')} HTTP/1.1\r\nHost: d\r\n\r\n`);
  let bytes = 0;
  follower.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await until(() => bytes > 0);
  const sockets: Socket[] = [];
  const [, soft = ''] =
    /Max open files +(\d+)/.exec(readFileSync(`/proc/${gantry.pid}/limits`, 'utf8')) ?? [];
  try {
    limit(gantry.pid, `--nofile=${readdirSync(`/proc/${gantry.pid}/fd`).length + 4}:`);
    for (let n = 0; n < 40; n++) {
      const socket = api.connect();
      socket.on('error', () => undefined);
      socket.write('GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n');
      sockets.push(socket);
    }
    const refused = await api
      .post('/containers/create', { Image: 'busybox' }, { signal: AbortSignal.timeout(2000) })
      .then(
        ({ status }) => status >= 400,
        () => true,
      );
    assert.ok(refused);
    const [before, seen] = [secondsOf(gantry.pid), bytes];
    await sleep(2000);
    t.diagnostic(`${(secondsOf(gantry.pid) - before).toFixed(2)} s of the processor in 2 s`);
    assert.ok(secondsOf(gantry.pid) - before < 1, 'it spins');
    assert.ok(bytes > seen, 'the stream stands');
  } finally {
    limit(gantry.pid, `--nofile=${soft}:`);
    for (const socket of sockets) socket.destroy();
    follower.destroy();
  }
  await gantry.dockerOk(...running('two'), 'true');
  await gantry.dockerOk('exec', 'one', 'true');
});

test('RC-R02: without processes a start and an exec are refused and leave nothing; ends come on record; with some again everything works', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk(...running('one'), 'sleep', '1000');
  await gantry.dockerOk('create', '--name', 'two', '--network', 'none', 'busybox', 'true');
  const cgroup = `/sys/fs/cgroup/pids/gantry-test-${process.pid}`;
  const home = readFileSync(`/proc/${gantry.pid}/cgroup`, 'utf8').match(/:pids:(.*)/)?.[1] ?? '/';
  mkdirSync(cgroup);
  try {
    writeFileSync(`${cgroup}/cgroup.procs`, String(gantry.pid));
    writeFileSync(`${cgroup}/pids.max`, readFileSync(`${cgroup}/pids.current`, 'utf8'));
    const started = await gantry.api().post('/containers/two/start');
    assert.ok(started.status >= 400, started.text);
    assert.match(started.text, /EAGAIN|temporarily unavailable/i);
    assert.equal(await state(gantry, 'two'), 'created 128');
    assert.notEqual((await gantry.docker(['exec', 'one', 'true'])).code, 0);
    await gantry.dockerOk('kill', 'one');
    assert.equal(await state(gantry, 'one'), 'exited 137');
  } finally {
    writeFileSync(`${cgroup}/pids.max`, 'max');
    writeFileSync(`/sys/fs/cgroup/pids${home}/cgroup.procs`, String(gantry.pid));
    await until(() => {
      for (const pid of readFileSync(`${cgroup}/cgroup.procs`, 'utf8').split('\n').filter(Boolean))
        writeFileSync(`/sys/fs/cgroup/pids${home}/cgroup.procs`, pid);
      rmdirSync(cgroup);
      return true;
    });
  }
  await gantry.dockerOk('start', 'one', 'two');
});

test('RC-R03: the daemon that runs out of memory is as a killed one: what runs runs on, and is not chosen first', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk(...running('one'), 'sleep', '1000');
  const pid = Number(await gantry.dockerOk('inspect', '-f', '{{.State.Pid}}', 'one'));
  const score = (of: number) => Number(readFileSync(`/proc/${of}/oom_score_adj`, 'utf8'));
  assert.ok(score(gantry.pid) <= score(pid), 'the daemon is chosen before its containers');
  const own = (of: number) => readFileSync(`/proc/${of}/cgroup`, 'utf8');
  assert.notEqual(own(gantry.pid), own(pid));
  const [keeper = ''] = readFileSync(join(gantry.execRoot, 'keeper'), 'utf8').split(' ');
  assert.ok(score(Number(keeper)) <= score(gantry.pid), 'the keeper is chosen before the daemon');
  await gantry.kill9();
  await gantry.start();
  assert.equal(await state(gantry, 'one'), 'running 0');
  await gantry.dockerOk('exec', 'one', 'true');
});

test('RC-T02: a daemon that was stopped for a while finds nobody unhealthy, restarts nobody twice, and serves at once', async (t) => {
  const gantry = await startGantry(t);
  const health = [
    '--health-cmd',
    'true',
    '--health-interval',
    '300ms',
    '--health-timeout',
    '200ms',
    '--health-retries',
    '1',
  ];
  await gantry.dockerOk(
    'run',
    '-d',
    '--name',
    'one',
    '--network',
    'none',
    ...health,
    'busybox',
    'sleep',
    '1000',
  );
  const healthOf = () =>
    gantry.dockerOk('inspect', '-f', '{{.State.Health.Status}} {{.State.Health.FailingStreak}}', 'one');
  await until(async () => (await healthOf()) === 'healthy 0');
  process.kill(gantry.pid, 'SIGSTOP');
  await sleep(3000);
  process.kill(gantry.pid, 'SIGCONT');
  assert.equal((await gantry.api().get('/_ping')).status, 200);
  for (let look = 0; look < 10; look++) {
    assert.match(await healthOf(), /^healthy /);
    await sleep(50);
  }
});

test('RC-E02, RC-E03: told to end, and told again, in the middle of a load, the daemon ends well and leaves nothing half done', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk(...running('one'), 'sleep', '1000');
  const api = gantry.api();
  const socket = api.connect();
  socket.on('error', () => undefined);
  socket.write(
    `POST ${api.path('/images/load')} HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n200\r\n`,
  );
  socket.write(Buffer.alloc(100));
  await sleep(200);
  const { pid } = gantry;
  setTimeout(() => process.kill(pid, 'SIGTERM'), 100);
  await gantry.stop();
  socket.destroy();
  await gantry.start();
  await gantry.recovered();
  for (const place of ['staging', 'unfinished', 'trash'])
    await until(
      () => readdirSync(join(gantry.dataRoot, place)),
      (left) => left.length === 0,
    );
  assert.equal(await state(gantry, 'one'), 'running 0');
});

test('RC-E07: a container whose control groups somebody removed, or that others are in, is ended and removed', async (t) => {
  const gantry = await startGantry(t);
  const id = await gantry.dockerOk(...running('one'), 'sleep', '1000');
  const groups = execFileSync('find', ['/sys/fs/cgroup', '-maxdepth', '4', '-type', 'd', '-name', id], {
    encoding: 'utf8',
  });
  const [first = ''] = groups
    .split('\n')
    .filter((path) => path.includes('/pids/') || path.startsWith('/sys/fs/cgroup/gantry'));
  const pid = await gantry.dockerOk('inspect', '-f', '{{.State.Pid}}', 'one');
  const parent = join(first, '../..');
  writeFileSync(join(parent, 'cgroup.procs'), pid);
  rmdirSync(first);
  await gantry.dockerOk('stop', '-t', '0', 'one');
  assert.equal(await state(gantry, 'one'), 'exited 137');
  await gantry.dockerOk('start', 'one');
  mkdirSync(join(first, 'below')); // it cannot be removed while this is there
  await gantry.dockerOk('rm', '-f', 'one');
  assert.equal(await gantry.dockerOk('ps', '-aq'), '');
});

test('RC-E08: a container is removed while somebody on the host holds a file of it', async (t) => {
  const gantry = await startGantry(t);
  const id = await gantry.dockerOk(...running('one'), 'sh', '-c', 'echo held >/file; sleep 1000');
  const merged = join(gantry.dataRoot, 'w', id, 'merged');
  const holder = await until(() => readFileSync(join(merged, 'file'), 'utf8'));
  assert.equal(holder, 'held\n');
  const fd = openSync(join(merged, 'file'), 'r');
  try {
    await gantry.dockerOk('rm', '-f', 'one');
    assert.equal(await gantry.dockerOk('ps', '-aq'), '');
    assert.equal(readFileSync(fd, 'utf8'), 'held\n');
  } finally {
    closeSync(fd);
  }
  await until(() => !readdirSync(join(gantry.dataRoot, 'w')).includes(id));
});

test('RC-O07: a process that does not end is told after a while, others are served meanwhile, and its end is seen when it comes', async (t) => {
  const gantry = await startGantry(t);
  const id = await gantry.dockerOk(...running('one'), 'sleep', '1000');
  const find = ['/sys/fs/cgroup/freezer', '-maxdepth', '3', '-type', 'd', '-name', id];
  const [group = ''] = execFileSync('find', find, { encoding: 'utf8' }).split('\n');
  // What is frozen does not even hear SIGKILL, as what waits for a disk does not.
  writeFileSync(join(group, 'freezer.state'), 'FROZEN');
  try {
    const killed = gantry.api().post('/containers/one/kill');
    await gantry.dockerOk(...running('two'), 'true');
    assert.equal((await gantry.api().get('/containers/one/json')).status, 200);
    const { status, text } = await killed;
    assert.equal(status, 500);
    assert.match(text, /did not end within 10 seconds/);
  } finally {
    writeFileSync(join(group, 'freezer.state'), 'THAWED');
  }
  await until(async () => (await state(gantry, 'one')) === 'exited 137');
});
