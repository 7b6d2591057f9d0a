/** Debian's OpenSSH on loopback, for root and one key, and an agent that has that key. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './registry.ts';
import { until } from './until.ts';

/** A server that runs until it is stopped. */
export interface Sshd {
  readonly port: number;
  /** The socket of the agent. */
  readonly agent: string;
  /** A line of known_hosts(5). */
  readonly hostKey: string;
  stop(): void;
}

const SSHD = '/usr/sbin/sshd';

/** `home`: an empty directory of its own. Whoever comes in runs git alone. */
export async function startSshd(home: string): Promise<Sshd> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  // Debian makes it with the service, which does not run here.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const at = (name: string): string => join(home, name);
  for (const name of ['host', 'key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)]);
  const port = await freePort();
  writeFileSync(
    at('config'),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${at('host')}
AuthorizedKeysFile ${at('key.pub')}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*
`,
  );
  const stdio = 'ignore';
  const started = [
    spawn(SSHD, ['-D', '-e', '-f', at('config')], { stdio }),
    spawn('ssh-agent', ['-D', '-a', at('agent')], { stdio }),
  ];
  const stop = (): void => {
    for (const each of started) each.kill();
  };
  try {
    const agent = at('agent');
    await until(() => existsSync(agent));
    execFileSync('ssh-add', ['-q', at('key')], { env: { ...process.env, SSH_AUTH_SOCK: agent }, stdio });
    const hostKey = await until(() => scanned(port));
    return { port, agent, hostKey, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** Empty: it does not answer yet. */
function scanned(port: number): string {
  try {
    return execFileSync('ssh-keyscan', ['-p', String(port), '127.0.0.1'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}
