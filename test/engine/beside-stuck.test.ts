/** One runtime, process, registry or name server is stuck: what others ask for is done while it still is. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { fileScope } from '../harness/file-scope.ts';
import { startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';
import { hang, type StuckDisk } from '../harness/stuck-disk.ts';
import { addressAt } from '../harness/subnets.ts';

const scope = fileScope();
const directory = mkdtempSync(join(tmpdir(), 'gantry-stuck-'));
scope.after(async () => rmSync(directory, { recursive: true }));
const stuckRuntime = join(directory, 'stuck');
// Stuck until its file is there: as a runtime that waits for a device, a mount, a lock.
writeFileSync(
  stuckRuntime,
  `#!/bin/sh\ncase " $* " in *" create "*) until [ -e ${directory}/go ]; do sleep 0.05; done;; esac\nexec crun "$@"\n`,
  { mode: 0o755 },
);
const gantry = await startGantry(scope, { args: ['--add-runtime', `stuck=${stuckRuntime}`] });
const api = gantry.api();

async function created(body: object): Promise<string> {
  const { status, text } = await api.post('/containers/create', { Image: 'busybox', ...body });
  assert.equal(status, 201, text);
  return (JSON.parse(text) as { Id: string }).Id;
}
const SLEEP = { Cmd: ['sleep', '100000'], StopSignal: 'SIGKILL', HostConfig: { NetworkMode: 'none' } };

const removed = async (id: string): Promise<void> =>
  assert.equal((await api.delete(`/containers/${id}?force=1`)).status, 204);

/** A whole life of another container, an exec in it, and every list. */
async function others(): Promise<void> {
  const id = await created(SLEEP);
  assert.equal((await api.post(`/containers/${id}/start`)).status, 204);
  const { stdout } = await gantry.docker(['exec', id, 'echo', 'served']);
  assert.equal(stdout, 'served\n');
  for (const path of [
    '/containers/json?all=1',
    '/info',
    '/images/json',
    '/networks',
    '/volumes',
    '/system/df',
  ])
    assert.equal((await api.get(path)).status, 200, path);
  await removed(id);
}

/** Everything that `work` asks for is done before `stuck` is. */
async function beside<T>(stuck: Promise<T>, work: () => Promise<void>): Promise<void> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  stuck.then(over, over);
  await work();
  assert.equal(isOver, false, 'it was not stuck at all');
}

test('RC-O03: while the runtime of one start hangs, others start, run, are listed and removed; it is told of too', async () => {
  const id = await created({ ...SLEEP, HostConfig: { NetworkMode: 'none', Runtime: 'stuck' } });
  const start = api.post(`/containers/${id}/start`);
  await beside(start, async () => {
    await others();
    assert.equal((await api.get(`/containers/${id}/json`)).status, 200);
  });
  writeFileSync(join(directory, 'go'), '');
  assert.equal((await start).status, 204);
  await removed(id);
});

test('RC-S04: while a container’s process is stopped and one waits for its end, others are served', async () => {
  const id = await created({ ...SLEEP, StopSignal: 'SIGTERM' });
  assert.equal((await api.post(`/containers/${id}/start`)).status, 204);
  const { State } = (await api.get(`/containers/${id}/json`)).json<{ State: { Pid: number } }>();
  process.kill(State.Pid, 'SIGSTOP');
  const leaves = new AbortController();
  const stop = api.post(`/containers/${id}/stop?t=100`, undefined, { signal: leaves.signal });
  stop.catch(() => undefined);
  await beside(stop, others);
  leaves.abort();
  await removed(id);
});

test('RC-N03: while a registry does not answer, another is pulled from and everybody is served', async () => {
  await using silent = await FakeRegistry.start({ after: () => undefined });
  await using good = await FakeRegistry.start({ after: () => undefined });
  silent.answering = () => true; // it takes the request, and says nothing
  good.putImage('app', '1', { layers: [tarOf([file('app', 'app')])] });
  const leaves = new AbortController();
  const pull = api.post(`/images/create?fromImage=${silent.host}/app&tag=1`, undefined, {
    signal: leaves.signal,
  });
  pull.catch(() => undefined);
  await beside(pull, async () => {
    const { text } = await api.post(`/images/create?fromImage=${good.host}/app&tag=1`);
    assert.match(text, /Downloaded newer image/);
    await others();
  });
  leaves.abort();
  assert.equal((await api.delete(`/images/${good.host}/app:1`)).status, 200);
});

test('RC-N03: while a name server does not answer one container, names are found for others, and for that one too', async () => {
  const Subnet = `${addressAt(0, 0)}/24`;
  const made = await api.post('/networks/create', { Name: 'named', IPAM: { Config: [{ Subnet }] } });
  assert.equal(made.status, 201, made.text);
  await gantry.dockerOk('run', '-d', '--name', 'other', '--network', 'named', 'busybox', 'sleep', '100000');
  const silent = createSocket('udp4');
  silent.bind(53, addressAt(0, 1)); // the gateway, which is the host
  await once(silent, 'listening');
  try {
    const id = await created({ ...SLEEP, HostConfig: { NetworkMode: 'named', Dns: [addressAt(0, 1)] } });
    assert.equal((await api.post(`/containers/${id}/start`)).status, 204);
    const ask = gantry.docker(['exec', id, 'nslookup', 'nobody.example']);
    await once(silent, 'message');
    await beside(ask, async () => {
      for (const from of [id, 'other'])
        assert.match((await gantry.docker(['exec', from, 'nslookup', 'other'])).stdout, /Address:? .*\d+\n/);
      await others();
    });
    for (const each of ['other', id]) await removed(each);
    await ask;
    assert.equal((await api.delete('/networks/named')).status, 204);
  } finally {
    silent.close();
  }
});

