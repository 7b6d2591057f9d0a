/** What IPv6 has that IPv4 has not, and what must hold for it as well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as nft from '../../netlink/nftables.ts';
import {
  addNeighbour,
  ask,
  askDatagram,
  datagramSocket,
  IN_VAIN_MS,
  onHostOfItsOwn,
  readAt,
  serve,
  serveDatagrams,
} from '../../test-host.ts';
import { netfilter, rulesIn, stage, tcp, udp } from '../../test-network.ts';

await onHostOfItsOwn();

const SUBNETS = { subnet: '10.66.0.0/24', subnet6: 'fd66::/64' };
const FORWARDING = '/proc/sys/net/ipv6/conf/all/forwarding';

test('SC-NET-07: a bridge takes no router advertisements, and the host keeps those that it had', async (t) => {
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  const setting = (name: string) => readAt('host', `/proc/sys/net/ipv6/conf/${name}/accept_ra`).trim();
  assert.equal(setting('cable0'), '1');
  const { network, container } = await stage(t, SUBNETS);
  await container('one');
  assert.deepEqual([setting('gt0'), setting('cable0')], ['0', '2']);
  assert.equal(readAt('host', FORWARDING).trim(), '1');
  await network.disconnect('one');
});

test('SC-NET-15: the host becomes no router of IPv6 for its neighbours, and forwarding ends with the last network', async (t) => {
  const left = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  const right = await addNeighbour('cable1', '10.8.0.1', '10.8.0.2');
  t.after(() => Promise.all([left.close(), right.close()]));
  await left.addAddresses('fd09::1', 'fd09::2', 64);
  await right.addAddresses('fd08::1', 'fd08::2', 64);
  await left.addRoute('default', 'fd09::1');
  await right.addRoute('default', 'fd08::1');
  assert.equal(readAt('host', FORWARDING).trim(), '0');
  const { network, container } = await stage(t, SUBNETS);
  const { place } = await container('one');
  await using _server = await serve(right.fd, 80, 'right', '::');
  assert.equal(await ask(place, 'fd08::2', 80), 'right fd08::1');
  assert.equal(await ask(left.fd, 'fd08::2', 80, IN_VAIN_MS), 'silence');
  await network.disconnect('one');
  await network.close();
  assert.equal(readAt('host', FORWARDING).trim(), '0');
  assert.equal(await rulesIn('gantry_forwarding', 6), 0);
});

test('a network of both families has an address of each on bridge and container, and the same host port in both', async (t) => {
  const { container } = await stage(t, SUBNETS);
  const { endpoint, place } = await container('one', [tcp(0)]);
  const [first, second] = endpoint.ports;
  assert.deepEqual([first?.hostIp, second?.hostIp], ['0.0.0.0', '::']);
  assert.equal(first?.hostPort, second?.hostPort);
  const of = (where: 'host' | number, name: string) =>
    readAt(where, '/proc/net/if_inet6')
      .split('\n')
      .filter((line) => line.endsWith(` ${name}`) && line.startsWith('fd66'))
      .map((line) => line.slice(28, 32));
  assert.deepEqual([of('host', 'gt0'), of(place, 'eth0')], [['0001'], ['0002']]);
});

test('SC-NET-14: a datagram service that moves is reached in IPv6 by clients that keep talking', async (t) => {
  const { network, container } = await stage(t, SUBNETS);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await outside.addAddresses('fd09::1', 'fd09::2', 64);
  const client = await datagramSocket(outside.fd, 5000, '::');
  t.after(() => client.close());
  await container('nobody');
  {
    await using _host = await serveDatagrams('host', 5353, 'host', '::');
    assert.equal(await askDatagram(client, 'fd09::1', 5353), 'host fd09::2');
  }
  const first = await container('first', [udp(5353, 53)]);
  await using _one = await serveDatagrams(first.place, 53, 'first', '::');
  assert.equal(await askDatagram(client, 'fd09::1', 5353), 'first fd09::2');
  await network.disconnect('first');
  const second = await container('second', [udp(5353, 53)]);
  await using _two = await serveDatagrams(second.place, 53, 'second', '::');
  assert.equal(await askDatagram(client, 'fd09::1', 5353), 'second fd09::2');
});

test('SC-NET-08: after a flush of all rules of IPv6, bridges are closed to each other and to neighbours again', async (t) => {
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await outside.addAddresses('fd09::1', 'fd09::2', 64);
  await outside.addRoute('default', 'fd09::1');
  const a = await stage(t, { ...SUBNETS, bridge: 'gt0' });
  const b = await stage(t, { subnet: '10.67.0.0/24', subnet6: 'fd67::/64', bridge: 'gt1' });
  const web = await a.container('web', [tcp(8080, 80, '::'), tcp(8081, 80, '::1')]);
  const other = await b.container('other');
  await using _web = await serve(web.place, 80, 'web', '::');
  const closed = async (): Promise<boolean> => {
    const asked = [other.place, outside.fd].map((from) => ask(from, 'fd66::2', 80, IN_VAIN_MS));
    return (await Promise.all(asked)).every((answer) => answer === 'silence');
  };
  assert.equal(await ask('host', 'fd66::2', 80), 'web fd66::1');
  assert.ok(await closed());
  const tables = ['test_gt0', 'test_gt1', 'gantry_forwarding'].map((name) => nft.tableOf(6, name));
  await netfilter.ask(nft.batch(tables.map((table) => nft.deleteTable(table))));
  assert.equal(await ask(outside.fd, 'fd09::1', 8081), 'ECONNREFUSED');
  // Nobody asks in the meantime: a connection that begins then would hang when its packets are dropped.
  const back = async () =>
    (await Promise.all(['test_gt0', 'test_gt1'].map((name) => rulesIn(name, 6)))).every(Boolean);
  for (let i = 0; !(await back()); i++) {
    assert.ok(i < 250, 'the rules do not come back');
    await sleep(20);
  }
  assert.ok(await closed());
  assert.equal(await ask(outside.fd, 'fd09::1', 8080), 'web fd09::2');
});

test('a network without IPv6 publishes nothing on an IPv6 address, and says so', async (t) => {
  const { container } = await stage(t);
  await assert.rejects(container('one', [tcp(8080, 80, '::1')]), {
    kind: 'notImplemented',
    message: 'cannot publish on ::1: the container has no IPv6 address',
  });
  const mapped = await container('two', [tcp(8080, 80, '::ffff:127.0.0.1')]);
  assert.equal(mapped.endpoint.ports[0]?.hostIp, '127.0.0.1');
});
