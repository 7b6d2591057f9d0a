/** One request and its answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Forbidden, InvalidArgument, messageOf, NotFound } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { decodeBody } from '../../base/schema.ts';
import type { Endpoint, Success } from '../contract/endpoint.ts';
import { contract, type Operation } from '../contract/index.ts';
import type { Query } from '../contract/query.ts';
import {
  type Attachment,
  type Call,
  type Engine,
  handlers,
  type LogOutput,
  type TextReply,
} from '../handlers/index.ts';
import { type Dialect, type Doc, type Failure, memberOf, newestDialect } from '../versions/index.ts';
import {
  lineForm,
  sendDeferred,
  sendEmpty,
  sendFailure,
  sendJson,
  sendMessages,
  sendOutput,
  sendProgressText,
  sendText,
  streamType,
} from './answers.ts';
import { settleBooleans } from './booleans.ts';
import { conversationHead, converse } from './conversation.ts';
import { discard, envelope, type Letter } from './envelope.ts';
import { SILENT_UPGRADE } from './front.ts';
import { readTarget, type Target } from './router.ts';
import { failureOf, TooLarge } from './statuses.ts';

/** Where a conversation goes: the raw connection behind an upgrade. */
export interface Line {
  readonly socket: Socket;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The body's bytes. */
  readonly bytes: Readable;
  readonly line: Line | undefined;
  /** Fires when the client has gone; `leaving` when it has only ended its side. */
  readonly signal: AbortSignal;
  readonly engine: Engine;
  readonly log: Log;
}

/** The whole of a request, from its first word to the end of its answer. Never throws. */
export async function exchange(given: Exchange): Promise<void> {
  let target: Target | undefined;
  let origin: Failure['origin'] = 'request';
  try {
    refuseForeignPages(given.request);
    target = readTarget(given.request.method ?? '', given.request.url ?? '');
    if (!target.match && given.request.method === 'OPTIONS') return sendEmpty(given.response, 200);
    if (!target.match) throw new NotFound('page not found');
    const { operation } = target.match;
    const input = await read(given, target, operation, target.match.params);
    origin = 'engine';
    await answer(given, target.dialect, operation, input);
  } catch (error) {
    // An answer in the middle of its request is often lost: clients read when they have written.
    if (error instanceof TooLarge) await discard(given.bytes);
    fail(given, error, origin, target);
  }
}

/** A page of another origin must not steer the engine through somebody's browser; other clients send no Origin. */
function refuseForeignPages({ headers }: IncomingMessage): void {
  const { origin, host } = headers;
  if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return;
  throw new Forbidden(`requests from pages of ${origin} are not allowed`);
}

type Input = {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Doc;
  readonly body: unknown;
};
type AnyEndpoint = Endpoint<`${'GET'} /`>;

const endpointOf = (operation: Operation): AnyEndpoint => contract[operation] as unknown as AnyEndpoint;

/** Their words → today's → checked and typed. */
async function read(
  given: Exchange,
  { dialect, search }: Target,
  operation: Operation,
  params: Input['params'],
): Promise<Input> {
  const { route, query, body } = endpointOf(operation);
  const letter: Letter = { request: given.request, bytes: given.bytes, search };
  const asked = await envelope(letter, operation, body, dialect.traits);
  dialect.request(route, asked);
  settleBooleans(asked.query as Doc, query, dialect.traits.booleans);
  const said = asked.query as Query;
  const decoded: Doc = {};
  for (const name in query) decoded[name] = query[name]?.read(said[name], name);
  return {
    params,
    query: decoded,
    body: body.kind === 'json' ? decodeJson(body, asked.body, dialect) : undefined,
  };
}

