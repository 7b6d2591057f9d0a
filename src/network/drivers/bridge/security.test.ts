/** Security cases of networks (SC-NET, SC-INJ-06) that no table of reach shows. */
import assert from 'node:assert/strict';
import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as linux from '../../../linux/index.ts';
import { addressBytes, parseAddress } from '../../addresses/address.ts';
import { parseSubnet } from '../../addresses/subnet.ts';
import * as nft from '../../netlink/nftables.ts';
import { listElements, readElements } from '../../netlink/sets.ts';
import { interfaceKey } from '../../network.ts';
import type { PublishedPort } from '../../published/port.ts';
import {
  addNeighbour,
  ask,
  eventually,
  IN_VAIN_MS,
  type Namespace,
  onHostOfItsOwn,
  serve,
} from '../../test-host.ts';
import { links, netfilter, stage, type TestNetwork, tcp, udp } from '../../test-network.ts';
import { bridgeOptionsFrom } from './options.ts';

await onHostOfItsOwn();

const generation = async (): Promise<number> =>
  nft.readGeneration(await netfilter.ask([nft.getGeneration()]));

test('SC-NET-03, SC-NET-04: bridges are closed to each other and to neighbours again after a flush of all rules', async (t) => {
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await outside.addRoute('default', '10.9.0.1');
  const [a, b] = [await stage(t, { bridge: 'gt0' }), await stage(t, { bridge: 'gt1' })];
  const web = await a.container('web', [tcp(8080), tcp(8081, 80, '127.0.0.1')]);
  const other = await b.container('other');
  await using _web = await serve(web.place, 80, 'web');
  const closed = async () => {
    const asked = [
      ask(other.place, web.endpoint.ipAddress, 80, IN_VAIN_MS),
      ask(outside.fd, web.endpoint.ipAddress, 80, IN_VAIN_MS),
    ];
    return (await Promise.all(asked)).every((answer) => answer === 'silence');
  };
  assert.ok(await closed());
  const tables = ['test_gt0', 'test_gt1', 'gantry_forwarding'].map((name) => nft.tableOf(4, name));
  await netfilter.ask(nft.batch(tables.map((table) => nft.deleteTable(table))));
  assert.equal(await ask(outside.fd, '10.9.0.1', 8081), 'ECONNREFUSED'); // held, so closed without a rule
  assert.ok(await eventually(closed));
  assert.equal(await ask(outside.fd, '10.9.0.1', 8080), 'web 10.9.0.2');
  await a.network.recover(new Map([['web', web.endpoint]])); // the next life finds its rules and keeps them
  assert.ok(await closed());
});

test('SC-NET-05: what the host serves on its loopback is closed to containers in both families', async (t) => {
  const { network, container } = await stage(t, { subnet: '10.66.0.0/24', subnet6: 'fd66::/64' });
  const { place } = await container('one', [tcp(8080)]); // with a published port loopback is routed
  await using _four = await serve('host', 9000, 'secret', '127.0.0.1');
  await using _six = await serve('host', 9001, 'secret', '::1');
  assert.equal(await ask('host', '127.0.0.1', 9000), 'secret 127.0.0.1');
  assert.equal(await ask('host', '::1', 9001), 'secret ::1');
  assert.equal(await ask(place, network.gateway, 9000), 'ECONNREFUSED');
  assert.equal(await ask(place, 'fd66::1', 9001), 'ECONNREFUSED');
  assert.notEqual(await ask(place, '127.0.0.1', 9000, IN_VAIN_MS, 'eth0'), 'secret 127.0.0.1');
  assert.notEqual(await ask(place, '::1', 9001, IN_VAIN_MS, 'eth0'), 'secret ::1');
});

/**
 * What is held open when one container is on the network. The sandboxes made ahead of need
 * (src/network/sandbox/pool.ts) have descriptors of their own: both must be ready, or a count tells only how quickly two
 * moments followed each other. What the upkeep reads below /proc at that moment is nobody's to keep.
 */
async function descriptors({ id }: TestNetwork): Promise<string[]> {
  const containerAndReady = 1 + 2;
  const ours = async () => (await links()).filter((name) => name.startsWith(`veth${interfaceKey(id)}`));
  assert.ok(await eventually(async () => (await ours()).length === containerAndReady));
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith('/proc/') ? [] : [`${fd} ${target}`];
    } catch {
      return []; // the one by which the list was read
    }
  });
}

