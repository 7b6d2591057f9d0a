/**
 * Who reaches which published port: the whole table, found to be as it is expected, for TCP and UDP in both families, with
 * and without frames shown to the firewall, and beside firewalls of the host's that drop what is forwarded.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../../base/log.ts';
import { type Family, formatAddress, parseAddress } from '../../addresses/address.ts';
import { parseSubnet } from '../../addresses/subnet.ts';
import { readSurroundings } from '../../firewall/foreign.ts';
import { type Asker, reachOf } from '../../firewall/reach.ts';
import * as nft from '../../netlink/nftables.ts';
import type { Network } from '../../network.ts';
import { Networks } from '../../networks.ts';
import type { PublishedPort } from '../../published/port.ts';
import { addressIn } from '../../sandbox/endpoint.ts';
import {
  addNeighbour,
  ask,
  askDatagram,
  datagramSocket,
  IN_VAIN_MS,
  type Namespace,
  onHostOfItsOwn,
  openNamespace,
  serve,
  serveDatagrams,
  writeAt,
} from '../../test-host.ts';
import { netfilter } from '../../test-network.ts';

await onHostOfItsOwn();

const HOST = { 4: '10.9.0.1', 6: 'fd09::1' } as const;
const LOOPBACK = { 4: '127.0.0.1', 6: '::1' } as const;
/** How a port is published, and the host's number for it. */
const PORTS = {
  'on all addresses': 8080,
  'on loopback': 8081,
  'on one address': 8082,
  unpublished: 80,
} as const;
type How = keyof typeof PORTS;
const HOWS = Object.keys(PORTS) as How[];

/** `+`: reached. In the order of {@link PORTS}; straight to the container there is port 80 alone. */
const EXPECTED = {
  'host → loopback': '++--',
  'host → its address': '+-+-',
  'host → container': '   +',
  'neighbour → host': '+-+-',
  'neighbour → loopback, by the wire': '----',
  'neighbour → container': '   -',
  'sibling → gateway': '+---',
  'sibling → host': '+-+-',
  'sibling → container': '   +',
  'itself → gateway': '+---',
  'other network → its gateway': '+---',
  'other network → host': '+-+-',
  'other network → container': '   -',
  'internal network → its gateway': '----',
  'internal network → host': '----',
  'internal network → container': '   -',
} as const;
type Who = keyof typeof EXPECTED;
type Expected = Readonly<Record<Who, string>>;

interface Caller {
  readonly from: Namespace;
  readonly to: string;
  readonly device?: string;
}

interface Scene {
  readonly callers: (family: Family) => Readonly<Record<Who, Caller>>;
}

async function sceneOf(t: TestContext): Promise<Scene> {
  const execRoot = mkdtempSync(join(tmpdir(), 'gantry-net-'));
  const networks = new Networks({ execRoot, tableName: 'test_reach', log: silentLog });
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rmSync(execRoot, { recursive: true }));
  undo.defer(() => networks.close());
  const outside = await addNeighbour('cable0', HOST[4], '10.9.0.2');
  undo.defer(() => outside.close());
  await outside.addAddresses(HOST[6], 'fd09::2', 64);
  await outside.addRoute('default', HOST[4]);
  await outside.addRoute('default', HOST[6]);
  writeAt('host', '/proc/sys/net/ipv4/conf/cable0/route_localnet', '1'); // as other software may have done
  writeAt(outside.fd, '/proc/sys/net/ipv4/conf/eth0/route_localnet', '1');
  const add = (number: number, internal = false): Network =>
    networks.addBridge({
      ...{ name: `net${number}`, bridgeName: `gr${number}`, mtu: 1500, internal },
      subnets: [parseSubnet(`10.6${number}.0.0/24`), parseSubnet(`fd0${number}::/64`)],
    });
  const open = async (id: string, network: Network, ports: readonly PublishedPort[] = []) => {
    const endpoints = [{ network, macAddress: undefined }];
    const opened = await networks.sandboxes.open({ sandboxId: id, owner: id, ports, endpoints });
    undo.defer(() => networks.sandboxes.leave(id, id));
    const at = openNamespace(networks.sandboxes.sandboxPath(id));
    undo.defer(() => closeSync(at));
    const addresses = { 4: '', 6: '' };
    const gateways = { 4: '', 6: '' };
    for (const family of [4, 6] as const) {
      const own = addressIn(opened[network.id] ?? assert.fail(), family) ?? assert.fail();
      [addresses[family], gateways[family]] = [own.address, own.gateway];
    }
    return { at, addresses, gateways };
  };
  const [mine, others, inner] = [add(1), add(2), add(3, true)];
  const web = await open('web', mine, publishedPorts());
  const sibling = await open('sibling', mine);
  const other = await open('other', others);
  const internal = await open('internal', inner);
  undo.use(await serve(web.at, 80, 'web', '::'));
  undo.use(await serveDatagrams(web.at, 80, 'web', '::'));
  const rest = undo.move();
  t.after(() => rest.disposeAsync());
  return {
    callers: (family) => {
      const [host, container] = [HOST[family], web.addresses[family]];
      return {
        'host → loopback': { from: 'host', to: LOOPBACK[family] },
        'host → its address': { from: 'host', to: host },
        'host → container': { from: 'host', to: container },
        'neighbour → host': { from: outside.fd, to: host },
        'neighbour → loopback, by the wire': { from: outside.fd, to: LOOPBACK[family], device: 'eth0' },
        'neighbour → container': { from: outside.fd, to: container },
        'sibling → gateway': { from: sibling.at, to: sibling.gateways[family] },
        'sibling → host': { from: sibling.at, to: host },
        'sibling → container': { from: sibling.at, to: container },
        'itself → gateway': { from: web.at, to: web.gateways[family] },
        'other network → its gateway': { from: other.at, to: other.gateways[family] },
        'other network → host': { from: other.at, to: host },
        'other network → container': { from: other.at, to: container },
        'internal network → its gateway': { from: internal.at, to: internal.gateways[family] },
        'internal network → host': { from: internal.at, to: host },
        'internal network → container': { from: internal.at, to: container },
      };
    },
  };
}

