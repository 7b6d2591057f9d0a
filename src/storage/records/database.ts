/** The SQLite file behind the records: opened so that a commit is on the disk, set aside when it cannot be read. */
import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { asidePath } from '../../base/files.ts';
import { COMMITS_SCHEMA, catchUp, missingCommits, missingInWords } from './commits.ts';
import { checksumOf } from './row.ts';

/** The schema's number in `user_version`; a file with a higher one comes from a newer Gantry and is refused. */
const SCHEMA_VERSION = 1;
/** Frames in the write-ahead log (4 KiB each) before SQLite copies them into the main file and begins anew. */
const CHECKPOINT_FRAMES = 200;
/** Room that file and log have before it is needed: while the disk is full, ends, stops and removals come on record. */
const ROOM_BYTES = 1 << 20;
const PAGE_BYTES = 4096;

const schema = `
  CREATE TABLE IF NOT EXISTS rows (
    tbl TEXT NOT NULL, key TEXT NOT NULL, text TEXT NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (tbl, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS damaged (at TEXT NOT NULL, tbl, key, text, sum, damage TEXT NOT NULL);
  ${COMMITS_SCHEMA}`;

/** `tbl` of the row in `damaged` that says: a whole file was set aside (`key`), and rows may have been lost with it. */
export const LOST_FILE = 'file';

/** What was done to a file that could not be read. */
export interface SetAside {
  readonly path: string;
  readonly damage: string;
  /** Rows that could still be read and were carried over. */
  readonly saved: number;
}

/**
 * Opens the file, making it when absent. A damaged one is renamed to `….bad-<time>`, what can be read of it is
 * carried over into a new one, and `setAside` is told.
 * @throws Error when the file is from a newer version, or the disk refuses
 */
export function openDatabase(path: string, setAside: (what: SetAside) => void): DatabaseSync {
  const [database, damage] = prepareFile(path) ?? tryOpen(path);
  if (database && damage === undefined) {
    noteMissing(database, path, setAside);
    return withRoom(database, path);
  }
  const saved = database ? salvage(database) : { rows: [], aside: [] };
  database?.close();
  const bad = asidePath(path);
  for (const tail of ['', '-wal', '-shm']) if (existsSync(path + tail)) renameSync(path + tail, bad + tail);
  prepareFile(path);
  const [fresh, again] = tryOpen(path);
  if (!fresh || again !== undefined) throw new Error(`${path}: ${again ?? 'cannot be opened'}`);
  const what = { path: bad, damage: damage ?? 'cannot be opened', saved: saved.rows.length };
  fill(fresh, saved, what);
  catchUp(fresh, path);
  setAside(what);
  return withRoom(fresh, path);
}

/** Rows may be missing whose things are there: nothing that has no owner is litter from now on. */
function noteMissing(database: DatabaseSync, path: string, setAside: (what: SetAside) => void): void {
  const missing = missingCommits(database, path);
  if (missing === 0) return;
  const damage = missingInWords(missing);
  database.exec('BEGIN IMMEDIATE');
  keepLost(database, { path: `${path}-wal`, damage });
  catchUp(database, path);
  database.exec('COMMIT');
  const { rows } = database.prepare('SELECT count(*) AS rows FROM rows').get() as { rows: number };
  setAside({ path: `${path}-wal`, damage, saved: rows });
}

function keepLost(database: DatabaseSync, { path, damage }: Pick<SetAside, 'path' | 'damage'>): void {
  const keep = database.prepare('INSERT INTO damaged VALUES (?, ?, ?, ?, ?, ?)');
  keep.run(new Date().toISOString(), LOST_FILE, path, null, null, damage);
}

function withRoom(database: DatabaseSync, path: string): DatabaseSync {
  try {
    lengthenLog(`${path}-wal`);
    const { freelist_count: free } = database.prepare('PRAGMA freelist_count').get() as Record<
      string,
      number
    >;
    if ((free ?? 0) < ROOM_BYTES / PAGE_BYTES / 2) makeFreePages(database);
  } catch {
    // A disk that has not even this is full: the next start tries again.
  }
  return database;
}

/** SQLite takes what lies behind the frames of this life of its log for nothing. */
function lengthenLog(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    const { size } = fstatSync(fd);
    if (size < ROOM_BYTES) writeSync(fd, Buffer.alloc(ROOM_BYTES - size), 0, ROOM_BYTES - size, size);
  } finally {
    closeSync(fd);
  }
}

