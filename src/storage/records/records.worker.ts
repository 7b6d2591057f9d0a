/** The records' one writer: a thread that owns the SQLite file and puts waiting writes into one commit. */
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { watchForStalls } from '../../base/stall-watch.ts';
import { CommitsBeside, countCommit } from './commits.ts';
import { openDatabase } from './database.ts';
import type { FromWriter, RowChange, Settlement, ToWriter } from './protocol.ts';
import { checksumOf } from './row.ts';
import { loadTable, settleTable } from './table.ts';

/** Writes in one commit: more would let the first of them wait for too long. */
const GROUP_MAX = 512;

const port = parentPort!;
const { path } = workerData as { path: string };
const post = (message: FromWriter): void => port.postMessage(message);
/** Undefined: it is to be opened anew, which may fail until there is room, or a descriptor, again. */
let kept: DatabaseSync | undefined = open();
const beside = new CommitsBeside(path);
// The one thread that a daemon always has beside its own.
watchForStalls();

function open(): DatabaseSync {
  return openDatabase(path, (what) => post({ is: 'setAside', ...what }));
}

function opened(): DatabaseSync {
  kept ??= open();
  return kept;
}

port.on('message', (first: ToWriter) => {
  const waiting: ToWriter[] = [first];
  while (waiting.length < GROUP_MAX) {
    const next = receiveMessageOnPort(port);
    if (next === undefined) break;
    waiting.push(next.message as ToWriter);
  }
  let group: Extract<ToWriter, { is: 'write' }>[] = [];
  for (const message of waiting) {
    if (message.is === 'write') {
      group.push(message);
      continue;
    }
    writeGroup(group);
    group = [];
    if (message.is === 'load') load(message.id, message.table);
    else if (message.is === 'settle') settle(message.id, message);
    else close(message.id);
  }
  writeGroup(group);
});

/** One commit for all; when it fails each is tried alone, so that only the one to blame is refused. */
function writeGroup(group: readonly Extract<ToWriter, { is: 'write' }>[]): void {
  if (group.length === 0) return;
  try {
    commit(group.flatMap((write) => write.changes));
    for (const { id } of group) post({ is: 'done', id });
  } catch (error) {
    reopenAfter(error);
    if (group.length === 1) post({ is: 'failed', id: group[0]!.id, message: (error as Error).message });
    else for (const write of group) writeGroup([write]);
  }
}

function commit(changes: readonly RowChange[]): void {
  const database = opened();
  const put = database.prepare('INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)');
  const drop = database.prepare('DELETE FROM rows WHERE tbl = ? AND key = ?');
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const { table, key, text } of changes) {
      if (text === undefined) drop.run(table, key);
      else put.run(table, key, text, checksumOf(table, key, text));
    }
    const number = countCommit(database);
    database.exec('COMMIT');
    beside.tell(number);
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function rollBack(database: DatabaseSync): void {
  try {
    if (database.isTransaction) database.exec('ROLLBACK');
  } catch {
    forget(); // what stands in the file holds
  }
}

/** After a failed write or sync the kernel may have dropped pages that SQLite takes for written: look anew. */
function reopenAfter(error: unknown): void {
  const SQLITE_IOERR = 10;
  if ((((error as { errcode?: number }).errcode ?? 0) & 0xff) === SQLITE_IOERR) forget();
}

function forget(): void {
  try {
    kept?.close();
  } catch {
    // Closed all the same.
  }
  kept = undefined;
}

function load(id: number, table: string): void {
  answer(id, () => {
    post({ is: 'table', id, table: loadTable(opened(), table, (news) => post(news)) });
  });
}

function settle(id: number, settlement: Settlement): void {
  answer(id, () => {
    settleTable(opened(), settlement);
    post({ is: 'done', id });
  });
}

function answer(id: number, work: () => void): void {
  try {
    work();
  } catch (error) {
    post({ is: 'failed', id, message: (error as Error).message });
  }
}

function close(id: number): void {
  forget();
  beside.close();
  post({ is: 'done', id });
  port.close();
}
