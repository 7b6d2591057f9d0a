/** Calls to the other side of a connection that is an HTTP/2 server to us: a build's client in its session. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Conversation } from '../../../base/conversation.ts';
import { Status } from '../messages/common.ts';
import type { Message } from '../wire/message.ts';
import { detailsOf } from './details.ts';
import { Code, GrpcError, unescapeMessage } from './status.ts';
import { conversationOn, messagesOf, put } from './talk.ts';

/** More than one window's worth would wait here; less, and each round trip would cost a client on a slow line. */
const WINDOW_BYTES = 1 << 20;

/** Paths that a Dockerfile copies go along as headers. */
const HEADER_BYTES_MAX = 1 << 20;

/** Metadata of a call: what is not plain ASCII must have been escaped. */
export type Metadata = Readonly<Record<string, string | readonly string[]>>;

/** What is called. */
export interface GrpcClient {
  /** One message there, one back. @throws GrpcError */
  one<Q, A>(
    path: string,
    [request, answer]: readonly [Message<Q>, Message<A>],
    said: Partial<Q>,
    signal: AbortSignal,
    metadata?: Metadata,
  ): Promise<A>;
  /** Messages both ways. `signal` ends it. */
  talk(path: string, metadata: Metadata, signal: AbortSignal): Conversation;
  /** The connection is gone. */
  readonly closed: AbortSignal;
  close(): void;
}

/** Begins to be an HTTP/2 client on a connection. */
export function grpcClient(connection: Duplex): GrpcClient {
  const session = connect('http://localhost', {
    createConnection: () => connection,
    settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
    maxSendHeaderBlockLength: HEADER_BYTES_MAX,
  });
  const closed = new AbortController();
  session.once('close', () => closed.abort(gone()));
  session.on('error', () => undefined); // its calls tell it
  // Connections of the API may be half open; HTTP/2 has no use for half of one.
  connection.once('end', () => session.destroy());
  session.once('connect', () => {
    // Who leaves at once is gone before its connection is announced.
    if (!session.destroyed) session.setLocalWindowSize(4 * WINDOW_BYTES);
  });
  return {
    closed: closed.signal,
    close: () => session.destroy(),
    async one(path, [request, answer], said, signal, metadata = {}) {
      const stream = begin(session, path, metadata, signal);
      const ended = endOf(stream, signal);
      ended.catch(() => undefined); // told below
      await put(stream, request.encode(said));
      stream.end();
      const found: Buffer[] = [];
      try {
        for await (const messages of messagesOf(stream)) {
          found.push(...messages);
          // Who sends on and on would be listened to on and on.
          if (found.length > 1) break;
        }
      } catch (error) {
        await ended; // its own words say more
        throw error;
      }
      if (found.length > 1) throw new GrpcError(Code.internal, `more than one answer to ${path}`);
      await ended;
      return answer.decode(found[0] ?? Buffer.alloc(0));
    },
    talk(path, metadata, signal) {
      const stream = begin(session, path, metadata, signal);
      const ended = endOf(stream, signal);
      ended.catch(() => undefined); // told to who waits for the end
      return conversationOn(stream, {
        end: () => void stream.end(),
        ended: () => ended,
        abort: () => stream.close(constants.NGHTTP2_CANCEL),
      });
    },
  };
}

const gone = (): GrpcError => new GrpcError(Code.unavailable, 'the client of this build has gone');

function begin(
  session: ClientHttp2Session,
  path: string,
  metadata: Metadata,
  signal: AbortSignal,
): ClientHttp2Stream {
  signal.throwIfAborted();
  if (session.destroyed || session.closed) throw gone();
  const headers: OutgoingHttpHeaders = {
    ':method': 'POST',
    ':path': path,
    ':scheme': 'http',
    te: 'trailers',
    'content-type': 'application/grpc',
    'user-agent': 'gantry',
    ...(metadata as Record<string, string | string[]>),
  };
  const stream = session.request(headers, { endStream: false });
  stream.on('error', () => undefined); // told to who waits for the end
  const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
  signal.addEventListener('abort', cancel, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', cancel));
  return stream;
}

/** Resolves when the other side has ended well, which it says at its end, whether or not we have ended. @throws GrpcError */
function endOf(stream: ClientHttp2Stream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const hear = (headers: IncomingHttpHeaders): void => {
      if (headers['grpc-status'] === '0') resolve();
      else reject(failureIn(headers));
    };
    stream.once('response', (headers) => {
      if (headers['grpc-status'] !== undefined) hear(headers);
      else if (headers[':status'] !== 200)
        reject(new GrpcError(Code.unknown, `HTTP status ${headers[':status']}`));
    });
    stream.once('trailers', hear);
    // Trailers are told of a turn later than the end of what they end.
    stream.once('end', () =>
      setImmediate(() => reject(new GrpcError(Code.internal, 'the stream ended without a status'))),
    );
    stream.once('close', () => reject(signal.aborted ? signal.reason : (stream.errored ?? gone())));
  });
}

function failureIn(headers: IncomingHttpHeaders): GrpcError {
  const words = unescapeMessage(String(headers['grpc-message'] ?? ''));
  const code = Number(headers['grpc-status']);
  return new GrpcError(Number.isInteger(code) ? code : Code.unknown, words, detailsIn(headers));
}

function detailsIn(headers: IncomingHttpHeaders) {
  try {
    return detailsOf(Status.decode(Buffer.from(String(headers['grpc-status-details-bin'] ?? ''), 'base64')));
  } catch {
    return [];
  }
}
