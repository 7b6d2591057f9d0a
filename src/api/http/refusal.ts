/** What Node's parser cannot read gets one answer, which its client comes to read, and no second chance. */
import type { Socket } from 'node:net';
import { DISCARDED_BYTES_MAX, LINGER_MS } from './limits.ts';

const refused = new WeakSet<Socket>();

/** Answers what could not be read, and ends the connection. */
export function refuse({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || code === 'ECONNRESET') return void socket.destroy();
  if (refused.has(socket)) return;
  refused.add(socket);
  const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n`;
  socket.end(`${head}Content-Length: ${status.length}\r\nConnection: close\r\n\r\n${status}`);
  passUnread(socket);
}

/**
 * Closing while bytes are unread, or still come, resets the connection: the client would lose its answer. It may send on
 * for a while, and a bounded amount.
 */
function passUnread(socket: Socket): void {
  let left = DISCARDED_BYTES_MAX;
  const end = () => socket.destroy();
  const timer = setTimeout(end, LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', end);
  // The parser has failed: it would fail again at every further piece.
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) end();
  });
  socket.resume();
}
