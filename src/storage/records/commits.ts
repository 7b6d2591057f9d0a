/**
 * How many commits there were, on record twice: in the records file, and beside it after each one is on the disk. So the
 * number beside it is never the higher one, unless the end of SQLite's log was cut off, which SQLite takes for its end.
 */
import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { readState, setAsideUnlessFile } from '../../base/files.ts';

/** Of the table that holds the number; releases before have none. */
export const COMMITS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS commits (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL);
  INSERT OR IGNORE INTO commits VALUES (1, 0);
`;

/** Where the other one stands, beside the records file. */
const countFile = (path: string): string => `${path}-commits`;
const FORM = /^(\d{16}) ([0-9a-f]{8})\n$/;
const formOf = (number: number): string => {
  const digits = `${number}`.padStart(16, '0');
  return `${digits} ${crc32(digits).toString(16).padStart(8, '0')}\n`;
};

/** How many commits the records file at `path` lacks; 0 where nobody knows. @throws Error of SQLite */
export function missingCommits(database: DatabaseSync, path: string): number {
  const has = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'commits'").get();
  return has === undefined ? 0 : Math.max(0, readBeside(path) - numberIn(database));
}

/** In words. */
export const missingInWords = (count: number): string =>
  `its last changes are missing (${count} commits): the end of its log was cut off`;

/** Counts one more, inside of its transaction. Gives its number. @throws Error of SQLite */
export function countCommit(database: DatabaseSync): number {
  database.exec('UPDATE commits SET number = number + 1');
  return numberIn(database);
}

/** From now on the records file is taken for complete. @throws Error of SQLite */
export function catchUp(database: DatabaseSync, path: string): void {
  database.prepare('UPDATE commits SET number = max(number, ?)').run(readBeside(path));
}

const numberIn = (database: DatabaseSync): number =>
  Number(database.prepare('SELECT number FROM commits').get()?.number ?? 0);

/** 0: there is none, or it cannot be read. */
function readBeside(path: string): number {
  try {
    const [, digits = '', sum] = FORM.exec(readState(countFile(path), 100) ?? '') ?? [];
    return crc32(digits) === Number.parseInt(sum ?? '', 16) ? Number(digits) : 0;
  } catch {
    return 0;
  }
}

/** The number beside the records file. It is never waited for: one that is too low says less, and nothing wrong. */
export class CommitsBeside {
  readonly #fd: number | undefined;

  constructor(path: string) {
    this.#fd = openBeside(countFile(path));
  }

  /** Call it when that commit is on the disk. Never fails. */
  tell(number: number): void {
    if (this.#fd === undefined) return;
    try {
      writeSync(this.#fd, formOf(number), 0);
    } catch {
      // a full disk: the one before stands
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

function openBeside(file: string): number | undefined {
  try {
    setAsideUnlessFile(file);
    const fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    ftruncateSync(fd, formOf(0).length);
    return fd;
  } catch {
    return undefined;
  }
}