test('SC-NET-10: what cannot be published leaves nothing half published', async (t) => {
  const { network, container } = await stage(t);
  await container('first', [tcp(8080), udp(8080, 53)]);
  const kept = async () => ({ generation: await generation(), descriptors: await descriptors(network) });
  const before = await kept();
  const port = (change: Partial<PublishedPort>): PublishedPort => ({ ...tcp(9090), ...change });
  for (const [wrong, message] of [
    [port({ hostPort: 8080 }), 'Bind for 0.0.0.0:8080 failed: port is already allocated'],
    [port({ hostPort: 8080, protocol: 'udp' }), 'Bind for 0.0.0.0:8080 failed: port is already allocated'],
    [port({ hostIp: '203.0.113.9' }), 'Bind for 203.0.113.9:9090 failed: cannot assign requested address'],
    [port({ containerPort: 0 }), 'invalid container port: 0'],
    [port({ hostPort: 65_536 }), 'invalid port number: 65536'],
    [port({ hostIp: '::' }), 'cannot publish on ::: the container has no IPv6 address'],
  ] as const)
    await assert.rejects(container('second', [tcp(9091), wrong]), { message });
  const range = { macAddress: undefined, ports: [{ ...tcp(9000), lastHostPort: 8999 }] };
  await assert.rejects(network.connect({ containerId: 'third', ...range }), {
    message: 'invalid port range: 9000-8999',
  });
  assert.deepEqual(await kept(), before);
  await container('fourth', [tcp(9091), tcp(1023)]);
});

test('SC-NET-11: subnets that no network can have are refused, and the host keeps its routes', async () => {
  const routes = readFileSync('/proc/net/route', 'utf8');
  for (const text of [
    ...['0.0.0.0/0', '10.0.0.0/32', '10.0.0.1/31', '224.0.0.0/16', '127.0.0.0/8', '169.254.0.0/16'],
    ...[
      '::/0',
      '::ffff:10.0.0.0/120',
      'ff02::/64',
      'fe80:0:0:1::/64',
      '::1/128',
      'fd00::/127',
      '10.0.0.255/24',
    ],
  ])
    assert.throws(() => parseSubnet(text), { kind: 'invalid' }, text);
  assert.equal(readFileSync('/proc/net/route', 'utf8'), routes);
});

test('SC-NET-13: two hundred starts and ends with ports leave no rule, no interface and no memory of clients', async (t) => {
  const { network, container } = await stage(t);
  await container('first');
  const before = await links();
  for (let i = 0; i < 200; i++) {
    const ports = [tcp(8080), ...(i % 10 === 0 ? [udp(5353, 53)] : [])];
    await network.connect({ containerId: `c${i}`, macAddress: undefined, ports });
    await network.disconnect(`c${i}`);
  }
  const table = nft.tableOf(4, 'test_gt0');
  for (const set of ['published', 'published_at', 'published_ranges'])
    assert.deepEqual(readElements(await netfilter.ask([listElements(table, set)])), []);
  assert.ok(await eventually(async () => (await links()).length <= before.length + 2));
});

test('SC-INJ-06: names and addresses that are rules become none', async (t) => {
  const { network, container } = await stage(t);
  await container('first', [tcp(8080)]);
  const before = await generation();
  const evil = [
    'x; drop',
    'a b',
    '"',
    "'",
    'x\ny',
    '../x',
    '{',
    '0.0.0.0; accept',
    '$(reboot)',
    'x'.repeat(16),
  ];
  for (const text of evil) {
    await assert.rejects(
      network.connect({ containerId: 'evil', macAddress: undefined, ports: [tcp(9090, 80, text)] }),
      { kind: 'invalid' },
      text,
    );
    assert.throws(() => parseSubnet(text), { kind: 'invalid' }, text);
    assert.throws(() => network.networks.addBridge({ name: 'x', bridgeName: text, mtu: 1500 }), {
      kind: 'invalid',
    });
    for (const label of ['name', 'host_binding_ipv4', 'enable_icc', 'gateway_mode_ipv4'])
      assert.throws(() => bridgeOptionsFrom({ [`com.docker.network.bridge.${label}`]: text }), {
        kind: 'invalid',
      });
  }
  assert.equal(await generation(), before);
});

