import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { type Log, silentLog } from '../../base/log.ts';
import { integer, object, string } from '../../base/schema.ts';
import type { RecordKind } from '../../base/stored.ts';
import { rowPut } from './door.ts';
import { openRecords } from './records.ts';

interface Old {
  readonly name: string;
}
interface New {
  readonly name: string;
  readonly length: number;
}
const OLD: RecordKind<Old> = { table: 'things', schema: object('thing', { name: string() }), migrations: [] };
let runs: unknown[] = [];
const NEW: RecordKind<New> = {
  table: 'things',
  schema: object('thing', { name: string(), length: integer() }),
  migrations: [
    (row) => {
      runs.push(row);
      const { name } = row as Old;
      return { name, length: name.length };
    },
  ],
};

function here(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-door-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'records.sqlite');
  const events: string[] = [];
  const hear = (event: string) => void events.push(event);
  const log: Log = { ...silentLog, error: hear, warn: hear, info: hear };
  runs = [];
  return { path, events, open: () => openRecords(path, log) };
}

test('rows of an older layout are migrated once, and written back all at once', async (t) => {
  const { path, events, open } = here(t);
  const before = open();
  await before.write(['one', 'three'].map((name) => rowPut(OLD, name, { name })));
  await before.close();
  const now = open();
  const { rows, setAside, rowsWereLost } = await now.read(NEW);
  assert.deepEqual(
    [...rows.values()],
    [
      { name: 'one', length: 3 },
      { name: 'three', length: 5 },
    ],
  );
  assert.deepEqual([setAside.size, rowsWereLost, runs.length], [0, false, 2]);
  await now.write([rowPut(NEW, 'four', { name: 'four', length: 4 })]);
  await now.close();
  const database = new DatabaseSync(path);
  const texts = database
    .prepare('SELECT text FROM rows ORDER BY key')
    .all()
    .map(({ text }) => JSON.parse(String(text)));
  database.close();
  assert.deepEqual(
    texts.map(({ layout, row }) => [layout, row.length]),
    [
      [2, 4],
      [2, 3],
      [2, 5],
    ],
  );
  const later = open();
  assert.equal((await later.read(NEW)).rows.size, 3);
  await later.close();
  assert.equal(runs.length, 2);
  assert.deepEqual(events, ['records.migrated']);
});

test('RC-K13: a release that does not know a layout sets its rows aside, and the one that knows it has them back', async (t) => {
  const { events, open } = here(t);
  const newer = open();
  await newer.write([rowPut(NEW, 'a', { name: 'a', length: 1 })]);
  await newer.close();
  const older = open();
  for (const _ of [1, 2]) {
    const { rows, setAside } = await older.read(OLD);
    assert.equal(rows.size, 0);
    assert.match(setAside.get('a')?.damage ?? '', /newer Gantry \(layout 2, this one knows 1\)/);
    assert.match(setAside.get('a')?.text ?? '', /"length":1/);
  }
  await older.write([rowPut(OLD, 'b', { name: 'b' })]);
  await older.close();
  const again = open();
  const { rows, setAside } = await again.read(NEW);
  assert.deepEqual(Object.fromEntries(rows), { a: { name: 'a', length: 1 }, b: { name: 'b', length: 1 } });
  assert.equal(setAside.size, 0);
  assert.equal((await again.read(NEW)).rows.size, 2);
  await again.close();
  assert.deepEqual(events, [
    'records.row.set-aside',
    'records.row.still-set-aside',
    'records.row.restored',
    'records.migrated',
  ]);
});

test('a row that was written anew takes the place of the one that was set aside', async (t) => {
  const { open } = here(t);
  const records = open();
  await records.write([rowPut(NEW, 'a', { name: 'a', length: 1 })]);
  await records.read(OLD);
  await records.write([rowPut(OLD, 'a', { name: 'anew' })]);
  const { rows, setAside } = await records.read(OLD);
  assert.deepEqual([rows.get('a'), setAside.size], [{ name: 'anew' }, 0]);
  await records.close();
});

test('a row of wrong types is its own failure', async (t) => {
  const { open } = here(t);
  const records = open();
  await records.write([
    { table: 'things', key: 'bad', value: { name: 1 } },
    { table: 'things', key: 'good', value: { name: 'x' } },
  ]);
  const { rows, setAside } = await records.read(OLD);
  assert.deepEqual([...rows.keys()], ['good']);
  assert.equal(setAside.get('bad')?.damage, 'name is number, not string');
  await records.close();
});
