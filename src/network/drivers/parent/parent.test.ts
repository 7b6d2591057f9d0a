import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from '../../../base/errors.ts';
import { planParent } from './parent.ts';

const ID = '0123456789abcdef'.repeat(4);
const plan = (parent: string | undefined, engineMark = 'gantry test') =>
  planParent('macvlan', { parent, networkId: ID, engineMark });

for (const [parent, name, making] of [
  ['eth0', 'eth0', undefined],
  ['eth0.50', 'eth0.50', { is: 'vlan', of: 'eth0', id: 50 }],
  ['eth0.0050', 'eth0.0050', { is: 'vlan', of: 'eth0', id: 50 }],
  ['br.lan', 'br.lan', undefined],
  ['eth0.50.2', 'eth0.50.2', undefined],
  ['', 'dm-0123456789ab', { is: 'dummy' }],
  [undefined, 'dm-0123456789ab', { is: 'dummy' }],
] as const)
  test(`the parent ${JSON.stringify(parent)} is ${name}, ${making === undefined ? 'which must be there' : `a ${making.is}`}`, () => {
    assert.deepEqual(plan(parent), { name, making, mark: 'gantry test 0123456789ab' });
  });

for (const parent of ['lo', 'eth0.0', 'eth0.4095', 'a b', 'a/b', '..', 'x'.repeat(16), 'eth0:1'])
  test(`${parent} is no parent`, () => {
    assert.throws(() => plan(parent), InvalidArgument);
  });

test('a mark has the network in it, however long the engine’s own is', () => {
  const { mark } = plan('eth0', `gantry ${'x'.repeat(300)}`);
  assert.equal(mark.length, 255);
  assert.match(mark, / 0123456789ab$/);
});
