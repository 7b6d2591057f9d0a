/** What an operation of the API is: one declaration from which route, decoding, documentation and the typed client derive. */
import type { Schema } from '../../base/schema.ts';
import type { Parameters, QueryOf } from './query.ts';

/** The methods of HTTP that the API uses. */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
/** A method and a path with `{parameters}`, by which lenses and routers name an operation. */
export type Route = `${Method} /${string}`;

/** A body of JSON. `legacy` ones exist for old versions only: the newest refuses them (see the trait `startBody`). */
export interface JsonBody<T> {
  readonly kind: 'json';
  readonly schema: Schema<T>;
  /** Members that today's API refuses at the body's top level, with the message; older versions may translate them. */
  readonly refused?: Readonly<Record<string, string>>;
  readonly legacy?: boolean;
  /** Without a body there is nothing to do. */
  readonly required?: boolean;
}
/** A tar archive or other bytes, handed on as a stream. */
export interface BytesBody {
  readonly kind: 'bytes';
  /** Whether it is an archive, which is read to its end before anything is answered; a parameter may decide that. */
  readonly archive:
    | 'always'
    | 'never'
    | { readonly when: { readonly parameter: string; readonly is: string } }
    | { readonly unless: string };
}
/** No body; a form in its place counts as query parameters. */
export interface NoBody {
  readonly kind: 'none';
}
/** What a request's body may be. */
export type Body = JsonBody<unknown> | BytesBody | NoBody;

/** One JSON value, written when the handler has it. */
export interface JsonAnswer<T> {
  readonly kind: 'json';
  readonly status: number;
  readonly schema: Schema<T>;
}
/** A status and no body. */
export interface EmptyAnswer {
  readonly kind: 'empty';
  readonly status: number;
}
/** A plain text with headers of its own. */
export interface TextAnswer {
  readonly kind: 'text';
  readonly status: number;
}
/** JSON messages, one a line, flushed one by one. */
export interface LinesAnswer<T, Endless extends boolean = boolean> {
  readonly kind: 'lines';
  readonly status: number;
  readonly schema: Schema<T>;
  /**
   * Events: the head goes out before the first message, the client may choose the form by `Accept`, and the handler
   * tells as many at once as there are.
   */
  readonly endless: Endless;
  /** Also what fails before the first message is told as one: clients look for it there. */
  readonly failsInside?: boolean;
}
/** A tar archive as it comes, with headers of its own; or, to a HEAD, the headers alone. */
export interface ArchiveAnswer {
  readonly kind: 'archive';
  readonly status: number;
  readonly contentType: 'application/x-tar' | 'application/octet-stream';
}
/** A JSON value that comes later: the head says at once that the call was understood. */
export interface DeferredAnswer<T> {
  readonly kind: 'deferred';
  readonly status: number;
  readonly schema: Schema<T>;
}
/** Bytes of a container's streams, framed without a terminal, as an ordinary body. */
export interface OutputAnswer {
  readonly kind: 'output';
  readonly status: number;
}
/** The connection becomes the streams of a process; when nothing is attached (detached) the empty `status` is sent. */
export interface HijackAnswer {
  readonly kind: 'hijack';
  readonly status: number;
  /** What fails when the process is run is told inside the stream, where clients print it from. */
  readonly failsInside: boolean;
}
/** The same by WebSocket: never framed, one message a piece of output. */
export interface WebSocketAnswer {
  readonly kind: 'websocket';
  readonly status: number;
}
/** The connection becomes one of another protocol, HTTP/2, which the front door hands to the builder's own services. */
export interface ProtocolAnswer {
  readonly kind: 'protocol';
  readonly status: number;
}
/** The API itself in the words of the client's version: made by the front door, for no handler knows the version. */
export interface DocumentAnswer {
  readonly kind: 'document';
  readonly status: number;
}
/** It never goes well: what the operation is about this engine has not. */
export interface NoAnswer {
  readonly kind: 'never';
  readonly status: number;
}
/** Every form that the answer of an operation can take when all goes well. */
export type Success =
  | NoAnswer
  | JsonAnswer<unknown>
  | EmptyAnswer
  | TextAnswer
  | LinesAnswer<unknown>
  | ArchiveAnswer
  | DeferredAnswer<unknown>
  | OutputAnswer
  | HijackAnswer
  | WebSocketAnswer
  | ProtocolAnswer
  | DocumentAnswer;

/** One operation of the API, whole. */
export interface Operation<
  R extends Route = Route,
  Q extends Parameters = Parameters,
  B extends Body = Body,
  S extends Success = Success,
