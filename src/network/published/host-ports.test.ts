import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ephemeralRange, HostPorts } from './host-ports.ts';

const port = (protocol: 'tcp' | 'udp' | 'sctp', hostPort: number, hostIp = '') => ({
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

test('RC-E05: a port that a program listens on is reported as allocated, and nothing stays held', async () => {
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

test('RC-K03: ports that a container keeps, though a program took one while no daemon ran, are given to no other, also when that has ended', async () => {
  const number = freePort();
  const server = await listen(number);
  const ports = new HostPorts([number, number]);
  const mine = { protocol: 'tcp', containerPort: 80, hostIp: '127.0.0.1', hostPort: number } as const;
  assert.throws(() => ports.reserve([port('tcp', number, '127.0.0.1')]), /already allocated/);
  const kept = ports.account([mine]);
  server.close();
  await once(server, 'close');
  assert.throws(() => ports.reserve([port('tcp', number)]), /already allocated/);
  assert.throws(() => ports.reserve([port('tcp', 0, '127.0.0.1')]), /are allocated/);
  kept.release();
  ports.reserve([port('tcp', 0, '127.0.0.1')]).release();
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

test('RC-E05: a held udp port is seen as taken by others', async () => {
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

const BOTH = { translated: [4, 6], routed: [], hostAddress: undefined } as const;

test('a port that names no address is held in both families, each by a socket of its own', async () => {
  const held = new HostPorts().reserve([port('tcp', 0)], BOTH);
  const number = held.ports[0]?.hostPort ?? 0;
  assert.deepEqual(held.ports, [port('tcp', number, '0.0.0.0'), port('tcp', number, '::')]);
  for (const address of ['127.0.0.1', '::1', '0.0.0.0', '::'])
    await assert.rejects(listen(number, address), { code: 'EADDRINUSE' }, address);
  held.release();
  (await listen(number, '::')).close();
});

test('RC-E05: a program that has a port in one family keeps it from being published in both, and nothing stays held', async () => {
  const server = net.createServer().listen({ port: 0, host: '::1', ipv6Only: true });
  await once(server, 'listening');
  const { port: taken } = server.address() as net.AddressInfo;
  const ports = new HostPorts();
  assert.throws(() => ports.reserve([port('tcp', taken)], BOTH), {
    message: `Bind for 0.0.0.0:${taken} failed: port is already allocated`,
  });
  ports.reserve([port('tcp', taken)]).release();
  server.close();
});

test('where a network says its host address, or reaches containers without translation, that is what is told', () => {
  const number = freePort();
  const told = (reach: Parameters<HostPorts['reserve']>[1], hostIp = '') => {
    const held = new HostPorts().reserve([port('tcp', number, hostIp)], reach);
    held.release();
    return held.ports.map((each) => `${each.hostIp} ${each.hostPort === number ? 'held' : each.hostPort}`);
  };
  assert.deepEqual(told({ ...BOTH, hostAddress: '127.0.0.1' }), ['127.0.0.1 held']);
  assert.deepEqual(told({ ...BOTH, hostAddress: '::1' }), ['::1 held']);
  assert.deepEqual(told({ ...BOTH, translated: [4], hostAddress: '::1' }), []);
  assert.deepEqual(told({ ...BOTH, translated: [4], routed: [6] }), ['0.0.0.0 held', ':: 0']);
  assert.deepEqual(told({ ...BOTH, translated: [], routed: [4] }, '127.0.0.1'), ['0.0.0.0 0']);
  assert.deepEqual(told(BOTH, '::ffff:127.0.0.1'), ['127.0.0.1 held']);
  assert.throws(() => told({ ...BOTH, translated: [6] }, '127.0.0.1'), /the container has no IPv4 address/);
});

const row = (first: number, count: number, protocol: 'tcp' | 'udp' | 'sctp' = 'tcp', hostIp = '') =>
  Array.from({ length: count }, (_, at) => ({
    ...port(protocol, first + at, hostIp),
    containerPort: first + at,
  }));
const ROW_AT = 20_000;

test('a long row of ports takes no descriptors, and is held against the other containers', async () => {
  const ports = new HostPorts();
  const before = readdirSync('/proc/self/fd').length;
  const held = ports.reserve(row(ROW_AT, 10_000), BOTH);
  await nextTurn(); // the question's socket is closed
  assert.equal(readdirSync('/proc/self/fd').length, before);
  assert.equal(held.ports.length, 20_000);
  const allocated = (number: number, ip = '0.0.0.0') => ({
    message: `Bind for ${ip}:${number} failed: port is already allocated`,
  });
  assert.throws(() => ports.reserve([port('tcp', ROW_AT + 77)]), allocated(ROW_AT + 77));
  assert.throws(
    () => ports.reserve([port('tcp', ROW_AT + 77, '127.0.0.1')]),
    allocated(ROW_AT + 77, '127.0.0.1'),
  );
  assert.throws(() => ports.reserve(row(ROW_AT + 9_999, 300)), allocated(ROW_AT + 9_999));
  ports.reserve([port('udp', ROW_AT + 77)]).release();
  held.release();
  ports.reserve([port('tcp', ROW_AT + 77)]).release();
});

test('a row is refused for a port that any program or container has', async () => {
  const ports = new HostPorts();
  const single = ports.reserve([port('tcp', ROW_AT + 300)]);
  assert.throws(() => ports.reserve(row(ROW_AT, 1000)), /:20300 failed: port is already allocated/);
  ports.reserve(row(ROW_AT, 1000, 'udp')).release();
  single.release();
  for (const [address, refused] of [
    ['127.0.0.1', ['0.0.0.0', '127.0.0.1']],
    ['::', ['0.0.0.0', '127.0.0.1', '127.0.0.2']],
  ] as const) {
    const server = await listen(ROW_AT + 301, address);
    for (const hostIp of ['0.0.0.0', '127.0.0.1', '127.0.0.2']) {
      const reserve = () => ports.reserve(row(ROW_AT, 1000, 'tcp', hostIp)).release();
      if (!refused.some((each) => each === hostIp)) reserve();
      else assert.throws(reserve, { message: `Bind for ${hostIp}:20301 failed: port is already allocated` });
    }
    server.close();
    await once(server, 'close');
  }
  const datagrams = dgram.createSocket('udp4').bind(ROW_AT + 302);
  await once(datagrams, 'listening');
  assert.throws(() => ports.reserve(row(ROW_AT, 1000, 'udp')), /:20302 failed: port is already allocated/);
  datagrams.close();
});

test('SC-NET-10: an SCTP port is held once, also by a kernel that has no such sockets', () => {
  const ports = new HostPorts();
  const held = ports.reserve([port('sctp', ROW_AT)]);
  assert.deepEqual(held.ports, [port('sctp', ROW_AT, '0.0.0.0')]);
  assert.throws(() => ports.reserve([port('sctp', ROW_AT, '127.0.0.1')]), /port is already allocated/);
  const other = ports.reserve([port('tcp', ROW_AT), ...row(ROW_AT + 1, 300, 'sctp')]);
  held.release();
  other.release();
  ports.reserve([port('sctp', ROW_AT)]).release();
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
