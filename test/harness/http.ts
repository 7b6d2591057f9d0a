/** Requests of tests to an engine, as raw as a test wants them. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** Parses the body. Test code knows what it asked for. */
  json<T = Record<string, unknown>>(): T;
}

/** What a request has beside its path. */
export interface Ask {
  /** A plain value is sent as JSON; strings, buffers and streams as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

function encode({ body, headers = {} }: Ask): {
  bytes: Readable | undefined;
  headers: Record<string, string>;
} {
  if (body === undefined) return { bytes: undefined, headers: { ...headers } };
  if (body instanceof Readable)
    return { bytes: body, headers: { 'content-type': 'application/x-tar', ...headers } };
  const raw = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const length = String(Buffer.byteLength(raw));
  return {
    bytes: Readable.from([raw]),
    headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
  };
}

/** One API version's paths on one engine. */
export class Api {
  readonly socketPath: string;
  readonly #prefix: string;

  /** `version` undefined: paths without a version. */
  constructor(socketPath: string, version: string | undefined) {
    this.socketPath = socketPath;
    this.#prefix = version === undefined ? '' : `/v${version}`;
  }

  get = (path: string, ask: Ask = {}): Promise<Answer> => this.request('GET', path, ask);
  head = (path: string, ask: Ask = {}): Promise<Answer> => this.request('HEAD', path, ask);
  post = (path: string, body?: unknown, ask: Ask = {}): Promise<Answer> =>
    this.request('POST', path, { ...ask, body });
  put = (path: string, body?: unknown, ask: Ask = {}): Promise<Answer> =>
    this.request('PUT', path, { ...ask, body });
  delete = (path: string, ask: Ask = {}): Promise<Answer> => this.request('DELETE', path, ask);

  /** Sends one request on a connection of its own and reads the whole answer. */
  async request(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const { bytes, headers } = encode(ask);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = request({
      socketPath: this.socketPath,
      method,
      path: `${this.#prefix}${path}`,
      headers: { host: 'docker', ...headers },
      agent: false,
      ...(ask.signal ? { signal: ask.signal } : {}),
    });
    sent.once('error', reject);
    sent.once('response', async (answer) => {
      try {
        const all = Buffer.concat(await answer.toArray());
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          bytes: all,
          text: all.toString(),
          json: <T>() => JSON.parse(all.toString()) as T,
        });
      } catch (error) {
        reject(error);
      }
    });
    if (bytes === undefined) sent.end();
    else pipeline(bytes, sent).catch(() => undefined); // an early answer ends the upload: the answer tells
    return promise;
  }

  /** A raw connection, for what no HTTP library sends. The caller destroys it. */
  connect = (): Socket => createConnection({ path: this.socketPath, allowHalfOpen: true });

  /** The path with this version's prefix. */
  path = (path: string): string => `${this.#prefix}${path}`;
}
