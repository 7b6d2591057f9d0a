/** The ipvlan driver on a wire of the test's own, where the kernel has ipvlan. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as route from '../../netlink/route.ts';
import { addIpvlan } from '../../netlink/stacked.ts';
import type { Network } from '../../network.ts';
import type { Networks } from '../../networks.ts';
import { makeSandbox } from '../../sandbox/sandbox.ts';
import { onHostOfItsOwn } from '../../test-host.ts';
import { host } from '../../test-network.ts';
import { addNetwork, addWires, networksOf } from '../parent/test-parent.ts';
import { testDriver } from '../suite.ts';
import { createIpvlanDriver, type IpvlanOptions } from './ipvlan-driver.ts';

await onHostOfItsOwn();
await addWires();

const add = (
  networks: Networks,
  name: string,
  subnet: string,
  options: Omit<IpvlanOptions, 'networkId' | 'subnets'>,
): Network => addNetwork(networks, name, subnet, (at, own) => createIpvlanDriver(at, { ...own, ...options }));

/** Why this kernel cannot; undefined: it can. */
async function unsupported(): Promise<string | undefined> {
  using sandbox = makeSandbox();
  const [parent] = route.readLinks(await host.ask([route.getLink('wire0')]));
  const link = { inside: 'eth0', parentIndex: parent?.index ?? 0, namespaceFd: sandbox.fd };
  try {
    await host.ask([addIpvlan(link, 'l2', 'bridge')]);
    return undefined;
  } catch (error) {
    return `this kernel makes no ipvlan: ${error}`;
  }
}
const lacking = await unsupported();

if (lacking === undefined)
  testDriver({
    kind: 'ipvlan',
    add: (networks, number, subnet) => add(networks, `net${number}`, subnet, { parent: `wire${number}` }),
  });
else test('ipvlan: what every driver must hold', { skip: lacking }, () => undefined);

test('modes, flags and parents that cannot be are refused before anything is made', async (t) => {
  const networks = networksOf(t, 'test_ipvlan');
  for (const [options, words] of [
    [{ parent: 'wire0', mode: 'l4' }, /ipvlan mode 'l4' is not valid/],
    [{ parent: 'wire0', flag: 'odd' }, /ipvlan flag 'odd' is not valid/],
    [{ parent: 'lo' }, /loopback interface is not a valid ipvlan parent link/],
  ] as const)
    assert.throws(() => add(networks, 'never', '10.66.3.0/24', options), words);
});
