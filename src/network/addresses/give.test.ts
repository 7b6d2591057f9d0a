import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, formatAddress, parseAddress } from './address.ts';
import { type AddressWish, takeEach } from './give.ts';
import { AddressPool } from './pool.ts';
import { formatRange, parseSubnet } from './subnet.ts';

const poolOf = (text: string): AddressPool => new AddressPool(parseSubnet(text));
const wish = (given: { wanted?: readonly string[]; former?: readonly string[] }): AddressWish => ({
  wanted: (given.wanted ?? []).map(parseAddress),
  former: (given.former ?? []).map(parseAddress),
  holders: () => ['0123456789abcdef'.repeat(4)],
});
function taken(pools: readonly AddressPool[], asked: AddressWish, undo = new AsyncDisposableStack()) {
  return takeEach(pools, asked, undo).map(
    ({ address, subnet }) => `${formatAddress(address)} of ${formatRange(subnet)}`,
  );
}
function fill(pool: AddressPool): Address[] {
  const all: Address[] = [];
  for (let left = pool.usage().available; left > 0n; left--) all.push(pool.take());
  return all;
}

test('one address of each family that there are pools of is given', () => {
  const pools = [poolOf('fd00:1::/64'), poolOf('10.0.0.0/29'), poolOf('10.1.0.0/29')];
  assert.deepEqual(taken(pools, wish({})), ['10.0.0.2 of 10.0.0.0/29', 'fd00:1::2 of fd00:1::/64']);
  assert.deepEqual(taken([poolOf('fd00:1::/64')], wish({})), ['fd00:1::2 of fd00:1::/64']);
});

test('a wanted address comes from the pool that has it, the other family’s as if nobody had asked', () => {
  const pools = [poolOf('10.0.0.0/29'), poolOf('10.1.0.0/29'), poolOf('fd00:1::/64')];
  assert.deepEqual(taken(pools, wish({ wanted: ['10.1.0.5'], former: ['10.0.0.3', 'fd00:1::9'] })), [
    '10.1.0.5 of 10.1.0.0/29',
    'fd00:1::9 of fd00:1::/64',
  ]);
  assert.throws(() => taken(pools, wish({ wanted: ['10.1.0.5'] })), { kind: 'forbidden' });
  assert.throws(() => taken(pools, wish({ wanted: ['10.2.0.5'] })), {
    kind: 'invalid',
    message: /10\.2\.0\.5/,
  });
});

test('a former address is given again while it is free, else the next', () => {
  const pools = [poolOf('10.0.0.0/29'), poolOf('10.1.0.0/29')];
  const former = ['172.16.0.1', '10.1.0.4', '10.0.0.5'];
  assert.deepEqual(taken(pools, wish({ former })), ['10.1.0.4 of 10.1.0.0/29']);
  assert.deepEqual(taken(pools, wish({ former })), ['10.0.0.5 of 10.0.0.0/29']);
  assert.deepEqual(taken(pools, wish({ former })), ['10.0.0.2 of 10.0.0.0/29']);
});

test('when a pool is full the next one gives; when all are it is told which, and who has their addresses', () => {
  const pools = [poolOf('10.0.0.0/30'), poolOf('10.1.0.0/30')];
  fill(pools[0] as AddressPool);
  assert.deepEqual(taken(pools, wish({})), ['10.1.0.2 of 10.1.0.0/30']);
  assert.throws(() => taken(pools, wish({})), {
    message: /no available IPv4 addresses.*10\.0\.0\.0\/30, 10\.1\.0\.0\/30.*0123456789ab\b/,
  });
});

test('what was given is given back when the rest fails', async () => {
  const pools = [poolOf('10.0.0.0/29')];
  const undo = new AsyncDisposableStack();
  assert.deepEqual(taken(pools, wish({ wanted: ['10.0.0.4'] }), undo), ['10.0.0.4 of 10.0.0.0/29']);
  await undo.disposeAsync();
  assert.deepEqual(taken(pools, wish({ wanted: ['10.0.0.4'] })), ['10.0.0.4 of 10.0.0.0/29']);
});
