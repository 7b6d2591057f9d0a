import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../addresses/address.ts';
import { hardwareAddressIn } from './hardware-address.ts';

const own = { kind: 'bridge', ownHardwareAddresses: true } as const;
const shared = { kind: 'ipvlan', ownHardwareAddresses: false } as const;
const asked = Buffer.from('02aabbccddee', 'hex');
const first = parseAddress('10.1.2.3');

test('an interface has the hardware address that is asked for, else one of its first address, else none of its own', () => {
  assert.equal(hardwareAddressIn(own, asked, first), asked);
  assert.equal(hardwareAddressIn(own, undefined, first)?.toString('hex'), '02420a010203');
  assert.equal(hardwareAddressIn(own, undefined, undefined)?.toString('hex'), '024200000000');
});

test('where the parent’s is shared there is no choice', () => {
  assert.equal(hardwareAddressIn(shared, undefined, first), undefined);
  assert.throws(() => hardwareAddressIn(shared, asked, first), /ipvlan/);
});
