/** A small client of the API, for our own command line: JSON in and out, streams of messages, over unix or TCP. */
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { IpcNetConnectOpts, TcpNetConnectOpts } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EngineError, InvalidArgument, Unavailable } from '../../base/errors.ts';
import type { ContainerSummary } from '../../model/container.ts';
import type { ImageSummary } from '../../model/image.ts';
import type { NetworkSummary } from '../../model/network.ts';
import type { Progress } from '../../model/progress.ts';
import type { SystemVersion } from '../../model/system.ts';

/** An answer of 400 or more, with the engine's own words. */
export class ApiFailure extends EngineError {
  readonly kind = 'internal';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The query of a call; a member that is undefined is left out, a list gives one parameter each. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** No message of the engine is longer; a line that never ends must not fill our memory. */
const LINE_MAX_BYTES = 1 << 20;

/** Reads `unix://PATH` or `tcp://ADDRESS:PORT`, as DOCKER_HOST has it. @throws InvalidArgument for other forms */
export function placeOf(host: string): IpcNetConnectOpts | TcpNetConnectOpts {
  const unix = /^unix:\/\/(\/.+)$/.exec(host);
  if (unix?.[1] !== undefined) return { path: unix[1] };
  const tcp = /^(?:tcp|http):\/\/(?:\[([0-9a-fA-F:]+)\]|([^:/[\]]+))(?::(\d{1,5}))?\/?$/.exec(host);
  if (!tcp) throw new InvalidArgument(`host ${host}: not unix://PATH or tcp://ADDRESS:PORT`);
  return { host: tcp[1] ?? tcp[2] ?? '', port: Number(tcp[3] ?? 2375) };
}

/** A client of the engine at `host`. @throws InvalidArgument, as {@link placeOf} */
export function connectTo(host: string): ApiClient {
  const place = placeOf(host);
  return new ApiClient(
    'path' in place ? { socketPath: place.path } : { host: place.host ?? '', port: place.port },
    host,
  );
}

/** An engine at one address. Every call opens a connection of its own. */
export class ApiClient {
  readonly #where: RequestOptions;
  readonly #shown: string;

  constructor(where: RequestOptions, shown: string) {
    this.#where = where;
    this.#shown = shown;
  }

  /** @throws Unavailable when nothing answers there */
  version(): Promise<SystemVersion> {
    return this.#json('GET', '/version');
  }

  /** Those that run. @throws Unavailable, ApiFailure */
  containers(): Promise<ContainerSummary[]> {
    return this.#json('GET', '/containers/json');
  }

  /** @throws Unavailable, ApiFailure */
  images(): Promise<ImageSummary[]> {
    return this.#json('GET', '/images/json');
  }

  /** Stops a container, with its own signal and patience. @throws Unavailable, ApiFailure */
  async stop(id: string): Promise<void> {
    const sent = this.#open('POST', `/containers/${id}/stop`, {}, {});
    sent.end();
    (await this.#answer(sent)).resume();
  }

  /** All of them. @throws Unavailable, ApiFailure */
  networks(): Promise<NetworkSummary[]> {
    return this.#json('GET', '/networks');
  }

  /**
   * Sends a root file system as a tar stream and makes an image of it. `finished` is awaited after the last byte:
   * when it rejects, the request is broken off, so that half an archive never becomes an image.
   * Yields the engine's messages. @throws ApiFailure, also for an error within the stream of messages
   */
  async *importImage(archive: Readable, query: Query, finished: Promise<void>): AsyncGenerator<Progress> {
    const sent = this.#open(
      'POST',
      '/images/create',
      { ...query, fromSrc: '-' },
      { 'content-type': 'application/x-tar' },
    );
    const answered = this.#answer(sent);
    answered.catch(() => undefined); // reported below, after the upload's own failure
    try {
      await pipeline(archive, sent, { end: false });
      await finished;
      sent.end();
    } catch (error) {
      sent.destroy();
      throw error;
    }
    for await (const message of messages(await answered)) {
      if (message.error !== undefined) throw new ApiFailure(500, message.error);
      yield message;
    }
  }

  async #json<T>(method: string, path: string): Promise<T> {
    const sent = this.#open(method, path, {}, {});
    sent.end();
    const chunks: Buffer[] = [];
    for await (const chunk of await this.#answer(sent)) chunks.push(chunk as Buffer);
    return JSON.parse(Buffer.concat(chunks).toString()) as T; // our own engine's answer, by the contract
  }

  #open(
    method: string,
    path: string,
    query: Query,
    headers: Readonly<Record<string, string>>,
  ): ClientRequest {
    const pairs = Object.entries(query).flatMap(([key, value]) =>
      (typeof value === 'string' ? [value] : (value ?? [])).map((each): [string, string] => [key, each]),
    );
    const text = new URLSearchParams(pairs).toString();
    const target = text === '' ? path : `${path}?${text}`;
    return request({ ...this.#where, method, path: target, headers: { host: 'gantry', ...headers } });
  }

  #answer(sent: ClientRequest): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    sent.once('error', (cause) =>
      reject(new Unavailable(`no engine answers at ${this.#shown}: ${cause.message}`, { cause })),
    );
    sent.once('response', resolve);
    return promise.then(async (answer) => {
      if ((answer.statusCode ?? 0) < 400) return answer;
      throw new ApiFailure(answer.statusCode ?? 0, await failureText(answer));
    });
  }
}

async function failureText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString().trim();
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === 'string' ? message : body;
  } catch {
    return body === '' ? `the engine answered ${answer.statusCode}` : body;
  }
}

/** The JSON messages of a stream, one a line. */
async function* messages(source: AsyncIterable<Buffer | string>): AsyncGenerator<Progress> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of source) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_MAX_BYTES) throw new ApiFailure(502, 'the engine sent a message without an end');
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as Progress;
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as Progress;
}
