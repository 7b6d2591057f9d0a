import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressFromBytes, formatAddress } from '../addresses/address.ts';
import { addressOfReverseName } from './reverse.ts';

const nibbles = (bytes: Uint8Array): string => [...Buffer.from(bytes).toString('hex')].reverse().join('.');

test('any address is read from the name that asks for its name', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
      const name = `${[...bytes].reverse().join('.')}.in-addr.arpa`;
      assert.equal(addressOfReverseName(name), bytes.join('.'));
      assert.equal(addressOfReverseName(name.toUpperCase()), bytes.join('.'));
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const name = `${nibbles(bytes)}.ip6.arpa`;
      const address = formatAddress(addressFromBytes(bytes));
      assert.equal(addressOfReverseName(name), address);
      assert.equal(addressOfReverseName(name.toUpperCase()), address);
    }),
  );
});

const ones = (count: number): string => '1.'.repeat(count);
for (const name of [
  '256.0.0.10.in-addr.arpa',
  '0.256.0.10.in-addr.arpa',
  '0255.0.0.10.in-addr.arpa',
  '1.0255.0.10.in-addr.arpa',
  '1.0.0255.10.in-addr.arpa',
  '1.0.0.0010.in-addr.arpa',
  '.0.0.10.in-addr.arpa',
  '0.0.10.in-addr.arpa',
  '9.1.0.0.10.in-addr.arpa',
  'x1.0.0.10.in-addr.arpa',
  '1.0.0.10.in-addr.arpa.example',
  `${ones(31)}ip6.arpa`,
  `${ones(33)}ip6.arpa`,
  `g.${ones(31)}ip6.arpa`,
  `x${ones(32)}ip6.arpa`,
  `${ones(32)}ip6.arpa.example`,
  'ip6.arpa',
  'web',
])
  test(`${name} asks for no address's name`, () => assert.equal(addressOfReverseName(name), undefined));
