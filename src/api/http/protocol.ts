/** A call after which its connection speaks HTTP/2: BuildKit's services (`/grpc`), or a build's client that serves (`/session`). */
import type { Socket } from 'node:net';
import { requestFailure } from '../../model/failures/request.ts';
import type { OperationName } from '../contract/index.ts';
import { PRIOR_KNOWLEDGE, SILENT_UPGRADE } from './front.ts';
import type { Exchange } from './request.ts';

/** HTTP/2 without TLS of its own (RFC 7540, section 3.2, which clients still go by). */
const PROTOCOL = 'h2c';
const HEAD = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${PROTOCOL}\r\n\r\n`;

/** Over when the connection is. @throws InvalidArgument before it has begun */
export async function serveProtocol(
  { request, line, signal, buildKit, response, bytes }: Exchange,
  operation: OperationName,
): Promise<void> {
  const { upgrade } = request.headers;
  if (!line || upgrade === undefined || upgrade === SILENT_UPGRADE) throw requestFailure.noUpgrade();
  const knows = upgrade === PRIOR_KNOWLEDGE && operation === 'buildGrpc';
  if (upgrade !== PROTOCOL && !knows) throw requestFailure.upgradeUnknown({ protocol: upgrade });
  // Some clients send an empty body in chunks: it is not the protocol's.
  for await (const _ of bytes);
  const services = await buildKit();
  const { socket } = line;
  if (operation === 'buildSession') {
    const session = services.session(request.headersDistinct);
    await written(socket, HEAD);
    await session.serve(socket, signal);
    return;
  }
  if (!knows) await written(socket, HEAD);
  response.detachSocket(socket);
  await services.grpc(socket, signal);
}

/**
 * Resolves when all that was written has left: HTTP/2 takes the connection below its JavaScript, and Node.js aborts the
 * whole process when a write of somebody else ends there (`is_write_in_progress`), over TLS at each such takeover.
 */
async function written(socket: Socket, head: string): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('close', resolve);
    socket.write(head, () => {
      socket.off('close', resolve);
      resolve();
    });
  });
  // The write is still being ended while its callback runs.
  await new Promise((resolve) => setImmediate(resolve));
}
