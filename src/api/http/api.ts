/** The API on any number of connections: hands each request to its exchange, and ends in order. */
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Log } from '../../base/log.ts';
import { BodyScanner } from '../../formats/body-scanner.ts';
import type { BuildKit } from '../buildkit/index.ts';
import { NEWEST } from '../contract/index.ts';
import type { Engine } from '../handlers/index.ts';
import type { Arrival } from './arrival.ts';
import { type BrowserPolicy, NO_PAGES } from './browsers.ts';
import { ConstantAnswers } from './constant-answers.ts';
import { exchange } from './exchange.ts';
import { Front } from './front.ts';
import { Holdings } from './holdings.ts';
import { HEAD_BYTES_MAX, HEADERS_MAX, INCOMPLETE_BYTES_MAX } from './limits.ts';
import { refuse } from './refusal.ts';
import type { Exchange } from './request.ts';
import { type Classified, classify } from './router.ts';

/** What the API is served with. */
export interface ApiOptions {
  readonly engine: Engine;
  readonly log: Log;
  readonly version: { readonly engineVersion: string };
  /** Undefined: no page may use it, and it has no names. */
  readonly browsers?: BrowserPolicy | undefined;
  /** `false`: the API is not shown as a document. */
  readonly openApi?: boolean;
}

/** The API, ready to take connections. */
export interface Api {
  /** Serves a connection that some listener took. It must have been made with `allowHalfOpen`. */
  accept(socket: Socket, arrival: Arrival): void;
  /** Takes no further requests; gives running ones `graceMs` to end. Streams to clients end at once. */
  close(graceMs: number, hurry?: AbortSignal): Promise<void>;
}

/** The API of an engine. */
export function createApi(options: ApiOptions): Api {
  return new RunningApi(options);
}

interface Connection {
  readonly socket: Socket;
  readonly front: Front;
  readonly arrival: Arrival;
}

class RunningApi implements Api {
  readonly #engine: Engine;
  readonly #log: Log;
  readonly #headers: readonly (readonly [string, string])[];
  readonly #browsers: BrowserPolicy;
  readonly #openApi: boolean;
  readonly #holdings = new Holdings(INCOMPLETE_BYTES_MAX);
  readonly #server: Server;
  readonly #connections = new Map<Socket, Connection>();
  readonly #targets = new WeakMap<IncomingMessage, Classified>();
  readonly #constants: ConstantAnswers;
  /** One a running request; closing cuts their streams off. */
  readonly #running = new Set<AbortController>();
  #closing = false;
  /** Most daemons never hear its protocol, and never load it. */
  readonly #buildKit: () => Promise<BuildKit>;

