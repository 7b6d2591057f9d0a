import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { ephemeralRange, HostPorts } from './host-ports.ts';

const port = (protocol: 'tcp' | 'udp', hostPort: number, hostIp = '') => ({
  protocol,
  containerPort: 80,
  hostIp,
  hostPort,
});
const listen = async (at: number, host = '127.0.0.1'): Promise<net.Server> => {
  const server = net.createServer().listen(at, host);
  await once(server, 'listening');
  return server;
};
const freePort = (): number => {
  const held = new HostPorts().reserve([port('tcp', 0)]);
  held.release();
  return held.ports[0]?.hostPort ?? 0;
};

test('a held tcp port refuses every other program, also one that allows sharing', async () => {
  const ports = new HostPorts();
  const held = ports.reserve([port('tcp', 0)]);
  const number = held.ports[0]?.hostPort ?? 0;
  await assert.rejects(listen(number), { code: 'EADDRINUSE' });
  await assert.rejects(listen(number, '0.0.0.0'), { code: 'EADDRINUSE' });
  held.release();
  (await listen(number)).close();
});

test('a held port refuses connections at once instead of letting them hang', async () => {
  const held = new HostPorts().reserve([port('tcp', 0)]);
  const socket = net.connect(held.ports[0]?.hostPort ?? 0, '127.0.0.1');
  const [error] = await once(socket, 'error');
  assert.equal((error as { code: string }).code, 'ECONNREFUSED');
  held.release();
});

test('a port that a program listens on is reported as allocated, and nothing stays held', async () => {
  const server = await listen(0, '0.0.0.0');
  const { port: taken } = server.address() as net.AddressInfo;
  const free = freePort();
  const ports = new HostPorts();
  assert.throws(() => ports.reserve([port('tcp', free), port('tcp', taken)]), {
    message: `Bind for 0.0.0.0:${taken} failed: port is already allocated`,
  });
  ports.reserve([port('tcp', free)]).release();
  server.close();
});

test('a port that just served connections can be held', async () => {
  const server = await listen(0);
  const { port: number } = server.address() as net.AddressInfo;
  server.on('connection', (socket) => socket.end());
  const client = net.connect(number, '127.0.0.1').resume();
  await once(client, 'close'); // the server closed first: its side waits in TIME_WAIT
  server.close();
  await once(server, 'close');
  new HostPorts().reserve([port('tcp', number)]).release();
});

test('one number can be held on two addresses and for two protocols', () => {
  const number = freePort();
  const ports = new HostPorts();
  const first = ports.reserve([port('tcp', number, '127.0.0.1'), port('udp', number, '127.0.0.1')]);
  const second = ports.reserve([port('tcp', number, '127.0.0.2')]);
  assert.throws(() => ports.reserve([port('tcp', number)]), /port is already allocated/);
  first.release();
  second.release();
});

test('a held udp port is seen as taken by others', async () => {
  const held = new HostPorts().reserve([port('udp', 0)]);
  const socket = dgram.createSocket('udp4').bind(held.ports[0]?.hostPort ?? 0);
  const [error] = await once(socket, 'error');
  assert.equal((error as { code: string }).code, 'EADDRINUSE');
  held.release();
});

test('free ports are chosen in turn and the range can be used up', () => {
  const start = freePort();
  const ports = new HostPorts([start, start + 2]);
  const first = ports.reserve([port('udp', 0)]);
  first.release();
  const second = ports.reserve([port('udp', 0)]);
  assert.notEqual(second.ports[0]?.hostPort, first.ports[0]?.hostPort);
  second.release();
  assert.throws(
    () => ports.reserve(Array.from({ length: 4 }, () => port('udp', 0))),
    /ports from \d+ to \d+ are allocated/,
  );
});

test("an address that is not the host's is refused by name", () => {
  assert.throws(() => new HostPorts().reserve([port('tcp', 1234, '203.0.113.9')]), {
    message: 'Bind for 203.0.113.9:1234 failed: cannot assign requested address',
  });
});

for (const [what, wrong] of [
  ['a number beyond 65535', port('tcp', 70_000)],
  ['a fraction', port('tcp', 1.5)],
  ['a name for an address', port('tcp', 80, 'localhost')],
  ['an address with text behind it', port('tcp', 80, '127.0.0.1; drop')],
  ['container port 0', { ...port('tcp', 80), containerPort: 0 }],
] as const)
  test(`${what} is no published port`, () => {
    assert.throws(() => new HostPorts().reserve([wrong]), { kind: 'invalid' });
  });

test("the range of free ports is the host's own, or the classic one when that is unreadable", () => {
  assert.deepEqual(
    ephemeralRange(() => '32768\t60999\n'),
    [32_768, 60_999],
  );
  assert.deepEqual(
    ephemeralRange(() => 'nonsense'),
    [49_153, 65_535],
  );
});
