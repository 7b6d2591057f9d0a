/** Settings of networks become what the network room takes; every check, one line for each mistake. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from '../base/errors.ts';
import { formatRange, parseAddress, parseRange, parseSubnet } from '../network/index.ts';
import { readNetworkOptions } from './network-options.ts';
import { type SettingValue, settings, valueFromFlag } from './settings.ts';

const from = (values: Record<string, SettingValue>) => readNetworkOptions(new Map(Object.entries(values)));
const fromFlag = (key: string, ...given: string[]) => {
  const one = settings.find((each) => each.key === key) ?? assert.fail();
  return from({ [key]: valueFromFlag(one, given) });
};

test('without any setting the default bridge has IPv4, all rules and forwarding', () =>
  assert.deepEqual(from({}), {
    bridge: undefined,
    mtu: 1500,
    defaultBridge: { subnets: [], sought: [4], icc: true, masquerade: true },
    addressPools: [],
    networkDefaults: {},
    firewallFamilies: [4, 6],
    mayForward: true,
    publishedPorts: 'open',
  }));

test('the address of the bridge, the range and the gateway make one subnet', () => {
  const [subnet] = from({
    bip: '10.9.0.1/24',
    'fixed-cidr': '10.9.0.128/25',
    'default-gateway': '10.9.0.254',
  }).defaultBridge.subnets;
  assert.deepEqual(subnet, {
    ...parseSubnet('10.9.0.0/24'),
    range: parseRange('10.9.0.128/25'),
    gateway: parseAddress('10.9.0.254'),
    hostAddress: parseAddress('10.9.0.1'),
  });
});

test('a range alone is the subnet', () => {
  const { subnets, sought } = from({ ipv6: true, 'fixed-cidr-v6': '2001:db8:1::/64' }).defaultBridge;
  assert.deepEqual([subnets.map(formatRange), sought], [['2001:db8:1::/64'], [4, 6]]);
  assert.deepEqual(subnets[0]?.gateway, parseAddress('2001:db8:1::1'));
});

for (const [values, read] of [
  [{ bridge: 'none' }, { bridge: 'none' }],
  [{ bridge: '' }, { bridge: undefined }],
  [{ mtu: 0 }, { mtu: 1500 }],
  [{ mtu: 9000 }, { mtu: 9000 }],
  [{ iptables: false }, { firewallFamilies: [6] }],
  [{ iptables: false, ip6tables: false }, { firewallFamilies: [] }],
  [{ 'ip-forward': false }, { mayForward: false }],
  [{ 'published-ports': 'host-policy' }, { publishedPorts: 'host-policy' }],
] as const)
  test(`${JSON.stringify(values)} is read`, () => assert.deepEqual(from(values), { ...from({}), ...read }));

for (const [values, read] of [
  [{ icc: false }, { icc: false }],
  [{ 'ip-masq': false }, { masquerade: false }],
  [{ ip: '127.0.0.1' }, { hostAddress: '127.0.0.1' }],
  [{ ip: '::' }, { hostAddress: '::' }],
  [{ ipv6: true }, { sought: [4, 6] }],
] as const)
  test(`${JSON.stringify(values)} is read for the default bridge`, () =>
    assert.deepEqual(from(values).defaultBridge, { ...from({}).defaultBridge, ...read }));

test('pools and options of networks come by file and flag in one form', () => {
  const pools = [
    { base: parseRange('10.0.0.0/8'), size: 24 },
    { base: parseRange('fd00::/48'), size: 64 },
  ];
  const texts = ['base=10.0.0.0/8,size=24', 'base=fd00::/48,size=64'];
  assert.deepEqual(fromFlag('default-address-pools', ...texts).addressPools, pools);
  const file = { 'default-address-pools': [{ base: '10.0.0.0/8', size: 24 }] };
  assert.deepEqual(from(file).addressPools, pools.slice(0, 1));
  const [mtu, icc] = ['com.docker.network.driver.mtu', 'com.docker.network.bridge.enable_icc'];
  const bridge = { [mtu]: '1400', [icc]: 'false' };
  const flags = fromFlag(
    'default-network-opts',
    `bridge=${mtu}=1400`,
    `bridge=${icc}=false`,
    'macvlan=a=b=c',
  );
  assert.deepEqual(flags.networkDefaults, { bridge, macvlan: { a: 'b=c' } });
  assert.deepEqual(from({ 'default-network-opts': { bridge } }).networkDefaults, { bridge });
});

const wrong: readonly [Record<string, SettingValue>, RegExp][] = [
  [{ bridge: 'much-too-long-name' }, /^bridge much-too-long-name: not the name/],
  [{ bip: '10.9.0.0/24' }, /^bip 10\.9\.0\.0\/24: no host's address/],
  [{ bip: '10.9.0.255/24' }, /^bip 10\.9\.0\.255\/24: .*broadcast/],
  [{ bip: '10.9.0.1' }, /^bip 10\.9\.0\.1: invalid subnet/],
  [{ bip: '10.9.0.1/31' }, /^bip .*prefix/],
  [{ bip: 'fd00::1/64' }, /^bip fd00::1\/64: not of IPv4/],
  [{ bip: '127.0.0.1/8' }, /^bip /],
  [{ ipv6: true, bip6: 'fe80:0:0:1::2/64' }, /^bip6 /],
  [{ bip6: 'fd00::1/64' }, /^bip6: ipv6 is not switched on$/],
  [{ bridge: 'none', bip: '10.9.0.1/24' }, /^bip: there is no bridge/],
  [{ bridge: 'none', 'fixed-cidr': '10.9.0.0/24' }, /^fixed-cidr: there is no bridge/],
  [
    { bip: '10.9.0.1/24', 'fixed-cidr': '10.9.1.0/25' },
    /^fixed-cidr 10\.9\.1\.0\/25: not within 10\.9\.0\.0\/24$/,
  ],
  [{ bip: '10.9.0.1/24', 'fixed-cidr': '10.9.0.0/16' }, /^fixed-cidr .*: not within/],
  [{ 'fixed-cidr': 'x' }, /^fixed-cidr x: /],
  [{ 'default-gateway': '10.9.0.1' }, /^default-gateway 10\.9\.0\.1: of which subnet\?/],
  [
    { bip: '10.9.0.1/24', 'default-gateway': '10.8.0.1' },
    /^default-gateway 10\.8\.0\.1: no address of 10\.9\.0\.0\/24$/,
  ],
  [{ mtu: 10 }, /^mtu 10: not between/],
  [{ 'published-ports': 'shut' }, /^published-ports: unknown "shut" \(know open, host-policy\)$/],
  [{ ip: 'localhost' }, /^ip localhost: not an IP address$/],
  [{ icc: false, iptables: false }, /^icc: .*\(iptables is false\)$/],
  [
    { 'default-address-pools': [{ base: '10.0.0.0/8', size: 4 }] },
    /^default-address-pools 10\.0\.0\.0\/8: size 4/,
  ],
  [{ 'default-address-pools': [{ base: '10.0.0.0/8', size: 'x' }] }, /size x/],
  [{ 'default-address-pools': [{ base: '10/8', size: 24 }] }, /^default-address-pools 10\/8: invalid CIDR/],
  [{ 'default-address-pools': [{ size: 24 }] }, /a pool has no base/],
  [{ 'default-address-pools': [{ base: '10.0.0.0/8', size: 24, sice: 2 }] }, /unknown sice/],
  [{ 'default-network-opts': { bridge: 'x' } }, /^default-network-opts bridge: must be an object$/],
  [{ 'default-network-opts': { bridge: { a: 1 } } }, /^default-network-opts bridge: a must be a string$/],
  [
    { 'default-network-opts': { bridge: { 'com.docker.network.driver.mtu': 'x' } } },
    /^default-network-opts bridge: failed to parse com\.docker\.network\.driver\.mtu value: x/,
  ],
];
for (const [values, message] of wrong)
  test(`${JSON.stringify(values)} is refused in one line`, () =>
    assert.throws(
      () => from(values),
      (error: Error) =>
        error instanceof InvalidArgument && message.test(error.message) && !error.message.includes('\n'),
    ));

test('flags that are no pairs are refused by name', () => {
  for (const [key, given] of [
    ['default-address-pools', '10.0.0.0/8'],
    ['default-network-opts', 'bridge=novalue'],
  ] as const)
    assert.throws(() => fromFlag(key, given), { kind: 'invalid', message: /^--default-/ });
});
