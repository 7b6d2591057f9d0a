import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../../../base/log.ts';
import * as rule from '../../netlink/expressions.ts';
import * as nft from '../../netlink/nftables.ts';
import * as route from '../../netlink/route.ts';
import { NetlinkSocket, PROTOCOL } from '../../netlink/socket.ts';
import type { BridgeNetwork, Endpoint, PublishedPort } from '../../network.ts';
import {
  addNeighbour,
  ask,
  askDatagram,
  datagramSocket,
  IN_VAIN_MS,
  onHostOfItsOwn,
  openPlace,
  readAt,
  serve,
  serveDatagrams,
  writeAt,
} from '../../test-host.ts';
import { openBridgeNetwork } from './bridge-network.ts';

await onHostOfItsOwn();

const host = new NetlinkSocket(PROTOCOL.ROUTE);
const netfilter = new NetlinkSocket(PROTOCOL.NETFILTER);
const links = async (): Promise<string[]> =>
  route
    .readLinks(await host.ask([route.listLinks()]))
    .map((link) => link.name)
    .sort();
const rulesIn = async (table: string): Promise<number> =>
  nft.readRules(await netfilter.ask([nft.listRules(table)])).length;
const tcp = (hostPort: number, containerPort = 80, hostIp = ''): PublishedPort => ({
  protocol: 'tcp',
  containerPort,
  hostIp,
  hostPort,
});
const udp = (hostPort: number, containerPort: number): PublishedPort => ({
  ...tcp(hostPort, containerPort),
  protocol: 'udp',
});

interface Stage {
  readonly network: BridgeNetwork;
  readonly execRoot: string;
  /** A container's namespace, connected; closed with the test. */
  container(id: string, ports?: readonly PublishedPort[]): Promise<{ endpoint: Endpoint; place: number }>;
}

/** A network of its own name, taken down at the end; then nothing of it may be left. */
async function stage(t: TestContext, options: { bridge?: string; subnet?: string } = {}): Promise<Stage> {
  const bridge = options.bridge ?? 'gt0';
  const execRoot = mkdtempSync(join(tmpdir(), 'gantry-net-'));
  const network = await openBridgeNetwork({
    name: 'bridge',
    bridgeName: bridge,
    subnet: options.subnet,
    execRoot,
    tableName: `test_${bridge}`,
    mtu: 1500,
    log: silentLog,
    watchEveryMs: 50,
  });
  const ids = new Set<string>();
  const places: number[] = [];
  t.after(async () => {
    for (const place of places) closeSync(place);
    for (const id of ids) await network.disconnect(id);
    await network.close();
    assert.deepEqual(await leftovers(network, execRoot), { links: [], rules: 0, files: [] });
    rmSync(execRoot, { recursive: true });
  });
  return {
    network,
    execRoot,
    container: async (id, ports = []) => {
      const endpoint = await network.connect({ containerId: id, macAddress: undefined, ports });
      ids.add(id);
      const place = openPlace(network.namespacePath(id));
      places.push(place);
      return { endpoint, place };
    },
  };
}

/** What a network leaves behind; veths that the kernel is taking apart are waited for. */
async function leftovers({ id, bridgeName }: BridgeNetwork, execRoot: string) {
  const prefix = `veth${id.slice(0, 4)}`;
  const ours = async () => (await links()).filter((name) => name === bridgeName || name.startsWith(prefix));
  for (let i = 0; i < 200 && (await ours()).length > 0; i++) await sleep(10);
  const files = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(execRoot));
  return { links: await ours(), rules: await rulesIn(`test_${bridgeName}`), files };
}

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

