import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { type Log, silentLog } from '../../base/log.ts';
import { anything } from '../../base/schema.ts';
import { mount, unmount } from '../../linux/index.ts';
import { ExaminedRows } from '../fsck/rows.ts';
import { openRecords } from './records.ts';

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-records-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, 'records.sqlite');
}

function listening(): Log & { events: string[] } {
  const events: string[] = [];
  return { ...silentLog, events, error: (event) => void events.push(event) };
}

test('what was written is there after reopening, and what was deleted is not', async (t) => {
  const path = directory(t);
  const first = openRecords(path, silentLog);
  await first.write([
    { table: 'a', key: '1', value: { name: 'ä', n: 1.5, list: [null, true] } },
    { table: 'a', key: '2', value: 'two' },
    { table: 'b', key: '1', value: 3 },
  ]);
  await first.write([{ table: 'a', key: '2', value: undefined }]);
  await first.close();
  const again = openRecords(path, silentLog);
  assert.deepEqual([...(await again.load('a'))], [['1', { name: 'ä', n: 1.5, list: [null, true] }]]);
  assert.deepEqual([...(await again.load('b'))], [['1', 3]]);
  await again.close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('hundreds of concurrent writes all resolve, in order for one key', async (t) => {
  const records = openRecords(directory(t), silentLog);
  const writes = Array.from({ length: 600 }, (_, i) =>
    records.write([{ table: 't', key: `${i % 20}`, value: i }]),
  );
  await Promise.all(writes);
  const rows = await records.load('t');
  assert.equal(rows.size, 20);
  for (const [key, value] of rows) assert.equal(value, 580 + Number(key));
  await records.close();
});

test('RC-M01: a row whose bytes changed is set aside and reported, the others are served', async (t) => {
  const path = directory(t);
  const first = openRecords(path, silentLog);
  await first.write(['x', 'y', 'z'].map((key) => ({ table: 't', key, value: { key } })));
  await first.close();
  const damage = new DatabaseSync(path);
  damage.exec(`UPDATE rows SET text = '{"key":"Y"}' WHERE key = 'y'`);
  damage.close();
  const log = listening();
  const again = openRecords(path, log);
  assert.deepEqual([...(await again.load('t')).keys()], ['x', 'z']);
  await again.close();
  assert.deepEqual(log.events, ['records.row.set-aside']);
  const look = new DatabaseSync(path);
  assert.equal((look.prepare('SELECT count(*) n FROM damaged').get() as { n: number }).n, 1);
  look.close();
});

for (const [what, spoil] of [
  [
    'garbage',
    (path: string) =>
      writeFileSync(path, 'this is no database at all, not even a little bit of one\n'.repeat(200)),
  ],
  [
    'a directory',
    (path: string) => {
      rmSync(path);
      mkdirSync(path);
    },
  ],
  ['cut in half', (path: string) => truncateSync(path, statSync(path).size / 2)],
] as const)
  test(`RC-M01: a records file that is ${what} is set aside and a new one serves`, async (t) => {
    const path = directory(t);
    const first = openRecords(path, silentLog);
    await first.write(
      Array.from({ length: 400 }, (_, i) => ({ table: 't', key: `${i}`, value: 'v'.repeat(100) })),
    );
    await first.close();
    spoil(path);
    const log = listening();
    const again = openRecords(path, log);
    await again.write([{ table: 't', key: 'new', value: 1 }]);
    assert.equal((await again.load('t')).get('new'), 1);
    await again.close();
    assert.deepEqual(log.events, ['records.file.set-aside']);
    assert.equal(readdirSync(join(path, '..')).filter((name) => name.includes('.bad-')).length, 1);
  });

for (const what of ['empty', 'missing'] as const)
  test(`RC-M01, RC-D10: a records file that is ${what} where containers are is damage, and what is there is nobody’s litter`, async (t) => {
    const path = directory(t);
    const first = openRecords(path, silentLog);
    await first.write([{ table: 't', key: 'a', value: 1 }]);
    await first.close();
    mkdirSync(join(dirname(path), 'containers/some'), { recursive: true });
    if (what === 'empty') truncateSync(path);
    else rmSync(path);
    const log = listening();
    const again = openRecords(path, log);
    assert.equal((await again.read({ table: 't', schema: anything(), migrations: [] })).rowsWereLost, true);
    await again.close();
    assert.deepEqual(log.events, ['records.file.set-aside']);
  });

/** Bytes of a log with its frames of this life (sqlite.org/fileformat2.html#walformat): behind them are older ones. */
function usedOf(log: Buffer): number {
  const FRAME_BYTES = 24 + 4096;
  const salts = log.subarray(16, 24);
  let end = 32;
  while (log.subarray(end + 8, end + 16).equals(salts)) end += FRAME_BYTES;
  return end;
}

for (const [what, left] of [
  ['all', () => 0],
  ['half', (size: number) => size / 2],
] as const)
  test(`RC-M01: a log of the records of which ${what} was cut off is damage, and what is there is nobody’s litter`, async (t) => {
    const path = directory(t);
    const first = openRecords(path, silentLog);
    for (let i = 0; i < 20; i++) await first.write([{ table: 't', key: `${i}`, value: i }]);
    // As a kill leaves it: whoever closes it puts the log into the file.
    const killed = join(mkdtempSync(join(tmpdir(), 'gantry-records-')), 'records.sqlite');
    t.after(() => rmSync(dirname(killed), { recursive: true }));
    for (const tail of ['', '-wal', '-commits']) copyFileSync(path + tail, killed + tail);
    await first.close();
    assert.deepEqual(new ExaminedRows(killed).findings, []);
    truncateSync(`${killed}-wal`, left(usedOf(readFileSync(`${killed}-wal`))));
    const found = new ExaminedRows(killed).findings.map(({ where, what: said }) => `${where}: ${said}`);
    assert.match(found.join('\n'), /^records \S+-wal: its last changes are missing \(\d+ commits\): [^\n]+$/);
    const log = listening();
    for (const round of [1, 2]) {
      const again = openRecords(killed, log);
      const kind = { table: 't', schema: anything(), migrations: [] };
      assert.equal((await again.read(kind)).rowsWereLost, true, `${round}`);
      await again.write([{ table: 't', key: `new ${round}`, value: 1 }]);
      await again.close();
    }
    assert.deepEqual(log.events, ['records.file.set-aside']);
  });

for (const [what, spoil] of [
  ['missing', (path: string) => rmSync(path)],
  ['behind', (path: string) => writeFileSync(path, '0000000000000001 00000000\n')],
  ['garbage', (path: string) => writeFileSync(path, '9'.repeat(1000))],
  [
    'a directory',
    (path: string) => {
      rmSync(path);
      mkdirSync(path);
    },
  ],
] as const)
  test(`RC-M01: a number of commits that is ${what} says nothing, and is right again after the next one`, async (t) => {
    const path = directory(t);
    const first = openRecords(path, silentLog);
    await first.write([{ table: 't', key: 'a', value: 1 }]);
    await first.close();
    const before = readFileSync(`${path}-commits`, 'utf8');
    spoil(`${path}-commits`);
    const log = listening();
    const again = openRecords(path, log);
    assert.equal((await again.load('t')).get('a'), 1);
    await again.write([{ table: 't', key: 'b', value: 2 }]);
    await again.close();
    assert.deepEqual(log.events, []);
    const number = (text: string): number => Number(text.split(' ')[0]);
    assert.equal(number(readFileSync(`${path}-commits`, 'utf8')), number(before) + 1);
  });

test('an empty records file is a new one', async (t) => {
  const path = directory(t);
  writeFileSync(path, '');
  const log = listening();
  const records = openRecords(path, log);
  assert.equal((await records.load('t')).size, 0);
  await records.close();
  assert.deepEqual(log.events, []);
});

test('RC-K13, RC-M01: a file of a newer version is refused and left as it is', async (t) => {
  const path = directory(t);
  const newer = new DatabaseSync(path);
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  const records = openRecords(path, silentLog);
  await assert.rejects(records.load('t'), /written by a newer Gantry/);
  assert.ok(existsSync(path));
  assert.equal(
    readdirSync(join(path, '..')).some((name) => name.includes('.bad-')),
    false,
  );
});

test('RC-D02: on a full disk rows go, and small ones come, as often as is wanted', async (t) => {
  const path = directory(t);
  mount('gantry-test', dirname(path), 'tmpfs', 0, 'size=4m');
  const records = openRecords(path, silentLog);
  try {
    const row = (key: number, value: unknown) => ({ table: 't', key: String(key), value });
    await records.write(Array.from({ length: 100 }, (_, key) => row(key, { text: 'x'.repeat(1000) })));
    assert.throws(() => writeFileSync(join(dirname(path), 'filler'), Buffer.alloc(8 << 20)), /ENOSPC/);
    for (let key = 0; key < 99; key++) {
      await records.write([row(key, undefined)]);
      for (let again = 0; again < 5; again++) await records.write([row(99, { again, key })]);
    }
    assert.deepEqual([...(await records.load('t'))], [['99', { again: 4, key: 98 }]]);
  } finally {
    await records.close();
    unmount(dirname(path));
  }
});

test('after close a write is refused', async (t) => {
  const records = openRecords(directory(t), silentLog);
  await records.close();
  await assert.rejects(records.write([{ table: 't', key: 'k', value: 1 }]));
});
