/** Answers on the wire: JSON, text, lines of JSON, bytes of a container. Nothing goes out faster than it is read. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Pieces } from '../../base/pieces.ts';
import { framedLines } from '../../formats/frames.ts';
import { writeJson } from '../../formats/json.ts';
import type { ArchiveReply, LogOutput } from '../handlers/index.ts';
import { asText, type Dialect, type ToldFailure } from '../versions/index.ts';
import { roomIn } from './hijack.ts';
import { ANSWER_TIMEOUT_MS, FAILURE_CHARS_MAX } from './limits.ts';
import { restamped } from './log-stamp.ts';

type Headers = Readonly<Record<string, string>>;

/** Answers with plain text and ends. */
export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Headers = {},
): void {
  const bytes = Buffer.byteLength(text);
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    ...headers,
    'Content-Length': bytes,
  });
  endInTime(response, text);
}

/** Answers with one JSON document and ends. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = `${jsonOf(value)}\n`;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  endInTime(response, text);
}

/** The kernel takes this much from us, whether or not the client reads. */
const TAKEN_AT_ONCE_BYTES = 64 << 10;

/** Ends with a text that is held in memory until it was read. */
function endInTime(response: ServerResponse, text: string): void {
  response.end(text);
  if (text.length < TAKEN_AT_ONCE_BYTES) return;
  const timer = setTimeout(() => response.destroy(), ANSWER_TIMEOUT_MS).unref();
  response.once('close', () => clearTimeout(timer));
}

/** Few documents hold integers that need all their digits; looking for them in all would make every answer slower. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return writeJson(value);
  }
}

/** Answers with a status and no body. */
export function sendEmpty(response: ServerResponse, status: number): void {
  // These two never have a body, and no length either (RFC 9110).
  response.writeHead(status, status === 204 || status === 304 ? {} : { 'Content-Length': 0 });
  response.end();
}

/** An archive as it is read. A failure behind the head, and a client that leaves, end both sides. */
export async function sendArchive(
  response: ServerResponse,
  status: number,
  { archive, contentType, headers }: ArchiveReply,
): Promise<void> {
  response.writeHead(status, { ...headers, ...(archive ? { 'Content-Type': contentType } : {}) });
  if (!archive) return void response.end();
  response.flushHeaders();
  if (archive instanceof Pieces) await sendPieces(response, archive);
  else await pipeline(archive, response);
}

/** Each piece's memory goes back when the kernel has its bytes. */
async function sendPieces(response: ServerResponse, pieces: Pieces): Promise<void> {
  const leave = (): void => void pieces.destroy();
  response.once('close', leave);
  try {
    for await (const piece of pieces as AsyncIterable<Buffer>) {
      if (!response.write(piece, () => pieces.giveBack(piece))) await roomIn(response);
      if (response.destroyed) return;
    }
    response.end();
  } finally {
    response.off('close', leave);
  }
}

/** A failure in the form of the client's version. */
export function sendFailure(
  response: ServerResponse,
  { status, message: said, isJsonText }: ToldFailure,
  form: 'json' | 'text',
): void {
  const message = inFewWords(said);
  if (status === 304 || message === '') sendEmpty(response, status);
  else if (isJsonText) sendJson(response, status, message);
  else if (form === 'json') sendJson(response, status, { message });
  else sendText(response, status, `${message}\n`, { 'X-Content-Type-Options': 'nosniff' });
}

/** The beginning of what is too long to be told. */
export const inFewWords = (text: string): string =>
  text.length > FAILURE_CHARS_MAX ? `${text.slice(0, FAILURE_CHARS_MAX)}…` : text;

/** What was asked for, as our log tells it: without the query, in which arguments of builds and logins of addresses stand. */
export const pathOf = ({ url = '' }: Pick<IncomingMessage, 'url'>): string =>
  inFewWords(url.split('?', 1)[0] ?? '');

/** A value that comes later: the head goes first, so that the client knows it is waited for. */
export async function sendDeferred(
  response: ServerResponse,
  status: number,
  value: Promise<unknown>,
): Promise<void> {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  const later = await value;
  if (response.destroyed) return;
  response.end(later === undefined ? '' : `${JSON.stringify(later)}\n`);
}

/** How messages are told apart, by what the client accepts. */
export interface LineForm {
  readonly contentType: string;
  readonly before: string;
  readonly after: string;
}

