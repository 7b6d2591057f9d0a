/** One request and its answer. */
import { EngineError, InvalidArgument, messageOf } from '../../base/errors.ts';
import { decodeBody } from '../../base/schema.ts';
import { requestFailure } from '../../model/failures/request.ts';
import { operationOf } from '../contract/index.ts';
import type { JsonBody } from '../contract/operation.ts';
import type { Query } from '../contract/query.ts';
import {
  type ArchiveReply,
  type Attachment,
  type Call,
  handlers,
  type LogOutput,
  type TextReply,
} from '../handlers/index.ts';
import { type Dialect, type Doc, type Failure, memberOf, newestDialect, openApi } from '../versions/index.ts';
import {
  inFewWords,
  pathOf,
  sendArchive,
  sendEmpty,
  sendFailure,
  sendJson,
  sendOutput,
  sendText,
} from './answers.ts';
import { settleBooleans } from './booleans.ts';
import { allowPages, refuseForeign } from './browsers.ts';
import { ConnectionBody } from './connection-body.ts';
import { discard, envelope, type RawRequest } from './envelope.ts';
import { HEADERS_MAX, LINGER_MS } from './limits.ts';
import { serveProtocol } from './protocol.ts';
import { sendLater, sendLines, sendValue } from './replies.ts';
import { type Asked, type Exchange, type Input, outlivesClient } from './request.ts';
import type { Match, Target } from './router.ts';
import { failureOf, TooLarge } from './statuses.ts';
import { takeOver } from './takeover.ts';

/** The whole of a request, from its first word to the end of its answer. Never throws. */
export async function exchange(given: Exchange): Promise<void> {
  let target: Target | undefined;
  let origin: Failure['origin'] = 'request';
  try {
    if (given.request.rawHeaders.length > 2 * HEADERS_MAX)
      throw new TooLarge(`more than ${HEADERS_MAX} headers`, 431);
    refuseForeign(given.request, given.arrival, given.browsers);
    target = given.target();
    const { dialect, match } = target;
    allowPages(given.request, given.response, given.browsers, dialect.traits);
    if (given.request.method === 'OPTIONS' && dialect.traits.allowedMethods !== '')
      return sendEmpty(given.response, 200);
    if (!match) throw requestFailure.noPage();
    const input = await read(given, target, match); // their words → today's, checked and typed
    origin = 'engine';
    await answer(given, { operation: match.operation, dialect, input }); // the engine acts; today's words → theirs
  } catch (error) {
    // An answer in the middle of its request is often lost: clients read when they have written.
    if (error instanceof TooLarge && !(await discard(given.bytes))) hangUpSoon(given);
    fail(given, error, origin, target);
    if (target?.match && operationOf(target.match.operation).body.kind === 'bytes') await letPass(given);
  }
}

/** An archive that was refused half-way: its sender may come to read the answer only when all of it is sent. */
async function letPass({ request, bytes }: Exchange): Promise<void> {
  const whole = bytes instanceof ConnectionBody ? bytes.complete : request.complete;
  if (whole || request.destroyed || (await discard(bytes))) return;
  request.socket.destroy();
}

async function read(
  given: Exchange,
  { dialect, search }: Target,
  { operation, params }: Match,
): Promise<Input> {
  const { route, query, body } = operationOf(operation);
  const raw: RawRequest = { ...given, search };
  const asked: Doc = { ...(await envelope(raw, operation, body, dialect.traits)), params: { ...params } };
  dialect.request(route, asked);
  settleBooleans(asked.query as Doc, query, dialect.traits.booleans);
  const said = asked.query as Query;
  const decoded: Doc = {};
  for (const name in query) decoded[name] = query[name]?.read(said[name], name);
  return {
    params: asked.params as Input['params'],
    query: decoded,
    said,
    body: body.kind === 'json' ? decodeJson(body, asked.body, dialect) : undefined,
  };
}

