/** What versions 1.0 to 1.24 promise of each endpoint: routes, statuses, content types and members of answers. */
import { readFileSync } from 'node:fs';

/** The first minor version with it, and the first without it; null: it is in 1.24 still. */
export type Span = readonly [since: number, gone: number | null];
/** A member of an answer: its path (`A.B`, `[]` an element, `{key}` any member), its type, its versions; `?`: may be absent. */
export type Field = readonly [path: string, type: string, since: number, gone: number | null, absent?: '?'];

/** One endpoint of the contract, in all its versions. */
export interface Endpoint {
  readonly route: string;
  readonly span: Span;
  /** Statuses that go over the wire, by their number. */
  readonly statuses: Readonly<Record<string, Span>>;
  /** The form of a successful answer, from a minor version on. */
  readonly kinds: readonly (readonly [number, string])[];
  /** Content types, any of which will do, from a minor version on. */
  readonly types: readonly (readonly [number, readonly string[]])[];
  readonly fields: readonly Field[];
}

export const NEWEST_MINOR = 24;

const file = new URL('contract.generated.json', import.meta.url);
/** The whole contract, by the endpoints' names. */
export const contract = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Endpoint>>;

/** Whether a minor version is in a span. */
export const spans = ([since, gone]: Span, minor: number): boolean =>
  since <= minor && (gone === null || minor < gone);

/** @throws Error for a name that the contract does not have: a mistake of a check */
export function endpoint(id: string): Endpoint {
  const found = contract[id];
  if (!found) throw new Error(`the contract has no endpoint ${id}`);
  return found;
}

const latest = <T>(entries: readonly (readonly [number, T])[], minor: number): T | undefined =>
  entries.filter(([since]) => since <= minor).at(-1)?.[1];

/** The statuses of success at a version. */
export const successes = ({ statuses }: Endpoint, minor: number): readonly number[] =>
  Object.entries(statuses)
    .filter(([status, span]) => Number(status) < 300 && spans(span, minor))
    .map(([status]) => Number(status));

/** Whether a failure's status is one that the endpoint may answer with at a version. */
export const mayFailWith = ({ statuses }: Endpoint, minor: number, status: number): boolean => {
  const span = statuses[status];
  return span !== undefined && spans(span, minor);
};

/** The form of a successful answer at a version. */
export const kindAt = ({ kinds }: Endpoint, minor: number): string => latest(kinds, minor) ?? 'empty';
/** The content types that will do at a version; empty: any. */
export const typesAt = ({ types }: Endpoint, minor: number): readonly string[] => latest(types, minor) ?? [];
/** The members of an answer at a version. */
export const fieldsAt = ({ fields }: Endpoint, minor: number): readonly Field[] =>
  fields.filter(([, , since, gone]) => spans([since, gone], minor));
