/** HTTP towards one address: TLS as configured, redirects by our rules, patience with what passes by itself. */

import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gather } from '../base/bytes.ts';
import { Failed } from '../base/errors.ts';
import { RegistryError, refusal, Unreachable, unreachable } from './failure.ts';
import { paced, SILENCE_MS, TooSlow } from './pace.ts';
import { NO_PROXIES, type Proxies, proxyFor } from './proxies.ts';
import type { RegistrySettings, TlsOptions } from './settings.ts';

/** One request. */
export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable | string;
  readonly signal: AbortSignal;
}

/** The head of an answer, and its body. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; of several lines of one name the first, but for challenges, which are kept together. */
  header(name: string): string | undefined;
  headers(name: string): readonly string[];
  /** Read it or dispose of it with {@link drop}. */
  readonly body: Readable;
  /** The body, read. @throws TooSlow */
  chunks(): AsyncIterable<Buffer>;
}

const CONNECT_TIMEOUT_MS = 15_000;
const REDIRECTS_MAX = 10;
const ATTEMPTS_MAX = 5;
const BACKOFF_MS = 250;
/** A registry may ask for more patience than this: then its refusal is the answer. */
const RETRY_AFTER_MAX_S = 60;
/** Errors are read so far; the rest of such a page is dropped. */
const ERROR_BYTES_MAX = 64 << 10;

type Undici = typeof import('undici').default;
type Dispatcher = InstanceType<Undici['Dispatcher']>;
let loading: Promise<Undici> | undefined;
/** A third of a second and 28 MB: not before the first registry is asked. */
const undici = (): Promise<Undici> => {
  // By its default export: the bundler gives a CommonJS module no other.
  loading ??= import('undici').then((module) => module.default);
  return loading;
};

/** What holds for every address. */
export type Reach = Pick<RegistrySettings, 'proxies' | 'silenceMs'>;

/** Connections to one address, kept and counted. */
export class Transport {
  readonly #tls: TlsOptions;
  readonly #proxies: Proxies;
  readonly #silenceMs: number;
  /** By the proxy that they go through; '' for none. */
  readonly #agents = new Map<string, Promise<Dispatcher>>();

  constructor(tls: TlsOptions, { proxies = NO_PROXIES, silenceMs = SILENCE_MS }: Reach = {}) {
    this.#tls = tls;
    this.#proxies = proxies;
    this.#silenceMs = silenceMs;
  }

  /** One exchange, redirects and all. @throws Unreachable */
  async send(call: Call): Promise<Answer> {
    let { method, url, headers = {}, body } = call;
    for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
      const answer = await this.#exchange({
        ...call,
        method,
        url,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const location = answer.header('location');
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
      await drop(answer);
      if (method !== 'GET' && method !== 'HEAD') throw new Failed(`${url.host} redirects a ${method}`);
      const next = new URL(location, url);
      if (
        !['http:', 'https:'].includes(next.protocol) ||
        (url.protocol === 'https:' && next.protocol === 'http:')
      )
        throw new Failed(`${url.host} redirects to ${next.protocol}//: refused`);
      // Another host is told nothing of who we are.
      if (next.origin !== url.origin) headers = withoutSecrets(headers);
      url = next;
      body = undefined;
    }
    throw new Failed(`${call.url.host}: more than ${REDIRECTS_MAX} redirects`);
  }

  async #exchange({ method, url, headers, body, signal }: Call): Promise<Answer> {
    const { request } = await undici();
    const proxy = proxyFor(url, this.#proxies);
    try {
      const found = await request(url, {
        dispatcher: await this.#dispatcher(proxy),
        method,
        headers: { 'user-agent': 'gantry', ...headers },
        body: body ?? null,
        signal,
      });
      const all = (name: string): string[] => [found.headers[name] ?? []].flat();
      return {
        status: found.statusCode,
        header: (name) => all(name)[0],
        headers: all,
        body: found.body,
        chunks: () => paced(found.body, this.#silenceMs),
      };
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(method, url, error, proxy);
    }
  }

  #dispatcher(proxy: URL | undefined): Promise<Dispatcher> {
    const key = proxy?.href ?? '';
    const found = this.#agents.get(key);
    if (found) return found;
    const made = this.#open(proxy);
    this.#agents.set(key, made);
    made.catch(() => this.#agents.delete(key)); // the next call tries again
    return made;
  }

  async #open(proxy: URL | undefined): Promise<Dispatcher> {
    const { Agent, ProxyAgent } = await undici();
    const { ca, cert, key, verify } = this.#tls;
    const connect = {
      timeout: CONNECT_TIMEOUT_MS,
      rejectUnauthorized: verify,
      ...(ca.length > 0 ? { ca: [...(await systemAuthorities()), ...ca] } : {}),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
    const patience = {
      headersTimeout: this.#silenceMs,
      // Whoever reads by `chunks` hears of it sooner, in better words.
      bodyTimeout: 2 * this.#silenceMs,
      keepAliveTimeout: 30_000,
    };
    if (proxy === undefined) return new Agent({ connect, ...patience });
    const proxyTls = { timeout: CONNECT_TIMEOUT_MS };
    return new ProxyAgent({ uri: proxy.href, requestTls: connect, proxyTls, ...patience });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map(async (agent) => (await agent).destroy()));
  }
}