  constructor({ engine, log, version, browsers = NO_PAGES, openApi = true }: ApiOptions) {
    this.#engine = engine;
    this.#log = log;
    this.#browsers = browsers;
    this.#openApi = openApi;
    this.#headers = [
      ['Api-Version', NEWEST],
      ['Docker-Experimental', 'false'],
      ['Ostype', 'linux'],
      ['Server', `Gantry/${version.engineVersion} (linux)`],
    ];
    this.#constants = new ConstantAnswers(this.#headers);
    let opened: Promise<BuildKit> | undefined;
    this.#buildKit = () => {
      opened ??= import('../buildkit/index.ts').then(({ openBuildKit }) => openBuildKit({ engine }));
      return opened;
    };
    this.#server = this.#parser();
  }

  accept(socket: Socket, arrival: Arrival): void {
    if (this.#closing) return void socket.destroy();
    const front = new Front(socket, {
      classify,
      atOnce: (asked) => this.#answerAtOnce(asked, arrival),
      holdings: this.#holdings,
    });
    this.#connections.set(socket, { socket, front, arrival });
    socket.once('close', () => this.#connections.delete(socket));
    // Clients vanish; what they were asking for hears of it by its signal.
    socket.on('error', () => socket.destroy());
    this.#server.emit('connection', socket);
    // A listener of our own makes the parser read through JavaScript, where the front stands.
    const look = () => undefined;
    socket.on('data', look).off('data', look);
  }

  async close(graceMs: number, hurry?: AbortSignal): Promise<void> {
    this.#closing = true;
    for (const gone of this.#running) gone.abort();
    for (const { socket, front } of this.#connections.values()) if (front.idle) socket.destroy();
    const grace = AbortSignal.any([AbortSignal.timeout(graceMs), ...(hurry ? [hurry] : [])]);
    while (this.#connections.size > 0 && !grace.aborted)
      await new Promise((resolve) => setTimeout(resolve, 10));
    for (const { socket } of this.#connections.values()) socket.destroy();
  }

  #parser(): Server {
    const server = createServer(
      {
        maxHeaderSize: HEAD_BYTES_MAX,
        // Pools of clients keep connections for long and do not expect them to close in between.
        keepAliveTimeout: 0,
        // Archives take their time; the front and the readers of JSON have limits of their own.
        requestTimeout: 0,
        headersTimeout: 0,
        noDelay: true,
        shouldUpgradeCallback: (request) => this.#classified(request).takesConnection,
      },
      (request, response) => void this.#answer(request, response),
    );
    // A client may end its side and still wait for its answer.
    Object.assign(server, { httpAllowHalfOpen: true });
    server.on('upgrade', (request, socket, head) => void this.#takeOver(request, socket as Socket, head));
    server.maxHeadersCount = HEADERS_MAX + 1;
    server.on('clientError', (error, socket) => refuse(error as NodeJS.ErrnoException, socket as Socket));
    return server;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const gone = this.#begin();
    const aside = this.#connections.get(socket)?.front.claim();
    const leave = () => gone.abort();
    response.once('close', () => {
      // Also after a complete answer: nobody waits for what is still running.
      gone.abort();
      this.#running.delete(gone);
      socket.off('end', leave);
      // What nobody read passes, as it does in Node.
      if (aside && !aside.complete && !aside.destroyed) aside.resume();
      this.#afterAnswer(socket);
    });
    // Ending its side, a client of a stream says that it has seen enough; other calls still get their answer.
    if (this.#classified(request).isLong) socket.once('end', leave);
    await exchange(this.#exchangeOf(request, response, aside ?? request, undefined, gone.signal));
  }

  /** A marked request: its body stands in `head` and in what follows; the rest belongs to the stream. */
  async #takeOver(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const gone = this.#begin();
    socket.once('close', () => {
      gone.abort();
      this.#running.delete(gone);
    });
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => {
      response.detachSocket(socket);
      socket.end();
      socket.resume();
    });
    if (head.length > 0) socket.unshift(head);
    const bytes = Readable.from(bodyOf(request, socket), { objectMode: false });
    await exchange(this.#exchangeOf(request, response, bytes, { socket }, gone.signal));
  }

  #begin(): AbortController {
    const gone = new AbortController();
    this.#running.add(gone);
    if (this.#closing) gone.abort();
    return gone;
  }

  #exchangeOf(
    request: IncomingMessage,
    response: ServerResponse,
    bytes: Readable,
    line: Exchange['line'],
    signal: AbortSignal,
  ): Exchange {
    for (const [name, value] of this.#headers) response.setHeader(name, value);
    const target = this.#classified(request).target;
    const arrival = this.#connections.get(request.socket)?.arrival ?? GONE;
    const shared = {
      engine: this.#engine,
      constants: this.#constants,
      buildKit: this.#buildKit,
      holdings: this.#holdings,
      log: this.#log,
      browsers: this.#browsers,
      openApi: this.#openApi,
    };
    return { request, response, arrival, target, bytes, line, signal, ...shared };
  }

  /** Where browsers come, each request's origin and host are looked at first. */
  #answerAtOnce({ constant }: Classified, { kind }: Arrival): Buffer | undefined {
    const unseen = kind === 'unix' && this.#browsers.origins.length === 0;
    return this.#closing || !unseen ? undefined : this.#constants.answer(constant);
  }

  /** What the front read of a request's target. */
  #classified(request: IncomingMessage): Classified {
    let classified = this.#targets.get(request);
    if (classified === undefined) {
      const { method = '', url = '', socket } = request;
      classified = this.#connections.get(socket)?.front.classified(method, url) ?? classify(method, url);
      this.#targets.set(request, classified);
    }
    return classified;
  }

  #afterAnswer(socket: Socket): void {
    this.#connections.get(socket)?.front.answered();
    if (this.#closing) socket.end();
  }
}

/** Whoever has left already is not trusted with anything. */
const GONE: Arrival = { kind: 'tcp', tls: false };

/** The body of a request whose connection was handed over: read here, because the parser has left. */
async function* bodyOf({ headers }: IncomingMessage, socket: Socket): AsyncGenerator<Buffer> {
  const length = Number(headers['content-length'] ?? 0);
  const chunked = headers['transfer-encoding'] !== undefined;
  const scanner = new BodyScanner(
    chunked ? { is: 'chunked' } : length > 0 ? { is: 'length', bytes: length } : { is: 'none' },
  );
  while (!scanner.done) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      if (socket.readableEnded || socket.destroyed) return;
      await readable(socket);
      continue;
    }
    const { payload, used } = scanner.push(chunk);
    yield* payload;
    if (used < chunk.length) socket.unshift(chunk.subarray(used));
  }
}

async function readable(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      for (const event of ['readable', 'end', 'close']) socket.off(event, done);
      resolve();
    };
    for (const event of ['readable', 'end', 'close']) socket.once(event, done);
  });
}
