/** One stored row: its text and the checksum that tells a damaged one. */
import { crc32 } from 'node:zlib';

/** Over table, key and text: a row that slipped under another key is damaged too. */
export function checksumOf(table: string, key: string, text: string): number {
  return crc32(`${table}\0${key}\0${text}`);
}

/** A row as the writer thread reads it; SQLite may give back anything when the file is damaged. */
export interface StoredRow {
  readonly key: unknown;
  readonly text: unknown;
  readonly sum: unknown;
}

/** The row's value, or why it cannot be believed. */
export function readRow(table: string, row: StoredRow): { value: unknown } | { damage: string } {
  const { key, text, sum } = row;
  if (typeof key !== 'string' || typeof text !== 'string') return { damage: 'not text' };
  if (checksumOf(table, key, text) !== sum) return { damage: 'wrong checksum' };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { damage: 'not JSON' };
  }
}
