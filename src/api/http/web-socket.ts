/** A call that answers by WebSocket (RFC 6455): the streams of a process as messages, one a piece of output. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { type WebSocket, WebSocketServer } from 'ws';
import { requestFailure } from '../../model/failures/request.ts';
import type { Attachment } from '../handlers/index.ts';
import type { Traits } from '../versions/index.ts';
import { LINGER_MS, MESSAGE_BYTES_MAX } from './limits.ts';
import type { Asked, Exchange } from './request.ts';

/** Too large a message is closed with 1009, a frame without its mask or in pieces where it may not be with 1002. */
const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: MESSAGE_BYTES_MAX,
});

const NORMAL = 1000;

/** @throws InvalidArgument when the client does not speak the protocol, and what opening throws: as plain HTTP */
export async function serveWebSocket(
  { request, line, signal }: Exchange,
  { dialect }: Asked,
  open: () => Promise<Attachment>,
): Promise<void> {
  if (!line || !asksForWebSocket(request)) throw requestFailure.noWebSocket();
  const attachment = await open();
  let socket: WebSocket | undefined;
  try {
    socket = await shakeHands(request, line.socket);
    if (socket) await converse(socket, attachment, dialect.traits.webSocketFrames, signal);
  } finally {
    attachment.close();
    if (socket) hangUp(socket);
    else line.socket.destroy();
  }
}

function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    /^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '') &&
    ['13', '8'].includes(headers['sec-websocket-version'] ?? '')
  );
}

/** Undefined: the client has left. */
function shakeHands(request: IncomingMessage, line: Socket): Promise<WebSocket | undefined> {
  return new Promise((resolve) => {
    line.once('close', () => resolve(undefined));
    if (line.destroyed) resolve(undefined);
    else server.handleUpgrade(request, line, Buffer.alloc(0), resolve);
  });
}

async function converse(
  socket: WebSocket,
  attachment: Attachment,
  frames: Traits['webSocketFrames'],
  gone: AbortSignal,
): Promise<void> {
  const closed = once(socket, 'close');
  // What breaks the protocol ends in a close with its reason.
  socket.on('error', () => undefined);
  listen(socket, attachment);
  await Promise.race([
    attachment.output ? speak(socket, attachment.output, frames) : closed,
    closed,
    attachment.detached,
    gone.aborted ? undefined : once(gone, 'abort'),
  ]);
}

/** Messages go to the input as fast as it takes them; the client's closing ends it. */
function listen(socket: WebSocket, { input }: Attachment): void {
  const resume = () => socket.resume();
  input?.on('error', resume).on('close', resume).on('drain', resume);
  socket.on('message', (message: Buffer) => {
    if (input && !input.writableEnded && !input.destroyed && !input.write(message)) socket.pause();
  });
  socket.once('close', () => input?.end());
}

/** Nothing goes faster than it is read. A text never ends inside of a letter. */
async function speak(
  socket: WebSocket,
  output: NonNullable<Attachment['output']>,
  frames: Traits['webSocketFrames'],
): Promise<void> {
  const letters = frames === 'text' ? new StringDecoder('utf8') : undefined;
  for await (const { bytes } of output) {
    if (socket.readyState !== socket.OPEN) return;
    const message = letters ? letters.write(bytes) : bytes;
    if (message.length > 0) await send(socket, message);
  }
  const rest = letters?.end() ?? '';
  if (rest !== '' && socket.readyState === socket.OPEN) await send(socket, rest);
}

const send = (socket: WebSocket, message: Buffer | string): Promise<void> =>
  new Promise((resolve) => socket.send(message, () => resolve()));

function hangUp(socket: WebSocket): void {
  if (socket.readyState === socket.CLOSED) return;
  // A paused one would never hear the client's answer.
  socket.resume();
  socket.close(NORMAL);
  const timer = setTimeout(() => socket.terminate(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}
