import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nowNanos } from '../../base/time.ts';
import { openEvents } from './events.ts';

test('a reader with an end gets there when the clock is set back while it waits', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-events-'));
  const events = openEvents(directory);
  t.after(() => {
    events.close();
    rmSync(directory, { recursive: true });
  });
  const { signal } = new AbortController();
  const real = Date.now;
  let aheadMs = 50;
  t.mock.method(Date, 'now', () => real() + aheadMs);
  const until = nowNanos() + 100_000_000n;
  const reader = events.subscribe({ since: undefined, until, filters: new Map(), signal });
  const ended = reader[Symbol.asyncIterator]().next();
  aheadMs = 0;
  const never = new Promise((resolve) => setTimeout(resolve, 10_000, 'never').unref());
  assert.deepEqual(await Promise.race([ended, never]), { value: undefined, done: true });
  assert.ok(nowNanos() >= until, 'it ended before its time');
});
