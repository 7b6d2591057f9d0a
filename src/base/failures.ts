/** Tables of failures: each has a kind, a code, and words that are made of its fields. */
import { type Code, EngineError, type FailureDetails, type Fields, type Phrase } from './errors.ts';

type Kind = new (words: string, details: FailureDetails) => EngineError;
type Words<A extends readonly unknown[]> = (...fields: A) => string;

/** A row of a table. */
export interface FailureRow<A extends readonly unknown[]> {
  readonly kind: Kind;
  readonly words: Words<A>;
  readonly missing: (...fields: A) => boolean;
}

/** Makes one failure: its fields, where it has some, then perhaps its cause. */
export type FailureMaker<A extends readonly unknown[]> = ((
  ...given: [...A, options?: ErrorOptions]
) => EngineError) & { readonly code: Code; readonly words: Words<A> };

type Makers<T> = { readonly [K in keyof T]: T[K] extends FailureRow<infer A> ? FailureMaker<A> : never };

/**
 * A failure of that kind, with words made of one object of fields, or of none. `missing`: it says that something that
 * was needed is not there (see {@link EngineError.missing}).
 */
export function failure<A extends readonly unknown[]>(
  kind: Kind,
  words: Words<A>,
  missing: boolean | ((...fields: A) => boolean) = false,
): FailureRow<A> {
  return { kind, words, missing: typeof missing === 'boolean' ? () => missing : missing };
}

/** The failures of one noun: the code of `table.name` is `noun.name`. */
export function failures<T extends Readonly<Record<string, FailureRow<never>>>>(
  noun: string,
  table: T,
): Makers<T> {
  const makers = Object.entries(table).map(([name, row]) => [name, maker(`${noun}.${name}`, row)]);
  return Object.fromEntries(makers) as Makers<T>;
}

/** Whether what was thrown is that failure. */
export const isFailure = (error: unknown, { code }: { readonly code: Code }): error is EngineError =>
  error instanceof EngineError && error.code === code;

function maker(code: Code, row: FailureRow<never>): FailureMaker<never> {
  // Each row's own maker has the types; what the table's type says is given here.
  const { kind: Kind, words, missing } = row as unknown as FailureRow<readonly Fields[]>;
  const make = (...given: readonly (Fields | ErrorOptions | undefined)[]): EngineError => {
    const own = given.slice(0, words.length) as Fields[];
    const options = given[words.length] as ErrorOptions | undefined;
    return new Kind(words(...own), { ...options, code, fields: own[0] ?? {}, missing: missing(...own) });
  };
  return Object.assign(make, { code, words }) as unknown as FailureMaker<never>;
}

type PhraseMaker<A extends readonly unknown[]> = ((...fields: A) => Phrase) & {
  readonly code: Code;
  readonly words: Words<A>;
};

/** What was being done when something failed, by noun: stands before the failure's own words (`inContext`). */
export function contexts<T extends Readonly<Record<string, Words<never>>>>(
  noun: string,
  table: T,
): { readonly [K in keyof T]: T[K] extends Words<infer A> ? PhraseMaker<A> : never } {
  const makers = Object.entries(table).map(([name, row]) => {
    const code: Code = `${noun}.${name}`;
    const words = row as unknown as Words<readonly Fields[]>;
    const make = (...own: Fields[]): Phrase => ({ code, fields: own[0] ?? {}, words: words(...own) });
    return [name, Object.assign(make, { code, words })];
  });
  return Object.fromEntries(makers) as {
    [K in keyof T]: T[K] extends Words<infer A> ? PhraseMaker<A> : never;
  };
}