function publishedPorts(): PublishedPort[] {
  const on = (hostPort: number, ...addresses: string[]) =>
    (['tcp', 'udp'] as const).flatMap((protocol) =>
      addresses.map((hostIp) => ({ protocol, containerPort: 80, hostIp, hostPort })),
    );
  return [
    ...on(PORTS['on all addresses'], ''),
    ...on(PORTS['on loopback'], LOOPBACK[4], LOOPBACK[6]),
    ...on(PORTS['on one address'], HOST[4], HOST[6]),
  ];
}

/** What is found, in the form of the expectation. */
async function found(
  callers: Readonly<Record<Who, Caller>>,
  expected: Expected,
  reach: (caller: Caller, port: number, patienceMs: number | undefined) => Promise<boolean>,
): Promise<Record<string, string>> {
  const rows = Object.entries(callers).map(async ([who, caller]) => {
    const wanted = expected[who as Who];
    const marks = HOWS.map(async (how, column) => {
      if (wanted[column] === ' ') return ' ';
      const patienceMs = wanted[column] === '+' ? undefined : IN_VAIN_MS;
      return (await reach(caller, PORTS[how], patienceMs)) ? '+' : '-';
    });
    return [who, (await Promise.all(marks)).join('')];
  });
  return Object.fromEntries(await Promise.all(rows));
}

const byTcp = async ({ from, to, device }: Caller, port: number, patienceMs?: number): Promise<boolean> =>
  /^web /.test(await ask(from, to, port, patienceMs, device));

async function byUdp({ from, to, device }: Caller, port: number, patienceMs?: number): Promise<boolean> {
  if (device !== undefined) return false; // a datagram socket of the test has no device
  const socket = await datagramSocket(from, 0, to.includes(':') ? '::' : '0.0.0.0');
  try {
    return /^web /.test(await askDatagram(socket, to, port, patienceMs));
  } finally {
    socket.close();
  }
}