/** A registry's own authority stands beside the system's. */
async function systemAuthorities(): Promise<readonly string[]> {
  const { getCACertificates } = await import('node:tls');
  return [...getCACertificates('default'), ...getCACertificates('system')];
}

const withoutSecrets = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));

/** Lets the rest of an answer go. */
export async function drop(answer: Answer): Promise<void> {
  answer.body.on('error', () => undefined);
  answer.body.destroy();
}

/** A small body, whole. @throws Failed when it is larger than `most` bytes */
export const readWhole = (answer: Answer, most: number): Promise<Buffer> =>
  gather(answer.chunks(), most, () => new Failed(`an answer of the registry is larger than ${most} bytes`));

/** The answer, when its status is one of these. @throws RegistryError with what the registry said */
export async function expectStatus(answer: Answer, ...statuses: readonly number[]): Promise<Answer> {
  if (statuses.includes(answer.status)) return answer;
  let text = '';
  try {
    text = (await readWhole(answer, ERROR_BYTES_MAX)).toString('utf8');
  } catch {
    await drop(answer);
  }
  const error = refusal(answer.status, text);
  const after = Number(answer.header('retry-after'));
  throw Number.isFinite(after) ? Object.assign(error, { retryAfterSeconds: after }) : error;
}

/** Tries again what may pass by itself: overload, a server's trouble, a broken connection. */
export async function patiently<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      const wait = tried < ATTEMPTS_MAX ? pauseAfter(error, tried) : undefined;
      if (wait === undefined) throw error;
      await sleep(wait, undefined, { signal });
    }
  }
}

/** Milliseconds to wait before the next try; undefined: it will not help. */
export function pauseAfter(error: unknown, tried: number): number | undefined {
  const backoff = BACKOFF_MS * 2 ** (tried - 1) * (0.75 + Math.random() / 2);
  if (error instanceof Unreachable) return error.beforeHttp ? undefined : backoff;
  if (error instanceof TooSlow) return backoff;
  if (!(error instanceof RegistryError)) return undefined;
  // A registry that was started anew knows no upload of before: the blob goes there from its start.
  if (error.reason === 'BLOB_UPLOAD_UNKNOWN') return backoff;
  if (![408, 429, 500, 502, 503, 504].includes(error.status)) return undefined;
  const asked = (error as { retryAfterSeconds?: number }).retryAfterSeconds;
  if (asked !== undefined && asked > RETRY_AFTER_MAX_S) return undefined;
  return Math.max(backoff, (asked ?? 0) * 1000);
}
