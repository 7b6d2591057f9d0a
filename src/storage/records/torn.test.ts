/** Writes that reached the disk in parts, when the power went. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Log, silentLog } from '../../base/log.ts';
import { openRecords } from './records.ts';

const SECTOR = 512;
const FILE = 'records.sqlite';
const ANSWERED = 20;
const ROUNDS = 24;
const rowOf = (i: number): string => `row ${i} `.repeat(200);

/** Of what differs between two states of a file, only some sectors were written. */
function torn(before: Buffer, after: Buffer, isWritten: () => boolean): Buffer {
  const bytes = Buffer.alloc(after.length);
  before.copy(bytes);
  for (let at = 0; at < after.length; at += SECTOR) {
    const sector = after.subarray(at, at + SECTOR);
    if (!sector.equals(before.subarray(at, at + SECTOR)) && isWritten()) sector.copy(bytes, at);
  }
  return bytes;
}

test('RC-P02: whichever sectors of a write reach the disk, in whatever order, what was answered before is there, and the write is whole or not there', async (t) => {
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  const home = mkdtempSync(join(tmpdir(), 'gantry-torn-'));
  t.after(() => rmSync(home, { recursive: true }));
  const [live, before, after, cut] = ['live', 'before', 'after', 'cut'].map((name) => join(home, name)) as [
    string,
    string,
    string,
    string,
  ];
  mkdirSync(live);
  const records = openRecords(join(live, FILE), silentLog);
  for (let i = 0; i < ANSWERED; i++) await records.write([{ table: 't', key: `${i}`, value: rowOf(i) }]);
  cpSync(live, before, { recursive: true });
  await records.write([
    { table: 't', key: 'last', value: rowOf(-1) },
    { table: 't', key: '0', value: undefined },
  ]);
  cpSync(live, after, { recursive: true });
  await records.close();
  const seen = { whole: 0, absent: 0 };
  const events: string[] = [];
  const log: Log = { ...silentLog, error: (event) => void events.push(event) };
  for (let round = 0; round < ROUNDS; round++) {
    rmSync(cut, { recursive: true, force: true });
    cpSync(before, cut, { recursive: true });
    const share = random();
    // The index of the log in memory is not read after a boot; the number beside is written when the log is on the disk.
    for (const name of readdirSync(after).filter((each) => !/-(shm|commits)$/.test(each))) {
      const [old, now] = [before, after].map((path) => readFileSync(join(path, name))) as [Buffer, Buffer];
      writeFileSync(
        join(cut, name),
        torn(old, now, () => round === 0 || random() < share),
      );
    }
    const again = openRecords(join(cut, FILE), log);
    const rows = await again.load('t');
    const text = `round ${round}, seed ${seed}`;
    const isWhole = rows.has('last');
    assert.equal(rows.has('0'), !isWhole, `${text}: half of the write`);
    if (isWhole) assert.equal(rows.get('last'), rowOf(-1), text);
    for (let i = 1; i < ANSWERED; i++) assert.equal(rows.get(`${i}`), rowOf(i), `${text}: row ${i}`);
    await again.write([{ table: 't', key: 'next', value: 1 }]);
    await again.close();
    seen[isWhole ? 'whole' : 'absent'] += 1;
  }
  assert.deepEqual(events, []);
  t.diagnostic(JSON.stringify({ ...seen, seed }));
  assert.ok(seen.whole > 0 && seen.absent > 0, JSON.stringify(seen));
});
