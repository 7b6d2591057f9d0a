/** A call that takes its connection over: from the answer's head on it is the streams of a process. */
import type { IncomingMessage } from 'node:http';
import { InvalidArgument, messageOf } from '../../base/errors.ts';
import type { Attachment } from '../handlers/index.ts';
import { type Dialect, memberOf } from '../versions/index.ts';
import { sendEmpty, streamType } from './answers.ts';
import { conversationHead, converse } from './conversation.ts';
import { SILENT_UPGRADE } from './front.ts';
import type { Asked, Exchange } from './request.ts';
import { failureOf } from './statuses.ts';

/** Turns the connection into streams; a detached start answers like any other. */
export async function takeOver(given: Exchange, asked: Asked, open: () => Promise<unknown>): Promise<void> {
  const { request, response, line, log } = given;
  const { dialect } = asked;
  const { traits } = dialect;
  const attachment = await openOr(given, asked, open);
  if (attachment === 'told') return;
  if (!attachment) return sendEmpty(response, traits.detachedStatus);
  if (!line) {
    attachment.close();
    throw new InvalidArgument('this call needs a connection of its own');
  }
  const framed = !attachment.terminal && traits.framing === 'multiplexed';
  line.socket.write(conversationHead(styleOf(request, dialect, framed)));
  await converse(line.socket, attachment, framed, given.signal).catch((error) => {
    log.warn('conversation.broken', { path: request.url, error: messageOf(error) });
    line.socket.destroy();
  });
}

function styleOf(request: IncomingMessage, { traits }: Dialect, framed: boolean) {
  const upgraded = traits.upgradeAnswered && request.headers.upgrade !== SILENT_UPGRADE;
  return { upgraded, framed, contentType: streamType(upgraded && framed && traits.framesAnnounced) };
}

/**
 * Starting a further process fails inside the stream, as clients print it from there; only what is known
 * before (no such exec, a stopped container) has a status.
 */
async function openOr(
  given: Exchange,
  { operation, dialect, input }: Asked,
  open: () => Promise<unknown>,
): Promise<Attachment | undefined | 'told'> {
  try {
    return (await open()) as Attachment | undefined;
  } catch (error) {
    const { status, message } = failureOf(error, 'engine');
    const { line, request } = given;
    const inStream =
      operation === 'execStart' &&
      memberOf(input.body, 'Detach') !== true &&
      (status === 500 || status === 400);
    if (!inStream || !line) throw error;
    given.log.info('exec.failed', { path: request.url, error: message });
    const framed = dialect.traits.framing === 'multiplexed' && memberOf(input.body, 'Tty') !== true;
    line.socket.write(conversationHead(styleOf(request, dialect, framed)));
    await converse(line.socket, lastWords(`${message}\r\n`), framed, given.signal);
    return 'told';
  }
}

/** A conversation that says one thing. */
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
