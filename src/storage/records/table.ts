/** One table in the SQLite file: its rows, those that were set aside, and how they change places. */
import type { DatabaseSync } from 'node:sqlite';
import { LOST_FILE } from './database.ts';
import type { FromWriter, LoadedAside, LoadedRow, LoadedTable, Settlement } from './protocol.ts';
import { checksumOf, readRow, type StoredRow } from './row.ts';

/** Reads a table. Rows whose bytes were changed are set aside, and `tell` hears of them. @throws Error of SQLite */
export function loadTable(
  database: DatabaseSync,
  table: string,
  post: (news: FromWriter) => void,
): LoadedTable {
  const rows: LoadedRow[] = [];
  const aside = loadAside(database, table);
  const stored = database.prepare('SELECT key, text, sum FROM rows WHERE tbl = ? ORDER BY key').all(table);
  for (const row of stored as unknown as StoredRow[]) {
    const read = readRow(table, row);
    if ('value' in read) rows.push({ key: row.key as string, value: read.value, sum: row.sum as number });
    else {
      setAside(database, table, row, read.damage);
      aside.push({ key: String(row.key), text: String(row.text), ...read, sound: undefined, isNew: true });
      post({ is: 'damaged', table, key: String(row.key), damage: read.damage });
    }
  }
  const lost = database.prepare('SELECT 1 FROM damaged WHERE tbl = ? LIMIT 1').get(LOST_FILE);
  return { rows, aside, rowsWereLost: lost !== undefined };
}

/** What was set aside of the table. A row that was written anew since takes the place of the one set aside. */
function loadAside(database: DatabaseSync, table: string): LoadedAside[] {
  database
    .prepare('DELETE FROM damaged WHERE tbl = ?1 AND key IN (SELECT key FROM rows WHERE tbl = ?1)')
    .run(table);
  const all = database.prepare('SELECT key, text, sum, damage FROM damaged WHERE tbl = ?').all(table);
  return (all as unknown as (StoredRow & { damage: string })[]).map((row) => {
    const read = readRow(table, row);
    const sound = 'value' in read ? read : undefined;
    return { key: String(row.key), text: String(row.text), damage: row.damage, sound, isNew: false };
  });
}

/** Does all of it or nothing. @throws Error of SQLite */
export function settleTable(
  database: DatabaseSync,
  { table, unreadable, migrated, restored }: Settlement,
): void {
  const find = database.prepare('SELECT key, text, sum FROM rows WHERE tbl = ? AND key = ? AND sum = ?');
  const update = database.prepare('UPDATE rows SET text = ?, sum = ? WHERE tbl = ? AND key = ? AND sum = ?');
  const insert = database.prepare('INSERT OR IGNORE INTO rows VALUES (?, ?, ?, ?)');
  const forget = database.prepare('DELETE FROM damaged WHERE tbl = ? AND key = ?');
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const { key, sum, damage } of unreadable) {
      const row = find.get(table, key, sum) as StoredRow | undefined;
      if (row) setAside(database, table, row, damage);
    }
    for (const { key, sum, text } of migrated)
      update.run(text, checksumOf(table, key, text), table, key, sum);
    for (const { key, text } of restored) {
      insert.run(table, key, text, checksumOf(table, key, text));
      forget.run(table, key);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function setAside(database: DatabaseSync, table: string, row: StoredRow, damage: string): void {
  const { key, text, sum } = row as { key: string; text: string; sum: number };
  const keep = database.prepare('INSERT INTO damaged VALUES (?, ?, ?, ?, ?, ?)');
  keep.run(new Date().toISOString(), table, key, text, sum, damage);
  database.prepare('DELETE FROM rows WHERE tbl = ? AND key = ?').run(table, key);
}
