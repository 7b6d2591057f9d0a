/** Links on the default network: what a linking container is told, and how that follows the other's life. */
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

interface Inspected {
  readonly Id: string;
  readonly State: { readonly Status: string; readonly Error: string };
  readonly HostConfig: { readonly Links: string[] | null };
  readonly HostsPath: string;
  readonly NetworkSettings: { readonly Networks: { readonly bridge?: { readonly IPAddress: string } } };
}

const inspect = async (gantry: Gantry, name: string): Promise<Inspected> =>
  (await gantry.api().get(`/containers/${name}/json`)).json<Inspected>();
const addressOf = async (gantry: Gantry, name: string): Promise<string> =>
  (await inspect(gantry, name)).NetworkSettings.Networks.bridge?.IPAddress ?? '';
const linksOf = async (gantry: Gantry, name: string): Promise<string[] | null> =>
  (await inspect(gantry, name)).HostConfig.Links;

async function create(gantry: Gantry, name: string, links: readonly string[], more: object = {}) {
  const { HostConfig = {}, ...config } = more as { HostConfig?: object };
  const body = {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    ...config,
    HostConfig: { Links: links, ...HostConfig },
  };
  return await gantry.api().post(`/containers/create?name=${name}`, body);
}

async function run(
  gantry: Gantry,
  name: string,
  links: readonly string[] = [],
  more: object = {},
): Promise<void> {
  const made = await create(gantry, name, links, more);
  assert.equal(made.status, 201, made.text);
  await start(gantry, name);
}

async function start(gantry: Gantry, name: string): Promise<void> {
  const started = await gantry.api().post(`/containers/${name}/start`);
  assert.equal(started.status, 204, started.text);
}
const stop = async (gantry: Gantry, name: string): Promise<void> =>
  assert.equal((await gantry.api().post(`/containers/${name}/stop?t=0`)).status, 204);

const hosts = (gantry: Gantry, name: string): Promise<string> =>
  gantry.dockerOk('exec', name, 'cat', '/etc/hosts');
/** The addresses that a container finds under a name. */
const found = async (gantry: Gantry, name: string, alias: string): Promise<string[]> =>
  (await hosts(gantry, name))
    .split('\n')
    .filter((line) => line.split(/\s+/).slice(1).includes(alias))
    .map((line) => line.split('\t')[0] ?? '');
const env = async (gantry: Gantry, name: string, prefix: string): Promise<string[]> =>
  (await gantry.dockerOk('exec', name, 'env')).split('\n').filter((each) => each.startsWith(prefix));

/** Restarts it while somebody else takes the address that it had. */
async function move(gantry: Gantry, name: string, taker: string): Promise<string> {
  await stop(gantry, name);
  await run(gantry, taker);
  await start(gantry, name);
  return await addressOf(gantry, name);
}

test('a linking container finds the other by alias, host name and name, and has its ports and variables', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'db', [], { Hostname: 'store', Env: ['FOO=bar'], ExposedPorts: { '5432/tcp': {} } });
  await run(gantry, 'web', ['db:my-db'], { Env: ['MY_DB_ENV_FOO=mine'] });
  const address = await addressOf(gantry, 'db');
  for (const name of ['my-db', 'store', 'db'])
    assert.deepEqual(await found(gantry, 'web', name), [address], name);
  await gantry.dockerOk('exec', 'web', 'ping', '-c', '1', '-w', '5', 'my-db');
  const pid = await gantry.dockerOk('exec', 'web', 'cat', '/proc/1/environ');
  assert.deepEqual(
    pid.split('\0').filter((each) => each.startsWith('MY_DB')),
    [
      `MY_DB_PORT=tcp://${address}:5432`,
      `MY_DB_PORT_5432_TCP=tcp://${address}:5432`,
      `MY_DB_PORT_5432_TCP_ADDR=${address}`,
      'MY_DB_PORT_5432_TCP_PORT=5432',
      'MY_DB_PORT_5432_TCP_PROTO=tcp',
      'MY_DB_NAME=/web/my-db',
      'MY_DB_ENV_FOO=mine',
    ],
  );
  assert.deepEqual(await linksOf(gantry, 'web'), ['/db:/web/my-db']);
  assert.equal((await inspect(gantry, 'web/my-db')).Id, (await inspect(gantry, 'db')).Id);
});

