import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { silentLog } from '../../base/log.ts';
import { nowNanos } from '../../base/time.ts';
import { mount, unmount } from '../../linux/index.ts';
import type { EventMessage } from '../../model/event.ts';
import { type EventHub, openEvents } from './events.ts';
import { EVENTS_BEHIND_MAX } from './listener.ts';

/** A hub of the test's own. */
function hub(t: TestContext, graceMs?: number): EventHub {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-events-'));
  const events = openEvents({ directory, log: silentLog }, graceMs);
  t.after(() => {
    events.close();
    rmSync(directory, { recursive: true });
  });
  return events;
}

test('RC-T01: a reader with an end gets there when the clock is set back while it waits', async (t) => {
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

test('SC-DOS-09, RC-L02: a hundred readers that have stopped hold little, and are hung up on', async (t) => {
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

for (const count of [1, 10, 100])
  test(`RC-B01: ten thousand events reach ${count} readers, each once and in order`, async (t) => {
    const events = hub(t);
    const { readers, end } = await begun(events, count);
    const ids = Array.from({ length: 10_000 }, (_, at) => `${at}`);
    const waits: number[] = [];
    const emitted: number[] = [];
    const began = performance.now();
    const read = readers.map(async ({ events: stream }) => {
      for (let next = 0; next < ids.length; ) {
        const { value } = await stream.next();
        waits.push(performance.now() - (emitted[next] ?? 0));
        for (const { Actor } of (value ?? []) as readonly EventMessage[])
          if (Actor.ID !== ids[next++]) assert.fail(`${Actor.ID} instead of ${next - 1}`);
      }
    });
    // As requests come: some in each turn of the loop.
    for (const [next, id] of ids.entries()) {
      emitted.push(performance.now());
      events.emit({ Type: 'image', Action: 'tag', id, attributes: { name: 'x' } });
      if (next % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(read);
    const seconds = (performance.now() - began) / 1000;
    end();
    waits.sort((a, b) => a - b);
    const [p50, p99] = [0.5, 0.99].map((share) => waits[Math.floor(waits.length * share)]?.toFixed(2));
    t.diagnostic(
      `${(ids.length / seconds).toFixed(0)} events a second, ${p50} ms half of them, ${p99} ms 99 of 100`,
    );
  });

test('RC-B01: who wants the same gets the same arrays, and others what they want, in order', async (t) => {
  const events = hub(t);
  const ends = new AbortController();
  const follow = (type: string) =>
    events
      .subscribe({
        ...{ since: undefined, until: undefined, signal: ends.signal },
        filters: new Map([['type', [type]]]),
      })
      [Symbol.asyncIterator]();
  const [one, same, other] = [follow('image'), follow('image'), follow('volume')];
  const first = [one, same, other].map((reader) => reader.next());
  events.emit({ Type: 'volume', Action: 'create', id: 'v', attributes: {} });
  emit(events, 3);
  const [images, shared, volumes] = (await Promise.all(first)).map(({ value }) => value);
  ends.abort();
  assert.equal(images, shared);
  const ids = (told: readonly EventMessage[] | undefined) => told?.map(({ Actor }) => Actor.ID);
  assert.deepEqual([ids(images), ids(volumes)], [['0', '1', '2'], ['v']]);
});

test('RC-B01: who begins or ends in the middle of a turn gets each event of its time once', async (t) => {
  const events = hub(t);
  const { signal } = new AbortController();
  const filters = new Map();
  const early = events.subscribe({ since: undefined, until: undefined, filters, signal });
  const first = early[Symbol.asyncIterator]().next();
  emit(events, 2); // nobody was handed these yet
  const until = nowNanos() + 20_000_000n;
  const reader = events.subscribe({ since: 0n, until, filters, signal })[Symbol.asyncIterator]();
  const past = await reader.next();
  const rest = reader.next();
  events.emit({ Type: 'image', Action: 'tag', id: 'last', attributes: {} });
  while (nowNanos() <= until);
  events.emit({ Type: 'image', Action: 'tag', id: 'late', attributes: {} });
  const ids = (told: IteratorResult<readonly EventMessage[]>) =>
    told.done ? [] : told.value.map(({ Actor }) => Actor.ID);
  assert.deepEqual([ids(past), ids(await rest), ids(await first)], [['0', '1'], ['last'], ['0', '1']]);
  assert.equal((await reader.next()).done, true);
});

test('a reader that was too far behind reads what was kept for it, and its end', async (t) => {
  const events = hub(t);
  const { readers } = await begun(events, 1);
  emit(events, EVENTS_BEHIND_MAX + 1000);
  const [reader] = readers;
  let count = 0;
  for (let next = await reader?.events.next(); !next?.done; next = await reader?.events.next())
    count += next?.value.length ?? 0;
  assert.deepEqual([count, reader?.cut?.aborted, events.listeners], [EVENTS_BEHIND_MAX, false, 0]);
});

/** All events of a hub, as a client asks for them. */
async function since0(events: EventHub): Promise<string[]> {
  const rest = { until: nowNanos(), filters: new Map(), signal: new AbortController().signal };
  const told: string[] = [];
  for await (const handful of events.subscribe({ since: 0n, ...rest }))
    told.push(...handful.map(({ Actor }) => Actor.ID));
  return told;
}

test('RC-D01, RC-D02: on a full disk events are told and remembered all the same, and kept again when there is room', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-events-'));
  mount('gantry-test', directory, 'tmpfs', 0, 'size=64k');
  t.after(() => {
    unmount(directory);
    rmSync(directory, { recursive: true });
  });
  const warned: unknown[] = [];
  const log = { warn: (event: string, fields: object = {}) => warned.push({ event, ...fields }) };
  const events = openEvents({ directory, log });
  emit(events, 1);
  assert.throws(() => writeFileSync(join(directory, 'filler'), Buffer.alloc(1 << 20)), /ENOSPC/);
  emit(events, 100);
  assert.equal((await since0(events)).length, 101);
  assert.deepEqual(warned, [{ event: 'events.unwritten', reason: 'ENOSPC: no space left on device, write' }]);
  rmSync(join(directory, 'filler'));
  events.emit({ Type: 'image', Action: 'tag', id: 'after', attributes: {} });
  events.close();
  const next = openEvents({ directory, log });
  const kept = await since0(next);
  next.close();
  assert.deepEqual([kept[0], kept.at(-1)], ['0', 'after']);
  assert.equal(next.unreadable, 1, 'the line that was torn');
});
