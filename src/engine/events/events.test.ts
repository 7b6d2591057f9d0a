import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nowNanos } from '../../base/time.ts';
import { type EventHub, openEvents } from './events.ts';
import { EVENTS_BEHIND_MAX } from './listener.ts';

/** A hub of the test's own. */
function hub(t: TestContext, graceMs?: number): EventHub {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-events-'));
  const events = openEvents(directory, graceMs);
  t.after(() => {
    events.close();
    rmSync(directory, { recursive: true });
  });
  return events;
}

test('a reader with an end gets there when the clock is set back while it waits', async (t) => {
  const events = hub(t);
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

/** Readers that have begun, each behind its first event. */
async function begun(events: EventHub, count: number) {
  const ends = new AbortController();
  const readers = Array.from({ length: count }, () => {
    const stream = events.subscribe({
      ...{ since: undefined, until: undefined, filters: new Map(), signal: ends.signal },
    });
    return { cut: stream.cut, events: stream[Symbol.asyncIterator]() };
  });
  const first = readers.map((reader) => reader.events.next());
  emit(events, 1);
  await Promise.all(first);
  return { readers, end: () => ends.abort() };
}

function emit(events: EventHub, count: number): void {
  for (let i = 0; i < count; i++)
    events.emit({ Type: 'image', Action: 'tag', id: `${i}`, attributes: { name: 'x'.repeat(200) } });
}

/** Bytes of the heap that are in use, what is garbage not counted. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

test('SC-DOS-09: a hundred readers that have stopped hold little, and are hung up on', async (t) => {
  const events = hub(t, 1);
  emit(events, 10_000); // what the journal keeps is there
  const before = heapBytes();
  const { readers } = await begun(events, 100);
  emit(events, 30_000);
  const grown = heapBytes() - before;
  t.diagnostic(`${grown >> 20} MiB`);
  assert.ok(grown < 32 << 20, `${grown} bytes`);
  await Promise.all(readers.map(({ cut }) => cut?.aborted || once(cut as AbortSignal, 'abort')));
  assert.equal(events.listeners, 0);
});

test('a reader that was too far behind reads what was kept for it, and its end', async (t) => {
  const events = hub(t);
  const { readers } = await begun(events, 1);
  emit(events, EVENTS_BEHIND_MAX + 1);
  const [reader] = readers;
  let count = 0;
  while (!(await reader?.events.next())?.done) count++;
  assert.deepEqual([count, reader?.cut?.aborted, events.listeners], [EVENTS_BEHIND_MAX, false, 0]);
});
