import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from '../../base/errors.ts';
import { logLimits } from './log-limits.ts';

const absent = { segmentBytes: 20 << 20, segments: 5 };
const limits = (Config: Record<string, string>) => logLimits({ Type: 'local', Config }, absent);

test('sizes and counts are read as Docker writes them', () => {
  assert.deepEqual(limits({}), absent);
  assert.deepEqual(logLimits(undefined, absent), absent);
  assert.deepEqual(limits({ 'max-size': '10m', 'max-file': '3' }), { segmentBytes: 10 << 20, segments: 3 });
  assert.equal(limits({ 'max-size': '1.5g' }).segmentBytes, 1.5 * 2 ** 30);
  assert.deepEqual(
    limits({ 'max-size': '1k', 'max-file': '1' }),
    { segmentBytes: 64 << 10, segments: 2 },
    'too small to work is made to work',
  );
});

test('what is no size, no count or no option is refused', () => {
  for (const bad of [
    { 'max-size': 'big' },
    { 'max-size': '-1' },
    { 'max-size': '0' },
    { 'max-file': '0' },
    { 'max-file': 'x' },
    { 'max-sise': '1m' },
  ])
    assert.throws(() => limits(bad), InvalidArgument, JSON.stringify(bad));
});