function decodeJson(
  body: Extract<AnyEndpoint['body'], { kind: 'json' }>,
  said: unknown,
  { traits }: Dialect,
): unknown {
  for (const [name, message] of Object.entries(body.refused ?? {}))
    if (memberOf(said, name)) throw new InvalidArgument(message);
  try {
    return decodeBody(body.schema, said);
  } catch (error) {
    if (traits.unreadable === 'bare') throw error;
    throw new InvalidArgument(`invalid JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** The engine acts, and today's words → theirs. */
async function answer(given: Exchange, dialect: Dialect, operation: Operation, input: Input): Promise<void> {
  const { success, route } = endpointOf(operation);
  const call = callOf(given, dialect, operation);
  const handle = handlers[operation] as (input: unknown, call: Call) => Promise<unknown>;
  if (success.kind === 'conversation')
    return hold(given, dialect, operation, input, () => handle(input, call));
  const result = await handle(input, call);
  switch (success.kind) {
    case 'json':
      return sendValue(given, dialect, operation, success, result, call);
    case 'empty':
      return sendEmpty(given.response, success.status);
    case 'text': {
      const { text, headers } = result as TextReply;
      return sendText(given.response, success.status, text, headers);
    }
    case 'lines':
      return sendLines(given, dialect, route, success, result as AsyncIterable<unknown>);
    case 'deferred':
      return sendLater(
        given.response,
        dialect,
        route,
        success,
        (result as { ended: Promise<unknown> }).ended,
      );
    case 'output':
      return sendOutput(given.response, result as LogOutput, dialect, input.query.timestamps === true);
    default:
      return success satisfies never;
  }
}

/** A pull of an old client goes on when the client has gone. */
function callOf({ engine, signal, bytes }: Exchange, { traits }: Dialect, operation: Operation): Call {
  const outlives = operation === 'imageCreate' && traits.pullOutlivesClient;
  return { engine, bytes, signal: outlives ? new AbortController().signal : signal };
}

type Of<K extends Success['kind']> = Extract<Success, { kind: K }>;

async function sendValue(
  { response }: Exchange,
  dialect: Dialect,
  operation: Operation,
  { schema, status }: Of<'json'>,
  value: unknown,
  call: Call,
): Promise<void> {
  const { route } = endpointOf(operation);
  const body = schema.fill(value);
  if (dialect.plainAnswer(route)) return sendJson(response, status, body);
  const told: Doc = { status, body };
  if (operation === 'systemVersion' && dialect.traits.versionTellsLimits)
    told.info = await handlers.systemInfo({ params: {}, query: {}, body: undefined }, call);
  dialect.response(route, told);
  if (told.body === undefined) sendEmpty(response, Number(told.status));
  else sendJson(response, Number(told.status), told.body);
}

async function sendLines(
  { request, response }: Exchange,
  dialect: Dialect,
  route: string,
  success: Of<'lines'>,
  messages: AsyncIterable<unknown>,
): Promise<void> {
  const tell = (message: unknown) => dialect.message(route, success.schema.fill(message) as Doc);
  if (success.endless)
    return sendMessages(response, messages, lineForm(request.headers.accept, dialect), tell);
  // What fails before its first message still has a status to say so.
  const begun = await begin(messages);
  if (dialect.traits.progress === 'text') return sendProgressText(response, begun, tell);
  const form = { contentType: 'application/json', before: '', after: '\n' };
  return sendMessages(response, begun, form, tell);
}

/** Waits for the first message. @throws what the operation threw before it */
async function begin(messages: AsyncIterable<unknown>): Promise<AsyncIterable<unknown>> {
  const iterator = messages[Symbol.asyncIterator]();
  let next = await iterator.next();
  return (async function* () {
    try {
      while (!next.done) {
        yield next.value;
        next = await iterator.next();
      }
    } finally {
      await iterator.return?.();
    }
  })();
}

async function sendLater(
  response: ServerResponse,
  dialect: Dialect,
  route: string,
  { schema, status }: Of<'deferred'>,
  ended: Promise<unknown>,
): Promise<void> {
  const { waitHeadAtOnce, waitSilentOnFailure } = dialect.traits;
  const told = ended.then((value) => {
    if (waitSilentOnFailure && memberOf(value, 'Error')) return undefined;
    const doc: Doc = { status, body: schema.fill(value) };
    dialect.response(route, doc);
    return doc.body;
  });
  if (!waitHeadAtOnce) return sendJson(response, status, await told);
  await sendDeferred(response, status, told.catch(unfinished));
}

/** The head has gone out: what went wrong can only be said in the body, in the place for it. */
const unfinished = (error: unknown) => ({ StatusCode: -1, Error: { Message: messageOf(error) } });

/** Turns the connection into streams; a detached start answers like any other. */
async function hold(
  given: Exchange,
  dialect: Dialect,
  operation: Operation,
  input: Input,
  open: () => Promise<unknown>,
): Promise<void> {
  const { request, response, line, log } = given;
  const { traits } = dialect;
  const attachment = await openOr(given, dialect, operation, input, open);
  if (attachment === 'told') return;
  if (!attachment) return sendEmpty(response, traits.detachedStatus);
  if (!line) {
    attachment.close();
    throw new InvalidArgument('this call needs a connection of its own');
  }
  const framed = !attachment.terminal && traits.framing === 'multiplexed';
  line.socket.write(conversationHead(styleOf(request, dialect, framed)));
  await converse(line.socket, attachment, framed).catch((error) => {
    log.warn('conversation.broken', { path: request.url, error: messageOf(error) });
    line.socket.destroy();
  });
}

function styleOf(request: IncomingMessage, { traits }: Dialect, framed: boolean) {
  const upgraded = traits.upgradeAnswered && request.headers.upgrade !== SILENT_UPGRADE;
  return { upgraded, framed, contentType: streamType(upgraded && framed && traits.framesAnnounced) };
}

/**
 * Starting a further process fails inside the stream, as clients print it from there; only what is known
 * before (no such exec, a stopped container) has a status.
 */
async function openOr(
  given: Exchange,
  dialect: Dialect,
  operation: Operation,
  { body }: Input,
  open: () => Promise<unknown>,
): Promise<Attachment | undefined | 'told'> {
  try {
    return (await open()) as Attachment | undefined;
  } catch (error) {
    const { status, message } = failureOf(error, 'engine');
    const { line, request } = given;
    const inStream =
      operation === 'execStart' && memberOf(body, 'Detach') !== true && (status === 500 || status === 400);
    if (!inStream || !line) throw error;
    given.log.info('exec.failed', { path: request.url, error: message });
    const framed = dialect.traits.framing === 'multiplexed' && memberOf(body, 'Tty') !== true;
    line.socket.write(conversationHead(styleOf(request, dialect, framed)));
    await converse(line.socket, lastWords(`${message}\r\n`), framed);
    return 'told';
  }
}

/** A conversation that says one thing. */
function lastWords(text: string): Attachment {
  return {
    terminal: false,
    output: (async function* () {
      yield { stream: 'stdout' as const, bytes: Buffer.from(text) };
    })(),
    input: undefined,
    detached: new Promise(() => undefined),
    close: () => undefined,
  };
}

function fail(
  { request, response, log }: Exchange,
  error: unknown,
  origin: Failure['origin'],
  target: Target | undefined,
): void {
  const dialect = target?.dialect ?? newestDialect();
  const call = {
    route: target?.match ? endpointOf(target.match.operation).route : '',
    name: Object.values(target?.match?.params ?? {})[0] ?? '',
  };
  const newest = failureOf(error, origin);
  if (newest.status === 500)
    log.error('request.failed', { method: request.method, path: request.url, error: detailOf(error) });
  // Behind the head nothing can be said but that it ended badly.
  if (response.headersSent) return void response.destroy();
  const told = dialect.failure(newest, call);
  sendFailure(response, told, dialect.traits.errorBody);
}

/** For our own log: a bug shows where it is, an engine's error what it says. */
const detailOf = (error: unknown): string =>
  error instanceof Error && error.constructor === Error ? (error.stack ?? error.message) : messageOf(error);
