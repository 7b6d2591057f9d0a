/** A range of host ports for one container port: the first free one of it, whoever has the others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';

/** Tried for three free ports in a row; far from the ports that the kernel gives away by itself. */
const FIRST_TRIED = 18_110;
const LAST_TRIED = 28_000;

async function listenOn(port: number): Promise<net.Server | undefined> {
  const server = net.createServer().listen(port, '0.0.0.0');
  const [listening] = await Promise.race([
    once(server, 'listening').then(() => [true]),
    once(server, 'error').then(() => [false]),
  ]);
  return listening ? server : undefined;
}

async function freeRange(count: number): Promise<number> {
  for (let first = FIRST_TRIED; first < LAST_TRIED; first += count) {
    const held = await Promise.all(Array.from({ length: count }, (_, at) => listenOn(first + at)));
    for (const server of held) server?.close();
    if (held.every((server) => server !== undefined)) return first;
  }
  throw new Error('no free ports in a row');
}

const published = (gantry: Gantry, name: string): Promise<string> => gantry.dockerOk('port', name);

test('RC-E05: containers share a range of ports with each other and with a program, until none is left', async (t) => {
  const gantry = await startGantry(t);
  const first = await freeRange(3);
  const range = `${first}-${first + 2}`;
  const server = await listenOn(first + 1);
  const run = (name: string) =>
    gantry.docker(['run', '-d', '--name', name, '-p', `${range}:99`, 'busybox', 'sleep', '60']);
  assert.equal((await run('one')).code, 0);
  assert.equal((await run('two')).code, 0);
  assert.equal(await published(gantry, 'one'), `99/tcp -> 0.0.0.0:${first}`);
  assert.equal(await published(gantry, 'two'), `99/tcp -> 0.0.0.0:${first + 2}`);
  assert.match(
    (await run('three')).stderr,
    /external connectivity on endpoint three .*: all ports are allocated/,
  );
  server?.close();
  await gantry.dockerOk('start', 'three');
  assert.equal(await published(gantry, 'three'), `99/tcp -> 0.0.0.0:${first + 1}`);
  const asked = await gantry.dockerOk('inspect', '-f', '{{json .HostConfig.PortBindings}}', 'three');
  assert.deepEqual(JSON.parse(asked), { '99/tcp': [{ HostIp: '', HostPort: range }] });
  assert.match(
    await gantry.dockerOk('ps', '--format', '{{.Ports}}', '-f', 'name=three'),
    new RegExp(`:${first + 1}->99`),
  );
});

test('each version takes a range, with a host address and for udp, and shows the port that was found', async (t) => {
  const gantry = await startGantry(t);
  const first = await freeRange(2);
  const HostPort = `${first}-${first + 1}`;
  const PortBindings = {
    '53/udp': [{ HostIp: '127.0.0.1', HostPort }],
    '99/tcp': [{ HostIp: '', HostPort }],
  };
  const body = { Image: 'busybox', Cmd: ['sleep', '60'], ExposedPorts: { '53/udp': {}, '99/tcp': {} } };
  for (const version of ['1.6', '1.12', '1.18', '1.24', '1.41', '1.55']) {
    const api = gantry.api(version);
    const atCreate = Number(version.slice(2)) >= 15; // before, the host's side was said at the start
    const ids: string[] = [];
    for (const expected of [first, first + 1]) {
      const made = await api.post(
        '/containers/create',
        atCreate ? { ...body, HostConfig: { PortBindings } } : body,
      );
      assert.equal(made.status, 201, made.text);
      const { Id } = made.json<{ Id: string }>();
      ids.push(Id);
      const started = await api.post(`/containers/${Id}/start`, atCreate ? undefined : { PortBindings });
      assert.equal(started.status, 204, started.text);
      const told = (await api.get(`/containers/${Id}/json`)).json<{ NetworkSettings: { Ports: unknown } }>();
      assert.deepEqual(
        told.NetworkSettings.Ports,
        {
          '53/udp': [{ HostIp: '127.0.0.1', HostPort: String(expected) }],
          '99/tcp': [{ HostIp: '0.0.0.0', HostPort: String(expected) }],
        },
        version,
      );
    }
    for (const id of ids) assert.equal((await gantry.api().delete(`/containers/${id}?force=1`)).status, 204);
  }
});
