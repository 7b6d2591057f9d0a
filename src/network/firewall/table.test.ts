import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubnet } from '../addresses/subnet.ts';
import * as nft from '../netlink/nftables.ts';
import { deleteElements, listElements, readElements } from '../netlink/sets.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import { onHostOfItsOwn } from '../test-host.ts';
import type { Publication } from './port-elements.ts';
import { Firewall } from './table.ts';
import type { Territory } from './territory.ts';

await onHostOfItsOwn();

const netfilter = new NetlinkSocket(PROTOCOL.NETFILTER);
netfilter.roomForMany();
const NAME = 'test_families';
const rulesOf = async (family: 4 | 6, chain?: string): Promise<nft.Rule[]> =>
  nft.readRules(await netfilter.ask([nft.listRules(nft.tableOf(family, NAME), chain)]));
const elementsOf = async (family: 4 | 6, set: string): Promise<number> =>
  readElements(await netfilter.ask([listElements(nft.tableOf(family, NAME), set)])).length;
const territory = (bridge: string, ...subnets: string[]): Territory => ({
  bridge,
  subnets: subnets.map(parseSubnet),
  internal: false,
  icc: true,
  masquerade: true,
  modes: { 4: 'nat', 6: 'nat' },
});
const generation = async (): Promise<number> =>
  nft.readGeneration(await netfilter.ask([nft.getGeneration()]));

test('the kernel takes the rules of both families, and a port is open in the family of its container', async () => {
  const firewall = new Firewall(netfilter, NAME);
  const counts = async () => {
    const [four, six] = [await rulesOf(4), await rulesOf(6)];
    return [
      four.length,
      six.length,
      await elementsOf(4, 'published_at'),
      await elementsOf(6, 'published_at'),
    ];
  };
  await firewall.enter(territory('gt0', '10.1.0.0/16', 'fd00:1::/64'), new Map());
  assert.deepEqual(await counts(), [25, 26, 0, 0]);
  const port = { protocol: 'tcp', containerPort: 80, hostPort: 8080, hostIp: 'fd00:9::1' } as const;
  await firewall.publish('one', { addresses: ['fd00:1::2'], ports: [port], routed: [] });
  assert.deepEqual(await counts(), [25, 26, 0, 1]);
  assert.ok(await firewall.intact());
  await firewall.enter(territory('gt1', '10.2.0.0/16'), new Map());
  assert.deepEqual(await counts(), [34, 26, 0, 1]);
  assert.ok(await firewall.intact());
  await firewall.withdraw('one');
  await firewall.leave('gt1');
  assert.deepEqual(await counts(), [25, 26, 0, 0]);
  assert.ok(await firewall.intact());
  await firewall.leave('gt0');
  assert.deepEqual(await counts(), [0, 0, 0, 0]);
});

for (const [what, change] of [
  ['an internal network', { internal: true }],
  ['a network of neighbours kept apart', { icc: false }],
  ['a network without masquerade', { masquerade: false }],
  ['a routed network', { modes: { 4: 'routed', 6: 'routed' } }],
  ['an unprotected network', { modes: { 4: 'nat-unprotected', 6: 'nat-unprotected' } }],
  ['an isolated network', { internal: true, modes: { 4: 'isolated', 6: 'isolated' } }],
] as const)
  test(`the kernel takes the rules of ${what}, and gives them back whole`, async () => {
    const firewall = new Firewall(netfilter, NAME);
    await firewall.enter({ ...territory('gt0', '10.1.0.0/16', 'fd00:1::/64'), ...change }, new Map());
    await firewall.enter(territory('gt1', '10.2.0.0/16', 'fd00:2::/64'), new Map());
    assert.ok(await firewall.intact());
    await firewall.leave('gt0');
    assert.ok(await firewall.intact());
    assert.equal((await rulesOf(4)).length, 25);
    await firewall.leave('gt1');
    assert.deepEqual([(await rulesOf(4)).length, (await rulesOf(6)).length], [0, 0]);
  });

test('a bridge comes and goes without a rule of the others being touched', async () => {
  const firewall = new Firewall(netfilter, NAME);
  await firewall.enter(territory('gt0', '10.1.0.0/24'), new Map());
  const before = (await rulesOf(4)).map(({ handle }) => handle);
  await firewall.enter(territory('gt1', '10.1.1.0/24'), new Map());
  const ports = [{ protocol: 'tcp', containerPort: 80, hostPort: 80, hostIp: '0.0.0.0' }] as const;
  await firewall.publish('one', { addresses: ['10.1.1.2'], ports, routed: [] });
  const during = new Set((await rulesOf(4)).map(({ handle }) => handle));
  assert.ok(before.every((handle) => during.has(handle)));
  await firewall.withdraw('one');
  await firewall.leave('gt1');
  assert.deepEqual(
    (await rulesOf(4)).map(({ handle }) => handle),
    before,
  );
  await firewall.leave('gt0');
});