test('a container has IPv6 on loopback alone, and the bridge none', async (t) => {
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

test('a published port is reached from everywhere', async (t) => {
  const { network, container } = await stage(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  const web = await container('web', [tcp(8080)]);
  const other = await container('other');
  await using _server = await serve(web.place, 80, 'web');
  assert.equal(await ask('host', '127.0.0.1', 8080), 'web 172.17.0.1');
  assert.equal(await ask('host', '10.9.0.1', 8080), 'web 10.9.0.1');
  assert.equal(await ask(outside.fd, '10.9.0.1', 8080), 'web 10.9.0.2');
  assert.equal(await ask(other.place, network.gateway, 8080), 'web 172.17.0.1');
  assert.equal(await ask(web.place, network.gateway, 8080), 'web 172.17.0.1');
  await network.disconnect('web');
  assert.equal(await ask('host', '127.0.0.1', 8080), 'ECONNREFUSED');
});

test('a port published on loopback is closed to the wire, also for packets that name 127.0.0.1', async (t) => {
  const { container } = await stage(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await outside.addRoute('default', '10.9.0.1');
  const web = await container('web', [tcp(8080, 80, '127.0.0.1'), tcp(8081)]);
  await using _server = await serve(web.place, 80, 'web');
  writeAt('host', '/proc/sys/net/ipv4/conf/cable0/route_localnet', '1'); // as other software may have done
  writeAt(outside.fd, '/proc/sys/net/ipv4/conf/eth0/route_localnet', '1');
  assert.equal(await ask('host', '127.0.0.1', 8080), 'web 172.17.0.1');
  assert.equal(await ask(outside.fd, '10.9.0.1', 8081), 'web 10.9.0.2'); // the way is open
  assert.equal(await ask(outside.fd, '10.9.0.1', 8080), 'ECONNREFUSED');
  assert.notEqual(await ask(outside.fd, '127.0.0.1', 8080, IN_VAIN_MS, 'eth0'), 'web 10.9.0.2');
});

test('a neighbour with a route to the containers reaches none of their ports directly', async (t) => {
  const { container } = await stage(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await outside.addRoute('default', '10.9.0.1');
  const web = await container('web', [tcp(8080)]);
  await using _server = await serve(web.place, 80, 'web');
  assert.equal(await ask(outside.fd, '10.9.0.1', 8080), 'web 10.9.0.2');
  assert.equal(await ask(outside.fd, web.endpoint.ipAddress, 80, IN_VAIN_MS), 'silence');
});

test('what the host serves on its loopback is closed to containers', async (t) => {
  const { network, container } = await stage(t);
  const { place } = await container('one', [tcp(8080)]); // with a published port loopback routing is on
  await using _server = await serve('host', 9000, 'secret', '127.0.0.1');
  assert.equal(await ask('host', '127.0.0.1', 9000), 'secret 127.0.0.1');
  assert.equal(await ask(place, network.gateway, 9000), 'ECONNREFUSED');
  writeAt(place, '/proc/sys/net/ipv4/conf/eth0/route_localnet', '1');
  assert.equal(await ask(place, '127.0.0.1', 9000, IN_VAIN_MS, 'eth0'), 'silence');
});

test('the host becomes no router for its neighbours, and forwarding ends with the last engine', async (t) => {
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

test('a taken port is reported by name, and nothing of the container stays', async (t) => {
  const { network, container } = await stage(t);
  await container('first', [tcp(8080)]);
  const before = await links();
  await assert.rejects(container('second', [tcp(8081), tcp(8080)]), {
    kind: 'internal',
    message: 'Bind for 0.0.0.0:8080 failed: port is already allocated',
  });
  assert.equal(readdirSync(join(network.namespacePath('x'), '..')).includes('second'), false);
  assert.deepEqual(
    (await links()).filter((name) => name === 'gt0'),
    before.filter((name) => name === 'gt0'),
  );
  await network.disconnect('first');
  await container('third', [tcp(8080), tcp(8081)]);
});

test('a datagram service that moves is reached by clients that keep talking', async (t) => {
  const { network, container } = await stage(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  const client = await datagramSocket(outside.fd, 5000);
  t.after(() => client.close());
  await container('nobody');
  {
    await using _host = await serveDatagrams('host', 5353, 'host');
    assert.equal(await askDatagram(client, '10.9.0.1', 5353), 'host 10.9.0.2');
  }
  const first = await container('first', [udp(5353, 53)]);
  await using _one = await serveDatagrams(first.place, 53, 'first');
  assert.equal(await askDatagram(client, '10.9.0.1', 5353), 'first 10.9.0.2');
  await network.disconnect('first');
  const second = await container('second', [udp(5353, 53)]);
  await using _two = await serveDatagrams(second.place, 53, 'second');
  assert.equal(await askDatagram(client, '10.9.0.1', 5353), 'second 10.9.0.2');
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

test('an engine refuses the bridge of another, and an interface that is no bridge', async (t) => {
  const { container } = await stage(t);
  await container('one');
  const options = {
    name: 'bridge',
    execRoot: '/nowhere',
    tableName: 'test_thief',
    mtu: 1500,
    log: silentLog,
  };
  for (const [bridgeName, message] of [
    ['gt0', /belongs to another engine/],
    ['lo', /is not a bridge/],
  ] as const) {
    const thief = await openBridgeNetwork({ ...options, bridgeName });
    await assert.rejects(thief.connect({ containerId: 'x', macAddress: undefined, ports: [] }), message);
    await thief.close();
  }
});

test('a bridge that somebody else made is used and left standing', async (t) => {
  await host.ask([route.addBridge('br9', Buffer.from([2, 0, 0, 0, 0, 9]), 1500), route.raise('br9')]);
  const [link] = route.readLinks(await host.ask([route.getLink('br9')]));
  await host.ask([route.addAddress(link?.index ?? 0, Buffer.from([10, 77, 0, 5]), 24)]);
  t.after(() => host.ask([route.deleteLink('br9')]));
  const execRoot = mkdtempSync(join(tmpdir(), 'gantry-net-'));
  const network = await openBridgeNetwork({
    name: 'bridge',
    bridgeName: 'br9',
    execRoot,
    tableName: 'test_br9',
    mtu: 1500,
    log: silentLog,
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

test('addresses run out one by one, under many connects at once, and are given again', async (t) => {
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

test('fifty connects and disconnects leave nothing', async (t) => {
  const { network, execRoot, container } = await stage(t);
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 50; i++) {
    await network.connect({
      containerId: `c${i}`,
      macAddress: undefined,
      ports: i % 5 === 0 ? [tcp(0)] : [],
    });
    await network.disconnect(`c${i}`);
  }
  assert.deepEqual(readdirSync(join(execRoot, 'netns')), []);
  await container('last');
  await sleep(100); // the ready namespaces are made again
  assert.ok(readdirSync('/proc/self/fd').length <= before + 16, 'descriptors were left open');
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

test('after kill -9 the living are kept, and the rest of ours is removed', async (t) => {
  const { network, execRoot } = await stage(t);
  const script = `
    import { openBridgeNetwork } from ${JSON.stringify(new URL('./bridge-network.ts', import.meta.url).href)};
    import { silentLog } from ${JSON.stringify(new URL('../../../base/log.ts', import.meta.url).href)};
    const network = await openBridgeNetwork({ name: 'bridge', bridgeName: 'gt0', execRoot: ${JSON.stringify(execRoot)}, tableName: 'test_gt0', mtu: 1500, log: silentLog });
    const tcp = (hostPort) => [{ protocol: 'tcp', containerPort: 80, hostIp: '', hostPort }];
    const living = await network.connect({ containerId: 'living', macAddress: undefined, ports: tcp(8080) });
    await network.connect({ containerId: 'dead', macAddress: undefined, ports: tcp(8081) });
    process.stdout.write(JSON.stringify(living), () => process.kill(process.pid, 'SIGKILL'));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(child.signal, 'SIGKILL', child.stderr);
  const living = JSON.parse(child.stdout) as Endpoint;
  await network.recover(new Map([['living', living]]));
  assert.deepEqual(readdirSync(join(execRoot, 'netns')), ['living']);
  const place = openPlace(network.namespacePath('living'));
  {
    await using _server = await serve(place, 80, 'living');
    assert.equal(await ask('host', '127.0.0.1', 8080), `living ${network.gateway}`);
  }
  closeSync(place);
  assert.equal(await ask('host', '127.0.0.1', 8081), 'ECONNREFUSED');
  const request = { macAddress: undefined, ports: [tcp(8080)] };
  await assert.rejects(network.connect({ containerId: 'new', ...request }), /port is already allocated/);
  const next = await network.connect({ containerId: 'new', ...request, ports: [tcp(8081)] });
  assert.notEqual(next.ipAddress, living.ipAddress);
  const veths = (await links()).filter((name) => name.startsWith('veth'));
  assert.ok(veths.includes(living.hostInterface));
  await network.disconnect('new');
  await network.disconnect('living');
});

test('after kill -9 with nobody alive bridge, rules and forwarding go', async (t) => {
  const first = await stage(t);
  await first.container('one', [tcp(8080)]);
  await first.network.recover(new Map());
  assert.equal((await links()).includes('gt0'), false);
  assert.equal(await rulesIn('test_gt0'), 0);
  assert.equal(readAt('host', '/proc/sys/net/ipv4/ip_forward').trim(), '0');
});

const eventually = async (what: () => Promise<boolean>): Promise<boolean> => {
  for (let i = 0; i < 100; i++) {
    if (await what()) return true;
    await sleep(20);
  }
  return false;
};

test('rules that somebody flushed come back, and until then nothing is open', async (t) => {
  const { container } = await stage(t);
  const web = await container('web', [tcp(8080)]);
  await using _server = await serve(web.place, 80, 'web');
  await netfilter.ask(nft.batch([nft.deleteTable('test_gt0'), nft.deleteTable('gantry_forwarding')]));
  const answers = new Set<string>();
  const back = await eventually(async () => {
    const answer = await ask('host', '127.0.0.1', 8080);
    answers.add(answer);
    return answer === 'web 172.17.0.1';
  });
  assert.ok(back, [...answers].join());
  assert.deepEqual(
    [...answers].filter((answer) => answer !== 'ECONNREFUSED'),
    ['web 172.17.0.1'],
  );
  assert.ok(await eventually(async () => (await rulesIn('gantry_forwarding')) === 2));
});

test('a bridge that somebody deleted comes back with its containers on it', async (t) => {
  const { container } = await stage(t);
  const web = await container('web', [tcp(8080)]);
  await using _server = await serve(web.place, 80, 'web');
  await host.ask([route.deleteLink('gt0')]);
  assert.ok(
    await eventually(async () => (await ask('host', '127.0.0.1', 8080, IN_VAIN_MS)) === 'web 172.17.0.1'),
  );
  const more = await container('more');
  assert.equal(await ask(more.place, web.endpoint.ipAddress, 80), `web ${more.endpoint.ipAddress}`);
});

test('containers get out of a host whose FORWARD chain drops, and its chain is left as it was', async (t) => {
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await netfilter.ask(
    nft.batch([
      nft.addTable('filter'),
      nft.addChain('filter', 'FORWARD', { type: 'filter', hook: 'forward', priority: 0, policy: 'drop' }),
      nft.addRule('filter', 'FORWARD', [...rule.cameIn('elsewhere'), rule.accept], 'theirs'),
    ]),
  );
  t.after(() => netfilter.ask(nft.batch([nft.deleteTable('filter')])));
  const { network, container } = await stage(t);
  const one = await container('one', [tcp(8080)]);
  await using _server = await serve(outside.fd, 80, 'outside');
  await using _inside = await serve(one.place, 80, 'one');
  assert.equal(await ask(one.place, '10.9.0.2', 80), 'outside 10.9.0.1');
  assert.equal(await ask(outside.fd, '10.9.0.1', 8080), 'one 10.9.0.2');
  assert.equal(await rulesIn('filter'), 3);
  await network.disconnect('one');
  await network.close();
  const rules = nft.readRules(await netfilter.ask([nft.listRules('filter')]));
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
      log: silentLog,
    };
    await assert.rejects(openBridgeNetwork(options), { kind: 'invalid' });
  });
