import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
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

test('the defaults are Docker’s: sixteen bits of 172.17 to 172.31, then twenty of 192.168', () => {
  const taken: ReturnType<typeof parseRange>[] = [];
  const expected = [
    ...Array.from({ length: 15 }, (_, index) => `172.${17 + index}.0.0/16`),
    ...Array.from({ length: 16 }, (_, index) => `192.168.${16 * index}.0/20`),
  ];
  for (const each of expected) {
    const found = freeSubnet(4, DEFAULTS, taken);
    assert.equal(formatRange(found), each);
    assert.equal(found.gateway.value, found.base.value + 1n);
    taken.push(found);
  }
  assert.throws(() => freeSubnet(4, DEFAULTS, taken), /non-overlapping IPv4/);
});

test('asked pools of IPv6 leave the defaults of IPv4', () => {
  const pools = subnetPools([pool('fd12::/56', 64)], 'gantry test');
  assert.equal(formatRange(freeSubnet(6, pools, [])), 'fd12::/64');
  assert.equal(formatRange(freeSubnet(6, pools, [parseRange('fd12::/57')])), 'fd12:0:0:80::/64');
  assert.equal(chosen(pools), '172.17.0.0/16');
  assert.throws(() => freeSubnet(6, pools, [parseRange('fd12::/56')]), /non-overlapping IPv6/);
});

test('a /48 is of the unique local addresses, by forty bits of what marks the engine', () => {
  const globalId = createHash('sha256').update('gantry test').digest('hex').slice(0, 10);
  const text = `fd${globalId}`.replace(/(.{4})(?=.)/g, '$1:');
  assert.deepEqual(freeSubnet(6, DEFAULTS, []).base, parseRange(`${text}::/48`).base);
  const half = [parseRange(`${text}::/49`)];
  assert.equal(formatRange(freeSubnet(6, DEFAULTS, half)), formatRange(parseRange(`${text}:8000::/64`)));
  const two = [parseRange(`${text}::/64`), parseRange(`${text}:1::/64`)];
  assert.equal(formatRange(freeSubnet(6, DEFAULTS, two)), formatRange(parseRange(`${text}:2::/64`)));
});
