/** Points in time with nanoseconds. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  formatNanos,
  formatNanosFixed,
  nowNanos,
  parseRfc3339,
  parseUnixSeconds,
  TIMER_MS_MAX,
} from './time.ts';

const SECOND = 1_000_000_000n;
/** A moment of 2026. */
const MOMENT = 1_780_000_000n * SECOND;

test('time is written with as many digits as it needs, or always nine', () => {
  for (const [nanos, short, fixed] of [
    [0n, '1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000000000Z'],
    [1n, '1970-01-01T00:00:00.000000001Z', '1970-01-01T00:00:00.000000001Z'],
    [SECOND - 1n, '1970-01-01T00:00:00.999999999Z', '1970-01-01T00:00:00.999999999Z'],
    [MOMENT, '2026-05-28T20:26:40Z', '2026-05-28T20:26:40.000000000Z'],
    [MOMENT + 500_000_000n, '2026-05-28T20:26:40.5Z', '2026-05-28T20:26:40.500000000Z'],
    [MOMENT + 100_200_000n, '2026-05-28T20:26:40.1002Z', '2026-05-28T20:26:40.100200000Z'],
  ] as const)
    assert.deepEqual([formatNanos(nanos), formatNanosFixed(nanos)], [short, fixed]);
});

test('any time that is written is read as the same time', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 253_402_300_799n * SECOND }), (nanos) => {
      assert.equal(parseRfc3339(formatNanos(nanos)), nanos);
      assert.equal(parseRfc3339(formatNanosFixed(nanos)), nanos);
      assert.equal(parseUnixSeconds(`${nanos / SECOND}.${String(nanos % SECOND).padStart(9, '0')}`), nanos);
    }),
  );
});

test('RFC 3339 is read in every spelling that it allows', () => {
  for (const [text, nanos] of [
    ['2026-05-28T20:26:40Z', MOMENT],
    ['2026-05-28t20:26:40z', MOMENT],
    ['2026-05-28 20:26:40Z', MOMENT],
    ['2026-05-28T22:26:40+02:00', MOMENT],
    ['2026-05-28T12:56:40.5-07:30', MOMENT + SECOND / 2n],
    ['1969-12-31T23:59:59.25Z', -SECOND + SECOND / 4n],
  ] as const)
    assert.equal(parseRfc3339(text), nanos, text);
});

test('what is no time, or more than a time, is not read', () => {
  for (const text of [
    '',
    '2026-05-28',
    '2026-05-28T20:26:40',
    '2026-13-28T20:26:40Z',
    '2026-05-28T20:26:40.Z',
    '2026-05-28T20:26:40.1234567891Z',
    '2026-05-28T20:26:40+0200',
    '12026-05-28T20:26:40Z',
    ' 2026-05-28T20:26:40Z',
    '2026-05-28T20:26:40Z ',
  ])
    assert.equal(parseRfc3339(text), undefined, text);
});

test('seconds are read with their fraction, digits beyond the ninth left out', () => {
  for (const [text, nanos] of [
    ['0', 0n],
    ['7', 7n * SECOND],
    ['7.', 7n * SECOND],
    ['-7.5', -7n * SECOND - SECOND / 2n],
    ['1780000000.000000001', MOMENT + 1n],
    ['1.0000000019', SECOND + 1n],
    ['999999999999', 999_999_999_999n * SECOND],
  ] as const)
    assert.equal(parseUnixSeconds(text), nanos, text);
  for (const text of ['', '.5', '-', '+1', '1s', 's1', '1e3', '1.5.', '1000000000000'])
    assert.equal(parseUnixSeconds(text), undefined, text);
});

/** Both clocks as a test says: the wall's milliseconds, and the monotonic one's nanoseconds at its two readings. */
function clocks(t: TestContext) {
  const wall = t.mock.method(Date, 'now');
  const monotonic = t.mock.method(process.hrtime, 'bigint');
  const now = (wallMs: number, nanos: bigint, nanosAfter = nanos): bigint => {
    wall.mock.mockImplementation(() => wallMs);
    let readings = 0;
    monotonic.mock.mockImplementation(() => (readings++ === 0 ? nanos : nanosAfter));
    return nowNanos();
  };
  now(0, 0n); // whatever was known of the clocks before is left behind
  return now;
}

/** Far from every other test's clock. */
const AT_MS = 5_000_000;
const AT = 5_000_000_000_000n;

test('now has the nanoseconds of the monotonic clock while both clocks are no more than 2 ms apart', (t) => {
  const now = clocks(t);
  assert.equal(now(AT_MS, 100n), AT);
  assert.equal(now(AT_MS, 107n), AT + 7n);
  assert.equal(now(AT_MS + 5, 3_000_100n), AT + 3_000_000n);
  assert.equal(now(AT_MS + 5, 7_000_100n), AT + 7_000_000n);
});

test('RC-T01: now follows a step of the system clock in either direction, from then on', (t) => {
  const now = clocks(t);
  for (const [stepMs, nanos] of [
    [5, 2_999_999n],
    [5, 7_000_001n],
    [3_600_000, 10n],
    [-3_600_000, 10n],
  ] as const) {
    assert.equal(now(AT_MS, 0n), AT);
    const stepped = AT + BigInt(stepMs) * 1_000_000n;
    assert.equal(now(AT_MS + stepMs, nanos), stepped);
    assert.equal(now(AT_MS + stepMs, nanos + 9n), stepped + 9n);
    now(0, 0n);
  }
});

test('now does not take a pause between the readings of the clocks for a step', (t) => {
  const now = clocks(t);
  assert.equal(now(AT_MS, 0n), AT);
  assert.equal(now(AT_MS + 50, 10n, 10n + 1_000_000n), AT + 10n);
  assert.equal(now(AT_MS + 50, 20n, 20n + 999_999n), AT + 50_000_000n);
});

test('RC-T03: a timer can be set to the longest time, and not to more', (t) => {
  const warned = t.mock.method(process, 'emitWarning', () => {});
  clearTimeout(setTimeout(() => {}, TIMER_MS_MAX));
  assert.equal(warned.mock.callCount(), 0);
  clearTimeout(setTimeout(() => {}, TIMER_MS_MAX + 1));
  assert.equal(warned.mock.callCount(), 1);
});
