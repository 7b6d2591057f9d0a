/** Kinds of failure. The engine throws kinds; `api/http` alone knows which HTTP status a kind becomes. */

/** The kinds. */
export type ErrorKind =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'conflict'
  | 'unchanged'
  | 'notImplemented'
  | 'unavailable'
  | 'internal';

/** `noun.name`: which failure, or which phrase before one. Never a system's code, which has no dot. */
export type Code = `${string}.${string}`;

/** The values that a failure's words are made of: names, ids, numbers. */
export type Fields = Readonly<Record<string, unknown>>;

/** A sentence of a table: its code, the values in it, and how it reads today. */
export interface Phrase {
  readonly code: Code;
  readonly fields: Fields;
  readonly words: string;
}

/** What a failure says beside its words. */
export interface FailureDetails extends ErrorOptions {
  readonly code?: Code | undefined;
  readonly fields?: Fields;
  readonly context?: readonly Phrase[];
  readonly missing?: boolean;
  readonly systemCode?: string | undefined;
}

/** A failure with a kind; `message` is what the client reads, `cause` what went wrong below. */
export abstract class EngineError extends Error {
  abstract readonly kind: ErrorKind;
  readonly #words: string;
  readonly #details: FailureDetails;

  constructor(words: string, details: FailureDetails = {}) {
    super([...(details.context ?? []), { words }].map((said) => said.words).join(': '), details);
    this.#words = words;
    this.#details = details;
  }

  /**
   * Which failure it is, `container.notFound`: what code and older versions of the API match, never words. Undefined:
   * nothing but its kind is known of it.
   */
  get code(): Code | undefined {
    return this.#details.code;
  }
  get fields(): Fields {
    return this.#details.fields ?? {};
  }
  /** What it says itself. The message has its context before that. */
  get words(): string {
    return this.#words;
  }
  /** What was being done, outermost first. */
  get context(): readonly Phrase[] {
    return this.#details.context ?? [];
  }
  /** Something that was needed is not there: a file, a program, a plugin. Daemons before 1.22 made a 404 of that. */
  get missing(): boolean {
    return this.#details.missing ?? false;
  }
  /** The code of the system call that failed below, `ENOSPC`. */
  get systemCode(): string | undefined {
    return this.#details.systemCode;
  }
  override get name(): string {
    return this.constructor.name;
  }
}
/** The request itself is wrong (400). */
export class InvalidArgument extends EngineError {
  readonly kind = 'invalid';
}
/** Credentials are missing or wrong (401). */
export class Unauthorized extends EngineError {
  readonly kind = 'unauthorized';
}
/** The caller may not do this, whoever it is (403). */
export class Forbidden extends EngineError {
  readonly kind = 'forbidden';
}
/** The named thing does not exist (404). */
export class NotFound extends EngineError {
  readonly kind = 'notFound';
}
/** The state of a thing forbids it now (409). */
export class Conflict extends EngineError {
  readonly kind = 'conflict';
}
/** Nothing to do: the thing is already as asked (304). */
export class Unchanged extends EngineError {
  readonly kind = 'unchanged';
}
/** Gantry cannot do this yet, or the host cannot (501). */
export class NotImplemented extends EngineError {
  readonly kind = 'notImplemented';
}
/** It would work at another time: starting, shutting down, out of a resource (503). */
export class Unavailable extends EngineError {
  readonly kind = 'unavailable';
}
/** The operation failed for a reason that is neither the client's nor a bug: a runtime's refusal, an I/O error (500). */
export class Failed extends EngineError {
  readonly kind = 'internal';
}

const OF_KIND: Readonly<Record<ErrorKind, new (words: string, details: FailureDetails) => EngineError>> = {
  invalid: InvalidArgument,
  unauthorized: Unauthorized,
  forbidden: Forbidden,
  notFound: NotFound,
  conflict: Conflict,
  unchanged: Unchanged,
  notImplemented: NotImplemented,
  unavailable: Unavailable,
  internal: Failed,
};

/** The same failure, told with what was being done before its words; what is no {@link EngineError} stays as it is. */
export function inContext(error: unknown, context: Phrase): unknown {
  if (!(error instanceof EngineError)) return error;
  const { kind, words, code, fields, missing, systemCode } = error;
  const all = [context, ...error.context];
  return new OF_KIND[kind](words, { cause: error, code, fields, context: all, missing, systemCode });
}

/** The same failure as another kind: what is missing elsewhere is a mistake in the request here. */
export function asKind(error: unknown, kind: ErrorKind): unknown {
  if (!(error instanceof EngineError)) return error;
  const { words, code, fields, context, missing, systemCode } = error;
  return new OF_KIND[kind](words, { cause: error, code, fields, context, missing, systemCode });
}

/** Failures of Linux that Node has no names for (errno(3)): of a quota, a damaged file system, a server of files that is gone. */
const UNNAMED: Readonly<Record<string, readonly [code: string, words: string]>> = {
  116: ['ESTALE', 'stale file handle'],
  117: ['EUCLEAN', 'structure needs cleaning'],
  122: ['EDQUOT', 'disk quota exceeded'],
};
/** Node's code of a failure that it has no name for; its messages begin with that, twice. */
const UNKNOWN_CODE = /^Unknown system error -(\d+)$/;
const UNKNOWN_WORDS = /^Unknown system error -(\d+): Unknown system error -\1/;

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(UNKNOWN_WORDS, (told, number: string) => UNNAMED[number]?.join(': ') ?? told);
}

/** The `code` of a Node or system-call error (`ENOENT`), or undefined; of our own errors that of the call below. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof EngineError) return error.systemCode;
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string') return undefined;
  const [, number = ''] = UNKNOWN_CODE.exec(code) ?? [];
  return UNNAMED[number]?.[0] ?? code;
}
