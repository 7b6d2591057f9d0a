/** The client's SSH agent for one command: a socket of ours, each of whose connections goes on to the client. */
import { once } from 'node:events';
import { chmodSync, chownSync, closeSync, constants, openSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Mount as HostMount } from '../../../../model/container.ts';
import { vertexFailure } from '../../../../model/failures/vertex.ts';
import { idOf } from '../plan/mounts.ts';
import type { PlannedMount } from '../plan/nodes.ts';
import type { Solving } from './solving.ts';

/** A program needs one connection, or a few: who opens so many means no good. */
const CONNECTIONS_MAX = 64;

/** Nothing: the client has no such agent, and none was required. `index`: of the mount in its step. */
export async function agentMount(
  solving: Solving,
  { mount, target }: PlannedMount,
  index: number,
  scope: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<{ mount?: HostMount; env?: string }> {
  const { deps, options } = solving;
  const id = idOf(mount);
  const Target = mount.target === undefined ? `${target}.${index}` : target;
  const env = `SSH_AUTH_SOCK=${Target}`;
  if (!(await options.client.hasAgent(id, signal))) {
    if (mount.required) throw vertexFailure.agentMissing({ id });
    // The command finds nothing there, which it tells in words of its own.
    return { env };
  }
  const { path } = scope.use(await deps.storage.scratch());
  const Source = join(path, 'agent');
  await listen(solving, id, path, scope, signal);
  chownSync(Source, mount.uid ?? 0, mount.gid ?? 0);
  chmodSync(Source, mount.mode ?? 0o600);
  return { env, mount: { Type: 'bind', Source, Target, ReadOnly: true } };
}

async function listen(
  { options: { client } }: Solving,
  id: string,
  directory: string,
  scope: AsyncDisposableStack,
  signal: AbortSignal,
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
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    server.listen(`/proc/self/fd/${fd}/agent`);
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
