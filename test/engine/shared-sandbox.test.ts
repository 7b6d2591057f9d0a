/** Containers that have another container's network: what they have of it lives as long as they do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

/** Room for the gateway and five containers: an address that is given away is given soon. */
const SMALL = '10.99.7.1/29';
const ROOM = 5;

interface Inspected {
  readonly NetworkSettings: {
    readonly Networks: Record<string, { readonly IPAddress?: string; readonly MacAddress?: string }>;
  };
}

async function run(gantry: Gantry, name: string, host: object = {}): Promise<void> {
  const api = gantry.api();
  const made = await api.post(`/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    HostConfig: host,
  });
  assert.equal(made.status, 201, made.text);
  const started = await api.post(`/containers/${name}/start`);
  assert.equal(started.status, 204, started.text);
}

const stop = async (gantry: Gantry, name: string): Promise<void> =>
  assert.equal((await gantry.api().post(`/containers/${name}/stop?t=0`)).status, 204);

async function addressOf(gantry: Gantry, name: string): Promise<string> {
  const { NetworkSettings } = (await gantry.api().get(`/containers/${name}/json`)).json<Inspected>();
  return NetworkSettings.Networks.bridge?.IPAddress ?? '';
}

const inside = (gantry: Gantry, name: string): Promise<string> =>
  gantry.dockerOk('exec', name, 'ip', '-4', '-o', 'addr', 'show', 'eth0');

/** Takes all addresses that are free; none of them may be the one that somebody has. */
async function fill(gantry: Gantry, prefix: string, taken: string, free: number): Promise<void> {
  for (let i = 0; i < free; i++) {
    await run(gantry, `${prefix}${i}`);
    assert.notEqual(await addressOf(gantry, `${prefix}${i}`), taken);
  }
  const made = await gantry
    .api()
    .post(`/containers/create?name=${prefix}late`, { Image: 'busybox', Cmd: ['sleep', '1000'] });
  assert.equal(made.status, 201, made.text);
  const refused = await gantry.api().post(`/containers/${prefix}late/start`);
  assert.match(refused.text, /no available IPv4 addresses/);
}

test('an address stays taken while a container runs in the namespace that has it, over a kill of the daemon', async (t) => {
  const gantry = await startGantry(t, { args: ['--bip', SMALL] });
  await run(gantry, 'owner');
  const address = await addressOf(gantry, 'owner');
  await run(gantry, 'guest', { NetworkMode: 'container:owner' });
  await run(gantry, 'second', { NetworkMode: 'container:guest' });
  await stop(gantry, 'owner');
  await stop(gantry, 'guest');
  await fill(gantry, 'a', address, ROOM - 1);
  assert.match(await inside(gantry, 'second'), new RegExp(`inet ${address}/29`));
  await gantry.kill9();
  await gantry.start();
  const refused = await gantry.api().post('/containers/alate/start');
  assert.match(refused.text, /no available IPv4 addresses/);
  assert.match(await inside(gantry, 'second'), new RegExp(`inet ${address}/29`));
  await gantry.dockerOk('exec', 'second', 'ping', '-c', '1', '-w', '5', '10.99.7.1');
  await stop(gantry, 'second');
  assert.equal((await gantry.api().post('/containers/alate/start')).status, 204);
  assert.equal(await addressOf(gantry, 'alate'), address);
});

test('an owner that starts again has a namespace of its own, with its ports, beside the one its guest stays in', async (t) => {
  const gantry = await startGantry(t, { args: ['--bip', SMALL] });
  const ports = { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18471' }] } };
  await run(gantry, 'owner', ports);
  const first = await addressOf(gantry, 'owner');
  await run(gantry, 'guest', { NetworkMode: 'container:owner' });
  for (let round = 0; round < 2; round++) {
    await stop(gantry, 'owner');
    assert.equal((await gantry.api().post('/containers/owner/start')).status, 204);
  }
  const again = await addressOf(gantry, 'owner');
  assert.notEqual(again, first);
  assert.equal(await gantry.dockerOk('port', 'owner'), '80/tcp -> 127.0.0.1:18471');
  assert.match(await inside(gantry, 'guest'), new RegExp(`inet ${first}/29`));
  assert.match(await inside(gantry, 'owner'), new RegExp(`inet ${again}/29`));
  await gantry.dockerOk('exec', 'guest', 'ping', '-c', '1', '-w', '5', again);
  await gantry.kill9();
  await gantry.start();
  await gantry.dockerOk('exec', 'guest', 'ping', '-c', '1', '-w', '5', again);
  await stop(gantry, 'guest');
  await stop(gantry, 'owner');
  await until(async () => (await gantry.api().get('/containers/json')).text.trim() === '[]');
});

test('an address of its own goes to a container made anew, off a guest of the one before; other guests keep theirs', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', '--subnet', '10.99.8.0/24', 'fixed');
  const own = ['--network', 'fixed', '--ip', '10.99.8.50'];
  const sleeper = ['--stop-signal', 'KILL', 'busybox', 'sleep', '1000'];
  const start = (name: string, ...options: string[]) =>
    gantry.dockerOk('run', '-d', '--name', name, ...options, ...sleeper);
  const addresses = (name: string) => gantry.dockerOk('exec', name, 'ip', '-4', '-o', 'addr');
  await start('service', ...own);
  await start('guest', '--network', 'container:service');
  await start('other', '--network', 'fixed');
  await start('others-guest', '--network', 'container:other');
  assert.match(await addresses('guest'), /10\.99\.8\.50/);
  await stop(gantry, 'other');
  await gantry.dockerOk('restart', 'service');
  assert.match(await addresses('service'), /10\.99\.8\.50/);
  assert.doesNotMatch(await addresses('guest'), /eth0/);
  assert.match(await addresses('others-guest'), /eth0/);
  await gantry.dockerOk('restart', 'guest');
  await gantry.dockerOk('rm', '-f', 'service');
  await start('service', ...own);
  assert.match(await addresses('service'), /10\.99\.8\.50/);
  assert.doesNotMatch(await addresses('guest'), /eth0/);
  await gantry.kill9();
  await gantry.start();
  assert.match(await addresses('service'), /10\.99\.8\.50/);
  assert.doesNotMatch(await addresses('guest'), /eth0/);
  const taken = await gantry.docker(['run', '--rm', ...own, 'busybox', 'true']);
  assert.match(taken.stderr, /Address already in use/);
});

test('a container with an address of its own and a published port starts again at once, and made anew', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', '--subnet', '10.99.9.0/24', 'fixed');
  const service = [
    '-d',
    '--name',
    'service',
    '--network',
    'fixed',
    '-p',
    '127.0.0.1::80',
    '--stop-signal',
    'KILL',
  ];
  const addresses = () => gantry.dockerOk('exec', 'service', 'ip', '-4', '-o', 'addr');
  await gantry.dockerOk('run', ...service, '--ip', '10.99.9.50', 'busybox', 'sleep', '1000');
  await gantry.dockerOk('restart', 'service');
  assert.match(await addresses(), /10\.99\.9\.50/);
  await gantry.dockerOk('rm', '-f', 'service');
  await gantry.dockerOk('run', ...service, '--ip', '10.99.9.50', 'busybox', 'sleep', '1000');
  assert.match(await addresses(), /10\.99\.9\.50/);
  await gantry.dockerOk('rm', '-f', 'service');
  await gantry.dockerOk('run', ...service, 'busybox', 'sleep', '1000');
  assert.match(await addresses(), /10\.99\.9\.50/);
});
