import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from './address.ts';
import {
  formatHardwareAddress,
  hardwareAddressFor,
  parseHardwareAddress,
  randomHardwareAddress,
} from './hardware.ts';

test('a hardware address is made from the last four bytes of an address', () => {
  const made = (text: string) => formatHardwareAddress(hardwareAddressFor(parseAddress(text)));
  assert.equal(made('172.17.0.2'), '02:42:ac:11:00:02');
  assert.equal(made('fd00::1234:5678'), '02:42:12:34:56:78');
});

test('one that nobody else has is local and random', () => {
  const some = Array.from({ length: 8 }, () => formatHardwareAddress(randomHardwareAddress()));
  for (const each of some) assert.match(each, /^02:42(:[0-9a-f]{2}){4}$/);
  assert.equal(new Set(some).size, some.length);
});

test('any unicast address is read in either case, with colons or hyphens, and written in one way', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
      const text = formatHardwareAddress(Buffer.from(bytes));
      const isUnicast = ((bytes[0] ?? 0) & 1) === 0 && bytes.some((byte) => byte !== 0);
      for (const said of [text, text.toUpperCase(), text.replaceAll(':', '-')])
        if (isUnicast) assert.equal(formatHardwareAddress(parseHardwareAddress(said)), text);
        else assert.throws(() => parseHardwareAddress(said), { kind: 'invalid' });
    }),
  );
  assert.equal(formatHardwareAddress(parseHardwareAddress('00-00-00-00-00-01')), '00:00:00:00:00:01');
});

for (const wrong of [
  '',
  '02:42',
  '01:00:5e:00:00:01',
  '00:00:00:00:00:00',
  '02:42:ac:11:00',
  '02:42:ac:11:00:02:03',
  '02:42-ac:11:00:02',
  '02:42:ac:11:00-02',
  '02.42.ac.11.00.02',
  '02:42:ac:11:00:2',
  '02:42:ac:11:00:002',
  'x02:42:ac:11:00:02',
  '02:42:ac:11:00:0g',
  '002:42:ac:11:00:02',
  '02:042:ac:11:00:02',
])
  test(`${JSON.stringify(wrong)} is no hardware address of an interface`, () =>
    assert.throws(() => parseHardwareAddress(wrong), { kind: 'invalid' }));
