/** The macvlan driver on a wire of the test's own. */
import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import { test } from 'node:test';
import * as route from '../../netlink/route.ts';
import type { Network } from '../../network.ts';
import type { Networks } from '../../networks.ts';
import { addNeighbour, ask, IN_VAIN_MS, onHostOfItsOwn, openNamespace, serve } from '../../test-host.ts';
import { host, links } from '../../test-network.ts';
import { addNetwork, addWires, networksOf } from '../parent/test-parent.ts';
import { testDriver } from '../suite.ts';
import { createMacvlanDriver, type MacvlanOptions } from './macvlan-driver.ts';

await onHostOfItsOwn();

/** Wires of the host: each has a machine at its other end. */
const machines = await addWires();

const add = (
  networks: Networks,
  name: string,
  subnet: string,
  options: Omit<MacvlanOptions, 'networkId' | 'subnets'>,
): Network =>
  addNetwork(networks, name, subnet, (at, own) => createMacvlanDriver(at, { ...own, ...options }));

testDriver({
  kind: 'macvlan',
  add: (networks, number, subnet) => add(networks, `net${number}`, subnet, { parent: `wire${number}` }),
});

const open = (networks: Networks, id: string, network: Network) =>
  networks.sandboxes.open({
    sandboxId: id,
    owner: id,
    ports: [],
    endpoints: [{ network, macAddress: undefined }],
  });

test('a container is on the wire: a machine there reaches it, and it the machine, by the hardware address that it has', async (t) => {
  const networks = networksOf(t, 'test_macvlan');
  const network = add(networks, 'wired', '10.66.0.0/24', { parent: 'wire0' });
  const endpoint = (await open(networks, 'one', network))[network.id];
  const inside = openNamespace(networks.sandboxes.sandboxPath('one'));
  t.after(() => closeSync(inside));
  const { fd } = machines[0]!;
  {
    await using _server = await serve(inside, 80, 'container');
    assert.match(await ask(fd, endpoint?.addresses[0]?.address ?? '', 80), /^container 10\.66\.0\.14/);
  }
  {
    await using _server = await serve(fd, 80, 'machine');
    assert.match(await ask(inside, '10.66.0.14', 80), /^machine 10\.66\.0\.2/);
  }
  await networks.sandboxes.leave('one', 'one');
});

test('in the private mode neighbours on one parent do not reach each other', async (t) => {
  const networks = networksOf(t, 'test_macvlan');
  const network = add(networks, 'apart', '10.66.0.0/24', { parent: 'wire0', mode: 'private' });
  await open(networks, 'one', network);
  const two = (await open(networks, 'two', network))[network.id];
  const [first, second] = ['one', 'two'].map((id) => openNamespace(networks.sandboxes.sandboxPath(id)));
  t.after(() => [first, second].forEach((fd) => closeSync(fd ?? -1)));
  {
    await using _server = await serve(second ?? -1, 80, 'two');
    assert.equal(await ask(first ?? -1, two?.addresses[0]?.address ?? '', 80, IN_VAIN_MS), 'silence');
  }
  await networks.sandboxes.leave('one', 'one');
  await networks.sandboxes.leave('two', 'two');
});

test('in the passthru mode a parent carries one container, and the next as soon as that has ended', async (t) => {
  const networks = networksOf(t, 'test_macvlan');
  const network = add(networks, 'alone', '10.66.0.0/24', { parent: 'wire1', mode: 'passthru' });
  await open(networks, 'one', network);
  await networks.sandboxes.leave('one', 'one');
  await open(networks, 'two', network);
  const other = add(networks, 'beside', '10.66.0.0/24', { parent: 'wire1' });
  await assert.rejects(open(networks, 'three', other), /parent interface wire1 carries another interface/);
  await networks.sandboxes.leave('two', 'two');
});

test('a parent that is not there is told of at the first use, and one that comes later is used', async (t) => {
  const networks = networksOf(t, 'test_macvlan');
  const network = add(networks, 'late', '10.66.2.0/24', { parent: 'wire2' });
  await assert.rejects(open(networks, 'one', network), /parent interface wire2 was not found/);
  const machine = await addNeighbour('wire2', '10.9.2.1', '10.66.2.14');
  await open(networks, 'one', network);
  await networks.sandboxes.leave('one', 'one');
  await machine.close();
});

test('modes and parents that cannot be are refused before anything is made', (t) => {
  const networks = networksOf(t, 'test_macvlan');
  for (const [options, words] of [
    [{ parent: 'wire0', mode: 'odd' }, /macvlan mode 'odd' is not valid/],
    [{ parent: 'wire0', mode: 'toString' }, /is not valid/],
    [{ parent: 'lo' }, /loopback interface is not a valid macvlan parent link/],
  ] as const)
    assert.throws(() => add(networks, 'never', '10.66.3.0/24', options), words);
});

for (const [what, options, kind] of [
  ['a vlan of an interface', { parent: 'wire0.50' }, 'vlan'],
  ['an interface that leads nowhere', {}, 'dummy'],
] as const)
  test(`${what} is made at the first use, is one network's own, and goes with it`, async (t) => {
    const networks = networksOf(t, 'test_macvlan');
    const before = await links();
    const network = add(networks, kind, '10.66.4.0/24', options);
    const other = add(networks, `${kind} too`, '10.66.5.0/24', options);
    try {
      await open(networks, 'one', network);
    } catch (error) {
      assert.match(String(error), new RegExp(`the kernel has no ${kind} support`));
      assert.deepEqual(await links(), before);
      t.skip(`this kernel has no ${kind}`);
      return;
    }
    if (kind === 'vlan') await assert.rejects(open(networks, 'two', other), /already using parent interface/);
    assert.equal((await links()).length, before.length + 1);
    await networks.sandboxes.leave('one', 'one');
    await networks.close();
    assert.deepEqual(await links(), before);
  });

test('when a parent is lost its containers are told of, and new ones stand on the one that came in its place', async (t) => {
  const networks = networksOf(t, 'test_macvlan');
  const machine = await addNeighbour('wire3', '10.9.3.1', '10.66.3.14');
  const network = add(networks, 'lost', '10.66.3.0/24', { parent: 'wire3' });
  await open(networks, 'one', network);
  await host.ask([route.deleteLink('wire3')]);
  await network.mend();
  await assert.rejects(open(networks, 'none', network), /wire3 was not found/);
  const again = await addNeighbour('wire3', '10.9.3.1', '10.66.3.14');
  await network.mend();
  const endpoint = (await open(networks, 'two', network))[network.id];
  const inside = openNamespace(networks.sandboxes.sandboxPath('two'));
  t.after(() => closeSync(inside));
  {
    await using _server = await serve(inside, 80, 'container');
    assert.match(await ask(again.fd, endpoint?.addresses[0]?.address ?? '', 80), /^container /);
  }
  await networks.sandboxes.leave('one', 'one');
  await networks.sandboxes.leave('two', 'two');
  await again.close();
  await machine.close();
});
