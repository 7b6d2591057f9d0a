/** Query parameters: how each is read from its text. Booleans have been settled by the version's dialect before. */
import { parseUnixSeconds } from '../../base/time.ts';
import { filterFailure } from '../../model/failures/filter.ts';
import { requestFailure } from '../../model/failures/request.ts';
import type { Filters } from '../../model/filters.ts';

/** What the URL and a form body said: one text, or several when a parameter was repeated. */
export type Query = Readonly<Record<string, string | readonly string[]>>;

/** How one query parameter is read. */
export interface Parameter<T> {
  readonly kind: 'text' | 'flag' | 'number' | 'time' | 'filters' | 'list';
  /** `given` is undefined when the parameter is absent. @throws InvalidArgument */
  read(given: string | readonly string[] | undefined, name: string): T;
}
/** The query parameters of an operation, by name. */
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;
/** What a handler gets for them. */
export type QueryOf<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never;
};

/** A text; empty counts as absent. */
export const text = (): Parameter<string | undefined> => ({
  kind: 'text',
  read: (given) => first(given) || undefined,
});

/** All values of a repeatable parameter. */
export const texts = (): Parameter<readonly string[]> => ({
  kind: 'list',
  read: (given) => (given === undefined ? [] : typeof given === 'string' ? [given] : given),
});

/** Empty, `0`, `no`, `false` and `none` are false; whatever else is true. */
export function flag(whenAbsent = false): Parameter<boolean> {
  return {
    kind: 'flag',
    read: (given) => (given === undefined ? whenAbsent : !NO.has((first(given) ?? '').trim().toLowerCase())),
  };
}
const NO = new Set(['', '0', 'no', 'false', 'none']);

/** An integer, as Go's strconv reads it. */
export const number = (): Parameter<number | undefined> => ({
  kind: 'number',
  read(given) {
    const said = first(given);
    if (said === undefined || said === '') return undefined;
    if (!/^[+-]?\d+$/.test(said)) throw requestFailure.notInteger({ said, why: 'invalid syntax' });
    const value = Number(said);
    if (!Number.isSafeInteger(value)) throw requestFailure.notInteger({ said, why: 'value out of range' });
    return value;
  },
});

/** The same, but what cannot be read counts as not said. */
export const lenientNumber = (): Parameter<number | undefined> => ({
  kind: 'number',
  read(given) {
    const said = first(given) ?? '';
    const value = Number(said);
    return /^[+-]?\d+$/.test(said) && Number.isSafeInteger(value) ? value : undefined;
  },
});

/** A terminal's height or width: must be there, 32 bits, not negative. */
export const dimension = (noun: 'height' | 'width'): Parameter<number> => ({
  kind: 'number',
  read(given) {
    const said = first(given) ?? '';
    const wrong = !/^-?\d+$/.test(said)
      ? 'invalid syntax'
      : Number(said) < 0 || Number(said) >= 2 ** 32
        ? 'value out of range'
        : undefined;
    if (wrong) throw requestFailure.dimensionInvalid({ noun, said, why: wrong });
    return Number(said);
  },
});

/** `seconds[.fraction]` since 1970, in nanoseconds. */
export function time(options: { zeroIsAbsent?: boolean } = {}): Parameter<bigint | undefined> {
  return {
    kind: 'time',
    read(given, name) {
      const said = first(given);
      if (said === undefined || said === '' || (options.zeroIsAbsent && said === '0')) return undefined;
      const at = parseUnixSeconds(said);
      if (at === undefined) throw requestFailure.timeInvalid({ name, said });
      return at;
    },
  };
}

/** `{"name": ["value"]}`, or the form `{"name": {"value": true}}` that newer clients send. */
export const filters = (): Parameter<Filters> => ({
  kind: 'filters',
  read(given) {
    const said = first(given);
    return said ? readFilters(said) : new Map();
  },
});

/** Each value may be held against everything that is listed. */
const FILTER_VALUES_MAX = 4096;

function readFilters(said: string): Filters {
  let parsed: unknown;
  try {
    parsed = JSON.parse(said);
  } catch (error) {
    throw filterFailure.unreadable({ cause: error });
  }
  if (parsed === null) return new Map();
  if (typeof parsed !== 'object' || Array.isArray(parsed)) throw filterFailure.unreadable();
  const filters = new Map(Object.entries(parsed).map(([name, values]) => [name, valuesOf(values)]));
  if ([...filters.values()].reduce((sum, { length }) => sum + length, 0) > FILTER_VALUES_MAX)
    throw filterFailure.tooMany({ most: FILTER_VALUES_MAX });
  return filters;
}

function valuesOf(values: unknown): readonly string[] {
  if (values === null) return [];
  if (Array.isArray(values) && values.every((value) => typeof value === 'string')) return values;
  // A value that maps to false is as good as one that maps to true: the first engine looked at the keys only.
  if (
    typeof values === 'object' &&
    !Array.isArray(values) &&
    Object.values(values).every((on) => typeof on === 'boolean')
  )
    return Object.keys(values);
  throw filterFailure.unreadable();
}

const first = (given: string | readonly string[] | undefined): string | undefined =>
  given === undefined || typeof given === 'string' ? given : given[0];
