/** A connection that has become the streams of a process: two pipelines with backpressure, half-close both ways. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { frameHeader } from '../../formats/frames.ts';
import type { Attachment, OutputChunk } from '../handlers/index.ts';
import { LINGER_MS } from './limits.ts';

/** How the connection answers, and what goes over it. */
export interface Style {
  /** The client asked to upgrade, and this version answers that. */
  readonly upgraded: boolean;
  readonly contentType: string;
  /** Whole lines, for whom the head says more. */
  readonly more: string;
}

/** The answer that turns an HTTP connection into a stream. */
export function hijackHead({ upgraded, contentType, more }: Style): string {
  return upgraded
    ? `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${more}\r\n`
    : `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\n${more}\r\n`;
}

/**
 * Runs until the process's output has ended and was read, the detach keys were typed, or `gone` says that the client
 * has left or the API closes. The client's ending closes the input only; the output's ending closes the connection.
 * Closes the attachment.
 */
export async function converse(
  socket: Socket,
  attachment: Attachment,
  framed: boolean,
  gone: AbortSignal,
): Promise<void> {
  try {
    const input = listen(socket, attachment);
    await Promise.race([
      attachment.output ? speak(socket, attachment.output, framed) : input,
      attachment.detached,
      goneFrom(gone),
    ]);
  } finally {
    attachment.close();
    hangUp(socket);
  }
}

/** Bytes of the client go to the input, as fast as it takes them; however the client ends, the input ends properly. */
async function listen(socket: Socket, { input }: Attachment): Promise<void> {
  if (!input) {
    // Nobody reads it, but a client's end must be noticed.
    socket.resume();
    return new Promise(() => undefined);
  }
  const end = () => input.end();
  socket.once('close', end);
  // The process may close its input while the client types on: that ends nothing.
  input.on('error', () => socket.resume());
  input.once('close', () => socket.resume());
  socket.pipe(input);
  await finished(input).catch(() => undefined);
}

async function speak(socket: Socket, output: AsyncIterable<OutputChunk>, framed: boolean): Promise<void> {
  for await (const { stream, bytes } of output) {
    if (bytes.length === 0) continue;
    let roomy: boolean;
    if (framed) {
      // One system call for both, and no copy of the payload.
      socket.cork();
      socket.write(frameHeader(stream, bytes.length));
      roomy = socket.write(bytes);
      socket.uncork();
    } else roomy = socket.write(bytes);
    if (!roomy) await roomIn(socket);
    if (socket.destroyed) return;
  }
}

/** Resolves when the socket takes bytes again, or never will. */
export async function roomIn(stream: {
  readonly destroyed: boolean;
  once(event: 'drain' | 'close', then: () => void): unknown;
  off(event: 'drain' | 'close', then: () => void): unknown;
}): Promise<void> {
  if (stream.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
  });
}

async function goneFrom(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** Our side ends; the client gets all that was written, and a moment to end its own. */
function hangUp(socket: Socket): void {
  if (socket.destroyed) return;
  socket.unpipe();
  socket.resume();
  socket.end();
  if (socket.readableEnded) return;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('end', () => clearTimeout(timer));
  socket.once('close', () => clearTimeout(timer));
}
