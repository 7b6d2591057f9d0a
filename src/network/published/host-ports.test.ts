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

const range = (first: number, last: number, hostIp = '', protocol: 'tcp' | 'udp' = 'tcp') => ({
  ...port(protocol, first, hostIp),
  lastHostPort: last,
});
/** The first of `count` free numbers in a row. */
const freeRange = (count: number): number => {
  const ports = new HostPorts(); // one, because it never gives the same number twice in a row
  for (;;) {
    const held = ports.reserve([port('tcp', 0)]);
    held.release();
    const first = held.ports[0]?.hostPort ?? 0;
    const row = Array.from({ length: count }, (_, at) => port('tcp', first + at));
    try {
      ports.reserve(row).release();
      return first;
    } catch {
      // somebody has one of them
    }
  }
};

for (const protocol of ['tcp', 'udp'] as const)
  test(`a range of ${protocol} ports gives its first free one, until all are taken`, () => {
    const first = freeRange(3);
    const ports = new HostPorts();
    const asked = range(first, first + 2, '127.0.0.1', protocol);
    const held = [0, 1, 2].map(() => ports.reserve([asked]));
    const expected = [0, 1, 2].map((at) => [port(protocol, first + at, '127.0.0.1')]);
    assert.deepEqual(
      held.map((each) => each.ports),
      expected,
    );
    assert.throws(() => ports.reserve([asked]), { message: 'all ports are allocated' });
    held[1]?.release();
    assert.equal(ports.reserve([asked]).ports[0]?.hostPort, first + 1);
  });

test('a range passes over a port that another program has', async () => {
  const first = freeRange(2);
  const server = await listen(first);
  const held = new HostPorts().reserve([range(first, first + 1)]);
  assert.equal(held.ports[0]?.hostPort, first + 1);
  held.release();
  server.close();
});

test('a range leaves the ports that the same container asks for by number or in a narrower range', () => {
  const first = freeRange(3);
  const asked = [range(first, first + 2), range(first, first + 1), port('tcp', first)];
  const held = new HostPorts().reserve(asked);
  assert.deepEqual(
    held.ports.map(({ hostPort }) => hostPort),
    [first + 2, first + 1, first],
  );
  held.release();
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
  ['a range that ends before it begins', range(81, 80)],
  ['a range from 0', range(0, 80)],
  ['a range beyond 65535', range(80, 70_000)],
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