test('whatever somebody takes away is noticed, and comes back whole', async () => {
  const firewall = new Firewall(netfilter, NAME);
  const table = nft.tableOf(4, NAME);
  const ports = Array.from({ length: 300 }, (_, at) => ({
    ...({ protocol: 'udp', hostIp: '0.0.0.0' } as const),
    ...{ containerPort: 1000 + at, hostPort: 1000 + at },
  }));
  await firewall.enter({ ...territory('gt0', '10.1.0.0/24'), icc: false }, new Map());
  await firewall.publish('one', { addresses: ['10.1.0.2'], ports, routed: [] });
  const link = {
    from: ['10.1.0.3'],
    to: ['10.1.0.2'],
    ports: [{ protocol: 'tcp', containerPort: 80 }] as const,
  };
  await firewall.openLink('a b', link);
  assert.ok(await firewall.intact());
  assert.equal(await elementsOf(4, 'published_ranges'), 1);
  const elements = async (set: string) => readElements(await netfilter.ask([listElements(table, set)]));
  for (const set of ['published_ranges', 'guarded', 'entering', 'links', 'bridges']) {
    await netfilter.ask(nft.batch(deleteElements(table, set, await elements(set))));
    assert.equal(await firewall.intact(), false, set);
    await firewall.install();
    assert.ok(await firewall.intact(), set);
  }
  await netfilter.ask(nft.batch([nft.deleteTable(table)]));
  assert.equal(await firewall.intact(), false);
  await firewall.closeLink('a b'); // in the middle of it
  await firewall.openLink('a b', link);
  assert.ok(await firewall.intact());
  await firewall.leave('gt0');
  await firewall.withdraw('one');
  await firewall.closeLink('a b');
  assert.equal((await rulesOf(4)).length, 0);
});

test('what is entered or published again takes the place of what stood', async () => {
  const firewall = new Firewall(netfilter, NAME);
  const port = { protocol: 'tcp', containerPort: 80, hostIp: '0.0.0.0' } as const;
  const row = Array.from({ length: 40 }, (_, at) => ({
    ...port,
    containerPort: 100 + at,
    hostPort: 100 + at,
  }));
  for (const [subnet, hostPort] of [
    ['10.1.0.0/24', 80],
    ['10.1.0.0/24', 80],
    ['10.1.0.0/25', 81],
  ] as const) {
    await firewall.enter(territory('gt0', subnet), new Map());
    await firewall.publish('one', {
      addresses: ['10.1.0.2'],
      ports: [{ ...port, hostPort }, ...row],
      routed: [],
    });
    assert.ok(await firewall.intact());
    assert.deepEqual([(await rulesOf(4)).length, await elementsOf(4, 'published')], [25, 1]);
  }
  await assert.rejects(firewall.enter(territory('gt1', '10.1.0.64/26'), new Map()), /EEXIST|ENOTEMPTY/);
  assert.ok(await firewall.intact());
  await firewall.leave('gt0');
  await firewall.withdraw('one');
});

test('many at once leave every piece where it belongs', async () => {
  const firewall = new Firewall(netfilter, NAME);
  const names = Array.from({ length: 12 }, (_, at) => at);
  await Promise.all(names.map((at) => firewall.enter(territory(`gt${at}`, `10.1.${at}.0/24`), new Map())));
  assert.ok(await firewall.intact());
  await Promise.all(
    names.flatMap((at) => [
      firewall.publish(`p${at}`, {
        addresses: [`10.1.${at}.2`],
        ports: [{ protocol: 'tcp', containerPort: 80, hostPort: 8000 + at, hostIp: '0.0.0.0' }],
        routed: [],
      }),
      ...(at % 2 === 0 ? [] : [firewall.leave(`gt${at}`)]),
    ]),
  );
  assert.ok(await firewall.intact());
  await Promise.all(names.flatMap((at) => [firewall.withdraw(`p${at}`), firewall.leave(`gt${at}`)]));
  assert.equal((await rulesOf(4)).length, 0);
});

test('own changes are no reason to look, others are, and what they took away comes back', async () => {
  const firewall = new Firewall(netfilter, NAME);
  await firewall.enter(territory('gt0', '10.1.0.0/24'), new Map());
  await firewall.keep();
  const [known, ports] = [
    firewall.generation,
    [{ protocol: 'tcp', containerPort: 80, hostPort: 80, hostIp: '' }],
  ];
  assert.equal(known, await generation());
  await firewall.publish('one', { addresses: ['10.1.0.2'], ports, routed: [] } as Publication);
  assert.deepEqual([firewall.generation, await generation()], [known + 1, known + 1]);
  await netfilter.ask(nft.batch([nft.deleteTable(nft.tableOf(4, NAME))]));
  await firewall.keep();
  assert.ok(await firewall.intact());
  assert.equal(await elementsOf(4, 'published'), 1);
  await firewall.withdraw('one');
  await firewall.leave('gt0');
  await firewall.keep();
  assert.equal((await rulesOf(4)).length, 0);
  firewall.close();
});

test("the kernel takes the rules of the host's policy in both families", async () => {
  const firewall = new Firewall(netfilter, NAME, { hostPolicy: true });
  await firewall.enter(territory('gt0', '10.1.0.0/24', 'fd00:1::/64'), new Map());
  assert.equal((await rulesOf(6, 'admit')).length, 4);
  assert.ok(await firewall.intact());
  const settled = await generation();
  assert.ok(await firewall.intact()); // nothing has changed: nobody is asked about again
  assert.equal(await generation(), settled);
  await firewall.leave('gt0');
});

test('what is entered together is laid down in one commit', async () => {
  const firewall = new Firewall(netfilter, NAME);
  const before = await generation();
  await firewall.together(async () => {
    for (let i = 0; i < 20; i++) await firewall.enter(territory(`gt${i}`, `10.1.${i}.0/24`), new Map());
  });
  assert.equal((await generation()) - before, 1);
  assert.ok(await firewall.intact());
  for (let i = 0; i < 20; i++) await firewall.leave(`gt${i}`);
});