> {
  readonly route: R;
  readonly summary: string;
  readonly query: Q;
  /** Headers that say what to do, and what each says. Documents show them; who needs one reads it from the call. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: B;
  readonly success: S;
  /** Headers of the answer that tell more than its body, and what each tells. */
  readonly answerHeaders?: Readonly<Record<string, string>>;
  /** Statuses of failures that clients of this operation must expect. */
  readonly errors: readonly number[];
  /** The last minor version that had it: the newest API has it no longer. */
  readonly lastMinor?: number;
  /** Its answer in older versions is made of what `GET /info` answers too (trait `versionTellsLimits`). */
  readonly toldWithInfo?: boolean;
  /** Its answer in older versions holds what the inspection of its container answers (trait `execTellsContainer`). */
  readonly toldWithContainer?: boolean;
  /** Not of Docker's API but of ours: no version's document shows it. */
  readonly isOurs?: boolean;
  /** Its answer never changes while the engine runs, in no version: it is written once and sent as it stands. */
  readonly constant?: boolean;
}

/** What `X-Registry-Auth` says. */
export const REGISTRY_AUTH = 'A login at the registry: JSON, in base64 that is safe in URLs.';

/** Declares an operation; what is left out is empty. */
export function operation<
  const R extends Route,
  S extends Success,
  Q extends Parameters = Record<never, never>,
  B extends Body = NoBody,
>(given: Omit<Operation<R, Q, B, S>, 'query' | 'body'> & { query?: Q; body?: B }): Operation<R, Q, B, S> {
  return { query: {} as Q, body: { kind: 'none' } as B, ...given };
}

/** An answer of one JSON value. */
export const json = <T>(status: number, schema: Schema<T>): JsonAnswer<T> => ({
  kind: 'json',
  status,
  schema,
});
/** An answer without a body. */
export const empty = (status: number): EmptyAnswer => ({ kind: 'empty', status });
/** No answer but a failure, mostly of this status. */
export const never = (status: number): NoAnswer => ({ kind: 'never', status });
/** An answer of plain text. */
export const plain = (status: number): TextAnswer => ({ kind: 'text', status });
/** Progress of a long operation, one JSON message a line. */
export const lines = <T>(schema: Schema<T>): LinesAnswer<T, false> => ({
  kind: 'lines',
  status: 200,
  schema,
  endless: false,
});
/** Events: messages that come until the client goes. */
export const endlessLines = <T>(schema: Schema<T>): LinesAnswer<T, true> => ({
  kind: 'lines',
  status: 200,
  schema,
  endless: true,
});
/** Measurements, one JSON message a line. */
export const samples = <T>(schema: Schema<T>): LinesAnswer<T, false> => ({
  kind: 'lines',
  status: 200,
  schema,
  endless: false,
});
/** A JSON value that comes long after the head. */
export const deferred = <T>(schema: Schema<T>): DeferredAnswer<T> => ({
  kind: 'deferred',
  status: 200,
  schema,
});
/** A tar archive as an answer. */
export const archive = (contentType: ArchiveAnswer['contentType'] = 'application/x-tar'): ArchiveAnswer => ({
  kind: 'archive',
  status: 200,
  contentType,
});
/** The API's own document. */
export const document = (): DocumentAnswer => ({ kind: 'document', status: 200 });
/** A container's output as an ordinary body. */
export const output = (): OutputAnswer => ({ kind: 'output', status: 200 });
/** A container's streams over a WebSocket. */
export const webSocket = (): WebSocketAnswer => ({ kind: 'websocket', status: 101 });
/** The connection becomes one of HTTP/2. */
export const protocol = (): ProtocolAnswer => ({ kind: 'protocol', status: 101 });
/** The connection becomes streams; `failsInside`: what fails when the process is run is told there. */
export const hijack = (
  status: number,
  { failsInside = false }: { failsInside?: boolean } = {},
): HijackAnswer => ({ kind: 'hijack', status, failsInside });
/** A body of JSON that is read by `schema`. */
export const body = <T>(
  schema: Schema<T>,
  more: Pick<JsonBody<T>, 'refused' | 'legacy' | 'required'> = {},
): JsonBody<T> => ({
  kind: 'json',
  schema,
  ...more,
});
/** Bytes that need not be read to their end. */
export const bytes: BytesBody = { kind: 'bytes', archive: 'never' };
/** An archive. */
export const archiveBody: BytesBody = { kind: 'bytes', archive: 'always' };
/** An archive when the query says so: `parameter` has the value `is`. */
export const archiveBodyWhen = (parameter: string, is: string): BytesBody => ({
  kind: 'bytes',
  archive: { when: { parameter, is } },
});

/** An archive unless the query's `parameter` says where one lies. */
export const archiveBodyUnless = (parameter: string): BytesBody => ({
  kind: 'bytes',
  archive: { unless: parameter },
});

/** The names between braces in a route: `{name}`. */
type ParamsIn<R extends string> = R extends `${string}{${infer P}}${infer Rest}` ? P | ParamsIn<Rest> : never;
/** The parameters in a route's path, by name. */
export type ParamsOf<R extends string> = Readonly<Record<ParamsIn<R>, string>>;

type BodyValue<B extends Body> = B extends JsonBody<infer T> ? T : undefined;
/** A handler's input, decoded. A body of bytes is not part of it: it comes with the call. */
export type InputOf<E> =
  E extends Operation<infer R, infer Q, infer B, Success>
    ? { readonly params: ParamsOf<R>; readonly query: QueryOf<Q>; readonly body: BodyValue<B> }
    : never;
