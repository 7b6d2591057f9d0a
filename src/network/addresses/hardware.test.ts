import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from './address.ts';
import { formatHardwareAddress, hardwareAddressFor, parseHardwareAddress } from './hardware.ts';

test('a hardware address is made from the address, and others are checked', () => {
  assert.equal(formatHardwareAddress(hardwareAddressFor(parseAddress('172.17.0.2'))), '02:42:ac:11:00:02');
  assert.equal(formatHardwareAddress(parseHardwareAddress('02-AA-00-00-00-01')), '02:aa:00:00:00:01');
  for (const wrong of [
    '',
    '02:42',
    '01:00:5e:00:00:01',
    '00:00:00:00:00:00',
    '02:42:ac:11:00:02:03',
    '02:42-ac:11:00:02',
  ])
    assert.throws(() => parseHardwareAddress(wrong), { kind: 'invalid' });
});
