import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAddress } from '../../addresses/address.ts';
import { parseSubnet } from '../../addresses/subnet.ts';
import * as rule from '../../netlink/expressions.ts';
import * as nft from '../../netlink/nftables.ts';
import * as route from '../../netlink/route.ts';
import { addNeighbour, ask, IN_VAIN_MS, onHostOfItsOwn, readAt, serve } from '../../test-host.ts';
import { host, links, netfilter, openTestNetwork, rulesIn, stage, tcp } from '../../test-network.ts';
import { testDriver } from '../suite.ts';

await onHostOfItsOwn();

testDriver({
  kind: 'bridge',
  add: (networks, number, subnet) =>
    networks.addBridge({
      name: `net${number}`,
      bridgeName: `gts${number}`,
      subnets: [parseSubnet(subnet)],
      mtu: 1500,
    }),
});

test('a container gets an address, a route and a way to its neighbours and the host', async (t) => {
  const { network, container } = await stage(t);
  assert.equal(network.subnet, '');
  const one = await container('one');
  const two = await container('two');
  assert.equal(network.subnet, '172.17.0.0/16');
  assert.deepEqual(
    { ...one.endpoint, endpointId: '', hostInterface: '' },
    {
      endpointId: '',
      ipAddress: '172.17.0.2',
      prefixLength: 16,
      gateway: '172.17.0.1',
      macAddress: '02:42:ac:11:00:02',
      hostInterface: '',
      ports: [],
    },
  );
  await using _inside = await serve(two.place, 80, 'two');
  await using _outside = await serve('host', 8000, 'host');
  assert.equal(await ask(one.place, two.endpoint.ipAddress, 80), 'two 172.17.0.2');
  assert.equal(await ask(one.place, network.gateway, 8000), 'host 172.17.0.2');
  assert.equal(await ask('host', two.endpoint.ipAddress, 80), 'two 172.17.0.1');
});

test('SC-NET-08: a container without IPv6 has it on loopback alone, and the bridge none', async (t) => {
  const { container } = await stage(t);
  const { place } = await container('one');
  const names = readAt(place, '/proc/net/if_inet6')
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/).at(-1));
  assert.deepEqual(names, ['lo']);
  assert.doesNotMatch(readAt('host', '/proc/net/if_inet6'), /gt0|veth/);
});

test('a container reaches the world under the address of its host', async (t) => {
  const { container } = await stage(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  const { place } = await container('one');
  await using _server = await serve(outside.fd, 80, 'outside');
  assert.equal(await ask(place, '10.9.0.2', 80), 'outside 10.9.0.1');
});

test('SC-NET-15: the host becomes no router for its neighbours, and forwarding ends with the last engine', async (t) => {
  assert.equal(readAt('host', '/proc/sys/net/ipv4/ip_forward').trim(), '0');
  const left = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  const right = await addNeighbour('cable1', '10.8.0.1', '10.8.0.2');
  t.after(() => Promise.all([left.close(), right.close()]));
  await left.addRoute('default', '10.9.0.1');
  await right.addRoute('default', '10.8.0.1');
  const { network, container } = await stage(t);
  const { place } = await container('one');
  await using _server = await serve(right.fd, 80, 'right');
  assert.equal(await ask(place, '10.8.0.2', 80), 'right 10.8.0.1');
  assert.equal(readAt('host', '/proc/sys/net/ipv4/ip_forward').trim(), '1');
  assert.equal(await ask(left.fd, '10.8.0.2', 80, IN_VAIN_MS), 'silence');
  await network.disconnect('one');
  await network.close();
  assert.equal(readAt('host', '/proc/sys/net/ipv4/ip_forward').trim(), '0');
  assert.equal(await rulesIn('gantry_forwarding'), 0);
});

test('two engines side by side keep apart and do not need each other', async (t) => {
  const a = await stage(t, { bridge: 'gt0' });
  const b = await stage(t, { bridge: 'gt1' });
  const [one, two] = await Promise.all([
    a.container('same-id', [tcp(8080)]),
    b.container('same-id', [tcp(8081)]),
  ]);
  assert.notEqual(a.network.subnet, b.network.subnet);
  await using _one = await serve(one.place, 80, 'one');
  await using _two = await serve(two.place, 80, 'two');
  assert.equal(await ask(one.place, two.endpoint.ipAddress, 80, IN_VAIN_MS), 'silence');
  assert.equal(await ask(one.place, a.network.gateway, 8081), `two ${b.network.gateway}`);
  await assert.rejects(b.container('more', [tcp(8080)]), /port is already allocated/);
  await a.network.disconnect('same-id');
  await a.network.close();
  assert.equal(await ask('host', '127.0.0.1', 8081), `two ${b.network.gateway}`);
});

test('a subnet that others took meanwhile is replaced by none that another network of the engine will have', async (t) => {
  const { network, container } = await stage(t);
  await network.network.plan();
  assert.equal(network.subnet, '172.17.0.0/16');
  const subnets = [parseSubnet('172.18.0.0/16')];
  network.networks.addBridge({ name: 'later', bridgeName: 'gt8', mtu: 1500, subnets });
  const foreign = await addNeighbour('cable0', '172.17.9.1', '172.17.9.2');
  t.after(() => foreign.close());
  await container('one');
  assert.equal(network.subnet, '172.19.0.0/16');
});

test('RC-M03: an engine refuses the bridge of another, and an interface that is no bridge', async (t) => {
  const { container } = await stage(t);
  await container('one');
  const options = {
    name: 'bridge',
    execRoot: '/nowhere',
    tableName: 'test_thief',
    mtu: 1500,
  };
  for (const [bridgeName, message] of [
    ['gt0', /belongs to another engine/],
    ['lo', /is not a bridge/],
  ] as const) {
    const thief = await openTestNetwork({ ...options, bridgeName });
    await assert.rejects(thief.connect({ containerId: 'x', macAddress: undefined, ports: [] }), message);
    await thief.close();
  }
});

test('RC-M03: a bridge that somebody else made is used and left standing', async (t) => {
  await host.ask([route.addBridge('br9', Buffer.from([2, 0, 0, 0, 0, 9]), 1500), route.raise('br9')]);
  const [link] = route.readLinks(await host.ask([route.getLink('br9')]));
  await host.ask([route.addAddress(link?.index ?? 0, parseAddress('10.77.0.5'), 24)]);
  t.after(() => host.ask([route.deleteLink('br9')]));
  const execRoot = mkdtempSync(join(tmpdir(), 'gantry-net-'));
  const network = await openTestNetwork({
    name: 'bridge',
    bridgeName: 'br9',
    execRoot,
    tableName: 'test_br9',
    mtu: 1500,
  });
  const endpoint = await network.connect({ containerId: 'one', macAddress: '02:aa:00:00:00:01', ports: [] });
  assert.deepEqual(
    [endpoint.ipAddress, endpoint.gateway, endpoint.macAddress],
    ['10.77.0.6', '10.77.0.5', '02:aa:00:00:00:01'],
  );
  await network.disconnect('one');
  await network.close();
  assert.ok((await links()).includes('br9'));
  rmSync(execRoot, { recursive: true });
});

test('RC-E06: addresses run out one by one, under many connects at once, and are given again', async (t) => {
  const { network, container } = await stage(t, { subnet: '10.66.0.0/28' });
  const all = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => container(`c${i}`)));
  const given = all.flatMap((each) => (each.status === 'fulfilled' ? [each.value.endpoint.ipAddress] : []));
  assert.equal(given.length, 13);
  assert.equal(new Set(given).size, 13);
  for (const each of all)
    if (each.status === 'rejected') assert.match(String(each.reason), /no available IPv4 addresses/);
  const id = `c${all.findIndex((each) => each.status === 'fulfilled')}`;
  await network.disconnect(id);
  await container('late');
});

