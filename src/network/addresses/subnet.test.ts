import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { type Address, addressFromBytes, formatAddress } from './address.ts';
import {
  contains,
  formatRange,
  isSameRange,
  lastOf,
  overlaps,
  parseRange,
  parseSubnet,
  type Range,
  rangeOf,
} from './subnet.ts';

/** Any address of either family. */
const anyAddress = fc
  .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(addressFromBytes);
/** Any range of either family. */
const anyRange = fc
  .tuple(anyAddress, fc.nat(128))
  .map(([address, bits]) => rangeOf(address, address.family === 4 ? bits % 33 : bits));
const theirs = (address: Address): ipaddr.IPv4 | ipaddr.IPv6 => ipaddr.parse(formatAddress(address));
const inTheirWords = ({ base, prefixLength }: Range, address: Address): boolean =>
  base.family === address.family && theirs(address).match(theirs(base) as never, prefixLength);

for (const [text, subnet, gateway] of [
  ['172.30.0.0/16', '172.30.0.0/16', '172.30.0.1'],
  ['172.30.0.1/16', '172.30.0.0/16', '172.30.0.1'],
  ['10.1.2.77/24', '10.1.2.0/24', '10.1.2.77'],
] as const)
  test(`${text} is the subnet ${subnet} with gateway ${gateway}`, () => {
    const parsed = parseSubnet(text);
    assert.deepEqual([formatRange(parsed), formatAddress(parsed.gateway)], [subnet, gateway]);
  });

for (const [text, range] of [
  ['10.1.2.77/24', '10.1.2.0/24'],
  ['10.1.2.77/32', '10.1.2.77/32'],
  ['fd00::5/64', 'fd00::/64'],
] as const)
  test(`${text} lies in the range ${range}`, () => assert.equal(formatRange(parseRange(text)), range));

for (const text of [
  '10.1.2.0',
  '10.1.2.0/33',
  'fd00::/129',
  '10.1.2/24',
  '10.1.2.0/-1',
  '10.0.0.0/8; drop',
  '',
])
  test(`${JSON.stringify(text)} is no range`, () =>
    assert.throws(() => parseRange(text), { kind: 'invalid' }));

test('overlap is symmetric and means a common address', () => {
  fc.assert(
    fc.property(anyRange, anyRange, (a, b) => {
      const common =
        a.base.family === b.base.family && a.base.value <= lastOf(b).value && b.base.value <= lastOf(a).value;
      assert.equal(overlaps(a, b), common);
      assert.equal(overlaps(b, a), common);
    }),
  );
});

test('a range has the addresses that ipaddr.js says it has', () => {
  fc.assert(
    fc.property(anyRange, anyAddress, fc.nat(), (range, stranger, step) => {
      const size = lastOf(range).value - range.base.value + 1n;
      const member = { ...range.base, value: range.base.value + (BigInt(step) % size) };
      for (const each of [stranger, member, range.base, lastOf(range)])
        assert.equal(contains(range, each), inTheirWords(range, each), formatAddress(each));
      assert.ok(contains(range, member));
    }),
  );
});

test('first and last address of a range are those of ipaddr.js', () => {
  fc.assert(
    fc.property(anyRange, (range) => {
      const { IPv4, IPv6 } = ipaddr;
      const kind = range.base.family === 4 ? IPv4 : IPv6;
      assert.equal(formatAddress(range.base), kind.networkAddressFromCIDR(formatRange(range)).toString());
      assert.equal(
        formatAddress(lastOf(range)),
        kind.broadcastAddressFromCIDR(formatRange(range)).toString(),
      );
    }),
  );
});

for (const [text, subnet, gateway] of [
  ['fd00:1::/64', 'fd00:1::/64', 'fd00:1::1'],
  ['fd00:1::ff/64', 'fd00:1::/64', 'fd00:1::ff'],
  ['2001:db8::/32', '2001:db8::/32', '2001:db8::1'],
] as const)
  test(`${text} is the subnet ${subnet} with gateway ${gateway}`, () => {
    const parsed = parseSubnet(text);
    assert.deepEqual([formatRange(parsed), formatAddress(parsed.gateway)], [subnet, gateway]);
  });

for (const text of ['::1/64', 'fe80::/10', 'ff02::/16', 'fd00::/127', 'fd00::/4', 'fd00::', 'fd00::%eth0/64'])
  test(`the subnet ${text} is refused`, () => {
    assert.throws(() => parseSubnet(text), { kind: 'invalid' });
  });

for (const [text, range] of [
  ['64.0.0.0/4', '64.0.0.0/4'],
  ['10.0.0.1/30', '10.0.0.0/30'],
  ['fd00::/8', 'fd00::/8'],
  ['fd00::3/126', 'fd00::/126'],
  ['fe80::/64', 'fe80::/64'],
  ['126.0.0.0/8', '126.0.0.0/8'],
  ['128.0.0.0/8', '128.0.0.0/8'],
] as const)
  test(`the subnet ${text} is one that a network can have`, () =>
    assert.equal(formatRange(parseSubnet(text)), range));

for (const text of [
  ...['64.0.0.0/3', '10.0.0.0/31', 'fc00::/7', 'fe80::/63', 'fe80::/65'],
  ...['/10.0.0.0/8', '10.0.0.0/0008', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/8 '],
  ...['0.0.0.0/8', '127.1.0.0/16', '169.254.7.0/24', '224.0.0.0/4'],
])
  test(`the subnet ${text} is refused`, () => {
    assert.throws(() => parseSubnet(text), { kind: 'invalid', message: /^invalid subnet/ });
  });

test('what a subnet may be is told when it is another', () => {
  assert.throws(() => parseSubnet('10.0.0.0/31'), /want ADDRESS\/PREFIX with a prefix from 4 to 30$/);
  assert.throws(() => parseSubnet('fd00::/127'), /want ADDRESS\/PREFIX with a prefix from 8 to 126$/);
});

test('a gateway is not the broadcast address, which IPv6 has not', () => {
  assert.throws(() => parseSubnet('10.0.0.3/30'), /the gateway is the broadcast address/);
  assert.equal(formatAddress(parseSubnet('10.0.0.2/30').gateway), '10.0.0.2');
  assert.equal(formatAddress(parseSubnet('fd00::3/126').gateway), 'fd00::3');
});

for (const [text, range] of [
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['fd00::1/128', 'fd00::1/128'],
  ['255.255.255.255/1', '128.0.0.0/1'],
] as const)
  test(`${text} is the range ${range}`, () => assert.equal(formatRange(parseRange(text)), range));

for (const text of ['/10.0.0.0/8', '10.0.0.0/0008', '10.0.0.0/8x', '10.0.0.0/'])
  test(`${text} is no range at all`, () => assert.throws(() => parseRange(text), { kind: 'invalid' }));

test('ranges are the same by base and length', () => {
  const [one, shorter, other] = ['10.0.0.0/24', '10.0.0.0/23', '10.0.1.0/24'].map(parseRange) as [
    Range,
    Range,
    Range,
  ];
  assert.deepEqual(
    [isSameRange(one, { ...one }), isSameRange(one, shorter), isSameRange(one, other)],
    [true, false, false],
  );
});
