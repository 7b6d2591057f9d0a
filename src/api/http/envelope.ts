/** A request as it came: query, form and JSON body, in the client's words. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { gather } from '../../base/bytes.ts';
import { InvalidArgument, messageOf } from '../../base/errors.ts';
import { readJson } from '../../formats/json.ts';
import { requestFailure } from '../../model/failures/request.ts';
import type { OperationName } from '../contract/index.ts';
import type { Body } from '../contract/operation.ts';
import type { Query } from '../contract/query.ts';
import type { Doc, Traits } from '../versions/index.ts';
import type { Holder, Holdings } from './holdings.ts';
import {
  BODY_TIMEOUT_MS,
  DISCARDED_BYTES_MAX,
  FORM_BODY_BYTES_MAX,
  JSON_BODY_BYTES_MAX,
  LINGER_MS,
} from './limits.ts';
import { TooLarge } from './statuses.ts';

/** Query parameters; one that is repeated keeps all its values. */
function readQuery(search: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null);
  if (search === '') return query;
  for (const [name, value] of new URLSearchParams(search)) {
    const before = query[name];
    query[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return query;
}

/** A request whose query and body have not been looked at. */
export interface RawRequest {
  readonly request: IncomingMessage;
  readonly bytes: Readable;
  readonly holdings: Holdings;
  readonly search: string;
}

/** What the version's lenses work on, besides the names in the path: `{ query, body }`. @throws InvalidArgument, TooLarge */
export async function envelope(
  raw: RawRequest,
  operation: OperationName,
  body: Body,
  traits: Traits,
): Promise<Doc> {
  const query = readQuery(raw.search);
  if (body.kind === 'json') return { query, body: await jsonBody(raw, operation, body, traits) };
  if (body.kind === 'none') Object.assign(query, await form(raw));
  return { query };
}

async function jsonBody(
  { request, bytes, holdings }: RawRequest,
  operation: OperationName,
  body: Extract<Body, { kind: 'json' }>,
  traits: Traits,
): Promise<unknown> {
  if (body.legacy && !takesStartBody(request, traits.startBody)) return undefined;
  const text = hasBody(request) ? (await readAll(bytes, JSON_BODY_BYTES_MAX, holdings)).toString('utf8') : '';
  if (text !== '' && !body.legacy && !traits.untyped.includes(operation))
    checkType(request.headers['content-type']);
  if (text === '' && !body.required) return undefined;
  try {
    return readJson(text);
  } catch (error) {
    if (traits.unreadableIgnored.includes(operation)) return undefined;
    const reason = messageOf(error);
    const message = reason.endsWith('after top-level value') ? 'unexpected content after JSON' : reason;
    throw new InvalidArgument(traits.unreadable === 'wrapped' ? `invalid JSON: ${message}` : message, {
      cause: error,
    });
  }
}

/** Older versions start a container with a HostConfig; when they look at it, and when they must not. */
function takesStartBody(request: IncomingMessage, startBody: Traits['startBody']): boolean {
  const length = request.headers['content-length'];
  switch (startBody) {
    case 'refused':
      // `{}`, `null` and the like are shorter; a body without a length may be anything.
      if (Number(length ?? 0) > 7 || request.headers['transfer-encoding'] !== undefined)
        throw requestFailure.startHasBody();
      return false;
    case 'json':
      if (hasBody(request)) checkType(request.headers['content-type']);
      return true;
    case 'jsonIfTyped':
      return mediaType(request.headers['content-type'] ?? '') === 'application/json';
    case 'ignored':
      return false;
    default:
      return startBody satisfies never;
  }
}

/** Without parameters such as a charset. */
const mediaType = (said: string): string => said.split(';', 1)[0]?.trim().toLowerCase() ?? '';

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** @throws InvalidArgument unless it is JSON; parameters such as a charset do not matter */
function checkType(given: string | undefined): void {
  const said = given ?? '';
  const type = mediaType(said);
  if (type === 'application/json') return;
  if (!/^[\w!#$%&'*+.^`|~-]+(\/[\w!#$%&'*+.^`|~-]+)?$/.test(type))
    throw requestFailure.typeMalformed({ type: said });
  throw requestFailure.typeUnsupported({ type: said });
}

async function form({ request, bytes, holdings }: RawRequest): Promise<Query> {
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('application/x-www-form-urlencoded') || !hasBody(request)) return {};
  return readQuery((await readAll(bytes, FORM_BODY_BYTES_MAX, holdings)).toString('utf8'));
}

/**
 * Lets the rest of a body pass unread, as long as it comes soon and is not endless. True: all of it has passed, and
 * the connection can serve another request.
 */
export async function discard(bytes: Readable): Promise<boolean> {
  let left = DISCARDED_BYTES_MAX;
  const drop = (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) bytes.pause().emit('flood');
  };
  bytes.on('data', drop);
  const signal = AbortSignal.timeout(LINGER_MS);
  const passed = await Promise.race([
    finished(bytes, { signal, writable: false }).then(
      () => true,
      () => false,
    ),
    once(bytes, 'flood', { signal }).then(
      () => false,
      () => false,
    ),
  ]);
  bytes.off('data', drop);
  return passed;
}

/** A whole body, within its limit of size and time. @throws TooLarge, InvalidArgument when it does not come */
async function readAll(bytes: Readable, limit: number, holdings: Holdings): Promise<Buffer> {
  const holder: Holder = { giveUp: () => bytes.destroy(requestFailure.crowded()) };
  const timer = setTimeout(() => bytes.destroy(requestFailure.bodyLate()), BODY_TIMEOUT_MS);
  try {
    const tooLarge = () => new TooLarge(`request body too large: more than ${limit} bytes`);
    return await gather(held(bytes, holder, holdings), limit, tooLarge);
  } finally {
    clearTimeout(timer);
    holdings.set(holder, 0);
  }
}

/** The pieces as they come, each counted. */
async function* held(bytes: Readable, holder: Holder, holdings: Holdings): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const piece of bytes.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += piece.length;
    holdings.set(holder, length);
    yield piece;
  }
}
