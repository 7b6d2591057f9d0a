/** Small durable facts, by table and key. The main thread asks; records.worker.ts writes. */
import { Worker } from 'node:worker_threads';
import { Failed, Unavailable } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { workerUrl } from '../../base/worker-url.ts';
import type { Change, Records } from '../storage.ts';
import { type DoorReading, readTable } from './door.ts';
import type { FromWriter, LoadedTable, RowChange, ToWriter } from './protocol.ts';

type Ask<T extends ToWriter = ToWriter> = T extends ToWriter ? Omit<T, 'id'> : never;

/** The records with their door open: for whoever looks at rows as they are stored. */
export interface RecordsFile extends Records {
  /** Values of all rows whose bytes are sound, by key. */
  load(table: string): Promise<Map<string, unknown>>;
}

/** Opens the records in the SQLite file `path` (mode 0600). A damaged file or row is set aside and logged. */
export function openRecords(path: string, log: Log): RecordsFile {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const worker = new Worker(workerUrl('records.worker', import.meta.url), {
    workerData: { path },
    name: 'records',
  });
  let lastId = 0;
  let closed: Promise<void> | undefined;
  let gone: Error | undefined;

  worker.on('message', (message: FromWriter) => hear(message, waiting, log));
  worker.on('error', (error) => (gone = new Failed(`records: ${error.message}`, { cause: error })));
  worker.on('exit', () => {
    gone ??= new Unavailable('the records are closed');
    for (const { reject } of waiting.values()) reject(gone);
    waiting.clear();
  });

  const ask = async (question: Ask): Promise<unknown> => {
    if (gone) throw gone;
    const answer = Promise.withResolvers<unknown>();
    const id = ++lastId;
    waiting.set(id, answer);
    worker.postMessage({ ...question, id });
    return answer.promise;
  };

  const load = async (table: string) => (await ask({ is: 'load', table })) as LoadedTable;

  return {
    async load(table) {
      return new Map((await load(table)).rows.map(({ key, value }) => [key, value]));
    },
    async read(kind) {
      const door = readTable(kind, await load(kind.table));
      const { unreadable, migrated, restored } = door.settlement;
      if (unreadable.length + migrated.length + restored.length > 0)
        await ask({ is: 'settle', ...door.settlement });
      tellOf(door, log);
      return door;
    },
    async write(changes) {
      if (changes.length > 0) await ask({ is: 'write', changes: changes.map(asRow) });
    },
    close() {
      closed ??= ask({ is: 'close' }).then(
        () => undefined,
        () => undefined,
      );
      return closed;
    },
  };
}

function asRow({ table, key, value }: Change): RowChange {
  return { table, key, text: value === undefined ? undefined : JSON.stringify(value) };
}

function hear(message: FromWriter, waiting: Map<number, PromiseWithResolvers<unknown>>, log: Log): void {
  if (message.is === 'damaged') {
    log.error('records.row.set-aside', { table: message.table, key: message.key, damage: message.damage });
    return;
  }
  if (message.is === 'setAside') {
    log.error('records.file.set-aside', {
      path: message.path,
      damage: message.damage,
      rowsSaved: message.saved,
    });
    return;
  }
  const asked = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.is === 'failed') asked?.reject(new Failed(`records: ${message.message}`));
  else asked?.resolve(message.is === 'table' ? message.table : undefined);
}

/** What came of the rows that could not be read, or not before. */
function tellOf({ settlement, stillAside }: DoorReading, log: Log): void {
  const { table, unreadable, migrated, restored } = settlement;
  for (const { key, damage } of unreadable) log.error('records.row.set-aside', { table, key, damage });
  for (const [key, { damage }] of stillAside) log.warn('records.row.still-set-aside', { table, key, damage });
  for (const { key } of restored) log.info('records.row.restored', { table, key });
  if (migrated.length > 0) log.info('records.migrated', { table, rows: migrated.length });
}
