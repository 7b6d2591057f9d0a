import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubnet } from '../../addresses/subnet.ts';
import { bridgeOptionsFrom, checkBridgeOptions, DEFAULT_LABELS } from './options.ts';

const B = 'com.docker.network.bridge.';
const D = 'com.docker.network.driver.';

test('without labels a bridge has the defaults, and labels of others mean nothing to it', () => {
  const others = {
    'com.example': 'x',
    [`${B}default_bridge`]: 'true',
    constructor: 'x',
    [`${B}nonsense`]: '',
  };
  assert.deepEqual(bridgeOptionsFrom({}), {
    icc: true,
    masquerade: true,
    inhibitIpv4: false,
    modes: { 4: 'nat', 6: 'nat' },
  });
  assert.deepEqual(bridgeOptionsFrom({}), DEFAULT_LABELS);
  assert.deepEqual(bridgeOptionsFrom(others), DEFAULT_LABELS);
});

for (const [label, value, read] of [
  [`${B}name`, 'br-x.1', { bridgeName: 'br-x.1' }],
  [`${B}enable_icc`, 'F', { icc: false }],
  [`${B}enable_ip_masquerade`, '0', { masquerade: false }],
  [`${B}host_binding_ipv4`, '127.0.0.1', { hostAddress: '127.0.0.1' }],
  [`${B}host_binding_ipv4`, '::1', { hostAddress: '::1' }],
  [`${B}inhibit_ipv4`, 'true', { inhibitIpv4: true }],
  [`${B}gateway_mode_ipv6`, 'routed', { modes: { 4: 'nat', 6: 'routed' } }],
  [`${B}gateway_mode_ipv4`, 'nat-unprotected', { modes: { 4: 'nat-unprotected', 6: 'nat' } }],
  [`${D}mtu`, '1400', { mtu: 1400 }],
  [`${D}mtu`, '0', {}],
  ['com.docker.network.container_iface_prefix', 'lan', { interfacePrefix: 'lan' }],
] as const)
  test(`${label}=${value} is read`, () =>
    assert.deepEqual(bridgeOptionsFrom({ [label]: value }), { ...DEFAULT_LABELS, ...read }));

for (const [label, value, why] of [
  [`${B}name`, 'much-too-long-name', 'not the name of an interface'],
  [`${B}name`, 'a b; drop', 'not the name of an interface'],
  [`${B}enable_icc`, 'maybe', 'strconv.ParseBool: parsing "maybe": invalid syntax'],
  [`${B}host_binding_ipv4`, '1.2.3', 'nil ip'],
  [`${B}gateway_mode_ipv4`, 'bridged', 'unknown gateway mode bridged'],
  [`${D}mtu`, '1e3', 'strconv.Atoi: parsing "1e3": invalid syntax'],
  [`${D}mtu`, '-1', 'not between 68 and 65535'],
  ['com.docker.network.container_iface_prefix', 'a/b', 'not the beginning of an interface name'],
] as const)
  test(`${label}=${value} is refused by name`, () =>
    assert.throws(() => bridgeOptionsFrom({ [label]: value }), {
      kind: 'invalid',
      message: `failed to parse ${label} value: ${value} (${why})`,
    }));

test('a bridge has one subnet of each family, and is isolated only within', () => {
  const subnets = ['10.1.0.0/24', '10.2.0.0/24', 'fd00::/64'].map(parseSubnet);
  const options = { bridgeName: 'br0', mtu: 1500 };
  assert.throws(() => checkBridgeOptions({ ...options, subnets }), { kind: 'forbidden' });
  checkBridgeOptions({ ...options, subnets: subnets.slice(1) });
  const modes = { 4: 'isolated', 6: 'nat' } as const;
  assert.throws(() => checkBridgeOptions({ ...options, modes }), { kind: 'invalid' });
  checkBridgeOptions({ ...options, modes, internal: true });
});

const PREFIX = 'com.docker.network.container_iface_prefix';
for (const [label, value] of [
  [`${B}name`, 'a'],
  [`${B}name`, '0-_.A'],
  [`${B}name`, 'x'.repeat(15)],
  [`${D}mtu`, '68'],
  [`${D}mtu`, '65535'],
  [`${D}mtu`, '+1400'],
  [PREFIX, 'a'],
  [PREFIX, 'x'.repeat(12)],
] as const)
  test(`${label}=${value} is within bounds`, () => {
    const [read] = Object.values({ ...bridgeOptionsFrom({ [label]: value }), icc: undefined }).slice(-1);
    assert.equal(String(read), value.replace('+', ''));
  });

for (const [label, value] of [
  [`${B}name`, ''],
  [`${B}name`, '-a'],
  [`${B}name`, 'x'.repeat(16)],
  [`${B}name`, '!ab'],
  [`${B}name`, 'ab!'],
  [`${D}mtu`, '67'],
  [`${D}mtu`, '65536'],
  [`${D}mtu`, ''],
  [`${D}mtu`, '+'],
  [`${D}mtu`, 'x1400'],
  [`${D}mtu`, '1400x'],
  [PREFIX, ''],
  [PREFIX, '1a'],
  [PREFIX, 'x'.repeat(13)],
  [PREFIX, '!ab'],
  [PREFIX, 'ab!'],
] as const)
  test(`${label}=${value} is out of bounds`, () =>
    assert.throws(() => bridgeOptionsFrom({ [label]: value }), { kind: 'invalid' }));

test('each mode is read for its own family, and one does not undo the other', () => {
  for (const mode of ['nat', 'nat-unprotected', 'routed', 'isolated'])
    assert.deepEqual(
      bridgeOptionsFrom({ [`${B}gateway_mode_ipv4`]: mode, [`${B}gateway_mode_ipv6`]: 'routed' }).modes,
      { 4: mode, 6: 'routed' },
    );
});

test('a bridge needs a name that an interface can have', () => {
  const named = (bridgeName: string) => () => checkBridgeOptions({ bridgeName, mtu: 1500 });
  for (const name of ['', 'a/b', 'x'.repeat(16)]) assert.throws(named(name), { kind: 'invalid' });
  named('x'.repeat(15))();
});

test('a bridge that is isolated in IPv6 alone is within too', () => {
  const modes = { 4: 'nat', 6: 'isolated' } as const;
  assert.throws(() => checkBridgeOptions({ bridgeName: 'br0', mtu: 1500, modes }), { kind: 'invalid' });
  assert.throws(
    () =>
      checkBridgeOptions({
        bridgeName: 'br0',
        mtu: 1500,
        subnets: ['fd00::/64', 'fd01::/64'].map(parseSubnet),
      }),
    { kind: 'forbidden' },
  );
});
