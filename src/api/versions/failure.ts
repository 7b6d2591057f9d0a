/**
 * Failures on their way to a client, and how older versions put them. A lens matches the code of a failure and makes
 * older words of its fields. It never sees today's words, so that these may change.
 */
import type { Code, EngineError, Fields, Phrase } from '../../base/errors.ts';
import type { ContextCode, ContextFieldsOf, FailureCode, FieldsOf } from '../../model/failures/catalogue.ts';
import type { KnownRoute } from '../contract/index.ts';

/** What a lens may know of a failure. */
export interface FailureFacts {
  readonly status: number;
  /** Who found it: the front door reading the request, or the engine doing it. */
  readonly origin: 'request' | 'engine';
  /** Undefined: it is in the words of the kernel, a program or a decoder. */
  readonly code?: Code | undefined;
  readonly fields?: Fields;
  /** What was being done, outermost first. */
  readonly context?: readonly { readonly code: Code; readonly fields: Fields }[];
  /** Something that was needed is not there. */
  readonly missing?: boolean;
}

/** A failure as the newest version would tell it, in parts. */
export interface Failure extends FailureFacts {
  /** What the client reads behind the context; empty for a 304. */
  readonly words: string;
  readonly context?: readonly Phrase[];
  /** Sent as a JSON text, as some daemons did, whatever other failures of the version look like. */
  readonly isJsonText?: boolean;
}

/** What was thrown, in parts. */
export function failureFrom(error: EngineError, status: number, origin: Failure['origin']): Failure {
  const { code, fields, words, context, missing } = error;
  return { status, origin, code, fields, words, context, missing };
}

/** A failure as a client is told of it. */
export interface ToldFailure {
  readonly status: number;
  /** What the client reads; empty for a 304. */
  readonly message: string;
  readonly origin: Failure['origin'];
  readonly isJsonText?: boolean;
}

/** Where a failure happened: the route and the names in its path, as the client wrote them. */
export interface FailedCall {
  readonly route: string;
  readonly name: string;
}

/** What an older version told differently; what is left out stays. */
export interface FailureChange {
  readonly status?: number;
  readonly words?: string;
  readonly context?: ContextChange;
  readonly isJsonText?: boolean;
}
type ContextChange =
  | { readonly is: 'dropped' }
  | { readonly is: 'added'; readonly phrase: Phrase }
  | { readonly is: 'reworded'; readonly code: ContextCode; say(fields: Fields): string };

/** One difference between two neighbouring versions in what they tell of a failure. */
export interface FailureLens {
  /** A line of the API's changelog. */
  readonly note: string;
  /** Which failures, or contexts of failures, it speaks of by their code. */
  readonly codes?: readonly string[];
  /** Which statuses of a route come as a JSON text, whatever other failures of the version look like. */
  readonly jsonText?: { readonly route: KnownRoute; readonly status: number };
  /** What it makes of the statuses that a route's clients must expect. */
  statuses?(route: string, told: Set<number>): void;
  /** newer → older; undefined: there is no difference for this failure. */
  down(failure: FailureFacts, call: FailedCall): FailureChange | undefined;
}

type Where = KnownRoute | readonly KnownRoute[] | 'any';
const meets = (where: Where, route: string): boolean =>
  where === 'any' ||
  (typeof where === 'string' ? where === route : (where as readonly string[]).includes(route));

type Codes<C extends string> = C | readonly C[];
const isOneOf = (codes: Codes<string>, code: string | undefined): boolean =>
  typeof codes === 'string' ? codes === code : codes.some((each) => each === code);

