/**
 * A daemon that comes back serves before it has adopted its containers. One adoption is held up: an update was cut off,
 * whose limits are given to the kernel again, by a runtime that takes its time.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Gantry } from '../harness/gantry.ts';
import type { Api } from '../harness/http.ts';
import { until } from '../harness/until.ts';

interface Listed {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  readonly NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
}

const listed = async (api: Api): Promise<ReadonlyMap<string, Listed>> => {
  const all = (await api.get('/containers/json?all=1')).json<Listed[]>();
  return new Map(all.map((each) => [each.Names[0]?.slice(1) ?? '', each]));
};
const states = async (api: Api): Promise<Record<string, string>> =>
  Object.fromEntries([...(await listed(api))].map(([name, { State }]) => [name, State]));
const pidOf = async (api: Api, name: string): Promise<number> =>
  (await api.get(`/containers/${name}/json`)).json<{ State: { Pid: number } }>().State.Pid;

async function made(api: Api, name: string, host: object = {}): Promise<{ status: number; text: string }> {
  const container = {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    ExposedPorts: { '80/tcp': {} },
    HostConfig: host,
  };
  const created = await api.post(`/containers/create?name=${name}`, container);
  if (created.status !== 201) return created;
  return await api.post(`/containers/${name}/start`);
}

/** Like crun, but an update waits as long as the file `hold` is there. */
function slowRuntime(root: string): { readonly path: string; readonly hold: string } {
  const [path, hold] = [join(root, 'slow'), join(root, 'hold')];
  const crun = execFileSync('/bin/sh', ['-c', 'command -v crun'], { encoding: 'utf8' }).trim();
  writeFileSync(
    path,
    `#!/bin/sh\nfor word; do [ "$word" != update ] || while [ -e ${hold} ]; do touch ${hold}.met; sleep 0.05; done; done\nexec ${crun} "$@"\n`,
  );
  chmodSync(path, 0o755);
  return { path, hold };
}

test('while one container is not adopted yet, all are told of truly and others obey; its own verbs wait', async (t) => {
  const args: string[] = [];
  const gantry = new Gantry({ args });
  const { path, hold } = slowRuntime(gantry.root);
  args.push('--add-runtime', `slow=${path}`);
  t.after(async () => {
    rmSync(hold, { force: true });
    await gantry.end();
  });
  await gantry.start();
  await gantry.loadBusybox();
  const api = gantry.api();
  assert.equal((await api.post('/networks/create', { Name: 'town' })).status, 201);
  const held = {
    Runtime: 'slow',
    NetworkMode: 'town',
    Binds: ['goods:/goods'],
    PortBindings: { '80/tcp': [{ HostPort: '34567' }] },
  };
  for (const [name, host] of Object.entries({ held, free: {}, ending: {}, passing: { AutoRemove: true } }))
    assert.equal((await made(api, name, host)).status, 204, name);
  const ends = [await pidOf(api, 'ending'), await pidOf(api, 'passing')];
  const pid = await pidOf(api, 'held');
  writeFileSync(hold, '');
  const update = api.post('/containers/held/update', { CpuShares: 512 }).catch(() => undefined);
  await until(() => existsSync(`${hold}.met`));

  await gantry.kill9();
  await update;
  for (const each of ends) process.kill(each, 'SIGKILL');
  rmSync(`${hold}.met`);
  await gantry.start();
  assert.deepEqual(await states(api), { held: 'running', free: 'running', ending: 'exited' });
  await until(() => existsSync(`${hold}.met`));
  assert.equal(await pidOf(api, 'held'), pid);
  const { ContainersRunning, ContainersStopped } = (await api.get('/info')).json<Record<string, number>>();
  assert.deepEqual([ContainersRunning, ContainersStopped], [2, 1]);
  const died = await api.get(
    `/events?since=0&until=${(Date.now() / 1000).toFixed(3)}&filters={"event":["die"]}`,
  );
  assert.match(died.text, /"name":"ending","exitCode":"137"/);

  const verb = api.post('/containers/held/stop?t=0');
  let isOver = false;
  void verb.then(
    () => (isOver = true),
    () => undefined,
  );
  assert.equal((await api.post('/containers/free/restart?t=0')).status, 204);
  await inUseStays(api);
  assert.equal(isOver, false, 'it waits for its own container');

  await gantry.kill9();
  await verb.catch(() => undefined);
  rmSync(`${hold}.met`);
  await gantry.start();
  assert.equal((await states(api)).held, 'running');
  await until(() => existsSync(`${hold}.met`));
  const stopped = api.post('/containers/held/stop?t=0');
  rmSync(hold);
  assert.equal((await stopped).status, 204);
  assert.equal((await states(api)).held, 'exited');
  await gantry.recovered();
  assert.equal((await api.delete('/containers/held')).status, 204);
  assert.equal((await api.delete('/volumes/goods')).status, 204);
  assert.equal((await api.delete('/networks/town')).status, 204);
});

/** Nothing of the container that is not adopted yet is given to others, or goes. */
async function inUseStays(api: Api): Promise<void> {
  assert.equal((await made(api, 'held')).status, 409);
  const port = { PortBindings: { '80/tcp': [{ HostPort: '34567' }] } };
  const refused = await made(api, 'rival', port);
  assert.match(refused.text, /port is already allocated/);
  assert.equal((await made(api, 'neighbour', { NetworkMode: 'town' })).status, 204);
  const all = await listed(api);
  const address = (name: string) => all.get(name)?.NetworkSettings.Networks.town?.IPAddress;
  assert.notEqual(address('neighbour'), address('held'));
  assert.equal((await api.delete('/containers/neighbour?force=1')).status, 204);
  assert.equal((await api.delete('/volumes/goods')).status, 409);
  assert.equal((await api.delete('/networks/town')).status, 403);
  const filters = { networks: {}, volumes: { all: ['true'] }, images: { dangling: ['false'] } };
  for (const [kind, filter] of Object.entries(filters)) {
    const pruned = await api.post(`/${kind}/prune?filters=${encodeURIComponent(JSON.stringify(filter))}`);
    assert.equal(pruned.status, 200, pruned.text);
    assert.doesNotMatch(pruned.text, /town|goods|busybox/);
  }
  const pruned = (await api.post('/containers/prune')).json<{ ContainersDeleted: readonly string[] }>();
  assert.deepEqual(new Set(pruned.ContainersDeleted), new Set([all.get('ending')?.Id, all.get('rival')?.Id]));
  assert.deepEqual(await states(api), { held: 'running', free: 'running' });
}
