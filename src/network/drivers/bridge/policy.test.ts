/** What options of a bridge network let pass: neighbours kept apart and links, internal networks, masquerade, gateway modes. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../../../base/log.ts';
import { parseAddress } from '../../addresses/address.ts';
import { parseRange, parseSubnet } from '../../addresses/subnet.ts';
import * as rule from '../../netlink/expressions.ts';
import * as nft from '../../netlink/nftables.ts';
import type { Network } from '../../network.ts';
import { Networks, type NetworksOptions } from '../../networks.ts';
import type { PublishedPort } from '../../published/port.ts';
import { addressIn, type Endpoint } from '../../sandbox/endpoint.ts';
import {
  addNeighbour,
  ask,
  IN_VAIN_MS,
  onHostOfItsOwn,
  openNamespace,
  readAt,
  serve,
  writeAt,
} from '../../test-host.ts';
import { links, netfilter, rulesIn, tcp } from '../../test-network.ts';
import type { BridgeOptions } from './options.ts';

await onHostOfItsOwn();

/** A container of the stage. */
interface Place {
  readonly endpoint: Endpoint;
  readonly four: string;
  readonly at: number;
}

function engineOf(t: TestContext, more: Partial<NetworksOptions> = {}) {
  const execRoot = mkdtempSync(join(tmpdir(), 'gantry-net-'));
  const networks = new Networks({
    execRoot,
    tableName: 'test_policy',
    log: silentLog,
    watchEveryMs: 50,
    ...more,
  });
  const places: number[] = [];
  const ids: string[] = [];
  t.after(async () => {
    for (const at of places) closeSync(at);
    for (const id of ids) await networks.sandboxes.leave(id, id);
    await networks.close();
    rmSync(execRoot, { recursive: true });
    assert.deepEqual(
      (await links()).filter((name) => name.startsWith('gp')),
      [],
    );
  });
  return {
    add: (bridgeName: string, options: Partial<BridgeOptions> = {}) =>
      networks.addBridge({ name: bridgeName, bridgeName, mtu: 1500, ...options }),
    open: async (id: string, network: Network, ports: readonly PublishedPort[] = []): Promise<Place> => {
      const opened = await networks.sandboxes.open({
        sandboxId: id,
        owner: id,
        ports,
        endpoints: [{ network, macAddress: undefined }],
      });
      ids.push(id);
      const at = openNamespace(networks.sandboxes.sandboxPath(id));
      places.push(at);
      const endpoint = opened[network.id] ?? assert.fail();
      return { endpoint, four: addressIn(endpoint, 4)?.address ?? assert.fail(), at };
    },
  };
}

for (const apart of ['firewall', 'isolation'] as const)
  test(`neighbours kept apart by ${apart} reach the host and the world, and each other by links alone`, async (t) => {
    writeAt('host', '/proc/sys/net/bridge/bridge-nf-call-iptables', '0'); // the bridge's own switch decides
    const { add, open } = engineOf(t);
    const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
    t.after(() => outside.close());
    const network = add('gp0', { icc: false, apart, subnets: [parseSubnet('10.66.0.0/24')] });
    const web = await open('web', network, [tcp(8080)]);
    const client = await open('client', network);
    const other = await open('other', network);
    await using _web = await serve(web.at, 80, 'web');
    await using _more = await serve(web.at, 81, 'more');
    await using _client = await serve(client.at, 80, 'client');
    await using _outside = await serve(outside.fd, 80, 'outside');
    assert.equal(await ask(client.at, web.four, 80, IN_VAIN_MS), 'silence');
    assert.equal(await ask(client.at, '10.9.0.2', 80), 'outside 10.9.0.1');
    assert.equal(await ask('host', web.four, 80), 'web 10.66.0.1');
    assert.equal(await ask(client.at, '10.66.0.1', 8080), 'web 10.66.0.1');
    await network.link('client', 'web', [{ protocol: 'tcp', containerPort: 80 }]);
    assert.equal(await ask(client.at, web.four, 80), `web ${client.four}`);
    assert.equal(await ask(client.at, web.four, 81, IN_VAIN_MS), 'silence');
    assert.equal(await ask(web.at, client.four, 80, IN_VAIN_MS), 'silence');
    assert.equal(await ask(other.at, web.four, 80, IN_VAIN_MS), 'silence');
    await network.unlink('client', 'web');
    assert.equal(await ask(client.at, web.four, 80, IN_VAIN_MS), 'silence');
  });

