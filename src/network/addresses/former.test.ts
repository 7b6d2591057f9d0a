import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from './address.ts';
import { FormerAddresses } from './former.ts';

test('a name has the addresses that it had last; who has none is not remembered', () => {
  const former = new FormerAddresses();
  const [first, second] = [parseAddress('10.0.0.2'), parseAddress('10.0.0.3')];
  former.remember('web', [first]);
  former.remember('web', [second]);
  former.remember(undefined, [first]);
  assert.deepEqual(former.of('web'), [second]);
  assert.deepEqual(former.of('db'), []);
  assert.deepEqual(former.of(undefined), []);
});

test('names are forgotten, the one that was seen longest ago first', () => {
  const former = new FormerAddresses();
  const address = parseAddress('10.0.0.2');
  former.remember('kept', [address]);
  former.remember('lost', [address]);
  former.remember('kept', [address]);
  for (let index = 0; index < 4095; index++) former.remember(`other${index}`, [address]);
  assert.deepEqual([former.of('kept').length, former.of('lost').length], [1, 0]);
});
