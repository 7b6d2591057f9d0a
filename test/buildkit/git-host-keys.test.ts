/** The host of a repository that is read by SSH is held to its keys. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { readAddress } from '../../src/engine/builds/remote/address.ts';
import { commitOf } from '../../src/engine/builds/remote/commit.ts';
import { hostKeys } from '../../src/engine/builds/remote/host-keys.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { makeRepository } from './scenes/repository.ts';

const home = mkdtempSync(join(tmpdir(), 'gantry-host-keys-'));
const served = join(home, 'app');
let sshd: Sshd;

before(async () => {
  makeRepository(served);
  sshd = await startSshd(join(home, 'sshd'));
});
after(() => {
  sshd?.stop();
  rmSync(home, { recursive: true, force: true });
});

/** The commit of a branch, asked with the key of the agent. */
async function asked(t: TestContext, knownHosts: string | undefined): Promise<string> {
  const place = mkdtempSync(join(home, 'place-'));
  const repository = readAddress(`ssh://root@127.0.0.1:${sshd.port}${served}#branch`);
  assert.equal(repository.is, 'repository');
  const lay = async (path: string): Promise<void> => {
    const agent = createServer((socket) => {
      const there = connect(sshd.agent);
      for (const each of [socket, there]) each.on('error', () => undefined);
      socket.pipe(there).pipe(socket);
    });
    t.after(() => agent.close());
    await new Promise<void>((resolve) => agent.listen(path, resolve));
  };
  const access = async () => ({ ssh: { knownHosts, lay } });
  const options = { proxies: undefined, signal: t.signal, access, heard: async () => undefined };
  return (await commitOf(repository as Extract<typeof repository, { is: 'repository' }>, place, options))
    .commit;
}

test('a host that shows the key that it is known by is read', async (t) => {
  const branch = execFileSync('git', ['-C', served, 'rev-parse', 'branch'], { encoding: 'utf8' }).trim();
  assert.equal(await asked(t, sshd.hostKey), branch);
  const found = await hostKeys({ host: '127.0.0.1', port: `${sshd.port}` }, t.signal);
  assert.equal(await asked(t, found), branch);
});

test('a host that shows another key than it is known by is not asked for anything', async (t) => {
  mkdirSync(join(home, 'other'), { recursive: true });
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, 'other/key')]);
  const other = execFileSync('cat', [join(home, 'other/key.pub')], { encoding: 'utf8' });
  const known = `[127.0.0.1]:${sshd.port} ${other.split(' ').slice(0, 2).join(' ')}\n`;
  await assert.rejects(asked(t, known), /Host key verification failed/);
  await assert.rejects(asked(t, '\n'), /Host key verification failed/);
});
