/** One runtime, process, registry or name server is stuck: what others ask for is done while it still is. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { fileScope } from '../harness/file-scope.ts';
import { startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';
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