/** What `gantry ports` tells, in the form of the expectation; it tells nothing of ways past the published ports. */
async function told(family: Family, expected: Expected): Promise<Record<string, string>> {
  const around = await readSurroundings();
  const hosts = { 'on all addresses': family === 4 ? '0.0.0.0' : '::', 'on loopback': LOOPBACK[family] };
  const hostIps = { ...hosts, 'on one address': HOST[family] };
  const answers = HOWS.flatMap((how) => {
    if (how === 'unpublished') return [];
    const port = { protocol: 'tcp', containerPort: 80, hostPort: PORTS[how], hostIp: hostIps[how] } as const;
    return [reachOf(port, { bridge: 'gr1', mode: 'nat' }, around)];
  });
  const mark = (who: Asker, ...addresses: string[]): string =>
    answers
      .map((answer) => answer.find((each) => each.who === who))
      .map((each) =>
        each?.barriers.length === 0 && each.at.some((at) => addresses.includes(at)) ? '+' : '-',
      )
      .join('');
  const every = 'every address of this host';
  const rows = {
    'host → loopback': mark('this host', LOOPBACK[family]),
    'host → its address': mark('this host', every, HOST[family]),
    'neighbour → host': mark('other machines', every, HOST[family]),
    'sibling → gateway': mark('its own network', every),
    'sibling → host': mark('its own network', every, HOST[family]),
    'other network → its gateway': mark('other networks', every),
    'other network → host': mark('other networks', every, HOST[family]),
    'internal network → host': mark('internal networks', every, HOST[family]),
  };
  return { ...expected, ...Object.fromEntries(Object.entries(rows).map(([who, row]) => [who, `${row}-`])) };
}

async function check(t: TestContext, expected: (family: Family) => Expected): Promise<void> {
  const scene = await sceneOf(t);
  for (const family of [4, 6] as const)
    assert.deepEqual(await told(family, expected(family)), expected(family), `told of IPv${family}`);
  for (const family of [4, 6] as const)
    for (const [protocol, reach] of [
      ['tcp', byTcp],
      ['udp', byUdp],
    ] as const)
      assert.deepEqual(
        await found(scene.callers(family), expected(family), reach),
        expected(family),
        `${protocol}, IPv${family}`,
      );
}

const showFrames = (value: '0' | '1'): void => {
  for (const family of ['iptables', 'ip6tables'])
    writeAt('host', `/proc/sys/net/bridge/bridge-nf-call-${family}`, value);
};

test('SC-NET-01, SC-NET-02, SC-NET-03, SC-NET-08: the table holds, and frames are no matter of the firewall', async (t) => {
  showFrames('0');
  await check(t, () => EXPECTED);
});

test('the table holds where frames are shown to the firewall, but for the loopback of IPv6', async (t) => {
  showFrames('1');
  t.after(() => showFrames('0'));
  await check(t, (family) => (family === 4 ? EXPECTED : { ...EXPECTED, 'host → loopback': '----' }));
});

test('the table holds on a host whose FORWARD chain of iptables drops', async (t) => {
  const filters = ([4, 6] as const).map((family) => nft.tableOf(family, 'filter'));
  const drops = { type: 'filter', hook: 'forward', priority: 0, policy: 'drop' } as const;
  await netfilter.ask(
    nft.batch(filters.flatMap((table) => [nft.addTable(table), nft.addChain(table, 'FORWARD', drops)])),
  );
  t.after(() => netfilter.ask(nft.batch(filters.map((table) => nft.deleteTable(table)))));
  await check(t, () => EXPECTED);
});

/** What is left where all that is forwarded is dropped: the host's own conversations, and neighbours on a bridge. */
const NOTHING_FORWARDED: Expected = {
  ...EXPECTED,
  'neighbour → host': '----',
  'sibling → gateway': '----',
  'sibling → host': '----',
  'itself → gateway': '----',
  'other network → its gateway': '----',
  'other network → host': '----',
};

test('a firewall of nft that drops what is forwarded means it', async (t) => {
  const tables = ([4, 6] as const).map((family) => nft.tableOf(family, 'theirs'));
  const drops = { type: 'filter', hook: 'forward', priority: 10, policy: 'drop' } as const;
  await netfilter.ask(
    nft.batch(tables.flatMap((table) => [nft.addTable(table), nft.addChain(table, 'forward', drops)])),
  );
  t.after(() => netfilter.ask(nft.batch(tables.map((table) => nft.deleteTable(table)))));
  await check(t, () => NOTHING_FORWARDED);
});

const legacy = (...args: string[]): boolean =>
  ['iptables-legacy', 'ip6tables-legacy'].every((program) => spawnSync(program, args).status === 0);

test('an iptables of the older kind that drops what is forwarded means it', async (t) => {
  if (!legacy('-P', 'FORWARD', 'DROP')) return t.skip('this machine has no iptables-legacy');
  t.after(() => legacy('-P', 'FORWARD', 'ACCEPT'));
  await check(t, () => NOTHING_FORWARDED);
});

test('the addresses of the table are what they are called', () => {
  for (const text of [...Object.values(HOST), ...Object.values(LOOPBACK)])
    assert.equal(formatAddress(parseAddress(text)), text);
});
