/** Spans of time as Go writes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatGoDuration, parseGoDuration } from './go-duration.ts';

for (const [text, nanos] of [
  ['0s', 0],
  ['1ns', 1],
  ['999ns', 999],
  ['1µs', 1e3],
  ['1.5µs', 1500],
  ['999.999µs', 999_999],
  ['1ms', 1e6],
  ['1.5ms', 1_500_000],
  ['999.999999ms', 999_999_999],
  ['1s', 1e9],
  ['59.5s', 59.5e9],
  ['1m0s', 60e9],
  ['1m30s', 90e9],
  ['59m59s', 3599e9],
  ['1h0m0s', 3600e9],
  ['1h1m1.5s', 3661.5e9],
  ['25h0m0s', 90_000e9],
] as const)
  test(`${text} is written and read`, () => {
    assert.equal(formatGoDuration(nanos), text);
    assert.equal(parseGoDuration(text), nanos);
  });

for (const [text, nanos] of [
  ['0', 0],
  ['2us', 2000],
  ['1.5h', 5400e9],
  ['0.5ns', 1],
  ['1m1m', 120e9],
  ['1s5ms3ns', 1_005_000_003],
  [`${'1s'.repeat(32)}`, 32e9],
] as const)
  test(`${text} is read`, () => assert.equal(parseGoDuration(text), nanos));

for (const text of [
  '',
  '1',
  '00',
  's',
  '1x',
  '-1s',
  '+1s',
  '1s ',
  ' 1s',
  '1.s',
  '.5s',
  '1 s',
  '1s2',
  '1S',
  `${'1s'.repeat(33)}`,
])
  test(`${JSON.stringify(text)} is no span`, () => assert.equal(parseGoDuration(text), undefined));

test('any span is read as it was written', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 45 }), (nanos) => {
      assert.equal(parseGoDuration(formatGoDuration(nanos)), nanos);
    }),
  );
});
