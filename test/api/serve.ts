/** The API over a fake engine on a unix socket of its own, and raw exchanges with it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi, listen } from '../../src/api/http/index.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Engine } from '../../src/engine/index.ts';
import type { Fake } from './fake/stage.ts';
import { fakeEngine } from './fake-engine.ts';

/** A fake engine and the socket that its API listens on. */
export interface Served extends Fake, AsyncDisposable {
  readonly path: string;
  /** Where it listens on 127.0.0.1; 0 unless that was asked for. */
  readonly port: number;
  close(graceMs: number): Promise<void>;
}

/** What a fake engine's API is served with, beside its unix socket. */
export interface ServeOptions {
  readonly tcp?: boolean;
  readonly browsers?: Parameters<typeof createApi>[0]['browsers'];
  readonly openApi?: boolean;
  /** What the engine is replaced by. */
  readonly instead?: (engine: Engine) => Engine;
}

/** Serves the API of a fake engine until it is disposed. */
export async function serve({
  tcp = false,
  browsers,
  openApi = true,
  instead = (engine) => engine,
}: ServeOptions = {}): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-api-'));
  const path = join(directory, 's');
  const fake = fakeEngine();
  const version = { engineVersion: '0.1.0' };
  const api = createApi({ engine: instead(fake.engine), log: silentLog, version, browsers, openApi });
  const listeners = [await listen(api, { kind: 'unix', path })];
  if (tcp) listeners.push(await listen(api, { kind: 'tcp', host: '127.0.0.1', port: 0 }));
  return Object.assign(fake, {
    path,
    port: listeners[1]?.port ?? 0,
    close: (graceMs: number) => api.close(graceMs),
    async [Symbol.asyncDispose]() {
      await Promise.all(listeners.map((listener) => listener.close()));
      await api.close(0);
      rmSync(directory, { recursive: true });
    },
  });
}

/** An answer as it came over the wire. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly text: string;
}

/** What a request has beside its path. */
export interface Ask {
  readonly method?: string;
  readonly body?: string | Buffer | object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A unix socket, or a port of 127.0.0.1. */
type Place = string | number;

/** One request on a connection of its own, which the server is asked to close. */
export async function ask(
  path: Place,
  url: string,
  { method, body, headers = {} }: Ask = {},
): Promise<Reply> {
  const bytes =
    body === undefined
      ? undefined
      : typeof body === 'string' || Buffer.isBuffer(body)
        ? Buffer.from(body)
        : Buffer.from(JSON.stringify(body));
  const all: Record<string, string> = {
    Host: 'localhost',
    Connection: 'close',
    ...(bytes && { 'Content-Length': String(bytes.length), 'Content-Type': 'application/json' }),
    ...headers,
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const lead = `${method ?? (bytes ? 'POST' : 'GET')} ${url} HTTP/1.1\r\n${head.join('')}\r\n`;
  const socket = dial(path);
  socket.write(Buffer.concat([Buffer.from(lead, 'latin1'), bytes ?? Buffer.alloc(0)]));
  return readReply(await readToEnd(socket));
}

/** A POST and its answer. */
export const post = (path: Place, url: string, more: Ask = {}): Promise<Reply> =>
  ask(path, url, { method: 'POST', ...more });

/** A connection that stays open for reading when its writing end has ended. */
export function dial(place: Place): Socket {
  const at = typeof place === 'string' ? { path: place } : { host: '127.0.0.1', port: place };
  const socket = connect({ ...at, allowHalfOpen: true });
  socket.on('error', () => undefined);
  return socket;
}

/** Everything until the other side ends. */
export async function readToEnd(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of socket as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

/** Reads until `enough` says so; the rest stays for the next reader. */
export async function readUntil(socket: Socket, enough: (bytes: Buffer) => boolean): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  while (!enough(bytes)) {
    const part = socket.read() as Buffer | null;
    if (part) bytes = Buffer.concat([bytes, part]);
    else if (socket.readableEnded || socket.destroyed) return bytes;
    else
      await new Promise<void>((resolve) => {
        const done = () => {
          socket.off('readable', done).off('end', done).off('close', done);
          resolve();
        };
        socket.once('readable', done).once('end', done).once('close', done);
      });
  }
  return bytes;
}

/** Whether the head of an answer is there whole. */
export const hasHead = (bytes: Buffer): boolean => bytes.includes('\r\n\r\n');

/** Takes an answer apart. */
export function readReply(bytes: Buffer): Reply {
  const end = bytes.indexOf('\r\n\r\n');
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
  const rest = bytes.subarray(end + 4);
  const body = headers['transfer-encoding'] === 'chunked' ? unchunk(rest) : rest;
  return { status: Number(first.split(' ')[1]), headers, body, text: body.toString('utf8') };
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) break;
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts);
}

/** Resolves when `condition` holds; tests that never get there run into the runner's limit and say where. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** What the engine was last called with, at `index` of the call: 0 is the verb. */
export function lastCall(served: Served, index: number): Record<string, unknown> {
  const call = served.calls.at(-1);
  assert.ok(call, 'the engine was called');
  return call[index] as Record<string, unknown>;
}

/** JSON messages, one a line. */
export const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
