/** The keys that a host of repositories shows now: it is held to them for as long as a build reads of it. */
import { existsSync } from 'node:fs';
import { asNobody, runProgram } from '../../../linux/index.ts';

const SCAN = '/usr/bin/ssh-keyscan';
const SECONDS = '5';
/** Hosts have three keys or so. */
const KEYS_CHARS = 64 << 10;

/** Where a repository is reached by SSH; undefined: it is not. */
export function sshHostOf(repository: string): { readonly host: string; readonly port: string } | undefined {
  const [, scp] = /^git@(\[[^\]]+\]|[^:]+):/.exec(repository) ?? [];
  const url = scp === undefined ? URL.parse(repository) : undefined;
  if (scp === undefined && url?.protocol !== 'ssh:') return undefined;
  const host = (scp ?? url?.hostname ?? '').replace(/^\[(.*)\]$/, '$1');
  return { host, port: url?.port || '22' };
}

/** In the form of known_hosts(5); undefined: it does not say. */
export async function hostKeys(
  { host, port }: NonNullable<ReturnType<typeof sshHostOf>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!existsSync(SCAN)) return undefined;
  const [first = SCAN, ...rest] = [...asNobody(), SCAN, '-T', SECONDS, '-p', port, '--', host];
  const { printed } = await runProgram([first, ...rest], {
    ...{ env: ['LC_ALL=C.UTF-8'], cwd: '/', signal },
    most: { printed: KEYS_CHARS, complaint: 0 },
  });
  return printed === '' ? undefined : `${printed}\n`;
}
