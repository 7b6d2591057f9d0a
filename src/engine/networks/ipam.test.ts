import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '../../base/failures.ts';
import { networkFailure } from '../../model/failures/network.ts';
import { missingFamilies, readSubnets, subnetOfRecord } from './ipam.ts';

const both = { ipv4: true, ipv6: true };

test('a subnet has its first address as gateway, or that of its range, or the one that was asked for', () => {
  assert.deepEqual(
    readSubnets(
      [
        { Subnet: '10.5.0.0/24' },
        { Subnet: 'fd00:5::/64', Gateway: 'fd00:5::99' },
        { Subnet: '10.6.0.0/16', IPRange: '10.6.1.0/24', AuxiliaryAddresses: { router: '10.6.1.9' } },
      ],
      both,
    ).subnets,
    [
      { subnet: '10.5.0.0/24', gateway: '10.5.0.1' },
      { subnet: 'fd00:5::/64', gateway: 'fd00:5::99' },
      {
        subnet: '10.6.0.0/16',
        gateway: '10.6.1.1',
        range: '10.6.1.0/24',
        auxiliary: { router: '10.6.1.9' },
      },
    ],
  );
});

test('subnets of a family that is switched off are told and not used, and its lack is not one', () => {
  const { subnets, idle } = readSubnets([{ Subnet: 'fd00:5::/64' }], { ipv4: true, ipv6: false });
  assert.deepEqual([subnets, idle], [[], [{ subnet: 'fd00:5::/64', gateway: '' }]]);
  assert.deepEqual(missingFamilies(subnets, { ipv4: true, ipv6: false }), [4]);
  assert.deepEqual(missingFamilies([{ subnet: '10.5.0.0/24', gateway: '10.5.0.1' }], both), [6]);
});

test('a subnet may be told by any of its addresses where the client is of that time', () => {
  const asked = [{ Subnet: '2001:389::1/64', IPRange: '2001:389::5/96', Gateway: '2001:389::ffff' }];
  assert.deepEqual(readSubnets(asked, { ...both, anyAddress: true }).subnets, [
    { subnet: '2001:389::/64', gateway: '2001:389::ffff', range: '2001:389::/96' },
  ]);
});

test('of link-local subnets there is the one that every link has', () => {
  const asked = [{ Subnet: 'fe80::/64', Gateway: 'fe80::1001:1' }];
  assert.deepEqual(readSubnets(asked, both).subnets, [{ subnet: 'fe80::/64', gateway: 'fe80::1001:1' }]);
  assert.throws(() => readSubnets([{ Subnet: 'fe80::/10' }], both), /cannot have this range/);
  assert.throws(() => readSubnets([{ Subnet: 'fe80:0:0:1::/64' }], both), /cannot have this range/);
});

test('what is on record is the subnet that networks give addresses of', () => {
  const { base, prefixLength, gateway, range, reserved } = subnetOfRecord({
    subnet: '10.6.0.0/16',
    gateway: '10.6.1.1',
    range: '10.6.1.0/24',
    auxiliary: { router: '10.6.1.9' },
  });
  assert.equal(base.value, 0x0a06_0000n);
  assert.equal(prefixLength, 16);
  assert.equal(gateway.value, 0x0a06_0101n);
  assert.equal(range?.prefixLength, 24);
  assert.deepEqual(
    reserved?.map(({ value }) => value),
    [0x0a06_0109n],
  );
});

for (const [config, problem] of [
  [{ Subnet: '10.5.0.0/33' }, 'invalid subnet 10.5.0.0/33: invalid CIDR address'],
  [{ Subnet: 'x; drop' }, 'invalid subnet x; drop: invalid CIDR address'],
  [{ Gateway: '10.5.0.1' }, 'invalid subnet : invalid CIDR address'],
  [{ Subnet: '10.5.0.9/24' }, 'invalid subnet 10.5.0.9/24: it should be 10.5.0.0/24'],
  [{ Subnet: '0.0.0.0/0' }, 'want ADDRESS/PREFIX with a prefix from 4 to 30'],
  [{ Subnet: '10.5.0.0/32' }, 'want ADDRESS/PREFIX with a prefix from 4 to 30'],
  [{ Subnet: '127.0.0.0/8' }, 'a network cannot have this range'],
  [{ Subnet: '224.0.0.0/8' }, 'a network cannot have this range'],
  [{ Subnet: '::ffff:10.5.0.0/120' }, 'a network cannot have this range'],
  [
    { Subnet: '10.5.0.0/24', Gateway: '10.6.0.1' },
    "invalid gateway 10.6.0.1: parent subnet 10.5.0.0/24 doesn't contain this address",
  ],
  [{ Subnet: '10.5.0.0/24', Gateway: 'fd00::1' }, 'invalid gateway fd00::1: parent subnet is an IPv4 block'],
  [{ Subnet: '10.5.0.0/24', Gateway: '10.5.0.1 accept' }, 'is no IP address'],
  [
    { Subnet: '10.5.0.0/24', IPRange: '10.5.0.0/16' },
    'invalid ip-range 10.5.0.0/16: CIDR block is bigger than its parent subnet 10.5.0.0/24',
  ],
  [
    { Subnet: '10.5.0.0/24', IPRange: '10.5.0.9/28' },
    'invalid ip-range 10.5.0.9/28: it should be 10.5.0.0/28',
  ],
  [{ Subnet: '10.5.0.0/24', IPRange: '10.6.0.0/28' }, "parent subnet 10.5.0.0/24 doesn't contain ip-range"],
  [
    { Subnet: '10.5.0.0/24', AuxiliaryAddresses: { a: '1.2.3.4' } },
    "invalid auxiliary address a: parent subnet 10.5.0.0/24 doesn't contain this address",
  ],
] as const)
  test(`SC-NET-11, SC-INJ-06: a network with ${JSON.stringify(config)} is refused`, () => {
    assert.throws(
      () => readSubnets([config], both),
      (error) => isFailure(error, networkFailure.ipamInvalid) && error.message.includes(problem),
    );
  });
