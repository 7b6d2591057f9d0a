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

/** A failure with a kind; `message` is what the client reads, `cause` what went wrong below. */
export abstract class EngineError extends Error {
  abstract readonly kind: ErrorKind;
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

/** The same kind of failure in other words; what is no {@link EngineError} stays as it is. */
export function reworded(error: unknown, say: (message: string) => string): unknown {
  if (!(error instanceof EngineError)) return error;
  const Kind = error.constructor as new (message: string, options: ErrorOptions) => EngineError;
  return new Kind(say(error.message), { cause: error });
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node or system-call error (`ENOENT`), or undefined. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
