/** What of a client's opens a repository: a secret for the web, its SSH agent. git alone gets it, while it reads. */
import { vertexFailure } from '../../../../model/failures/vertex.ts';
import { type GitAccess, scopeOf, tokenHeader } from '../../remote/access.ts';
import type { Repository } from '../../remote/git-program.ts';
import { hostKeys, sshHostOf } from '../../remote/host-keys.ts';
import type { GitKeys } from '../promise.ts';
import { layAgentSocket } from './agent-socket.ts';
import type { Work } from './solving.ts';

/** What clients call them, if they do not say otherwise. */
const USUAL: GitKeys = {
  header: 'GIT_AUTH_HEADER',
  token: 'GIT_AUTH_TOKEN',
  agent: 'default',
  knownHosts: undefined,
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** Until `scope` ends. @throws InvalidArgument: it is read by SSH, and the client lends no agent */
export async function accessOf(
  work: Work,
  { repository }: Repository,
  keys: GitKeys = USUAL,
  scope: AsyncDisposableStack,
): Promise<GitAccess> {
  const host = sshHostOf(repository);
  if (host !== undefined) return { ssh: await agentFor(work, host, keys, scope) };
  const url = URL.parse(repository);
  if (url === null || !url.protocol.startsWith('http')) return {};
  const value = await headerFor(work, url.host, keys);
  return value === undefined ? {} : { authorization: { scope: scopeOf(repository), value } };
}

async function agentFor(
  { options: { client }, ending: { signal } }: Work,
  host: NonNullable<ReturnType<typeof sshHostOf>>,
  { agent: id, knownHosts }: GitKeys,
  scope: AsyncDisposableStack,
): Promise<NonNullable<GitAccess['ssh']>> {
  const has = await client.hasAgent(id, signal);
  if (has === undefined) throw vertexFailure.noAgents({ id });
  if (!has) throw vertexFailure.agentMissing({ id });
  return {
    knownHosts: knownHosts ?? (await hostKeys(host, signal)),
    lay: (path) => layAgentSocket({ client, id, path, signal }, scope),
  };
}

/** The first one that there is: what is for the host comes before what is for all, a header before a token. */
async function headerFor(work: Work, host: string, { header, token }: GitKeys): Promise<string | undefined> {
  for (const end of [`.${host}`, ''])
    for (const name of [header, token]) {
      if (name === '') continue;
      const id = `${name}${end}`;
      const secret = await secretOf(work, id);
      if (secret === undefined) continue;
      if (name === token) return tokenHeader(secret);
      const value = secret.toString().replace(/\r?\n$/, '');
      if (CONTROL.test(value)) throw vertexFailure.headerInvalid({ id });
      return value;
    }
  return undefined;
}

/** One that cannot be had opens nothing: the server then says so. */
async function secretOf({ options, ending }: Work, id: string): Promise<Buffer | undefined> {
  const { signal } = ending;
  try {
    return await options.client.secret(id, signal);
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
