/** A socket of ours, each of whose connections goes on to the SSH agent of the client. */
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BuildClient } from '../promise.ts';

/** A program needs one connection, or a few: who opens so many means no good. */
const CONNECTIONS_MAX = 64;

/** Which agent is wanted, and where. */
export interface AgentSocket {
  readonly client: BuildClient;
  readonly id: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Lays the socket; it closes with `scope`. */
export async function layAgentSocket(
  { client, id, path, signal }: AgentSocket,
  scope: AsyncDisposableStack,
): Promise<void> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    if (open.size >= CONNECTIONS_MAX) return socket.destroy();
    open.add(socket);
    const agent = client.agent(id, signal);
    // Whichever side breaks off ends the other; a command that hears nothing says so itself.
    const over = Promise.all([pipeline(socket, agent), pipeline(agent, socket)]);
    return over.catch(() => undefined).finally(() => open.delete(socket));
  });
  // The name of a socket has room for 107 characters, however deep the data root lies.
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    server.listen(`/proc/self/fd/${fd}/${basename(path)}`);
    await once(server, 'listening');
  } finally {
    closeSync(fd);
  }
  scope.defer(async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  });
}
