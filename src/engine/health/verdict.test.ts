import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, pauseMs, readCheck, starting } from './verdict.ts';

const check = readCheck({ Test: ['CMD', 'look'], StartPeriod: 5e9, StartInterval: 1e9, Retries: 2 });
assert(check);
const result = (ExitCode: number) => ({ Start: '', End: '', ExitCode, Output: '' });

test('a health check has defaults, a shell where it asks for one, and is none when it says so', () => {
  assert.deepEqual(readCheck({ Test: ['CMD-SHELL', 'a b'] }), {
    command: ['/bin/sh', '-c', 'a b'],
    intervalMs: 30_000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    startIntervalMs: 5_000,
    retries: 3,
  });
  assert.deepEqual(readCheck({ Test: ['CMD-SHELL', 'a'] }, ['/bin/ash', '-e', '-c'])?.command, [
    '/bin/ash',
    '-e',
    '-c',
    'a',
  ]);
  for (const Test of [undefined, [], ['NONE'], ['CMD'], ['ODD', 'x']])
    assert.equal(readCheck(Test === undefined ? {} : { Test }), undefined);
  assert.equal(readCheck({ Test: ['CMD', 'x'], Interval: Number.MAX_SAFE_INTEGER })?.intervalMs, 2 ** 31 - 1);
});

test('one success is healthy; failures count, and the last of the retries is unhealthy', () => {
  const once = judge(starting(undefined), result(1), check, 10_000);
  assert.deepEqual([once.Status, once.FailingStreak], ['starting', 1]);
  const twice = judge(once, result(-1), check, 11_000);
  assert.deepEqual([twice.Status, twice.FailingStreak], ['unhealthy', 2]);
  const well = judge(twice, result(0), check, 12_000);
  assert.deepEqual([well.Status, well.FailingStreak], ['healthy', 0]);
  const again = judge(well, result(1), check, 13_000);
  assert.deepEqual([again.Status, again.FailingStreak], ['healthy', 1]);
});

test('failures in the start period do not count until it was healthy once', () => {
  const early = judge(starting(undefined), result(1), check, 4_999);
  assert.deepEqual([early.Status, early.FailingStreak, early.Log.length], ['starting', 0, 1]);
  const well = judge(early, result(0), check, 4_999);
  assert.equal(judge(well, result(1), check, 4_999).FailingStreak, 1);
});

test('five results are kept, the oldest goes first', () => {
  let health = starting(undefined);
  for (const code of [1, 2, 3, 4, 5, 6, 7]) health = judge(health, result(code), check, 10_000);
  assert.deepEqual(
    health.Log.map(({ ExitCode }) => ExitCode),
    [3, 4, 5, 6, 7],
  );
});

test('probes come sooner while a container starts', () => {
  assert.equal(pauseMs(starting(undefined), check, 100), 1_000);
  assert.equal(pauseMs(starting(undefined), check, 5_000), 30_000);
  assert.equal(pauseMs({ ...starting(undefined), Status: 'healthy' }, check, 100), 30_000);
});