const FORMS: readonly LineForm[] = [
  { contentType: 'application/jsonl', before: '', after: '\n' },
  { contentType: 'application/x-ndjson', before: '', after: '\n' },
  { contentType: 'application/json-seq', before: '\u001e', after: '\n' },
];

/** The form of events: what the client names in `Accept`, else what its version expects. */
export function lineForm(accept: string | undefined, dialect: Dialect): LineForm {
  const chosen = FORMS.find(({ contentType }) => accept?.includes(contentType));
  return (
    chosen ?? { contentType: dialect.traits.eventType, before: '', after: dialect.traits.eventSeparator }
  );
}

/** What becomes of messages when nobody is there any more. */
export interface Reading {
  /** They are read all the same: ending to read would end what they tell of. */
  readonly toTheEnd: boolean;
}

/** How messages are told in a version; undefined: not at all. */
export interface Telling {
  told(message: unknown): Record<string, unknown> | undefined;
  /** What a long operation says when it fails half-way. */
  failed(error: unknown): Record<string, unknown> | undefined;
}

/** Events as they come, those that are there at once in one write. `bytesOf`: as they stand on the wire. */
export async function sendEvents<T>(
  response: ServerResponse,
  handfuls: AsyncIterable<T> & { readonly cut?: AbortSignal },
  contentType: string,
  bytesOf: (handful: T) => Buffer,
): Promise<void> {
  response.writeHead(200, { 'Content-Type': contentType });
  response.flushHeaders();
  // Fires when the client is not to be waited for any longer.
  handfuls.cut?.addEventListener('abort', () => response.destroy(), { once: true });
  for await (const handful of handfuls) {
    const bytes = bytesOf(handful);
    if (bytes.length > 0 && !response.write(bytes)) await roomIn(response);
    if (response.destroyed) return;
  }
  response.end();
}

/** Messages one by one, each flushed. A failure behind the head becomes the last message. */
export async function sendMessages(
  response: ServerResponse,
  messages: AsyncIterable<unknown>,
  { toTheEnd }: Reading,
  { told: translate, failed }: Telling,
): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  try {
    for await (const message of messages) {
      const told = translate(message);
      if (told === undefined) continue;
      if (!response.destroyed && !response.write(`${writeJson(told)}\n`)) await roomIn(response);
      if (response.destroyed && !toTheEnd) return;
    }
  } catch (error) {
    const told = failed(error);
    if (told !== undefined) response.write(`${writeJson(told)}\n`);
  }
  response.end();
}

/** Progress as clients below 1.1 read it. */
export async function sendProgressText(
  response: ServerResponse,
  messages: AsyncIterable<unknown>,
  { told: translate, failed }: Telling,
  { toTheEnd }: Reading,
): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  try {
    for await (const message of messages) {
      const told = translate(message);
      if (told !== undefined && !response.destroyed && !response.write(asText(told))) await roomIn(response);
      if (response.destroyed && !toTheEnd) return;
    }
  } catch (error) {
    const told = failed(error);
    if (told !== undefined) response.write(asText(told));
  }
  response.end();
}

/** What a container wrote, as an ordinary body. */
export async function sendOutput(
  response: ServerResponse,
  { terminal, output }: LogOutput,
  { traits }: Dialect,
  timestamps: boolean,
): Promise<void> {
  const framed = !terminal && traits.framing === 'multiplexed';
  response.writeHead(200, { 'Content-Type': streamType(framed && traits.framesAnnounced) });
  response.flushHeaders();
  const stamped = timestamps && traits.logStamp === 'stamp';
  for await (const chunk of output) {
    const bytes = stamped ? restamped(chunk.bytes) : chunk.bytes;
    if (bytes.length === 0) continue;
    // The socket is corked, not the response: that one says "full" for what it holds back and never "drain" after.
    response.socket?.cork();
    const roomy = response.write(framed ? framedLines(chunk.stream, bytes) : bytes);
    response.socket?.uncork();
    if (!roomy) await roomIn(response);
    if (response.destroyed) return;
  }
  response.end();
}

/**
 * The content type of a container's raw streams; `announced`: the streams are framed, and the version says
 * so.
 */
export const streamType = (announced: boolean): string =>
  announced ? 'application/vnd.docker.multiplexed-stream' : 'application/vnd.docker.raw-stream';
