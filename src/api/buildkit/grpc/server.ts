/** Serves gRPC on connections that have become HTTP/2 (RFC 9113; gRPC over HTTP/2). */
import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { statusBytes } from './details.ts';
import { HeldBytes } from './frames.ts';
import type { GrpcCall, Method, Methods } from './methods.ts';
import { Code, escapeMessage, GrpcError } from './status.ts';
import { conversationOn, messagesOf, put } from './talk.ts';

/** What one connection's calls are answered by. */
export interface GrpcServed {
  readonly methods: Methods;
  /** Words a failure of ours as one of gRPC. */
  readonly failureOf: (error: unknown) => GrpcError;
}

/** A bake file has many targets, each with a few calls that stay open. */
const STREAMS_MAX = 1000;
/** Of requests that are not whole yet, those of all clients. */
const HELD_BYTES_MAX = 64 << 20;

const held = new HeldBytes(HELD_BYTES_MAX);

/** Serves a connection until it is over, or `signal` ends it. */
export async function serveGrpc(connection: Duplex, served: GrpcServed, signal: AbortSignal): Promise<void> {
  if (connection.destroyed) return;
  const session = performServerHandshake(connection, {
    settings: { maxConcurrentStreams: STREAMS_MAX, enablePush: false },
  });
  session.on('error', () => undefined); // the connection is closed then
  session.on('stream', (stream, headers) => {
    stream.on('error', () => undefined); // told to who waits for it
    void answer(stream, headers, served);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => session.destroy();
  session.once('close', resolve);
  connection.once('close', resolve);
  // Connections of the API may be half open; HTTP/2 has no use for half of one.
  connection.once('end', end);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  await promise;
  signal.removeEventListener('abort', end);
}

const HEAD = { ':status': 200, 'content-type': 'application/grpc' } as const;

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  served: GrpcServed,
): Promise<void> {
  const ending = new AbortController();
  stream.once('close', () => ending.abort(new GrpcError(Code.cancelled, 'context canceled')));
  try {
    const deadline = deadlineOf(headers['grpc-timeout']);
    const signal =
      deadline === undefined
        ? ending.signal
        : AbortSignal.any([ending.signal, AbortSignal.timeout(deadline)]);
    const method = methodOf(headers, served.methods);
    await perform(stream, method, { metadata: headers, signal });
    finish(stream, { 'grpc-status': String(Code.ok) });
  } catch (error) {
    finish(stream, trailersOf(error instanceof GrpcError ? error : served.failureOf(error)));
  }
}

function methodOf(headers: IncomingHttpHeaders, methods: Methods): Method {
  const path = headers[':path'] ?? '';
  if (
    headers[':method'] !== 'POST' ||
    !/^application\/grpc(?:\+proto)?(?:;|$)/.test(headers['content-type'] ?? '')
  )
    throw new GrpcError(Code.unknown, 'this connection speaks gRPC: POST with content-type application/grpc');
  const found = methods.get(path);
  if (found) return found;
  const [, name = '', method = ''] = path.split('/');
  const isKnown = [...methods.keys()].some((each) => each.startsWith(`/${name}/`));
  throw new GrpcError(
    Code.unimplemented,
    isKnown ? `unknown method ${method} for service ${name}` : `unknown service ${name}`,
  );
}

async function perform(stream: ServerHttp2Stream, method: Method, call: GrpcCall): Promise<void> {
  if (method.is === 'talk') {
    stream.respond(HEAD, { waitForTrailers: true });
    const nothing = async (): Promise<void> => undefined;
    return await method.perform(
      conversationOn(
        stream,
        {
          end: () => undefined,
          ended: nothing,
          abort: () => stream.close(constants.NGHTTP2_CANCEL),
        },
        held,
      ),
      call,
    );
  }
  const request = await onlyMessage(stream);
  if (method.is === 'one') {
    const message = await method.perform(request, call);
    if (stream.destroyed) return;
    stream.respond(HEAD, { waitForTrailers: true });
    await put(stream, message);
    return;
  }
  stream.respond(HEAD, { waitForTrailers: true });
  for await (const message of method.perform(request, call)) {
    if (stream.destroyed) return;
    await put(stream, message);
  }
}

async function onlyMessage(stream: ServerHttp2Stream): Promise<Buffer> {
  const found: Buffer[] = [];
  for await (const messages of messagesOf(stream, held)) {
    found.push(...messages);
    if (found.length > 1) throw new GrpcError(Code.internal, 'this method takes one message');
  }
  const [only] = found;
  if (only === undefined) throw new GrpcError(Code.internal, 'this method takes a message');
  return only;
}

/** Milliseconds; undefined: as long as it takes. */
function deadlineOf(said: string | string[] | undefined): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(String(said ?? '')) ?? [];
  if (number === '') return undefined;
  const ms = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000001 }[unit] ?? 1;
  return Math.min(Math.ceil(Number(number) * ms), 2 ** 31 - 1);
}

/** Without a head yet, the trailers are the head. */
function finish(stream: ServerHttp2Stream, trailers: OutgoingHttpHeaders): void {
  if (stream.destroyed || stream.closed) return;
  if (!stream.headersSent) {
    stream.respond({ ...HEAD, ...trailers }, { endStream: true });
    // What the client still sends is of no use to anybody.
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
    return;
  }
  stream.once('wantTrailers', () => {
    stream.sendTrailers(trailers);
    if (!stream.readableEnded) stream.resume();
  });
  stream.end();
}

const DETAILS_BYTES_MAX = 6 << 10;

/** Heads have bounds: a failure whose details have no room in it goes without them. */
function trailersOf(error: GrpcError): OutgoingHttpHeaders {
  const message = escapeMessage(error.message.slice(0, DETAILS_BYTES_MAX));
  const details = error.details.length === 0 ? '' : statusBytes(error).toString('base64').replace(/=+$/, '');
  return {
    'grpc-status': String(error.code),
    'grpc-message': message,
    ...(details === '' || details.length > 4 * DETAILS_BYTES_MAX
      ? {}
      : { 'grpc-status-details-bin': details }),
  };
}