test('SC-NET-06: an internal network reaches its own containers and the host, and nothing reaches in from elsewhere', async (t) => {
  const { add, open } = engineOf(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await outside.addRoute('default', '10.9.0.1');
  const inner = add('gp0', { internal: true, subnets: [parseSubnet('10.66.0.0/24')] });
  const outer = add('gp1', { subnets: [parseSubnet('10.67.0.0/24')] });
  const one = await open('one', inner, [tcp(8080)]);
  const two = await open('two', inner);
  const three = await open('three', outer, [tcp(8081)]);
  assert.deepEqual(one.endpoint.ports, []);
  await using _one = await serve(one.at, 80, 'one');
  await using _three = await serve(three.at, 80, 'three');
  await using _outside = await serve(outside.fd, 80, 'outside');
  assert.equal(await ask(two.at, one.four, 80), `one ${two.four}`);
  assert.equal(await ask('host', one.four, 80), 'one 10.66.0.1');
  assert.equal(await ask('host', '127.0.0.1', 8080), 'ECONNREFUSED');
  for (const [ip, port] of [
    ['10.9.0.2', 80],
    [three.four, 80],
    ['10.67.0.1', 8081],
    ['10.66.0.1', 8081],
  ] as const)
    assert.notEqual((await ask(two.at, ip, port, IN_VAIN_MS)).split(' ')[0], 'three', `${ip}:${port}`);
  assert.equal(await ask(three.at, '10.9.0.2', 80), 'outside 10.9.0.1'); // the way is open
  assert.equal(await ask(two.at, '10.9.0.2', 80, IN_VAIN_MS), 'ENETUNREACH'); // it has no default route
  assert.equal(await ask(outside.fd, one.four, 80, IN_VAIN_MS), 'silence');
  assert.equal(await ask(three.at, one.four, 80, IN_VAIN_MS), 'silence');
});

test('without masquerade containers come out under their own address, their published ports work on', async (t) => {
  const { add, open } = engineOf(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await outside.addRoute('default', '10.9.0.1');
  const network = add('gp0', { masquerade: false, subnets: [parseSubnet('10.66.0.0/24')] });
  const web = await open('web', network, [tcp(8080)]);
  await using _web = await serve(web.at, 80, 'web');
  await using _outside = await serve(outside.fd, 80, 'outside');
  assert.equal(await ask(web.at, '10.9.0.2', 80), `outside ${web.four}`);
  assert.equal(await ask(outside.fd, '10.9.0.1', 8080), 'web 10.9.0.2');
  assert.equal(await ask('host', '127.0.0.1', 8080), 'web 10.66.0.1');
  assert.equal(await ask(web.at, '10.66.0.1', 8080), 'web 10.66.0.1');
});

test('a routed network opens its published ports at their own address, and no others', async (t) => {
  const { add, open } = engineOf(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await outside.addRoute('default', '10.9.0.1');
  const network = add('gp0', { modes: { 4: 'routed', 6: 'nat' }, subnets: [parseSubnet('10.66.0.0/24')] });
  const web = await open('web', network, [tcp(8080)]);
  assert.deepEqual(web.endpoint.ports, [{ ...tcp(0), hostIp: '0.0.0.0' }]);
  await using _web = await serve(web.at, 80, 'web');
  await using _more = await serve(web.at, 81, 'more');
  await using _outside = await serve(outside.fd, 80, 'outside');
  assert.equal(await ask(outside.fd, web.four, 80), 'web 10.9.0.2');
  assert.equal(await ask(outside.fd, web.four, 81, IN_VAIN_MS), 'silence');
  assert.equal(await ask(web.at, '10.9.0.2', 80), `outside ${web.four}`);
  assert.equal(await ask('host', '127.0.0.1', 8080), 'ECONNREFUSED');
});

test('an unprotected network is open at its own addresses', async (t) => {
  const { add, open } = engineOf(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await outside.addRoute('default', '10.9.0.1');
  const network = add('gp0', {
    modes: { 4: 'nat-unprotected', 6: 'nat' },
    subnets: [parseSubnet('10.66.0.0/24')],
  });
  const web = await open('web', network, [tcp(8080)]);
  await using _web = await serve(web.at, 80, 'web');
  await using _more = await serve(web.at, 81, 'more');
  assert.equal(await ask(outside.fd, web.four, 81), 'more 10.9.0.2');
  assert.equal(await ask(outside.fd, '10.9.0.1', 8080), 'web 10.9.0.2');
});

test('ports that name no address are published on the one that the network says', async (t) => {
  const { add, open } = engineOf(t);
  const network = add('gp0', { hostAddress: '127.0.0.1', subnets: [parseSubnet('10.66.0.0/24')] });
  const web = await open('web', network, [tcp(8080), tcp(8081, 80, '0.0.0.0')]);
  assert.deepEqual(
    web.endpoint.ports.map(({ hostIp }) => hostIp),
    ['127.0.0.1', '0.0.0.0'],
  );
  await using _web = await serve(web.at, 80, 'web');
  assert.equal(await ask('host', '127.0.0.1', 8080), 'web 10.66.0.1');
  assert.equal(await ask(web.at, '10.66.0.1', 8080), 'ECONNREFUSED');
});

test('a bridge without an IPv4 address has containers that reach each other', async (t) => {
  const { add, open } = engineOf(t);
  const network = add('gp0', { inhibitIpv4: true, subnets: [parseSubnet('10.66.0.0/24')] });
  const web = await open('web', network);
  const client = await open('client', network);
  await using _web = await serve(web.at, 80, 'web');
  assert.equal(await ask(client.at, web.four, 80), `web ${client.four}`);
  assert.notEqual(await ask('host', web.four, 80, IN_VAIN_MS), 'web 10.66.0.1');
});

test('an engine that may set no rules leaves forwarding and firewall as they are, and holds published ports', async (t) => {
  const { add, open } = engineOf(t, { firewallFamilies: [] });
  const network = add('gp0', { subnets: [parseSubnet('10.66.0.0/24'), parseSubnet('fd66::/64')] });
  const web = await open('web', network, [tcp(8080)]);
  const client = await open('client', network);
  await using _web = await serve(web.at, 80, 'web');
  assert.equal(await ask(client.at, web.four, 80), `web ${client.four}`);
  assert.equal(await ask('host', '127.0.0.1', 8080), 'ECONNREFUSED');
  assert.equal(await rulesIn('test_policy'), 0);
  for (const path of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding', 'ipv4/conf/gp0/route_localnet'])
    assert.equal(readAt('host', `/proc/sys/net/${path}`).trim(), '0', path);
});

test('an engine that may not turn forwarding on sets its rules all the same', async (t) => {
  const { add, open } = engineOf(t, { mayForward: false });
  const web = await open('web', add('gp0', { subnets: [parseSubnet('10.66.0.0/24')] }), [tcp(8080)]);
  await using _web = await serve(web.at, 80, 'web');
  assert.equal(await ask('host', '127.0.0.1', 8080), 'web 10.66.0.1');
  assert.equal(readAt('host', '/proc/sys/net/ipv4/ip_forward').trim(), '0');
});

test('another machine on the bridge can be the way out, and containers have addresses of a range', async (t) => {
  const { add, open } = engineOf(t);
  const subnet = {
    ...parseSubnet('10.66.0.0/24'),
    range: parseRange('10.66.0.128/25'),
    gateway: parseAddress('10.66.0.254'),
    hostAddress: parseAddress('10.66.0.1'),
  };
  const one = await open('one', add('gp0', { subnets: [subnet] }));
  assert.equal(one.endpoint.addresses[0]?.gateway, '10.66.0.254');
  assert.equal(one.four, '10.66.0.128');
  assert.match(readAt(one.at, '/proc/net/route'), /^eth0\t0{8}\tFE00420A/m);
  await using _one = await serve(one.at, 80, 'one');
  assert.equal(await ask('host', one.four, 80), 'one 10.66.0.1');
});

test('subnets come from the pools of the engine', async (t) => {
  const { add, open } = engineOf(t, { pools: [{ base: parseRange('10.71.0.0/16'), size: 28 }] });
  const [one, two] = [await open('one', add('gp0')), await open('two', add('gp1', { sought: [4, 6] }))];
  assert.deepEqual([one.four, two.four], ['10.71.0.2', '10.71.0.18']);
  assert.match(addressIn(two.endpoint, 6)?.address ?? '', /^fd.*::2$/);
});

const POLICED = {
  4: { host: '10.9.0.1', other: '10.9.0.7', client: '10.9.0.2', gateway: '10.66.0.1' },
  6: { host: 'fd09::1', other: 'fd09::7', client: 'fd09::8', gateway: 'fd66::1' },
} as const;

for (const family of [4, 6] as const)
  test(`with the host's policy a port published in IPv${family} is for whom its input chains let in, as long as they do`, async (t) => {
    const { host, other, client, gateway } = POLICED[family];
    const { add, open } = engineOf(t, { publishedPorts: 'host-policy' });
    const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
    t.after(() => outside.close());
    await outside.addAddresses('10.9.0.7', '10.9.0.8', 24);
    await outside.addAddresses('fd09::1', 'fd09::2', 64);
    await outside.addAddresses('fd09::7', 'fd09::8', 64);
    const theirs = nft.tableOf(family, 'theirs');
    const chain = { type: 'filter', hook: 'input', priority: 0, policy: 'drop' } as const;
    const allow = (comment: string, steps: readonly Buffer[]) =>
      nft.addRule(theirs, 'input', [...steps, rule.accept], comment);
    const discovery = family === 4 ? [] : [135, 136];
    await netfilter.ask(
      nft.batch([
        nft.addTable(theirs),
        nft.addChain(theirs, 'input', chain),
        allow('answers', rule.answering),
        ...discovery.map((type) => allow('neighbours', rule.isIcmp(6, type))),
        allow('one address', rule.to(parseRange(`${host}/${family === 4 ? 32 : 128}`))),
      ]),
    );
    t.after(() => netfilter.ask(nft.batch([nft.deleteTable(theirs)])));
    const network = add('gp0', { subnets: [parseSubnet('10.66.0.0/24'), parseSubnet('fd66::/64')] });
    const web = await open('web', network, [tcp(8080), tcp(8081, 80, host), ...rowFrom(9000, 300)]);
    const sibling = await open('sibling', network);
    await using _web = await serve(web.at, 80, 'web', '::');
    await using _row = await serve(web.at, 9100, 'row', '::');
    const hear = async (...asked: Parameters<typeof ask>) => (await ask(...asked)).replace('::ffff:', '');
    const heard = [8080, 8081, 9100].map((port) => hear(outside.fd, host, port));
    assert.deepEqual(await Promise.all(heard), [`web ${client}`, `web ${client}`, `row ${client}`]);
    const again = 1500; // a client asks again after a second
    assert.equal(await ask(outside.fd, other, 8080, again), 'silence');
    assert.equal(await hear('host', host, 8080), `web ${host}`);
    assert.equal(await hear(sibling.at, gateway, 8080), `web ${gateway}`);
    const rules = nft.readRules(await netfilter.ask([nft.listRules(theirs)]));
    const opening = rules.find(({ comment }) => comment === 'one address')?.handle ?? 0n;
    await netfilter.ask(nft.batch([nft.deleteRule(theirs, 'input', opening)]));
    await sleep(300); // mended every 50 ms
    assert.equal(await ask(outside.fd, host, 8080, again), 'silence');
  });

const rowFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, at) => tcp(first + at, first + at));
