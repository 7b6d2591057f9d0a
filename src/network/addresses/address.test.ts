import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import {
  addressBytes,
  addressFromBytes,
  addressOf,
  formatAddress,
  isAddress,
  parseAddress,
} from './address.ts';

const four = fc.uint8Array({ minLength: 4, maxLength: 4 });
const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('an address is read and written alike', () => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), (value) => {
      const address = addressOf(4, BigInt(value));
      assert.deepEqual(parseAddress(formatAddress(address)), address);
    }),
  );
  fc.assert(
    fc.property(sixteen, (bytes) => {
      const address = addressFromBytes(bytes);
      assert.deepEqual(parseAddress(formatAddress(address)), address);
    }),
  );
});

test('bytes and text are those of ipaddr.js', () => {
  fc.assert(
    fc.property(fc.oneof(four, sixteen), (bytes) => {
      const theirs = ipaddr.fromByteArray([...bytes]);
      const ours = addressFromBytes(bytes);
      assert.equal(formatAddress(ours), theirs.toString());
      assert.deepEqual([...addressBytes(ours)], theirs.toByteArray());
      assert.deepEqual(parseAddress(theirs.toNormalizedString()), ours);
    }),
  );
});

for (const text of [
  '',
  '10.0.0',
  '10.0.0.256',
  '010.0.0.1x',
  '0x7f000001',
  'fe80::1%eth0',
  '1::2::3',
  ':',
  '::g',
])
  test(`${JSON.stringify(text)} is no address`, () => {
    assert.equal(isAddress(text), false);
    assert.throws(() => parseAddress(text), { kind: 'invalid' });
  });

test('what has too many bits is no address of its family', () => {
  assert.throws(() => addressOf(4, 1n << 32n), RangeError);
  assert.throws(() => addressOf(6, -1n), RangeError);
});