/** CRC-32c, by which SCTP checks its packets (RFC 9260, appendix A). */
function checksum(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** A packet that asks for an association: ports, tag 0, checksum, and an INIT chunk. */
function initPacket(from: number, port: number): Buffer {
  const packet = Buffer.alloc(32);
  packet.writeUInt16BE(from, 0);
  packet.writeUInt16BE(port, 2);
  packet.set([1, 0, 0, 20, 0, 0, 0, 1, 0, 1, 0, 0, 0, 10, 0, 10, 0, 0, 0, 1], 12);
  packet.writeUInt32LE(checksum(packet), 8);
  return packet;
}

const SCTP = 132;
/** Each packet has another, or masquerading might choose one. */
let clientPort = 5000;
const inside = <T>(where: Namespace, work: () => T): T =>
  where === 'host' ? work() : linux.inNetworkNamespace(where, work);
/** The port that an SCTP packet to the host arrives for in the container; undefined: it does not. */
async function arrivesFor(
  from: Namespace,
  ip: string,
  port: number,
  at: number,
  patienceMs = 3000,
): Promise<number | undefined> {
  const raw = () => linux.socket(linux.AF.INET, linux.SOCK.RAW | 0o4000, SCTP);
  const [ear, mouth] = [inside(at, raw), inside(from, raw)];
  const own = clientPort++;
  const room = Buffer.alloc(2048);
  try {
    linux.connect(mouth, linux.inetAddress(addressBytes(parseAddress(ip)), 0));
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += 10) {
      if (waitedMs % 100 === 0) linux.send(mouth, initPacket(own, port)); // as a client would, until it is heard
      const read = linux.receive(ear, room, linux.MSG.DONTWAIT);
      const header = ((room[0] ?? 0) & 15) * 4;
      if (read > 0 && room.readUInt16BE(header) === own) return room.readUInt16BE(header + 2);
      await sleep(10);
    }
    return undefined;
  } finally {
    closeSync(ear);
    closeSync(mouth);
  }
}

test('a published SCTP port leads to its container, one on loopback for this host alone', async (t) => {
  const { network, container } = await stage(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  const sctp = (hostPort: number, hostIp = ''): PublishedPort => ({
    ...tcp(hostPort, 3868, hostIp),
    protocol: 'sctp',
  });
  const { place } = await container('one', [sctp(8080), sctp(8081, '127.0.0.1')]);
  const other = await container('other');
  assert.equal(await arrivesFor(outside.fd, '10.9.0.1', 8080, place), 3868);
  assert.equal(await arrivesFor('host', '127.0.0.1', 8080, place), 3868);
  assert.equal(await arrivesFor('host', '127.0.0.1', 8081, place), 3868);
  assert.equal(await arrivesFor(other.place, network.gateway, 8080, place), 3868);
  assert.equal(await arrivesFor(outside.fd, '10.9.0.1', 8081, place, IN_VAIN_MS), undefined);
  assert.equal(await arrivesFor(outside.fd, '10.9.0.1', 8082, place, IN_VAIN_MS), undefined);
});

test('ten thousand ports in a row are one rule, of both protocols, and reach the port of their number', async (t) => {
  const { container } = await stage(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  const row = (protocol: 'tcp' | 'udp') =>
    Array.from({ length: 10_000 }, (_, at) => ({ ...tcp(20_000 + at, 20_000 + at), protocol }));
  const { place } = await container('one', [...row('tcp'), ...row('udp')]);
  await using _one = await serve(place, 25_001, 'one');
  assert.equal(await ask(outside.fd, '10.9.0.1', 25_001), 'one 10.9.0.2');
  assert.equal(await ask('host', '127.0.0.1', 25_001), 'one 172.17.0.1');
  assert.equal(await ask(outside.fd, '10.9.0.1', 25_002), 'ECONNREFUSED');
  await assert.rejects(container('two', [tcp(29_999)]), /port is already allocated/);
});

test('a shifted row leads each port to its own', async (t) => {
  const { container } = await stage(t);
  const ports = Array.from({ length: 2000 }, (_, at) => tcp(20_000 + at, 30_000 + at));
  const { place } = await container('one', ports);
  await using _one = await serve(place, 31_234, 'one');
  assert.equal(await ask('host', '127.0.0.1', 21_234), 'one 172.17.0.1');
});
