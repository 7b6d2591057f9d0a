/** Builds of a git repository, by its address. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { playScenes, type Scene, type Stage } from '../../cli/scenes.ts';
import { freePort } from '../../harness/registry.ts';
import { until } from '../../harness/until.ts';
import { build, fresh, place } from './building.ts';

const IDENTITY = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

/** What git itself says on the way. */
const OF_GIT = /^\[.*load git source .*\n( {2}.*\n)+/gm;

/** A repository with a branch, a tag and a directory, served on a port that transcripts call REPOSITORY. */
async function withRepository(stage: Stage, work: (address: string) => Promise<void>): Promise<void> {
  const served = join(stage.directory(), 'served');
  const at = join(served, 'app');
  mkdirSync(join(at, 'sub'), { recursive: true });
  const git = (...argv: string[]) =>
    execFileSync('git', ['-C', at, ...argv], { env: { ...process.env, ...IDENTITY }, stdio: 'pipe' });
  git('init', '-q', '-b', 'main');
  writeFileSync(
    join(at, 'Dockerfile'),
    'FROM busybox\nCOPY . /c\nRUN cd /c && find . -type f | sort && cat text\n',
  );
  writeFileSync(join(at, 'sub/Dockerfile'), 'FROM busybox\nCOPY here /\nRUN cat /here\n');
  writeFileSync(join(at, 'sub/here'), 'below\n');
  writeFileSync(join(at, 'text'), 'main\n');
  git('add', '.');
  git('commit', '-qm', 'one');
  git('tag', 'v1');
  git('checkout', '-qb', 'branch');
  writeFileSync(join(at, 'text'), 'branch\n');
  git('commit', '-qam', 'two');
  git('checkout', '-q', 'main');
  const port = await freePort();
  const daemon = spawn(
    'git',
    [
      'daemon',
      '--export-all',
      `--base-path=${served}`,
      '--listen=127.0.0.1',
      `--port=${port}`,
      '--reuseaddr',
      served,
    ],
    {
      stdio: 'ignore',
      env: {
        ...process.env,
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
      },
      detached: true,
    },
  );
  const hidden = stage.see.bind(stage);
  stage.see = (text) =>
    hidden(
      text
        .replaceAll(`127.0.0.1:${port}`, 'REPOSITORY')
        .replace(/\b[0-9a-f]{40}\b/g, '<commit>')
        .replace(OF_GIT, (block) => block.replace(/^ {2}<time> .*\n/gm, '')),
    );
  try {
    await until(() => {
      try {
        return (
          execFileSync('git', ['ls-remote', `git://127.0.0.1:${port}/app`], { stdio: 'pipe' }).length > 0
        );
      } catch {
        return false;
      }
    });
    await work(`git://127.0.0.1:${port}/app`);
  } finally {
    if (daemon.pid !== undefined) process.kill(-daemon.pid);
  }
}

const repository: Scene = {
  todo: 'Gantry tells fewer pieces of work of a repository, and what fails in words of its own',
  title: 'a repository: its head, a branch, a tag, a directory, as a context with a name, from ADD',
  play: fresh((stage) =>
    withRepository(stage, async (address) => {
      await build(stage, [address]);
      await build(stage, [address]);
      await build(stage, [`${address}#branch`]);
      await build(stage, [`${address}#v1:sub`]);
      await build(stage, [`${address}#none`]);
      await build(stage, [`${address}#main:none`]);
      await build(stage, ['-f', 'sub/Dockerfile', `${address}`]);
      await build(stage, ['--build-arg=BUILDKIT_CONTEXT_KEEP_GIT_DIR=1', '-'], { input: 'FROM scratch\n' });
      const at = place(stage, 'git-named', {
        Dockerfile: 'FROM busybox\nCOPY --from=repo text /\nRUN cat /text\n',
      });
      await build(stage, ['--build-context', `repo=${address}#branch`, at]);
      const adds = place(stage, 'git-add', {
        Dockerfile: `FROM busybox\nADD ${address}#v1 /r\nRUN cat /r/text\n`,
      });
      await build(stage, [adds]);
    }),
  ),
};

playScenes([repository], undefined, { release: 13, plugins: true, onDemand: true });
