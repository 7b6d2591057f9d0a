import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress } from './address.ts';
import { AddressPool } from './pool.ts';
import { contains, parseRange, parseSubnet } from './subnet.ts';

test('addresses are given in turn, a freed one last, never the gateway', () => {
  const pool = new AddressPool(parseSubnet('10.0.0.0/29'));
  const take = () => formatAddress(pool.take());
  assert.deepEqual([take(), take()], ['10.0.0.2', '10.0.0.3']);
  pool.release(parseAddress('10.0.0.2'));
  assert.deepEqual([take(), take(), take(), take()], ['10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.2']);
  assert.throws(take, /no available IPv4 addresses/);
});

test('a former address is given again while it is free, inside the range and nobody keeps it', () => {
  const range = parseRange('10.0.0.8/29');
  const pool = new AddressPool({
    ...parseSubnet('10.0.0.0/24'),
    range,
    reserved: [parseAddress('10.0.0.9')],
  });
  const again = (text: string) => pool.takeIfFree(parseAddress(text)) !== undefined;
  assert.equal(formatAddress(pool.take()), '10.0.0.8');
  assert.deepEqual(['10.0.0.8', '10.0.0.9', '10.0.0.99', '10.0.0.10', '10.0.0.10'].map(again), [
    false,
    false,
    false,
    true,
    false,
  ]);
  pool.release(parseAddress('10.0.0.8'));
  assert.ok(again('10.0.0.8'));
  assert.equal(formatAddress(pool.take()), '10.0.0.11');
});

test('a wanted address is given once, and never one that is kept or lies outside', () => {
  const reserved = [parseAddress('10.0.0.5')];
  const pool = new AddressPool({ ...parseSubnet('10.0.0.0/29'), reserved });
  const want = (text: string) => formatAddress(pool.take(parseAddress(text)));
  assert.equal(want('10.0.0.3'), '10.0.0.3');
  for (const taken of ['10.0.0.3', '10.0.0.1', '10.0.0.5'])
    assert.throws(() => want(taken), { kind: 'forbidden', message: 'Address already in use' });
  for (const outside of ['10.0.0.0', '10.0.0.7', '10.0.0.8', 'fd00::3'])
    assert.throws(() => want(outside), {
      kind: 'invalid',
      message: `Invalid address ${outside}: It does not belong to any of this network's subnets`,
    });
  const given = Array.from({ length: 3 }, () => formatAddress(pool.take()));
  assert.deepEqual(given, ['10.0.0.2', '10.0.0.4', '10.0.0.6']);
  pool.release(parseAddress('10.0.0.5'));
  assert.throws(() => pool.take(), /no available IPv4 addresses/);
  pool.release(parseAddress('10.0.0.3'));
  assert.equal(want('10.0.0.3'), '10.0.0.3');
});

test('without a wish addresses come from the range alone, with one from the whole subnet', () => {
  const range = parseRange('10.0.0.8/30');
  const pool = new AddressPool({ ...parseSubnet('10.0.0.0/24'), range });
  const given = Array.from({ length: 4 }, () => formatAddress(pool.take()));
  assert.deepEqual(given, ['10.0.0.8', '10.0.0.9', '10.0.0.10', '10.0.0.11']);
  assert.throws(() => pool.take(), /no available IPv4 addresses/);
  assert.equal(formatAddress(pool.take(parseAddress('10.0.0.99'))), '10.0.0.99');
  pool.claim(parseAddress('10.0.0.200'));
  pool.release(parseAddress('10.0.0.9'));
  assert.equal(formatAddress(pool.take()), '10.0.0.9');
});

test('a range at the edges of its subnet holds neither its base nor its broadcast address', () => {
  const whole = parseSubnet('10.0.0.0/24');
  const first = new AddressPool({ ...whole, range: parseRange('10.0.0.0/30') });
  const last = new AddressPool({ ...whole, range: parseRange('10.0.0.252/30') });
  const nothing = new AddressPool({ ...whole, range: parseRange('10.0.0.0/32') });
  const all = (pool: AddressPool, count: number) =>
    Array.from({ length: count }, () => formatAddress(pool.take()));
  assert.deepEqual(all(first, 2), ['10.0.0.2', '10.0.0.3']);
  assert.deepEqual(all(last, 3), ['10.0.0.252', '10.0.0.253', '10.0.0.254']);
  for (const pool of [first, last, nothing]) assert.throws(() => pool.take(), /no available IPv4/);
});