/** A directory for a container; `hang` makes it one that does not answer. At the test's end it is gone. */
function source(t: TestContext, name: string): { readonly path: string; hang(): StuckDisk } {
  const path = join(directory, name);
  mkdirSync(path);
  return {
    path,
    hang() {
      const stuck = hang(path);
      t.after(() => stuck.end());
      return stuck;
    },
  };
}

test('RC-O03: while a bind’s source does not answer, others are served; what asks for it ends with its file system', async (t) => {
  const { path, ...made } = source(t, 'bound');
  const id = await created({ ...SLEEP, HostConfig: { NetworkMode: 'none', Binds: [`${path}:/data`] } });
  const stuck = made.hang();
  const asked = [
    api.post(`/containers/${id}/start`),
    api.get(`/containers/${id}/archive?path=/data/x`),
    api.post('/containers/create', {
      Image: 'busybox',
      HostConfig: { Mounts: [{ Type: 'bind', Source: path, Target: '/data' }] },
    }),
    api.post('/containers/create', {
      Image: 'busybox',
      HostConfig: { LogConfig: { Type: 'syslog', Config: { 'syslog-address': `unixgram://${path}/log` } } },
    }),
  ];
  await Promise.all(asked.map((each) => beside(each, others)));
  stuck.breakOff();
  for (const answer of await Promise.all(asked)) assert(answer.status >= 400, answer.text);
  stuck.end();
  assert.equal((await api.post(`/containers/${id}/start`)).status, 204);
  await removed(id);
});

test('RC-O03: a device that hangs, and a volume on one, hold up nobody', async (t) => {
  const { path, ...made } = source(t, 'device');
  const DriverOpts = { type: 'none', o: 'bind', device: path };
  assert.equal((await api.post('/volumes/create', { Name: 'on-device', DriverOpts })).status, 201);
  const [Devices, Binds] = [[{ PathOnHost: `${path}/null` }], ['on-device:/data']];
  const ids = await Promise.all(
    [{ Devices }, { Binds }].map((host) =>
      created({ ...SLEEP, HostConfig: { NetworkMode: 'none', ...host } }),
    ),
  );
  const stuck = made.hang();
  const starts = ids.map((id) => api.post(`/containers/${id}/start`));
  await Promise.all(starts.map((start) => beside(start, others)));
  stuck.breakOff();
  for (const start of starts) assert((await start).status >= 400);
  stuck.end();
  for (const id of ids) await removed(id);
  assert.equal((await api.delete('/volumes/on-device')).status, 204);
});

test('RC-O03: a volume whose device does not answer is measured as -1, and removed', async (t) => {
  const { path } = source(t, 'late');
  const DriverOpts = { type: 'none', o: 'bind', device: path };
  assert.equal((await api.post('/volumes/create', { Name: 'late', DriverOpts })).status, 201);
  const stuck = hang(join(gantry.dataRoot, 'volumes/late/_data')); // as a daemon that was killed leaves it
  t.after(() => stuck.end());
  const usage = api.get('/system/df?type=volume');
  await beside(usage, async () => {
    assert.equal((await api.get('/volumes/late')).status, 200);
    await removed(await created(SLEEP));
  });
  stuck.breakOff();
  const { Volumes } = (await usage).json<{ Volumes: { Name: string; UsageData: { Size: number } }[] }>();
  assert.equal(Volumes.find(({ Name }) => Name === 'late')?.UsageData.Size, -1);
  assert.equal((await api.delete('/volumes/late')).status, 204);
});

test('RC-O03: what does not answer in time is named with what to do about it; the daemon starts beside it, and goes on when it is back', async (t) => {
  const { path, ...made } = source(t, 'named');
  const hasty = await startGantry(scope, { env: { GANTRY_ANSWER_PATIENCE_MS: '1000' } });
  const of = (verb: string, ...more: string[]) => [verb, '--name', verb, '--network', 'none', ...more];
  await hasty.dockerOk(
    ...of('run', '-d', '--restart', 'always', '-v', `${path}:/data`, 'busybox'),
    'sleep',
    '1000',
  );
  const pid = Number(await hasty.dockerOk('inspect', '-f', '{{.State.Pid}}', 'run'));
  const stuck = made.hang();
  await hasty.kill9();
  process.kill(pid, 'SIGKILL'); // so that the next daemon starts it again
  await hasty.start();
  await hasty.recovered();
  await hasty.dockerOk(...of('create', '-v', `${path}:/data`, 'busybox'), 'true');
  const { code, stderr } = await hasty.docker(['start', 'create']);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`${path} did not answer within 1 seconds: .*unmount it.*try again`));
  const copied = await hasty.docker(['cp', 'create:/data', '-']);
  assert.match(copied.stderr, new RegExp(`${path} did not answer`));
  assert.equal(await hasty.dockerOk('inspect', '-f', '{{.State.Status}}', 'create'), 'created');
  stuck.end();
  await hasty.dockerOk('start', '-a', 'create');
  await hasty.dockerOk('rm', '-f', 'create', 'run');
});

test('RC-O03: a forced removal ends a start that hangs in the runtime', async () => {
  rmSync(join(directory, 'go'), { force: true });
  const id = await created({ ...SLEEP, HostConfig: { NetworkMode: 'none', Runtime: 'stuck' } });
  const start = api.post(`/containers/${id}/start`);
  await beside(start, others);
  await removed(id);
  const { status, text } = await start;
  assert.equal(status, 409, text);
  assert.match(text, /the start of container [0-9a-f]{64} hung, and its removal was forced/);
});
