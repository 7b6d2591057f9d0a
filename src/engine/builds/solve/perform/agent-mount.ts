/** The client's SSH agent for one command. */
import { chmodSync, chownSync } from 'node:fs';
import { join } from 'node:path';
import type { Mount as HostMount } from '../../../../model/container.ts';
import { vertexFailure } from '../../../../model/failures/vertex.ts';
import { idOf } from '../plan/mounts.ts';
import type { PlannedMount } from '../plan/nodes.ts';
import { layAgentSocket } from './agent-socket.ts';
import type { Solving } from './solving.ts';

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
  const scratch = scope.use(await deps.storage.scratch());
  const Source = join(scratch.path, 'agent');
  await layAgentSocket({ client: options.client, id, path: Source, signal }, scope);
  chownSync(Source, mount.uid ?? 0, mount.gid ?? 0);
  chmodSync(Source, mount.mode ?? 0o600);
  return { env, mount: { Type: 'bind', Source, Target, ReadOnly: true } };
}
