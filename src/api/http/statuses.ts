/** Errors on their way out: the one place that knows which status a kind becomes. */
import { EngineError, type ErrorKind, messageOf } from '../../base/errors.ts';
import { type Failure, failureFrom } from '../versions/index.ts';

const STATUS = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  unchanged: 304,
  notImplemented: 501,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<ErrorKind, number>;

/** A body, or a head, larger than its limit; the connection cannot be used again. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
  readonly status: 413 | 431;

  constructor(message: string, status: TooLarge['status'] = 413) {
    super(message);
    this.status = status;
  }
}

/** The status of an error; 500 for one that nobody foresaw. */
function statusOf(error: unknown): number {
  if (error instanceof TooLarge) return error.status;
  return error instanceof EngineError ? STATUS[error.kind] : 500;
}

/** What failed, as the newest version would tell it, in parts. */
export function failureOf(error: unknown, origin: Failure['origin']): Failure {
  const status = statusOf(error);
  return error instanceof EngineError
    ? failureFrom(error, status, origin)
    : { status, origin, words: messageOf(error) };
}
