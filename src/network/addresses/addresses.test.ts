import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  AddressPool,
  chooseSubnet,
  formatAddress,
  formatHardwareAddress,
  formatSubnet,
  hardwareAddressFor,
  overlaps,
  parseAddress,
  parseHardwareAddress,
  parseSubnet,
  rangeOf,
} from './addresses.ts';

test('an address is read and written alike', () => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), (address) => assert.equal(parseAddress(formatAddress(address)), address)),
  );
});

for (const [text, subnet, gateway] of [
  ['172.30.0.0/16', '172.30.0.0/16', '172.30.0.1'],
  ['172.30.0.1/16', '172.30.0.0/16', '172.30.0.1'],
  ['10.1.2.77/24', '10.1.2.0/24', '10.1.2.77'],
] as const)
  test(`${text} is the subnet ${subnet} with gateway ${gateway}`, () => {
    const parsed = parseSubnet(text);
    assert.deepEqual([formatSubnet(parsed), formatAddress(parsed.gateway)], [subnet, gateway]);
  });

test('the first subnet that overlaps nothing is chosen', () => {
  const taken = (...texts: string[]) =>
    texts.map((text) => rangeOf(parseAddress(text.split('/')[0] ?? ''), Number(text.split('/')[1])));
  assert.equal(formatSubnet(chooseSubnet([])), '172.17.0.0/16');
  assert.equal(formatSubnet(chooseSubnet(taken('172.17.0.0/16', '172.18.5.0/24'))), '172.19.0.0/16');
  assert.equal(formatSubnet(chooseSubnet(taken('172.16.0.0/12'))), '192.168.0.0/20');
  assert.throws(
    () => chooseSubnet(taken('172.16.0.0/12', '192.168.0.0/16')),
    /non-overlapping IPv4 address pool/,
  );
});

test('overlap is symmetric and means a common address', () => {
  const range = fc.tuple(fc.nat(0xffffffff), fc.integer({ min: 1, max: 32 })).map(([a, p]) => rangeOf(a, p));
  const last = (r: { base: number; prefixLength: number }) => r.base + 2 ** (32 - r.prefixLength) - 1;
  fc.assert(
    fc.property(range, range, (a, b) => {
      const common = a.base <= last(b) && b.base <= last(a);
      assert.equal(overlaps(a, b), common);
      assert.equal(overlaps(b, a), common);
    }),
  );
});

test('addresses are given in turn, a freed one last, never the gateway', () => {
  const pool = new AddressPool(parseSubnet('10.0.0.0/29'));
  const take = () => formatAddress(pool.take());
  assert.deepEqual([take(), take()], ['10.0.0.2', '10.0.0.3']);
  pool.release(parseAddress('10.0.0.2'));
  assert.deepEqual([take(), take(), take(), take()], ['10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.2']);
  assert.throws(take, /no available IPv4 addresses/);
});

test('a claimed address is not given', () => {
  const pool = new AddressPool(parseSubnet('10.0.0.0/29'));
  pool.claim(parseAddress('10.0.0.3'));
  const given = Array.from({ length: 4 }, () => formatAddress(pool.take()));
  assert.deepEqual(given.toSorted(), ['10.0.0.2', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
});

test('a hardware address is made from the address, and others are checked', () => {
  assert.equal(formatHardwareAddress(hardwareAddressFor(parseAddress('172.17.0.2'))), '02:42:ac:11:00:02');
  assert.equal(formatHardwareAddress(parseHardwareAddress('02-AA-00-00-00-01')), '02:aa:00:00:00:01');
  for (const wrong of [
    '',
    '02:42',
    '01:00:5e:00:00:01',
    '00:00:00:00:00:00',
    '02:42:ac:11:00:02:03',
    '02:42-ac:11:00:02',
  ])
    assert.throws(() => parseHardwareAddress(wrong), { kind: 'invalid' });
});
