/** An archive from anywhere on the web, for whoever imports one: no registry, but the same care. */
import { STATUS_CODES } from 'node:http';
import type { Readable } from 'node:stream';
import { Failed, Forbidden, InvalidArgument, NotFound, Unauthorized } from '../base/errors.ts';
import { drop, type Reach, Transport } from './transport.ts';

/** Dispose of it: what was not read is let go. */
export interface Download extends AsyncDisposable {
  /** The address without credentials, for telling. */
  readonly from: string;
  /** Bytes that were announced. */
  readonly bytes: number | undefined;
  readonly body: Readable;
  /** What the server says of it. */
  readonly header: (name: string) => string | undefined;
}

/**
 * Gets `url`. Redirects lead to http and https only, a few times, and take no credentials to another host.
 * @throws InvalidArgument for other schemes; the kind that belongs to the answer's status, never its page; Unreachable
 */
export async function download(url: URL, reach: Reach, signal: AbortSignal): Promise<Download> {
  const from = withoutCredentials(url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new InvalidArgument(
      `Get ${JSON.stringify(from.href)}: unsupported protocol scheme ${JSON.stringify(url.protocol.slice(0, -1))}`,
    );
  await using undo = new AsyncDisposableStack();
  const transport = new Transport({ ca: [], cert: undefined, key: undefined, verify: true }, reach);
  undo.defer(() => transport.close());
  const answer = await transport.send({ method: 'GET', url: from, headers: authorization(url), signal });
  if (answer.status < 200 || answer.status > 299) {
    await drop(answer);
    throw refused(from, answer.status);
  }
  const announced = Number(answer.header('content-length') ?? Number.NaN);
  const held = undo.move();
  return {
    from: from.href,
    bytes: Number.isSafeInteger(announced) ? announced : undefined,
    body: answer.body,
    header: (name) => answer.header(name),
    async [Symbol.asyncDispose]() {
      await drop(answer);
      await held.disposeAsync();
    },
  };
}

function withoutCredentials(url: URL): URL {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain;
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
}

function refused({ href }: URL, status: number): Error {
  const name = STATUS_CODES[status];
  const message = `failed to GET ${href} with status ${status}${name === undefined ? '' : ` ${name}`}`;
  const kinds = { 400: InvalidArgument, 401: Unauthorized, 403: Forbidden, 404: NotFound } as const;
  const Kind = (kinds as Record<number, (typeof kinds)[keyof typeof kinds] | undefined>)[status] ?? Failed;
  return new Kind(message);
}
