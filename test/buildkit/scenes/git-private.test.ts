/** Builds of repositories that not everybody may read. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { playScenes, type Scene, type Stage } from '../../cli/scenes.ts';
import { Gantry } from '../../harness/gantry.ts';
import { serveGit } from '../../harness/git-server.ts';
import { startSshd } from '../../harness/sshd.ts';
import { build, buildx, fresh, place } from './building.ts';
import { FETCHED, hideRepository, KEPT, LATE, makeRepository } from './repository.ts';

/** Nothing else has these letters in it. */
const RIGHT = 'right-7c1f9e';

const basic = (token: string): string => `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;

/** Files of the engine, its log among them, that have a secret in them. */
function seeKept(stage: Stage, secrets: readonly string[]): void {
  const { engine } = stage;
  const root = engine instanceof Gantry ? engine.root : '/dev/null';
  const patterns = secrets.flatMap((secret) => ['-e', secret]);
  const { stdout, status } = spawnSync('grep', ['-rlaF', '--devices=skip', ...patterns, root], {
    encoding: 'utf8',
  });
  stage.see(`files with a secret in them: ${status === 1 ? 'none' : stdout}`);
}

const http: Scene = {
  title: 'a repository of the web, by a token or a header that the client has as a secret',
  differences: [FETCHED, KEPT],
  play: fresh(async (stage) => {
    const served = join(stage.directory(), 'served');
    makeRepository(join(served, 'app'));
    execFileSync('git', ['clone', '-q', '--bare', join(served, 'app'), join(served, 'app.git')]);
    const server = await serveGit(served, [basic(RIGHT).replace('B', 'b'), `Bearer ${RIGHT}`]);
    hideRepository(stage, server.port);
    const host = `127.0.0.1:${server.port}`;
    const address = `http://${host}/app.git#main`;
    const env = {
      TOKEN: RIGHT,
      WRONG: 'wrong',
      HEADER: `Bearer ${RIGHT}`,
      ODD: 'Bearer wrong',
    };
    const of = (secrets: Readonly<Record<string, string>>): string[] =>
      Object.entries(secrets).flatMap(([id, name]) => ['--secret', `id=${id},env=${name}`]);
    try {
      await build(stage, [address], { env });
      for (const secrets of [
        { GIT_AUTH_TOKEN: 'WRONG' },
        { GIT_AUTH_TOKEN: 'TOKEN' },
        { GIT_AUTH_HEADER: 'HEADER' },
        { GIT_AUTH_HEADER: 'ODD' },
        // What is for the host comes first, and headers come before tokens.
        { [`GIT_AUTH_TOKEN.${host}`]: 'TOKEN', GIT_AUTH_TOKEN: 'WRONG', GIT_AUTH_HEADER: 'ODD' },
        { [`GIT_AUTH_HEADER.${host}`]: 'HEADER', [`GIT_AUTH_TOKEN.${host}`]: 'WRONG' },
        { GIT_AUTH_TOKEN: 'WRONG', GIT_AUTH_HEADER: 'HEADER' },
        { 'GIT_AUTH_TOKEN.127.0.0.1': 'TOKEN' },
      ])
        await build(stage, [...of(secrets), address], { env });
      const given = of({ GIT_AUTH_TOKEN: 'TOKEN' });
      await build(stage, ['--no-cache', ...given, `${address}:sub`], { env });
      const adds = place(stage, 'private-add', { Dockerfile: `FROM busybox\nADD ${address} /r\n` });
      await build(stage, [...given, adds], { env });
      await build(stage, [adds], { env });
      const named = place(stage, 'private-named', { Dockerfile: 'FROM scratch\nCOPY --from=repo text /\n' });
      await build(stage, [...given, '--build-context', `repo=${address}`, named], { env });
      stage.see([...server.asked].toSorted().join('\n'));
      seeKept(stage, [RIGHT, basic(RIGHT).slice('Basic '.length)]);
    } finally {
      server.stop();
    }
  }),
};

async function withSshd(
  stage: Stage,
  work: (address: string, agent: string) => Promise<void>,
): Promise<void> {
  const directory = join(stage.directory(), 'app');
  makeRepository(directory);
  const sshd = await startSshd(join(stage.directory(), 'sshd'));
  hideRepository(stage, sshd.port);
  try {
    await work(`ssh://root@127.0.0.1:${sshd.port}${directory}`, sshd.agent);
  } finally {
    sshd.stop();
  }
}

const ssh: Scene = {
  title: 'a repository by SSH, with the agent of the client',
  differences: [FETCHED],
  play: fresh((stage) =>
    withSshd(stage, async (address, agent) => {
      const lent = ['--ssh', `default=${agent}`];
      await build(stage, [`${address}#main`]);
      await build(stage, [...lent, `${address}#main`]);
      await build(stage, [...lent, `${address}#main`]);
      await build(stage, ['--ssh', `other=${agent}`, `${address}#main`]);
      await build(stage, [...lent, `${address}#none`]);
      await build(stage, [...lent, `${address}/none`]);
      const other = join(stage.directory(), 'other');
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other]);
      await build(stage, ['--ssh', `default=${other}`, `${address}#main`]);
      await build(stage, [...lent, 'ssh://root@127.0.0.1:1/app#main']);
      const adds = place(stage, 'ssh-add', { Dockerfile: `FROM busybox\nADD ${address}#branch /r\n` });
      await build(stage, [...lent, adds]);
      await build(stage, [adds]);
      const bake = ['buildx', 'bake', '--progress=plain', `${address}#branch`];
      await buildx(stage, bake, { env: { SSH_AUTH_SOCK: agent } });
    }),
  ),
};

const unlent: Scene = {
  title: 'a file of targets in a repository by SSH, without an agent',
  differences: [FETCHED, LATE],
  play: fresh((stage) =>
    withSshd(stage, async (address) => {
      await buildx(stage, ['buildx', 'bake', '--progress=plain', `${address}#branch`]);
    }),
  ),
};

playScenes([http, ssh, unlent], undefined, { release: 13, plugins: true, onDemand: true });