test('a new address of the other is found at once, in the same file, and by further processes', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'db', [], { ExposedPorts: { '80/tcp': {} } });
  await run(gantry, 'web', ['db:x'], { HostConfig: { ExtraHosts: ['x:9.9.9.9'] } });
  await gantry.dockerOk('exec', 'web', 'sh', '-c', 'echo "1.2.3.4 by-hand x" >> /etc/hosts');
  const { HostsPath } = await inspect(gantry, 'web');
  const file = statSync(HostsPath).ino;
  const moved = await move(gantry, 'db', 'taker');
  assert.deepEqual(await found(gantry, 'web', 'x'), ['9.9.9.9', moved, '1.2.3.4 by-hand x']);
  assert.equal(statSync(HostsPath).ino, file);
  assert.deepEqual(await env(gantry, 'web', 'X_PORT='), [`X_PORT=tcp://${moved}:80`]);
  await stop(gantry, 'db');
  assert.deepEqual(await env(gantry, 'web', 'X_'), []);
});

test('what a container made of its file is not read when it is out of all proportion', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'db');
  await run(gantry, 'web', ['db']);
  const before = await addressOf(gantry, 'db');
  const { HostsPath } = await inspect(gantry, 'web');
  writeFileSync(HostsPath, `${before}\tdb x\n${'#'.repeat(2 << 20)}`);
  const size = statSync(HostsPath).size;
  await move(gantry, 'db', 'taker');
  assert.equal(statSync(HostsPath).size, size);
});

test('renaming either end changes what the link is called, and nothing else', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'db');
  await run(gantry, 'web', ['db:x']);
  const api = gantry.api();
  assert.equal((await api.post('/containers/web/rename?name=front')).status, 204);
  assert.equal((await api.post('/containers/front/x/rename?name=store')).status, 204);
  assert.deepEqual(await linksOf(gantry, 'front'), ['/store:/front/x']);
  assert.equal((await api.get('/containers/web/x/json')).status, 404);
  assert.deepEqual(await env(gantry, 'front', 'X_NAME'), ['X_NAME=/front/x']);
  const moved = await move(gantry, 'store', 'taker');
  assert.deepEqual(await found(gantry, 'front', 'x'), [moved]);
  await stop(gantry, 'front');
  await start(gantry, 'front');
  assert.deepEqual(await found(gantry, 'front', 'store'), [moved]);
});

test('removing a link leaves both containers; removing the other removes the link', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'db');
  await run(gantry, 'web', ['db:x', 'db:y']);
  const api = gantry.api();
  assert.equal((await api.delete('/containers/web/x?link=1&force=1')).status, 204);
  assert.deepEqual(await linksOf(gantry, 'web'), ['/db:/web/y']);
  assert.deepEqual(await found(gantry, 'web', 'x'), []);
  assert.deepEqual(await found(gantry, 'web', 'y'), [await addressOf(gantry, 'db')]);
  assert.equal((await api.delete('/containers/web/x?link=1')).status, 404);
  for (const name of ['web', '/db', (await inspect(gantry, 'db')).Id]) {
    const own = await api.delete(`/containers/${encodeURIComponent(name)}?link=1`);
    assert.deepEqual([own.status, own.json().message], [409, OWN_NAME]);
  }
  assert.equal((await api.delete('/containers/db?force=1')).status, 204);
  assert.equal(await linksOf(gantry, 'web'), null);
  await run(gantry, 'db');
  assert.equal(await linksOf(gantry, 'web'), null, 'another container of that name is not the one');
  await stop(gantry, 'web');
  await start(gantry, 'web');
});
const OWN_NAME = 'Conflict, cannot remove the default link name of the container';

test('links outlive the daemon, and what it had no time to tell is told', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'db');
  await run(gantry, 'web', ['db:x']);
  const { HostsPath } = await inspect(gantry, 'web');
  const address = await addressOf(gantry, 'db');
  await gantry.kill9();
  writeFileSync(HostsPath, `172.17.99.99\tx store db\n`);
  await gantry.start();
  assert.deepEqual(await linksOf(gantry, 'web'), ['/db:/web/x']);
  assert.deepEqual(await found(gantry, 'web', 'x'), [address]);
  assert.equal((await inspect(gantry, 'web/x')).Id, (await inspect(gantry, 'db')).Id);
  assert.equal((await gantry.api().delete('/containers/web/x?link=1')).status, 204);
  await gantry.kill9();
  await gantry.start();
  assert.equal(await linksOf(gantry, 'web'), null);
});

test('a container that leaves the default network and comes back is found, by links made before and in between', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'db');
  await run(gantry, 'web', ['db:x']);
  await gantry.dockerOk('network', 'disconnect', 'bridge', 'db');
  await create(gantry, 'late', ['db:x']);
  const refused = await gantry.api().post('/containers/late/start');
  assert.match(refused.text, /Cannot link to \/db, as it does not belong to the default network/);
  await run(gantry, 'taker');
  await gantry.dockerOk('network', 'connect', 'bridge', 'db');
  assert.deepEqual(await found(gantry, 'web', 'x'), [await addressOf(gantry, 'db')]);
  await start(gantry, 'late');
  await gantry.dockerOk('exec', 'late', 'ping', '-c', '1', '-w', '5', 'x');
});

