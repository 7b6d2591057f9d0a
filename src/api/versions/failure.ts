/** Failures on their way to a client, and how older versions put them. */
import type { KnownRoute } from '../contract/index.ts';

export interface Failure {
  readonly status: number;
  /** What the client reads; empty for a 304. */
  readonly message: string;
  /** Who found it: the front door reading the request, or the engine doing it. */
  readonly origin: 'request' | 'engine';
}

/** Where a failure happened: the route and the names in its path, as the client wrote them. */
export interface FailedCall {
  readonly route: string;
  readonly name: string;
}

export interface FailureLens {
  readonly note: string;
  /** newer → older */
  down(failure: Failure, call: FailedCall): Failure;
}

type Where = KnownRoute | readonly KnownRoute[] | 'any';
const meets = (where: Where, route: string): boolean =>
  where === 'any' ||
  (typeof where === 'string' ? where === route : (where as readonly string[]).includes(route));

/** Before, the older status was sent. */
export function statusWas(
  where: Where,
  newer: number,
  older: number,
  when: (failure: Failure, call: FailedCall) => boolean = () => true,
): FailureLens {
  return {
    note: `${newer} was ${older}`,
    down: (failure, call) =>
      failure.status === newer && meets(where, call.route) && when(failure, call)
        ? { ...failure, status: older }
        : failure,
  };
}

/** Before, the same was said in other words. `say` gets the match and the name in the path. */
export function wordsWere(
  where: Where,
  newer: RegExp,
  say: (match: RegExpExecArray, call: FailedCall) => string,
  status?: number,
): FailureLens {
  return {
    note: `${newer.source} was worded differently`,
    down(failure, call) {
      const match = meets(where, call.route) ? newer.exec(failure.message) : null;
      return match
        ? { ...failure, message: say(match, call), ...(status !== undefined && { status }) }
        : failure;
    },
  };
}
