/** The other side of BuildKit's protocol, for tests: a client of the services that are served, and a client's own services. */
import assert from 'node:assert/strict';
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type GrpcClient, grpcClient } from '../../src/api/buildkit/grpc/client.ts';
import { FrameReader, framed } from '../../src/api/buildkit/grpc/frames.ts';
import { GrpcError } from '../../src/api/buildkit/grpc/status.ts';
import type { Message } from '../../src/api/buildkit/wire/message.ts';
import { dial, hasHead, readUntil } from './serve.ts';

/** A connection that speaks HTTP/2 from here on; `lines`: further lines of the head. */
export async function upgraded(path: string, url: string, lines: readonly string[] = []): Promise<Socket> {
  const socket = dial(path);
  const head = ['Host: x', 'Connection: Upgrade', 'Upgrade: h2c', ...lines].join('\r\n');
  const body = lines.some((line) => line.startsWith('Transfer-Encoding')) ? '0\r\n\r\n' : '';
  socket.write(`POST ${url} HTTP/1.1\r\n${head}\r\n\r\n${body}`);
  const answer = await readUntil(socket, hasHead);
  assert.match(answer.toString(), /^HTTP\/1\.1 101 /);
  // What came behind the head belongs to HTTP/2.
  const rest = answer.subarray(answer.indexOf('\r\n\r\n') + 4);
  if (rest.length > 0) socket.unshift(rest);
  return socket;
}

/** A client of the services. */
export const clientOf = async (path: string): Promise<GrpcClient> =>
  grpcClient(await upgraded(path, '/grpc'));

/** What a client's services do with a call: messages in, messages out; what is thrown ends it badly. */
export type Service = (
  messages: AsyncIterable<Buffer>,
  send: (message: Buffer) => void,
  headers: Readonly<Record<string, unknown>>,
) => Promise<void>;

/** Opens a session in which these services are offered. */
export async function offer(
  path: string,
  id: string,
  services: Readonly<Record<string, Service>>,
): Promise<{ close(): void }> {
  const methods = Object.keys(services).map((name) => `X-Docker-Expose-Session-Grpc-Method: ${name}`);
  const socket = await upgraded(path, '/session', [
    `X-Docker-Expose-Session-Uuid: ${id}`,
    'X-Docker-Expose-Session-Sharedkey: shared',
    ...methods,
  ]);
  serveOn(socket, services);
  return { close: () => void socket.destroy() };
}

/** Offers these services on a connection. */
export function serveOn(connection: Duplex, services: Readonly<Record<string, Service>>): void {
  const server = createServer();
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const service = services[String(headers[':path'])];
    if (service) void serve(stream, headers, service);
    else end(stream, 12);
  });
  (server as Http2Server).emit('connection', connection);
}

async function serve(
  stream: ServerHttp2Stream,
  headers: Readonly<Record<string, unknown>>,
  service: Service,
): Promise<void> {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  const failed = await service(
    messagesIn(stream),
    (message) => void stream.write(framed(message)),
    headers,
  ).then(
    () => undefined,
    (error: Error) => error,
  );
  if (stream.destroyed) return;
  stream.once('wantTrailers', () =>
    stream.sendTrailers(
      failed
        ? {
            'grpc-status': String(failed instanceof GrpcError ? failed.code : 2),
            'grpc-message': failed.message,
          }
        : { 'grpc-status': '0' },
    ),
  );
  stream.end();
}

async function* messagesIn(stream: ServerHttp2Stream): AsyncGenerator<Buffer> {
  const reader = new FrameReader();
  // Who listens no longer may still have something to say.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield* reader.push(chunk as Buffer);
}

/** The one message of a call that has one. */
export async function onlyOf(messages: AsyncIterable<Buffer>): Promise<Buffer> {
  for await (const message of messages) return message;
  throw new Error('nothing was asked');
}

function end(stream: ServerHttp2Stream, code: number): void {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(code) },
    { endStream: true },
  );
}

const forever = new AbortController().signal;

/** All messages of a call that answers with several. */
export async function all<Q, A>(
  client: GrpcClient,
  path: string,
  [request, answer]: readonly [Message<Q>, Message<A>],
  said: Partial<Q>,
): Promise<A[]> {
  const talk = client.talk(path, {}, forever);
  await talk.send(request.encode(said));
  const ended = talk.end();
  const found: A[] = [];
  for await (const messages of talk.incoming) found.push(...messages.map((each) => answer.decode(each)));
  await ended;
  return found;
}

/** How a call fails that must not go well. */
export const failed = async (work: Promise<unknown>): Promise<GrpcError> => {
  try {
    await work;
  } catch (error) {
    assert(error instanceof GrpcError, String(error));
    return error;
  }
  assert.fail('it went well');
};

/** A call with the name of its build in it. */
export async function withBuild<Q, A>(
  client: GrpcClient,
  path: string,
  [request, answer]: readonly [Message<Q>, Message<A>],
  said: Partial<Q>,
  build: string,
): Promise<A> {
  const talk = client.talk(path, { 'buildkit-controlapi-buildid': build }, forever);
  await talk.send(request.encode(said));
  const ended = talk.end();
  ended.catch(() => undefined);
  const found: Buffer[] = [];
  for await (const messages of talk.incoming) found.push(...messages);
  await ended;
  return answer.decode(found[0] ?? Buffer.alloc(0));
}