test('a claimed address is not given', () => {
  const pool = new AddressPool(parseSubnet('10.0.0.0/29'));
  pool.claim(parseAddress('10.0.0.3'));
  const given = Array.from({ length: 4 }, () => formatAddress(pool.take()));
  assert.deepEqual(given.toSorted(), ['10.0.0.2', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
});

test('a subnet of 2^64 addresses gives one after the other, without looking at all', () => {
  const pool = new AddressPool(parseSubnet('fd00:1::/64'));
  const take = () => formatAddress(pool.take());
  assert.deepEqual([take(), take()], ['fd00:1::2', 'fd00:1::3']);
  pool.claim(parseAddress('fd00:1::ffff:ffff:ffff:ffff'));
  assert.deepEqual([take(), take()], ['fd00:1::4', 'fd00:1::5']);
});

test('whatever is taken, claimed and released, no address is given twice at a time', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ is: 'take' } as const) },
    fc.nat(9).map((index) => ({ is: 'release', index }) as const),
    fc.nat(20).map((offset) => ({ is: 'claim', offset }) as const),
  );
  fc.assert(
    fc.property(fc.constantFrom('10.0.0.0/28', 'fd00:1::/124'), fc.array(step), (text, steps) => {
      const subnet = parseSubnet(text);
      const pool = new AddressPool(subnet);
      const held = new Map<string, ReturnType<typeof parseAddress>>();
      const room = subnet.base.family === 4 ? 13 : 14;
      for (const each of steps) {
        if (each.is === 'release') {
          const [key, address] = [...held][each.index] ?? [];
          if (key === undefined || address === undefined) continue;
          held.delete(key);
          pool.release(address);
        } else if (each.is === 'claim') {
          const address = { ...subnet.base, value: subnet.base.value + 2n + BigInt(each.offset % room) };
          pool.claim(address);
          held.set(formatAddress(address), address);
        } else if (held.size === room) {
          assert.throws(() => pool.take(), /no available IPv[46] addresses/);
        } else {
          const address = pool.take();
          assert.ok(contains(subnet, address) && !held.has(formatAddress(address)));
          held.set(formatAddress(address), address);
        }
      }
    }),
  );
});

test('what is in use and what is left add up: first and last address of a subnet are nobody’s', () => {
  const usage = (pool: AddressPool) => Object.values(pool.usage());
  const pool = new AddressPool(parseSubnet('10.0.0.0/29'));
  assert.deepEqual(usage(pool), [3n, 5n]);
  pool.take();
  pool.claim(parseAddress('10.0.0.6'));
  assert.deepEqual(usage(pool), [5n, 3n]);
  pool.claim(parseAddress('10.9.9.9'));
  pool.release(parseAddress('10.0.0.6'));
  assert.deepEqual(usage(pool), [4n, 4n]);
  // IPv6 has no broadcast address.
  assert.deepEqual(usage(new AddressPool(parseSubnet('fd00:1::/125'))), [2n, 6n]);
  const ranged = new AddressPool({ ...parseSubnet('10.0.0.0/24'), range: parseRange('10.0.0.8/30') });
  assert.deepEqual(usage(ranged), [3n, 4n]);
  for (const edge of ['10.0.0.7', '10.0.0.12']) ranged.claim(parseAddress(edge));
  assert.deepEqual(usage(ranged), [5n, 4n]);
  for (const edge of ['10.0.0.8', '10.0.0.11']) ranged.claim(parseAddress(edge));
  assert.deepEqual(usage(ranged), [7n, 2n]);
});