function decodeJson(body: JsonBody<unknown>, said: unknown, { traits }: Dialect): unknown {
  for (const [name, message] of Object.entries(body.refused ?? {}))
    if (memberOf(said, name)) throw new InvalidArgument(message);
  try {
    return decodeBody(body.schema, said);
  } catch (error) {
    if (traits.unreadable === 'bare') throw error;
    throw new InvalidArgument(`invalid JSON: ${messageOf(error)}`, { cause: error });
  }
}

async function answer(given: Exchange, asked: Asked): Promise<void> {
  const { operation, dialect, input } = asked;
  const { success } = operationOf(operation);
  const call = callOf(given, asked);
  const handle = handlers[operation] as (input: unknown, call: Call) => Promise<unknown>;
  if (success.kind === 'hijack')
    return takeOver(given, asked, (accepted) => handle(input, { ...call, accepted }));
  if (success.kind === 'websocket') {
    // Its package brings Node's TLS and web client with it, which few daemons need.
    const { serveWebSocket } = await import('./web-socket.ts');
    return serveWebSocket(given, asked, () => handle(input, call) as Promise<Attachment>);
  }
  if (success.kind === 'protocol') return serveProtocol(given, operation);
  const result = await handle(input, call);
  switch (success.kind) {
    case 'json':
      return sendValue(given, asked, success, result, call);
    case 'empty':
      return sendEmpty(
        given.response,
        operation === 'networkDelete' ? dialect.traits.networkRemovedStatus : success.status,
      );
    case 'text': {
      const { text, headers } = result as TextReply;
      if (operationOf(operation).constant) given.constants.keep(operation, success.status, { text, headers });
      return sendText(given.response, success.status, text, headers);
    }
    case 'lines':
      return sendLines(given, asked, success, result as AsyncIterable<unknown>);
    case 'archive':
      return sendArchive(given.response, success.status, result as ArchiveReply);
    case 'deferred':
      return sendLater(given, asked, success, (result as { ended: Promise<unknown> }).ended);
    case 'document':
      return sendJson(given.response, success.status, await openApi(dialect));
    case 'never':
      return; // its handler threw
    case 'output':
      return sendOutput(given.response, result as LogOutput, dialect, input.query.timestamps === true);
    default:
      return success satisfies never;
  }
}

function callOf({ engine, signal, bytes, request, openApi, buildKit }: Exchange, asked: Asked): Call {
  return {
    ...asked.dialect.traits,
    engine,
    bytes,
    openApi,
    buildKit,
    registryAuth: [request.headers['x-registry-auth']].flat()[0],
    registryConfig: [request.headers['x-registry-config']].flat()[0],
    contentType: request.headers['content-type'],
    said: asked.input.said as Query,
    accepted: () => undefined,
    signal: outlivesClient(asked) ? new AbortController().signal : signal,
  };
}

/** The client gets its answer and a moment to read it; what it still sends is not read any more. */
function hangUpSoon({ request, response }: Exchange): void {
  response.once('finish', () => setTimeout(() => request.socket.destroy(), LINGER_MS).unref());
}

function fail(
  { request, response, signal, log }: Exchange,
  error: unknown,
  origin: Failure['origin'],
  target: Target | undefined,
): void {
  const dialect = target?.dialect ?? newestDialect();
  const call = {
    route: target?.match ? operationOf(target.match.operation).route : '',
    name: Object.values(target?.match?.params ?? {})[0] ?? '',
  };
  const newest = failureOf(error, origin);
  // Who has gone hears nothing any more, and that the work stopped then is no failure.
  if (newest.status === 500 && !signal.aborted)
    log.error('request.failed', {
      method: request.method,
      path: pathOf(request),
      code: newest.code,
      error: inFewWords(detailOf(error)),
    });
  // Behind the head nothing can be said but that it ended badly.
  if (response.headersSent) return void response.destroy();
  const told = dialect.failure(newest, call);
  sendFailure(response, told, dialect.traits.errorBody);
}

/** For our own log: a bug shows where it is, an engine's error what it says. */
const detailOf = (error: unknown): string =>
  error instanceof Error && !(error instanceof EngineError)
    ? (error.stack ?? error.message)
    : messageOf(error);