const sayWhere = (where: Where): string =>
  where === 'any'
    ? ''
    : ` for ${[where]
        .flat()
        .map((route) => `\`${route}\``)
        .join(', ')}`;

const saySpared = ({ code, not }: StatusCondition): string =>
  code !== undefined ? `, of ${[code].flat().join(', ')}` : not !== undefined ? ', with exceptions' : '';

/** Which failures a change of the status is for. */
export interface StatusCondition {
  readonly code?: Codes<FailureCode>;
  /** These are not. */
  readonly not?: Codes<FailureCode>;
  readonly origin?: Failure['origin'];
  /** Where failures with the newer status are left that the conditions spare. Not said: wherever there were any. */
  readonly remains?: readonly KnownRoute[];
}

/** Before, the older status was sent. */
export function statusWas(
  where: Where,
  newer: number,
  older: number,
  condition: StatusCondition = {},
): FailureLens {
  const { code, not = [], origin, remains } = condition;
  const isForAll = Object.keys(condition).length === 0;
  const stays = (route: string): boolean => (remains ? meets(remains, route) : !isForAll);
  return {
    note: `${newer} was ${older}${sayWhere(where)}${saySpared(condition)}`,
    codes: [code ?? [], not].flat(),
    statuses(route, told) {
      if (!told.has(newer) || !meets(where, route)) return;
      told.add(older);
      if (!stays(route)) told.delete(newer);
    },
    down: (failure, call) =>
      failure.status === newer &&
      meets(where, call.route) &&
      (code === undefined || isOneOf(code, failure.code)) &&
      !isOneOf(not, failure.code) &&
      (origin === undefined || origin === failure.origin)
        ? { status: older }
        : undefined,
  };
}

/** Before, nothing that these routes do failed with that status: what would have had another, as other lenses say. */
export const notYet = (where: Where, status: number): FailureLens => ({
  note: `${status} is new${sayWhere(where)}`,
  statuses(route, told) {
    if (meets(where, route)) told.delete(status);
  },
  down: () => undefined,
});

/** What else differs where the words do. */
export interface WordsOptions {
  readonly status?: number;
  /** What stands before the words now did not. */
  readonly alone?: boolean;
  /** Not where this stands before the words. */
  readonly notIn?: ContextCode;
}

/** Before, a failure of that code was told in other words, which `say` makes of its fields and the name in the path. */
export function wordsWere<C extends FailureCode>(
  where: Where,
  codes: Codes<C>,
  say: (fields: FieldsOf<C>, call: FailedCall) => string,
  { status, alone = false, notIn }: WordsOptions = {},
): FailureLens {
  return {
    note: `${[codes].flat().join(', ')} was worded differently`,
    codes: [codes].flat(),
    statuses(route, told) {
      if (status !== undefined && meets(where, route) && where !== 'any') told.add(status);
    },
    down: ({ code, fields, context }, call) =>
      meets(where, call.route) && isOneOf(codes, code) && !context?.some((each) => each.code === notIn)
        ? {
            words: say(fields as FieldsOf<C>, call),
            ...(status !== undefined && { status }),
            ...(alone && { context: { is: 'dropped' } }),
          }
        : undefined,
  };
}

/** Before, what stands in front of these failures' words was told differently. */
export function contextWas<C extends ContextCode>(
  where: Where,
  code: C,
  say: (fields: ContextFieldsOf<C>, call: FailedCall) => string,
  before?: Codes<FailureCode>,
): FailureLens {
  return {
    note: `${code} was worded differently`,
    codes: [code],
    down: (failure, call) =>
      meets(where, call.route) && (before === undefined || isOneOf(before, failure.code))
        ? { context: { is: 'reworded', code, say: (fields) => say(fields as ContextFieldsOf<C>, call) } }
        : undefined,
  };
}

/** The failure after a lens. */
export function applied(failure: Failure, change: FailureChange | undefined): Failure {
  if (change === undefined) return failure;
  const { status = failure.status, words = failure.words, context: inFront } = change;
  const context = failure.context ?? [];
  const isJsonText = change.isJsonText ?? failure.isJsonText ?? false;
  return {
    ...failure,
    status,
    words,
    isJsonText,
    context: inFront ? changedContext(context, inFront) : context,
  };
}

function changedContext(context: readonly Phrase[], change: ContextChange): readonly Phrase[] {
  if (change.is === 'dropped') return [];
  if (change.is === 'added') return [change.phrase, ...context];
  return context.map((phrase) =>
    phrase.code === change.code ? { ...phrase, words: change.say(phrase.fields) } : phrase,
  );
}

/** Its parts put together. */
export function toldFailure({ status, origin, words, context = [], isJsonText }: Failure): ToldFailure {
  const message = [...context.map((phrase) => phrase.words), words].join(': ');
  return { status, origin, message, ...(isJsonText && { isJsonText }) };
}