test('where another machine is the way out, neither its address nor the host’s is given', () => {
  const pool = new AddressPool({ ...parseSubnet('10.0.0.0/29'), hostAddress: parseAddress('10.0.0.2') });
  const given = Array.from({ length: 4 }, () => formatAddress(pool.take()));
  assert.deepEqual(given, ['10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
  assert.throws(() => pool.take(parseAddress('10.0.0.2')), { kind: 'forbidden' });
});

test('the first is given after the gateway where that is in the range, else at the range’s beginning', () => {
  const first = (gateway: string, range: string) =>
    formatAddress(new AddressPool({ ...parseSubnet(gateway), range: parseRange(range) }).take());
  assert.equal(first('10.0.0.10/24', '10.0.0.8/29'), '10.0.0.11');
  assert.equal(first('10.0.0.8/24', '10.0.0.8/29'), '10.0.0.9');
  assert.equal(first('10.0.0.16/24', '10.0.0.8/29'), '10.0.0.8');
  assert.equal(first('10.0.0.1/24', '10.0.0.0/29'), '10.0.0.2');
});

test('a former address is one of the range’s, its ends included', () => {
  const range = parseRange('10.0.0.8/29');
  const pool = new AddressPool({ ...parseSubnet('10.0.0.0/24'), range });
  const again = (text: string) => pool.takeIfFree(parseAddress(text)) !== undefined;
  assert.deepEqual(['10.0.0.7', '10.0.0.8', '10.0.0.15', '10.0.0.16'].map(again), [false, true, true, false]);
});

test('a claimed address is the last that was given, when it is one that is given unasked', () => {
  const range = parseRange('10.0.0.8/29');
  const next = (...claimed: string[]) => {
    const pool = new AddressPool({ ...parseSubnet('10.0.0.0/24'), range });
    for (const each of claimed) pool.claim(parseAddress(each));
    return formatAddress(pool.take());
  };
  assert.equal(next('10.0.0.8'), '10.0.0.9');
  assert.equal(next('10.0.0.11'), '10.0.0.12');
  assert.equal(next('10.0.0.13', '10.0.0.8'), '10.0.0.9');
  assert.equal(next('10.0.0.15'), '10.0.0.8');
  assert.equal(next('10.0.0.16'), '10.0.0.8');
  assert.equal(next('10.0.0.10', '10.0.0.16'), '10.0.0.11');
  assert.equal(next('10.0.0.10', '10.0.0.7'), '10.0.0.11');
});

test('the address that was given last is given again when no other is free', () => {
  const pool = new AddressPool({ ...parseSubnet('10.0.0.0/24'), range: parseRange('10.0.0.8/30') });
  for (let left = 4; left > 0; left--) pool.take();
  pool.release(parseAddress('10.0.0.11'));
  assert.equal(formatAddress(pool.take()), '10.0.0.11');
});

test('the smallest subnet has one address to give in IPv4, whose last is the broadcast address', () => {
  const pool = new AddressPool(parseSubnet('10.0.0.0/30'));
  assert.equal(formatAddress(pool.take()), '10.0.0.2');
  assert.throws(() => pool.take(), /no available IPv4 addresses/);
  assert.throws(() => pool.take(parseAddress('10.0.0.3')), { kind: 'invalid' });
  const six = new AddressPool(parseSubnet('fd00:1::/126'));
  assert.equal(formatAddress(six.take(parseAddress('fd00:1::3'))), 'fd00:1::3');
});

test('RC-E06: ten thousand times given and given back, as many addresses are free as at first, and each is given in its turn', () => {
  const pool = new AddressPool(parseSubnet('10.0.0.0/28'));
  const before = pool.usage();
  const held: ReturnType<typeof pool.take>[] = [];
  const given = new Map<string, number>();
  for (let cycle = 0; cycle < 10_000; cycle++) {
    const address = pool.take();
    assert.ok(!held.some(({ value }) => value === address.value), 'given to two at once');
    held.push(address);
    given.set(formatAddress(address), (given.get(formatAddress(address)) ?? 0) + 1);
    if (held.length > 5) pool.release(held.shift()!);
  }
  for (const address of held) pool.release(address);
  assert.deepEqual(pool.usage(), before);
  assert.equal(BigInt(given.size), before.available);
  assert.ok(Math.max(...given.values()) - Math.min(...given.values()) <= 1);
});
