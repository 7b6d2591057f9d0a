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