/** Pages of the file that hold nothing, and are on the disk. */
function makeFreePages(database: DatabaseSync): void {
  database.exec(
    `DROP TABLE IF EXISTS room; CREATE TABLE room (bytes); INSERT INTO room VALUES (zeroblob(${ROOM_BYTES}))`,
  );
  database.exec('PRAGMA wal_checkpoint; DROP TABLE room');
}

/** Makes the file readable by root alone before SQLite makes it by the umask; what is not a file is damage. */
function prepareFile(path: string): [undefined, damage: string] | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isFile()) return [undefined, 'not a regular file'];
  // What is there is somebody's: without its rows it must not be taken for litter.
  if ((found?.size ?? 0) === 0 && hasThings(dirname(path))) return [undefined, found ? 'empty' : 'missing'];
  closeSync(openSync(path, 'a', 0o600));
  return undefined;
}

/** Whether a data root has things that are on record. */
const hasThings = (root: string): boolean =>
  ['containers', 'l', 'volumes', 'w'].some(
    (name) => existsSync(`${root}/${name}`) && readdirSync(`${root}/${name}`).length > 0,
  );

function tryOpen(path: string): [DatabaseSync | undefined, damage: string | undefined] {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_FRAMES}`);
    refuseNewer(database, path);
    database.exec(schema);
    const check = database.prepare('PRAGMA quick_check(1)').get() as { quick_check?: unknown } | undefined;
    return [database, check?.quick_check === 'ok' ? undefined : String(check?.quick_check)];
  } catch (error) {
    const { errcode, message } = error as { errcode?: number; message: string };
    // SQLITE_CORRUPT and SQLITE_NOTADB, with their extended codes: damage. All else is the disk's or our failure.
    if (errcode === undefined || ![11, 26].includes(errcode & 0xff)) {
      if (database?.isOpen) database.close();
      throw error;
    }
    return [database, message];
  }
}

function refuseNewer(database: DatabaseSync, path: string): void {
  const { user_version: found } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (found > SCHEMA_VERSION)
    throw new Error(
      `${path} was written by a newer Gantry (records version ${found}, this one knows ${SCHEMA_VERSION})`,
    );
  if (found < SCHEMA_VERSION) database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

interface RawRow {
  readonly tbl: string;
  readonly key: string;
  readonly text: string;
  readonly sum: number;
}

interface AsideRow {
  readonly at: string;
  readonly tbl: string;
  readonly key: string;
  readonly text: string;
  readonly sum: number;
  readonly damage: string;
}

interface Saved {
  readonly rows: readonly RawRow[];
  readonly aside: readonly AsideRow[];
}

function fill(fresh: DatabaseSync, { rows, aside }: Saved, lost: SetAside): void {
  const insert = fresh.prepare('INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)');
  const keep = fresh.prepare('INSERT INTO damaged VALUES (?, ?, ?, ?, ?, ?)');
  fresh.exec('BEGIN IMMEDIATE');
  for (const row of rows) insert.run(row.tbl, row.key, row.text, row.sum);
  for (const row of aside) keep.run(row.at, row.tbl, row.key, row.text, row.sum, row.damage);
  keepLost(fresh, lost);
  fresh.exec('COMMIT');
}

/** Sound rows from both ends of the table up to the first page that cannot be read, and rows set aside before. */
function salvage(database: DatabaseSync): Saved {
  const found = new Map<string, RawRow>();
  for (const order of ['ASC', 'DESC'])
    try {
      const all = database.prepare(
        `SELECT tbl, key, text, sum FROM rows ORDER BY tbl ${order}, key ${order}`,
      );
      for (const row of all.iterate() as Iterable<unknown> as Iterable<RawRow>)
        if (checksumOf(row.tbl, row.key, row.text) === row.sum) found.set(`${row.tbl}\0${row.key}`, row);
    } catch {
      // The rest in this direction is unreadable; the file is kept for a person to look at.
    }
  return { rows: [...found.values()], aside: salvageAside(database) };
}

function salvageAside(database: DatabaseSync): AsideRow[] {
  const found: AsideRow[] = [];
  try {
    const all = database.prepare('SELECT at, tbl, key, text, sum, damage FROM damaged');
    for (const row of all.iterate() as Iterable<unknown> as Iterable<AsideRow>) found.push(row);
  } catch {
    // As above.
  }
  return found;
}
