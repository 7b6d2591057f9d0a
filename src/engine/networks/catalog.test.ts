import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRange } from '../../network/index.ts';
import { NetworkCatalog } from './catalog.ts';
import { planNetwork, withSubnets } from './create.ts';
import { predefinedRecord } from './record.ts';

function catalogOf(
  ...networks: readonly (readonly [id: string, name: string, configOnly?: boolean])[]
): NetworkCatalog {
  const catalog = new NetworkCatalog();
  for (const [id, name, configOnly = false] of networks)
    catalog.add({
      record: {
        ...predefinedRecord('bridge', { id, created: '', options: {}, ipv6: false }),
        name,
        configOnly,
      },
      network: undefined,
      predefined: false,
    });
  return catalog;
}

test('a network is found by its id before its name, by its name before the beginning of an id', () => {
  const catalog = catalogOf(['abc', 'one'], ['abd', 'abc'], ['xyz', 'ab']);
  assert.equal(catalog.find('abc').record.name, 'one');
  assert.equal(catalog.find('ab').record.id, 'xyz');
  assert.equal(catalog.find('x').record.id, 'xyz');
  assert.throws(() => catalog.find('nope'), /^NotFound: network nope not found$|network nope not found/);
  assert.equal(catalog.lookUp(''), undefined);
});

test('a name or the beginning of an id that means several is ambiguous', () => {
  const catalog = catalogOf(['abc', 'one'], ['abd', 'one']);
  assert.throws(() => catalog.find('one'), /2 matches found based on name: network one is ambiguous/);
  assert.throws(() => catalog.find('ab'), /2 matches found based on ID prefix: network ab is ambiguous/);
});

const plan = (request: Parameters<typeof planNetwork>[1], nameMayBeTaken = false) =>
  planNetwork(catalogOf(['1', 'taken'], ['2', 'conf', true]), request, { nameMayBeTaken, anyAddress: false });

for (const [request, message] of [
  [{}, /invalid name: name is empty/],
  [{ Name: 'a\nb' }, /invalid name: "a\\nb"/],
  [{ Name: 'a/b' }, /invalid name/],
  [{ Name: 'container:x' }, /invalid name/],
  [{ Name: 'x'.repeat(256) }, /invalid name/],
  [{ Name: 'host' }, /operation is not permitted on predefined host network/],
  [{ Name: 'default' }, /operation is not permitted on predefined default network/],
  [{ Name: 'taken' }, /network with name taken already exists/],
  [{ Name: 'n', Driver: 'nope' }, /plugin "nope" not found/],
  [{ Name: 'n', Driver: 'host' }, /only one instance of "host" network is allowed/],
  [{ Name: 'n', Driver: 'null' }, /only one instance of "null" network is allowed/],
  [{ Name: 'n', Driver: 'overlay' }, /This node is not a swarm manager/],
  [{ Name: 'n', Scope: 'swarm' }, /cannot create a swarm scoped network when swarm is not active/],
  [{ Name: 'n', Ingress: true }, /Ingress network can only be global scope network/],
  [{ Name: 'n', IPAM: { Driver: 'foo' } }, /plugin "foo" not found/],
  [{ Name: 'n', EnableIPv4: false }, /IPv4 or IPv6 must be enabled/],
  [{ Name: 'n', Options: { 'com.docker.network.enable_ipv6': 'maybe' } }, /is not a valid bool/],
  [{ Name: 'n', ConfigFrom: { Network: 'nope' } }, /configuration network "nope" does not exist/],
  [{ Name: 'n', ConfigFrom: { Network: 'taken' } }, /configuration network "taken" does not exist/],
  [
    { Name: 'n', ConfigFrom: { Network: 'conf' }, Labels: { a: 'b' } },
    /user specified configurations are not supported/,
  ],
  [
    { Name: 'n', ConfigFrom: { Network: 'conf' }, ConfigOnly: true },
    /cannot depend on another configuration network/,
  ],
] as const)
  test(`SC-NET-12: a network ${JSON.stringify(request).slice(0, 90)} is refused`, () => {
    assert.throws(() => plan(request), message);
  });

test('a name may be taken where the client does not mind, and a configuration is taken over', () => {
  assert.equal(plan({ Name: 'taken' }, true).name, 'taken');
  const { name, configFrom, configOnly, driver } = plan({ Name: 'n', ConfigFrom: { Network: 'conf' } });
  assert.deepEqual(
    { name, configFrom, configOnly, driver },
    { name: 'n', configFrom: 'conf', configOnly: false, driver: 'bridge' },
  );
});

for (const [driver, isRefused] of [
  ['bridge', true],
  ['macvlan', false],
  ['ipvlan', false],
] as const)
  test(`a ${driver} network ${isRefused ? 'keeps away from' : 'may be on'} the host's own subnet, and none is on another network's`, async () => {
    const asked = plan({ Name: 'n', Driver: driver, IPAM: { Config: [{ Subnet: '10.1.0.0/24' }] } });
    const taken = { range: parseRange('10.1.0.0/16'), owner: 'somebody' };
    const subnets = (isHost: boolean) => withSubnets(asked, [], async () => [{ ...taken, isHost }]);
    if (isRefused) await assert.rejects(subnets(true), /overlaps somebody/);
    else assert.equal((await subnets(true)).subnets[0]?.subnet, '10.1.0.0/24');
    await assert.rejects(subnets(false), /overlaps somebody/);
  });