test('disconnecting what is not connected is nothing to do', async (t) => {
  const { network } = await stage(t);
  await network.disconnect('never-seen');
});

test('an id that leaves the directory is refused', async (t) => {
  const { network } = await stage(t);
  for (const containerId of ['../x', '', 'a/b', '.', 'a\nb'])
    await assert.rejects(network.connect({ containerId, macAddress: undefined, ports: [] }), {
      kind: 'invalid',
    });
  await assert.rejects(network.connect({ containerId: 'a', macAddress: 'ff:ff:ff:ff:ff:ff', ports: [] }), {
    kind: 'invalid',
  });
});

test('containers get out of a host whose FORWARD chain drops, and its chain is left as it was', async (t) => {
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  const filter = nft.tableOf(4, 'filter');
  await netfilter.ask(
    nft.batch([
      nft.addTable(filter),
      nft.addChain(filter, 'FORWARD', { type: 'filter', hook: 'forward', priority: 0, policy: 'drop' }),
      nft.addRule(filter, 'FORWARD', [...rule.cameIn('elsewhere'), rule.accept], 'theirs'),
    ]),
  );
  t.after(() => netfilter.ask(nft.batch([nft.deleteTable(filter)])));
  const { network, container } = await stage(t);
  const one = await container('one', [tcp(8080)]);
  await using _server = await serve(outside.fd, 80, 'outside');
  await using _inside = await serve(one.place, 80, 'one');
  assert.equal(await ask(one.place, '10.9.0.2', 80), 'outside 10.9.0.1');
  assert.equal(await ask(outside.fd, '10.9.0.1', 8080), 'one 10.9.0.2');
  assert.equal(await rulesIn('filter'), 3);
  await network.disconnect('one');
  await network.close();
  const rules = nft.readRules(await netfilter.ask([nft.listRules(filter)]));
  assert.deepEqual(
    rules.map((each) => each.comment),
    ['theirs'],
  );
});

for (const subnet of [
  '10.0.0.0/31',
  '0.0.0.0/0',
  '127.0.0.0/8',
  '224.0.0.0/16',
  '10.0.0/24',
  '10.0.0.0',
  '::ffff:10.0.0.0/24',
  '10.0.0.255/24',
])
  test(`the subnet ${subnet} is refused`, async () => {
    const options = {
      name: 'bridge',
      bridgeName: 'gt0',
      subnet,
      execRoot: '/nowhere',
      tableName: 't',
      mtu: 1500,
    };
    await assert.rejects(openTestNetwork(options), { kind: 'invalid' });
  });