test('names of links are listed, sorted; a filter looks at a container’s own name', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'db');
  await run(gantry, 'web', ['db:zz', 'db:a']);
  const list = async (name: string) =>
    (
      await gantry
        .api()
        .get(`/containers/json?filters=${encodeURIComponent(JSON.stringify({ name: [name] }))}`)
    )
      .json<{ Names: string[] }[]>()
      .map(({ Names }) => Names);
  assert.deepEqual(await list('db'), [['/db', '/web/a', '/web/zz']]);
  assert.deepEqual(await list('web'), [['/web']]);
});

test('a link to a container in another’s network is one to that other', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'db');
  await run(gantry, 'guest', [], { HostConfig: { NetworkMode: 'container:db' } });
  await run(gantry, 'web', ['guest:x']);
  assert.deepEqual(await linksOf(gantry, 'web'), ['/db:/web/x']);
  assert.deepEqual(await found(gantry, 'web', 'x'), [await addressOf(gantry, 'db')]);
});

test('links that cannot be are refused: some when they are asked for, others when they are needed', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'host', [], { HostConfig: { NetworkMode: 'host' } });
  await run(gantry, 'none', [], { HostConfig: { NetworkMode: 'none' } });
  await create(gantry, 'stopped', []);
  const vague = "can't be used with links. This would result in undefined behavior";
  for (const [links, more, message] of [
    [['nosuch:x'], {}, 'could not get container for nosuch: No such container: nosuch'],
    [['host'], {}, `conflicting options: host type networking ${vague}`],
    [['none'], { NetworkMode: 'host' }, `conflicting options: host type networking ${vague}`],
    [['none'], { NetworkMode: 'container:none' }, `conflicting options: container type network ${vague}`],
    [[''], {}, 'empty string specified for links'],
    [['a:b:c'], {}, 'bad format for links: a:b:c'],
  ] as const) {
    const refused = await create(gantry, 'web', links, { HostConfig: more });
    assert.deepEqual([refused.status, refused.json().message], [400, message]);
  }
  for (const [link, message] of [
    ['stopped:x', 'Cannot link to a non running container: /stopped AS /web/x'],
    ['none:x', 'Cannot link to /none, as it does not belong to the default network'],
  ] as const) {
    assert.equal((await create(gantry, 'web', [link])).status, 201);
    const refused = await gantry.api().post('/containers/web/start');
    assert.deepEqual([refused.status, refused.json().message], [500, message]);
    assert.equal((await inspect(gantry, 'web')).State.Error, message);
    assert.equal((await gantry.api().delete('/containers/web')).status, 204);
  }
});

test('without a network of its own nothing is told of links', async (t) => {
  const gantry = await startGantry(t);
  await create(gantry, 'stopped', []);
  await run(gantry, 'web', ['stopped:x'], { HostConfig: { NetworkMode: 'none' } });
  assert.deepEqual(await linksOf(gantry, 'web'), ['/stopped:/web/x']);
  assert.deepEqual(await env(gantry, 'web', 'X_'), []);
});

test('where neighbours do not reach each other a link opens exposed ports, follows both ends, and outlives the daemon', async (t) => {
  const gantry = await startGantry(t, { args: ['--icc=false'] });
  const serve = 'for port in 80 81; do nc -ll -p $port -e echo served & done; wait';
  const server = { Cmd: ['sh', '-c', serve], ExposedPorts: { '80/tcp': {} } };
  await run(gantry, 'db', [], server);
  await run(gantry, 'web', ['db:x', 'db:y']);
  await run(gantry, 'other', []);
  const reaches = async (from: string, port: number): Promise<boolean> => {
    const to = await addressOf(gantry, 'db');
    const { stdout } = await gantry.docker(['exec', from, 'nc', '-w', '1', to, String(port)]);
    return stdout === 'served\n';
  };
  const expectLinked = async (): Promise<void> => {
    await until(() => reaches('web', 80)); // it begins to listen in its own time
    assert.deepEqual(await Promise.all([reaches('web', 81), reaches('other', 80)]), [false, false]);
  };
  await expectLinked();
  await move(gantry, 'db', 'taker');
  await expectLinked();
  await stop(gantry, 'web');
  await start(gantry, 'web');
  await expectLinked();
  await gantry.kill9();
  await gantry.start();
  await expectLinked();
  const api = gantry.api();
  assert.equal((await api.delete('/containers/web/x?link=1')).status, 204);
  assert.equal(await reaches('web', 80), true, 'the other link is left');
  assert.equal((await api.delete('/containers/web/y?link=1')).status, 204);
  assert.equal(await reaches('web', 80), false);
});
