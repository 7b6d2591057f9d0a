/** The records as they stand on the disk, read without changing them: a damaged row is found, not set aside. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../base/errors.ts';
import { damage, type Finding } from '../../base/finding.ts';
import type { RecordKind } from '../../base/stored.ts';
import { missingCommits, missingInWords } from '../records/commits.ts';
import { LOST_FILE } from '../records/database.ts';
import { tryRead } from '../records/door.ts';
import { readRow } from '../records/row.ts';
import type { ReadRows, SetAsideRow } from '../storage.ts';

/** What the file of the records says, and what is wrong with it. */
export class ExaminedRows {
  /** Grows with each kind that is read. */
  readonly findings: Finding[] = [];
  /** Rows whose bytes are sound, by table and key. */
  readonly #tables = new Map<string, Map<string, unknown>>();
  readonly #setAside = new Map<string, Map<string, SetAsideRow>>();
  #rowsWereLost = false;

  /** Also beside a daemon that writes: it sees one state of all tables. Never throws. */
  constructor(path: string) {
    if (!existsSync(path)) {
      this.findings.push(damage(path, 'missing'));
      return;
    }
    try {
      const database = new DatabaseSync(path, { readOnly: true });
      try {
        this.#readAll(database);
        const missing = missingCommits(database, path);
        if (missing > 0) this.findings.push(damage(`records ${path}-wal`, missingInWords(missing)));
        this.#rowsWereLost ||= missing > 0;
      } finally {
        database.close();
      }
    } catch (error) {
      this.findings.push(damage(path, messageOf(error)));
    }
  }

  /** The rows of a kind, as the daemon would find them at its next start; each that it could not read is a finding. */
  read<T>(kind: RecordKind<T>): ReadRows<T> {
    const rows = new Map<string, T>();
    const setAside = new Map(this.#setAside.get(kind.table));
    for (const [key, value] of this.#tables.get(kind.table) ?? []) {
      const read = tryRead(kind, value);
      if ('value' in read) rows.set(key, read.value);
      else {
        this.#complain(kind.table, key, read.damage);
        setAside.set(key, { text: JSON.stringify(value), damage: read.damage });
      }
    }
    return { rows, setAside, rowsWereLost: this.#rowsWereLost };
  }

  #readAll(database: DatabaseSync): void {
    const check = database.prepare('PRAGMA integrity_check(1)').get() as { integrity_check?: unknown };
    if (check.integrity_check !== 'ok') this.findings.push(damage('records', String(check.integrity_check)));
    for (const row of database.prepare('SELECT tbl, key, text, sum FROM rows').all()) {
      const table = String(row.tbl);
      const key = String(row.key);
      const read = readRow(table, { key: row.key, text: row.text, sum: row.sum });
      if ('damage' in read) {
        this.#complain(table, key, read.damage);
        entry(this.#setAside, table).set(key, { text: String(row.text), damage: read.damage });
      } else entry(this.#tables, table).set(key, read.value);
    }
    for (const row of database.prepare('SELECT tbl, key, text, damage FROM damaged').all())
      this.#addSetAside(String(row.tbl), String(row.key), String(row.text), String(row.damage));
  }

  #addSetAside(table: string, key: string, text: string, reason: string): void {
    if (table === LOST_FILE) {
      this.#rowsWereLost = true;
      this.findings.push(damage(`records ${key}`, `set aside at an earlier start: ${reason}`));
      return;
    }
    if (this.#tables.get(table)?.has(key)) return; // written anew since
    this.#complain(table, key, `set aside at an earlier start: ${reason}`);
    entry(this.#setAside, table).set(key, { text, damage: reason });
  }

  #complain(table: string, key: string, what: string): void {
    this.findings.push(damage(`record ${table} ${key}`, what));
  }
}

function entry<T>(tables: Map<string, Map<string, T>>, table: string): Map<string, T> {
  const found = tables.get(table) ?? new Map<string, T>();
  tables.set(table, found);
  return found;
}

/** Forgets every row that was set aside, in the records file `path`, which no daemon uses. Gives what they were. */
export function forgetSetAside(path: string): string[] {
  const database = new DatabaseSync(path);
  try {
    const rows = database.prepare('DELETE FROM damaged RETURNING tbl, key').all();
    return rows.map(({ tbl, key }) => (tbl === LOST_FILE ? `records ${key}` : `record ${tbl} ${key}`));
  } finally {
    database.close();
  }
}
