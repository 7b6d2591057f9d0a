/** What builds tell can be read while they go on and after it, by who is slow too, and nothing of it is lost by a restart. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { silentLog } from '../../../base/log.ts';
import type { BuildEvent } from '../../../model/build-event.ts';
import type { Change, Records } from '../../../storage/index.ts';
import { openHistory } from './history.ts';
import { eventsOf, lineOf } from './lines.ts';
import type { BuildFacts } from './promise.ts';

const facts = (ref: string): BuildFacts => ({
  ref,
  frontend: 'dockerfile.v0',
  attributes: { target: 'x' },
  outputs: [],
  internal: false,
});
const log = (vertex: string, text: string): BuildEvent => ({
  is: 'log',
  vertex,
  stream: 1,
  bytes: Buffer.from(text),
  at: 5n,
});
const forever = new AbortController().signal;

/** Rows in memory: what was written is there for who opens them anew. */
function recordsInMemory(): Records {
  const rows = new Map<string, unknown>();
  return {
    // Nothing of a row is changed on its way.
    read: async () => ({
      rows: new Map(rows) as Map<string, never>,
      setAside: new Map(),
      rowsWereLost: false,
    }),
    async write(changes: readonly Change[]) {
      for (const { key, value } of changes)
        if (value === undefined) rows.delete(key);
        else rows.set(key, value);
    },
    close: async () => undefined,
  };
}

async function opened(t: TestContext) {
  const records = recordsInMemory();
  const root = mkdtempSync(join(tmpdir(), 'build-history-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const open = (now = () => 1_000_000_000_000n) => openHistory({ records, root, now, log: silentLog });
  return { open, root };
}

async function all(events: AsyncIterable<readonly BuildEvent[]>): Promise<BuildEvent[]> {
  const found: BuildEvent[] = [];
  for await (const some of events) found.push(...some);
  return found;
}

test('events are read as they were told', () => {
  const event = fc.oneof(
    fc.record(
      {
        is: fc.constant('vertex' as const),
        digest: fc.string(),
        inputs: fc.array(fc.string()),
        name: fc.string({ unit: 'grapheme' }),
        started: fc.bigInt({ min: 0n }),
      },
      { noNullPrototype: true },
    ),
    fc.uint8Array().map((bytes) => log('v', Buffer.from(bytes).toString('latin1'))),
  );
  fc.assert(
    fc.property(fc.array(event), (events) => {
      assert.deepEqual(eventsOf(events.map(lineOf).join('')), events);
    }),
  );
});

test('who follows from the beginning, in the middle and after the end hears the same', async (t) => {
  const { open } = await opened(t);
  const history = await open();
  const early = all(history.follow('a', forever));
  const build = await history.begin(facts('a'));
  await build.tell(log('v', 'one\n'));
  const middle = all(history.follow('a', forever));
  await build.tell(log('v', 'zwei ✓\n'));
  await build.end({ response: new Map() });
  const told = [log('v', 'one\n'), log('v', 'zwei ✓\n')];
  assert.deepEqual(await early, told);
  assert.deepEqual(await middle, told);
  assert.deepEqual(await all(history.follow('a', forever)), told);
});

test('a build that is over is there after a restart, one that was cut off is not', async (t) => {
  const { open, root } = await opened(t);
  const before = await open();
  const done = await before.begin(facts('done'));
  await done.tell(log('v', 'x'));
  await done.end({ response: new Map([['image.name', 'n']]) });
  await before.begin(facts('cut off'));
  assert.equal(readdirSync(root).length, 2);
  const after = await open();
  assert.deepEqual(
    after.list().map(({ ref, response }) => [ref, response]),
    [['done', { 'image.name': 'n' }]],
  );
  assert.deepEqual(await all(after.follow('done', forever)), [log('v', 'x')]);
  assert.equal(readdirSync(root).length, 1);
});

test('a build that is not kept can be followed after its end, and is in no list', async (t) => {
  const { open, root } = await opened(t);
  const history = await open();
  const build = await history.begin({ ...facts('a'), internal: true });
  await build.tell(log('v', 'one'));
  await build.end({ response: new Map() });
  assert.deepEqual(await all(history.follow('a', forever)), [log('v', 'one')]);
  assert.deepEqual(history.list(), []);
  const again = await history.begin({ ...facts('a'), internal: true });
  await again.end({ response: new Map() });
  assert.deepEqual(await all(history.follow('a', forever)), []);
  // What a restart finds of it goes.
  await open();
  assert.deepEqual(readdirSync(root), []);
});

test('a torn line of a journal is left out', async (t) => {
  const { open, root } = await opened(t);
  const history = await open();
  const build = await history.begin(facts('a'));
  for (const text of ['one', 'two']) await build.tell(log('v', text));
  await build.end({ response: new Map() });
  const [name = ''] = readdirSync(root);
  truncateSync(join(root, name), lineOf(log('v', 'one')).length + 10);
  assert.deepEqual(await all(history.follow('a', forever)), [log('v', 'one')]);
});

test('of what one vertex writes two MiB are kept, with a note', async (t) => {
  const { open } = await opened(t);
  const history = await open();
  const build = await history.begin(facts('a'));
  const piece = 'x'.repeat(1 << 20);
  for (let i = 0; i < 5; i++) await build.tell(log('v', piece));
  await build.tell(log('other', 'y'));
  await build.end({ response: new Map() });
  const told = await all(history.follow('a', forever));
  const bytes = told.reduce((sum, event) => sum + (event.is === 'log' ? event.bytes.length : 0), 0);
  assert(bytes > 2 << 20 && bytes < (2 << 20) + 200, `${bytes}`);
  assert(told.some((event) => event.is === 'log' && event.bytes.includes('[output clipped')));
  assert.deepEqual(told.at(-1), log('other', 'y'));
});

test('fifty builds are kept, and those that are pinned', async (t) => {
  const { open, root } = await opened(t);
  let now = 1_000_000_000_000n;
  const history = await open(() => (now += 1_000_000n));
  for (let i = 0; i < 53; i++) {
    const build = await history.begin(facts(`b${i}`));
    await build.end({ response: new Map() });
    if (i === 0) await history.pin('b0', true);
  }
  // What goes goes behind the end of the build.
  while (readdirSync(root).length > 51) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(readdirSync(root).length, 51);
  assert.deepEqual(
    history.list().map(({ ref }) => ref),
    ['b0', ...Array.from({ length: 50 }, (_, i) => `b${i + 3}`)],
  );
  await history.forget('b0');
  assert.equal(history.list().length, 50);
  await assert.rejects(history.forget('b0'), /no build b0 is known/);
});

test('who watches hears of beginnings, ends and removals', async (t) => {
  const { open } = await opened(t);
  const history = await open();
  const ending = new AbortController();
  const heard: string[] = [];
  const watching = (async () => {
    for await (const { is, record } of history.watch(ending.signal)) {
      heard.push(`${is} ${record.ref}`);
      if (heard.length === 3) ending.abort();
    }
  })();
  const build = await history.begin(facts('a'));
  await build.end({ response: new Map() });
  await history.forget('a');
  await watching;
  assert.deepEqual(heard, ['started a', 'complete a', 'deleted a']);
});

test('two builds of one name cannot go on at once', async (t) => {
  const { open } = await opened(t);
  const history = await open();
  const build = await history.begin(facts('a'));
  await assert.rejects(history.begin(facts('a')), /a build a goes on already/);
  await build.end({ response: new Map() });
});
