import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoment } from './moment.ts';

const NOW = 1_700_000_000_000_000_000n;
const SECOND = 1_000_000_000n;

for (const [text, at] of [
  ['10m', NOW - 600n * SECOND],
  ['1h30m', NOW - 5400n * SECOND],
  ['-1s', NOW + SECOND],
  ['1136073600', 1_136_073_600n * SECOND],
  ['1136073600.5', 1_136_073_600n * SECOND + 500_000_000n],
  ['2006-01-02T15:04:05Z', 1_136_214_245n * SECOND],
  ['2006-01-02T15:04:05.000000007+01:00', 1_136_210_645n * SECOND + 7n],
  ['2006-01-02T15Z', 1_136_214_000n * SECOND],
  ['2006-01-02Z', 1_136_160_000n * SECOND],
  ['2006-01-02z', 1_136_160_000n * SECOND],
  ['2006-01-02T15:04Z', 1_136_214_240n * SECOND],
  ['2006-01-02-01:00', 1_136_163_600n * SECOND],
  ['2006-01-02T15:04:05.123456789Z', 1_136_214_245n * SECOND + 123_456_789n],
  ['2006-01-02T15:04:05.1234567899Z', 1_136_214_245n * SECOND + 123_456_789n],
  ['+1s', NOW - SECOND],
  ['0s', NOW],
  ['0', 0n],
  ['1969-12-31T23:59:59.5Z', -SECOND / 2n],
] as const)
  test(`${text} is a moment`, () => assert.equal(parseMoment(text, NOW), at));

test('a date without a zone is in the zone of the host', () => {
  const local = BigInt(new Date('2006-01-02T15:04:00').getTime()) * 1_000_000n;
  assert.equal(parseMoment('2006-01-02T15:04', NOW), local);
});

for (const text of [
  '',
  'soon',
  ' 10m',
  '10m ',
  '++1s',
  'x2006-01-02Z',
  '2006-01-02Zx',
  '2006-01-02T15:04:Z',
  '2006-1-2',
  '2006-13-45',
  '1.2.3',
  '12x',
  '2006-01-02T1',
]) {
  test(`${JSON.stringify(text)} is none`, () =>
    assert.throws(
      () => parseMoment(text, NOW),
      /^SyntaxError: (failed to parse value as time or duration|parsing time)/,
    ));
}

test('what has a dash is refused as a date, what has none as neither date nor span', () => {
  assert.throws(() => parseMoment('2006-13-45', NOW), {
    message: 'parsing time "2006-13-45" as "2006-01-02": cannot parse "2006-13-45" as "2006"',
  });
  assert.throws(() => parseMoment('soon', NOW), {
    message: 'failed to parse value as time or duration: "soon"',
  });
});
