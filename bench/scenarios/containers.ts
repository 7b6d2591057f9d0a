/** Steps that scenarios share: make, start, end and remove a container over the API, each answer checked. */
import type { EnginePeer } from '../peers/peer.ts';

/** Waits for a signal without a shell's help; as process 1 only SIGKILL ends it. */
export const IDLE = ['/bin/sleep', '100000'];

/** Makes a container, without a network unless one is named, and gives its id. */
export async function create(
  { api, image }: EnginePeer,
  cmd: readonly string[],
  HostConfig: Readonly<Record<string, unknown>> = { NetworkMode: 'none' },
  Labels: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { Id } = await api.json<{ Id: string }>('POST', '/containers/create', {
    Image: image,
    Cmd: cmd,
    HostConfig,
    Labels,
  });
  return Id;
}
/** Starts a container. */
export const start = ({ api }: EnginePeer, id: string) => api.call('POST', `/containers/${id}/start`);
/** Sends SIGKILL. */
export const kill = ({ api }: EnginePeer, id: string) =>
  api.call('POST', `/containers/${id}/kill?signal=KILL`);
/** Removes a container that has ended. */
export const remove = ({ api }: EnginePeer, id: string) => api.call('DELETE', `/containers/${id}`);
/** Ends and removes. The kill comes first: podman's forced removal waits ten seconds for a SIGTERM to be obeyed. */
export async function removeNow(peer: EnginePeer, id: string): Promise<void> {
  await kill(peer, id).catch(() => undefined); // one that never started cannot be killed
  await peer.api.call('DELETE', `/containers/${id}?force=true`);
}

/** Waits for the end. @throws when the exit code is another */
export async function waitFor({ api, name }: EnginePeer, id: string, code: number): Promise<void> {
  const { StatusCode } = await api.json<{ StatusCode: number }>('POST', `/containers/${id}/wait`);
  if (StatusCode !== code) throw new Error(`${name}: exit code ${StatusCode}, expected ${code}`);
}
