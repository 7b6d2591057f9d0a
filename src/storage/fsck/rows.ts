/** The records as they stand on the disk, read without changing them: a damaged row is found, not set aside. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../base/errors.ts';
import { readRow } from '../records/row.ts';
import { damage, type Finding } from './finding.ts';

export interface ReadRows {
  readonly findings: readonly Finding[];
  /** Sound rows by table and key. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
}

/** Also beside a daemon that writes: it sees one state of all tables. Never throws. */
export function readRows(path: string): ReadRows {
  const findings: Finding[] = [];
  const tables = new Map<string, Map<string, unknown>>();
  if (!existsSync(path)) return { findings: [damage(path, 'missing')], tables };
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      readAll(database, tables, findings);
    } finally {
      database.close();
    }
  } catch (error) {
    findings.push(damage(path, messageOf(error)));
  }
  return { findings, tables };
}

function readAll(
  database: DatabaseSync,
  tables: Map<string, Map<string, unknown>>,
  findings: Finding[],
): void {
  const check = database.prepare('PRAGMA integrity_check(1)').get() as { integrity_check?: unknown };
  if (check.integrity_check !== 'ok') findings.push(damage('records', String(check.integrity_check)));
  for (const row of database.prepare('SELECT tbl, key, text, sum FROM rows').all()) {
    const table = String(row.tbl);
    const read = readRow(table, { key: row.key, text: row.text, sum: row.sum });
    if ('damage' in read) findings.push(damage(`record ${table} ${String(row.key)}`, read.damage));
    else tables.set(table, (tables.get(table) ?? new Map()).set(String(row.key), read.value));
  }
  for (const row of database.prepare('SELECT tbl, key, damage FROM damaged').all())
    findings.push(damage(`record ${row.tbl} ${row.key}`, `set aside at an earlier start: ${row.damage}`));
}
