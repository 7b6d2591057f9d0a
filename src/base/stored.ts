/**
 * Documents that we wrote and read back: rows of the records, small state files. Each kind has a schema and a layout
 * number. Layout 1 is written bare, as it was before there were numbers; later ones as `{"layout": N, "row": …}`.
 *
 * To change a layout: change the schema, and append to the kind's `migrations` a pure function that makes the new form
 * out of the one before (of any row that the old schema admits, without looking at anything else). The layout number
 * counts up by itself. Add a row of the old layout to the kind's test, as the release before wrote it. Rows are
 * migrated and written back, all of a table in one transaction, when the daemon starts; state files when they are next
 * written. Never change or remove a migration that was released. A new member that may be absent needs none.
 */
import { InvalidArgument, messageOf } from './errors.ts';
import {
  isObject,
  leaf,
  mismatch,
  type Required,
  type Schema,
  STORED_ROOT,
  type ValuePath,
} from './schema.ts';

/** Makes a row of the next layout out of one. Pure; what it gets was valid in its layout, or it may throw. */
export type Migration = (row: unknown) => unknown;

/** A kind of document of ours. `T`: its newest form. */
export interface StoredKind<T> {
  readonly schema: Schema<T>;
  /** The first leads from layout 1 to 2, the next from 2 to 3, and so on. */
  readonly migrations: readonly Migration[];
}

/** A kind whose documents are rows of a table of the records. */
export interface RecordKind<T> extends StoredKind<T> {
  readonly table: string;
}

/** The number of the layout that is written now. */
export const layoutNumber = ({ migrations }: Pick<StoredKind<unknown>, 'migrations'>): number =>
  migrations.length + 1;

/** A document that was read; `isMigrated`: it was of an older layout than it would be written in now. */
export interface StoredDocument<T> {
  readonly value: T;
  readonly isMigrated: boolean;
}

/**
 * Checks a document that came from the disk, after migrating it. Members that the schema does not know are kept.
 * @throws InvalidArgument that says what is wrong with it: a newer layout, or a member that is missing or of a wrong type
 */
export function readStored<T>(kind: StoredKind<T>, stored: unknown): StoredDocument<T> {
  const { layout, row } = unwrap(stored);
  const newest = layoutNumber(kind);
  if (layout > newest)
    throw new InvalidArgument(`written by a newer Gantry (layout ${layout}, this one knows ${newest})`);
  let migrated = row;
  for (let at = layout; at < newest; at++) migrated = migrate(kind.migrations[at - 1]!, migrated, at);
  return { value: kind.schema.decode(migrated, STORED_ROOT), isMigrated: layout < newest };
}

function migrate(migration: Migration, row: unknown, from: number): unknown {
  try {
    return migration(row);
  } catch (error) {
    throw new InvalidArgument(`cannot be migrated from layout ${from}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The document as it is written: with its layout's number, from the second layout on. */
export function storedForm<T>(kind: StoredKind<T>, value: T): unknown {
  const layout = layoutNumber(kind);
  return layout === 1 ? value : { layout, row: value };
}

/** What was written before there were numbers is of layout 1; no such document has both members of the wrapping. */
function unwrap(stored: unknown): { readonly layout: number; readonly row: unknown } {
  if (isObject(stored) && Number.isInteger(stored.layout) && Object.hasOwn(stored, 'row'))
    return { layout: Number(stored.layout), row: stored.row };
  return { layout: 1, row: stored };
}

/** Text of a form that `is` knows; `what` names it in errors: `a digest`. */
export const textThat = <T extends string>(is: (text: string) => text is T, what: string): Required<T> =>
  leaf<T>(what, { type: 'string' }, null, (value) => typeof value === 'string' && is(value));

/** A member that is left out while it is undefined. */
export const orUndefined = <T>(inner: Schema<T>): Required<T | undefined> => ({
  ...inner,
  member: 'required',
  zero: undefined,
  decode: (value, at) => (value === undefined ? undefined : inner.decode(value, at)),
});

/** A mark that is `true` or absent. */
export const mark = (): Required<true> =>
  leaf<true>('true', { const: true }, undefined, (value) => value === true);

/** A union by `is`: for each of its words the schema of the whole object, which need not name `is`. */
export function oneOfKinds<const M extends Readonly<Record<string, Schema<object>>>>(
  kinds: M,
): Required<{ [K in keyof M]: (M[K] extends Schema<infer T> ? T : never) & { readonly is: K } }[keyof M]> {
  type T = { [K in keyof M]: (M[K] extends Schema<infer V> ? V : never) & { readonly is: K } }[keyof M];
  const words = Object.keys(kinds);
  return {
    ...leaf<T>('object', {}, undefined, isObject),
    json: () => ({ oneOf: Object.values(kinds).map((kind) => kind.json()) }),
    decode(value, at) {
      if (!isObject(value)) return mismatch(value, 'object', at);
      const { is } = value;
      const kind = typeof is === 'string' && Object.hasOwn(kinds, is) ? kinds[is] : undefined;
      if (kind === undefined) return mismatch(is, `one of ${words.join(', ')}`, member(at, 'is'), quoted(is));
      // Its `is` was just looked up; the other members are what that kind's schema says.
      return kind.decode(value, at) as T;
    },
  };
}

const quoted = (value: unknown): string => JSON.stringify(value) ?? 'missing';
const member = (at: ValuePath, name: string): ValuePath => ({
  ...at,
  path: at.path === '' ? name : `${at.path}.${name}`,
});
