/** A call that takes its connection over: from the answer's head on it is the streams of a process. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import { requestFailure } from '../../model/failures/request.ts';
import type { OperationName } from '../contract/index.ts';
import { operationOf } from '../contract/index.ts';
import type { Attachment } from '../handlers/index.ts';
import { type Dialect, memberOf } from '../versions/index.ts';
import { inFewWords, pathOf, sendEmpty, streamType } from './answers.ts';
import { SILENT_UPGRADE } from './front.ts';
import { converse, hijackHead } from './hijack.ts';
import type { Asked, Exchange } from './request.ts';
import { failureOf } from './statuses.ts';

/** A client that reads ahead gets the head alone, with what there is to hear so much later. */
const HEAD_LEAD_MS = 5;

/** Opens the streams; may call `accepted` on the way. */
type Open = (accepted: () => void) => Promise<unknown>;

/** Turns the connection into streams; a detached start answers like any other. */
export async function takeOver(given: Exchange, asked: Asked, open: Open): Promise<void> {
  const { response, line, log, request } = given;
  if (line) await skipBody(given);
  const head = new Head(given, asked);
  const attachment = await openOr(given, asked, head, open);
  if (attachment === 'told') return;
  if (!attachment) return sendEmpty(response, asked.dialect.traits.detachedStatus);
  if (!line) {
    attachment.close();
    throw requestFailure.needsConnection();
  }
  if (!head.isSent) {
    head.send(attachment.terminal);
    await sleep(HEAD_LEAD_MS);
  }
  const framed = head.send(attachment.terminal);
  await converse(line.socket, attachment, framed, given.signal).catch((error) => {
    log.warn('conversation.broken', { path: pathOf(request), error: messageOf(error) });
    line.socket.destroy();
  });
}

/** A body that the operation does not read is no input of the process: dockerode says its options there once more. */
async function skipBody({ bytes, request }: Exchange): Promise<void> {
  const { 'content-length': length, 'transfer-encoding': chunks } = request.headers;
  if (chunks !== undefined || Number(length ?? 0) === 0 || bytes.readableEnded) return;
  for await (const _ of bytes);
}

/**
 * The answer's head, sent once. Clients that read ahead (Python's) lose what comes together with it: where a process is
 * yet to start, the head goes first, as the first engine's does.
 */
class Head {
  readonly #given: Exchange;
  readonly #asked: Asked;
  #framed: boolean | undefined;

  constructor(given: Exchange, asked: Asked) {
    this.#given = given;
    this.#asked = asked;
  }

  get isSent(): boolean {
    return this.#framed !== undefined;
  }

  /** Whether frames follow, as the head that is sent says. */
  send(terminal: boolean): boolean {
    const { line, request, response } = this.#given;
    const { dialect } = this.#asked;
    if (this.#framed !== undefined) return this.#framed;
    this.#framed = !terminal && dialect.traits.framing === 'multiplexed';
    line?.socket.write(
      hijackHead({ ...styleOf(request, dialect, this.#framed), more: pageLines(request, response) }),
    );
    return this.#framed;
  }
}

/** What a page needs to read the stream; the heads that programs get stay as they ever were. */
function pageLines({ headers }: IncomingMessage, response: ServerResponse): string {
  if (headers.origin === undefined) return '';
  const names = response.getHeaderNames().filter((name) => /^(access-control-|vary$)/.test(name));
  return names.map((name) => `${name}: ${response.getHeader(name)}\r\n`).join('');
}

function styleOf(request: IncomingMessage, { traits }: Dialect, framed: boolean) {
  const upgraded = traits.upgradeAnswered && request.headers.upgrade !== SILENT_UPGRADE;
  return { upgraded, contentType: streamType(upgraded && framed && traits.framesAnnounced) };
}

/**
 * Starting a further process fails inside the stream, as clients print it from there; only what is known
 * before (no such exec, a stopped container) has a status.
 */
async function openOr(
  given: Exchange,
  { operation, input }: Asked,
  head: Head,
  open: Open,
): Promise<Attachment | undefined | 'told'> {
  // Who detaches gets an ordinary answer.
  const isDetached = memberOf(input.body, 'Detach') === true;
  const isRaw = memberOf(input.body, 'Tty') === true;
  try {
    return (await open(() => !isDetached && head.send(isRaw))) as Attachment | undefined;
  } catch (error) {
    const { status, code } = failureOf(error, 'engine');
    const message = messageOf(error);
    const { line, request } = given;
    const inStream =
      head.isSent || (failsInside(operation) && !isDetached && (status === 500 || status === 400));
    if (!inStream || !line) throw error;
    given.log.info('exec.failed', { path: pathOf(request), code, error: inFewWords(message) });
    const framed = head.send(isRaw);
    await converse(line.socket, lastWords(`${message}\r\n`), framed, given.signal);
    return 'told';
  }
}

function failsInside(operation: OperationName): boolean {
  const { success } = operationOf(operation);
  return success.kind === 'hijack' && success.failsInside;
}

/** Streams that say one thing. */
function lastWords(text: string): Attachment {
  return {
    terminal: false,
    output: (async function* () {
      yield { stream: 'stdout' as const, bytes: Buffer.from(text) };
    })(),
    input: undefined,
    detached: new Promise(() => undefined),
    close: () => undefined,
  };
}
