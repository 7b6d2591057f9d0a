import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { freeSubnet, subnetPools } from './choose.ts';
import { formatRange, overlaps, parseRange, rangeOf } from './subnet.ts';

const DEFAULTS = subnetPools([], 'gantry test');
const pool = (base: string, size: number) => ({ base: parseRange(base), size });
const chosen = (pools: typeof DEFAULTS, ...taken: string[]) =>
  formatRange(freeSubnet(4, pools, taken.map(parseRange)));

test('the first subnet that overlaps nothing is chosen', () => {
  assert.equal(chosen(DEFAULTS), '172.17.0.0/16');
  assert.equal(chosen(DEFAULTS, '172.17.0.0/16', '172.18.5.0/24'), '172.19.0.0/16');
  assert.equal(chosen(DEFAULTS, '172.16.0.0/12'), '192.168.0.0/20');
  assert.equal(chosen(DEFAULTS, '172.16.0.0/12', '192.168.0.0/17'), '192.168.128.0/20');
  assert.throws(() => chosen(DEFAULTS, '172.16.0.0/12', '192.168.0.0/16'), {
    kind: 'internal',
    message:
      'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
  });
});

test('asked pools take the place of those of their family alone', () => {
  const pools = subnetPools([pool('10.0.0.0/8', 24), pool('10.99.0.0/16', 16)], 'gantry test');
  assert.equal(chosen(pools, '10.0.0.0/23', '10.0.3.7/32'), '10.0.2.0/24');
  assert.equal(chosen(pools, '10.0.0.0/9'), '10.128.0.0/24');
  assert.throws(() => chosen(pools, '10.0.0.0/8'), /non-overlapping IPv4/);
  assert.match(formatRange(freeSubnet(6, pools, [])), /^fd/);
});

test('in IPv6 an engine has a /48 of its own, the same in each life', () => {
  const first = freeSubnet(6, DEFAULTS, []);
  assert.equal(first.prefixLength, 64);
  assert.deepEqual(freeSubnet(6, subnetPools([], 'gantry test'), []), first);
  const second = freeSubnet(6, DEFAULTS, [first]);
  assert.ok(overlaps(rangeOf(first.base, 48), second) && !overlaps(first, second));
  assert.ok(!overlaps(rangeOf(first.base, 48), freeSubnet(6, subnetPools([], 'gantry other'), [])));
});

test('whatever is taken, what is chosen is the first that is free', () => {
  const pools = [pool('10.0.0.0/27', 30), pool('10.0.1.0/28', 29)];
  const all = [0, 4, 8, 12, 16, 20, 24, 28]
    .map((at) => `10.0.0.${at}/30`)
    .concat('10.0.1.0/29', '10.0.1.8/29');
  const taken = fc
    .tuple(fc.constantFrom('10.0.0.', '10.0.1.'), fc.nat(31), fc.integer({ min: 26, max: 32 }))
    .map(([start, end, length]) => parseRange(`${start}${end}/${length}`));
  fc.assert(
    fc.property(fc.array(taken, { maxLength: 12 }), (used) => {
      const first = all.find((text) => !used.some((each) => overlaps(each, parseRange(text))));
      if (first === undefined) assert.throws(() => freeSubnet(4, pools, used), /non-overlapping/);
      else assert.equal(formatRange(freeSubnet(4, pools, used)), first);
    }),
  );
});
