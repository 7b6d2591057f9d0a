/** Clients that come before, or all at once: attaches and waits before a start, logs of what is being removed, and more starts than addresses or ports. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { fileScope } from '../harness/file-scope.ts';
import { startGantry } from '../harness/gantry.ts';
import { addressAt } from '../harness/subnets.ts';

const gantry = await startGantry(fileScope());
const api = gantry.api();

async function created(body: object): Promise<string> {
  const { status, text } = await api.post('/containers/create', { Image: 'busybox', ...body });
  assert.equal(status, 201, text);
  return (JSON.parse(text) as { Id: string }).Id;
}

const removed = async (id: string): Promise<void> =>
  assert.equal((await api.delete(`/containers/${id}?force=1`)).status, 204);

/** Attaches; `ended` gives everything that came behind the head. */
async function attach(id: string): Promise<{ readonly ended: Promise<string> }> {
  const socket = api.connect();
  socket.write(
    `POST /containers/${id}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
  );
  let seen = '';
  const head = Promise.withResolvers<void>();
  const ended = (async () => {
    for await (const bytes of socket) {
      seen += bytes;
      if (seen.includes('\r\n\r\n')) head.resolve();
    }
    socket.destroy();
    return seen.slice(seen.indexOf('\r\n\r\n') + 4);
  })();
  await head.promise;
  return { ended };
}

test('RC-C04: who attaches and waits before the start has the first byte, the last, and the code', async () => {
  for (let round = 0; round < 10; round++) {
    const id = await created({
      Cmd: ['sh', '-c', `echo first; echo last; exit ${round}`],
      HostConfig: { NetworkMode: 'none' },
    });
    const output = await attach(id);
    const code = api.post(`/containers/${id}/wait?condition=next-exit`);
    // The wait is under way when its head is there; a request of the same client that comes later finds it so.
    assert.equal((await api.get('/_ping')).status, 200);
    assert.equal((await api.post(`/containers/${id}/start`)).status, 204);
    assert.match(await output.ended, /first\n.*last\n$/s);
    assert.equal((await code).json<{ StatusCode: number }>().StatusCode, round);
    await removed(id);
  }
});

test('RC-C04: logs that are followed end when their container is removed, with all that it wrote', async () => {
  for (let round = 0; round < 5; round++) {
    const id = await created({
      Cmd: ['sh', '-c', 'echo all; sleep 100000'],
      HostConfig: { NetworkMode: 'none' },
    });
    assert.equal((await api.post(`/containers/${id}/start`)).status, 204);
    const followed = api.get(`/containers/${id}/logs?follow=1&stdout=1`);
    while ((await api.get(`/containers/${id}/logs?stdout=1`)).bytes.length === 0);
    await removed(id);
    assert.match((await followed).text, /all\n$/);
  }
});

/** Starts all at once; who was started, and what the others were told. */
async function started(ids: readonly string[]): Promise<{ ids: string[]; refusals: string[] }> {
  const answers = await Promise.all(ids.map((id) => api.post(`/containers/${id}/start`)));
  return {
    ids: ids.filter((_, index) => answers[index]?.status === 204),
    refusals: answers.flatMap(({ status, text }) => (status === 204 ? [] : [text])),
  };
}

const SLEEP = { Cmd: ['sleep', '100000'], StopSignal: 'SIGKILL' };
const allOf = (count: number, body: object): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => created(body)));

test('RC-C06: of 32 that start at once on a network with 13 addresses 13 have one, each its own; one that is free again is had at once', async () => {
  const Subnet = `${addressAt(0, 0)}/28`;
  const made = await api.post('/networks/create', { Name: 'narrow', IPAM: { Config: [{ Subnet }] } });
  assert.equal(made.status, 201, made.text);
  const all = await allOf(32, { ...SLEEP, HostConfig: { NetworkMode: 'narrow' } });
  const first = await started(all);
  assert.equal(first.ids.length, 13, first.refusals[0]);
  const { Containers } = (await api.get('/networks/narrow')).json<{
    Containers: Record<string, { IPv4Address: string }>;
  }>();
  const addresses = Object.values(Containers).map(({ IPv4Address }) => IPv4Address);
  assert.deepEqual([addresses.length, new Set(addresses).size], [13, 13]);
  for (const id of first.ids.slice(0, 3)) await removed(id);
  const again = await started(all.filter((id) => !first.ids.includes(id)));
  assert.equal(again.ids.length, 3, again.refusals[0]);
  await Promise.all(all.filter((id) => !first.ids.slice(0, 3).includes(id)).map(removed));
  assert.equal((await api.delete('/networks/narrow')).status, 204);
});

test('RC-C06: of 16 that start at once for 8 ports 8 have one, each its own, and each is had again', async () => {
  const first = await freePorts(8);
  const HostConfig = {
    PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: `${first}-${first + 7}` }] },
  };
  const all = await allOf(16, { ...SLEEP, HostConfig });
  const had = await started(all);
  assert.equal(had.ids.length, 8, had.refusals[0]);
  const ports = await Promise.all(
    had.ids.map(async (id) => {
      const shown = (await api.get(`/containers/${id}/json`)).json<{
        NetworkSettings: { Ports: Record<string, { HostPort: string }[]> };
      }>();
      return Number(shown.NetworkSettings.Ports['80/tcp']?.[0]?.HostPort);
    }),
  );
  assert.deepEqual(
    ports.toSorted((a, b) => a - b),
    Array.from({ length: 8 }, (_, index) => first + index),
  );
  await Promise.all(had.ids.map(removed));
  const others = await started(all.filter((id) => !had.ids.includes(id)));
  assert.equal(others.ids.length, 8, others.refusals[0]);
  await Promise.all(others.ids.map(removed));
});

/** Ports in a row that nobody has, far from those that the kernel gives away by itself. */
async function freePorts(count: number): Promise<number> {
  const listen = (port: number): Promise<net.Server | undefined> =>
    new Promise((resolve) => {
      const server = net.createServer();
      server.once('error', () => resolve(undefined)).listen(port, '127.0.0.1', () => resolve(server));
    });
  for (let first = 20_100; ; first += count) {
    const held = await Promise.all(Array.from({ length: count }, (_, at) => listen(first + at)));
    for (const server of held) server?.close();
    if (held.every((server) => server !== undefined)) return first;
  }
}
