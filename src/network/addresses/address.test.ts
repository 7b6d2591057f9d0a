import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import {
  ANY_ADDRESS,
  addressBytes,
  addressFromBytes,
  addressOf,
  FAMILIES,
  familyOfNumber,
  formatAddress,
  isAddress,
  isSame,
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

test('the last address of a family has all its bits set', () => {
  assert.equal(formatAddress(addressOf(4, (1n << 32n) - 1n)), '255.255.255.255');
  assert.equal(formatAddress(addressOf(6, (1n << 128n) - 1n)), 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
  assert.equal(formatAddress(addressOf(4, 0n)), '0.0.0.0');
  assert.throws(() => addressOf(6, 1n << 128n), RangeError);
  assert.throws(() => addressOf(4, -1n), RangeError);
});

test('other lengths than four and sixteen bytes are no address', () => {
  for (const length of [0, 3, 5, 15, 17])
    assert.throws(() => addressFromBytes(new Uint8Array(length)), RangeError);
});

test("the kernel's numbers of the families are told apart", () => {
  assert.deepEqual([2, 10, 11, 1, undefined].map(familyOfNumber), [4, 6, undefined, undefined, undefined]);
});

test('every address of a family is written as its first', () => {
  for (const family of FAMILIES) assert.deepEqual(parseAddress(ANY_ADDRESS[family]), { family, value: 0n });
});

test('two addresses are the same by family and bits', () => {
  const [four, other, six] = [addressOf(4, 1n), addressOf(4, 2n), addressOf(6, 1n)];
  assert.deepEqual([isSame(four, { ...four }), isSame(four, other), isSame(four, six)], [true, false, false]);
});
