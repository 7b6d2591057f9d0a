import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restamped } from './log-stamp.ts';

test('each line gets the older stamp, and other bytes stay as they are', () => {
  const lines = Buffer.concat([
    Buffer.from('2026-12-31T23:59:59.123456789Z one\n2026-01-02T03:04:05.600000000Z '),
    Buffer.from([0xff, 0x00, 10]),
  ]);
  assert.deepEqual(
    restamped(lines),
    Buffer.concat([
      Buffer.from('[Dec 31 23:59:59.123] one\n[Jan  2 03:04:05.600] '),
      Buffer.from([0xff, 0x00, 10]),
    ]),
  );
});
