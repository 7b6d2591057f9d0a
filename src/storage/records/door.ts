/** The door through which rows come in: each is read by its kind's schema, after its migrations. Pure. */
import { messageOf } from '../../base/errors.ts';
import { type RecordKind, readStored, type StoredDocument, storedForm } from '../../base/stored.ts';
import type { Change, ReadRows, SetAsideRow } from '../storage.ts';
import type { LoadedTable, Settlement } from './protocol.ts';

/** Rows that were read, and what the file must be told so that it says the same. */
export interface DoorReading<T = unknown> extends ReadRows<T> {
  readonly settlement: Settlement;
  /** Of those set aside: the ones from earlier starts. */
  readonly stillAside: ReadonlyMap<string, SetAsideRow>;
}

/** Reads a table; one row's failure is its own. */
export function readTable<T>(
  kind: RecordKind<T>,
  { rows, aside, rowsWereLost }: LoadedTable,
): DoorReading<T> {
  const found = new Map<string, T>();
  const setAside = new Map<string, SetAsideRow>();
  const stillAside = new Map<string, SetAsideRow>();
  const settlement = { table: kind.table, unreadable: [], migrated: [], restored: [] } as {
    readonly [K in keyof Settlement]: Settlement[K] extends readonly (infer I)[] ? I[] : Settlement[K];
  };
  for (const { key, value, sum } of rows) {
    const read = tryRead(kind, value);
    if ('damage' in read) {
      settlement.unreadable.push({ key, sum, damage: read.damage });
      setAside.set(key, { text: JSON.stringify(value), damage: read.damage });
    } else {
      found.set(key, read.value);
      if (read.isMigrated) settlement.migrated.push({ key, sum, text: textOf(kind, read.value) });
    }
  }
  for (const { key, text, damage, sound, isNew } of aside) {
    const read = sound ? tryRead(kind, sound.value) : { damage };
    if ('damage' in read) {
      setAside.set(key, { text, damage: read.damage });
      if (!isNew) stillAside.set(key, { text, damage: read.damage });
    } else {
      found.set(key, read.value);
      settlement.restored.push({ key, text: textOf(kind, read.value) });
    }
  }
  return { rows: found, setAside, stillAside, rowsWereLost, settlement };
}

const textOf = <T>(kind: RecordKind<T>, value: T): string => JSON.stringify(storedForm(kind, value));

/** The value of one row, or why it cannot be read. */
export function tryRead<T>(
  kind: RecordKind<T>,
  value: unknown,
): StoredDocument<T> | { readonly damage: string } {
  try {
    return readStored(kind, value);
  } catch (error) {
    return { damage: messageOf(error) };
  }
}

/** The change that puts a row of that kind on record. */
export const rowPut = <T>(kind: RecordKind<T>, key: string, value: T): Change => ({
  table: kind.table,
  key,
  value: storedForm(kind, value),
});

/** The change that takes a row of that kind off the record. */
export const rowGone = ({ table }: { readonly table: string }, key: string): Change => ({
  table,
  key,
  value: undefined,
});
