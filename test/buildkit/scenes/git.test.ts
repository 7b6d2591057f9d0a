/** Builds of a git repository, by its address. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Difference, playScenes, type Scene, type Stage } from '../../cli/scenes.ts';
import { freePort } from '../../harness/registry.ts';
import { until } from '../../harness/until.ts';
import { build, buildx, fresh, place } from './building.ts';

const IDENTITY = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

/** What is in git's own directory. */
const LOOK = 'cd /c && ls -A . && if cd .git; then ls . refs/tags && cat HEAD config; fi';

const FETCHED: Difference = {
  why: 'BuildKit keeps a repository for each address and has git tell how it is brought up to date; Gantry fetches a commit, quietly',
  dockerd: [/^( {2})?<time> (Initialized empty Git repository in .*|From \S+| \* \[new .*)\n/gm, ''],
};
const ASKED_TWICE: Difference = {
  why: "BuildKit asks for the server's branch again before it fetches",
  dockerd: [
    /(?<=^ {2}<time> <commit>\trefs\/heads\/main\n) {2}<time> ref: \S+\tHEAD\n {2}<time> <commit>\tHEAD\n/gm,
    '',
  ],
};
const KEPT: Difference = {
  why: "where git's directory is kept, BuildKit has git tell what kind the name is of, and what a detached HEAD is",
  dockerd: [
    /^ {2}<time> (?:commit|tag)\n|^ {2}<time> Note: switching to 'FETCH_HEAD'\.\n(?:.*\n)*? {2}<time> HEAD is now at .*\n/gm,
    '',
  ],
};
const BLANK: Difference = {
  why: 'of what git complains, the last line is blank',
  dockerd: [/^(?: {2})?<time> \n/gm, ''],
};

/** What was found in the cache is told to be done first, or is not: that is chance. */
const DONE_FIRST = /(?<=^\[internal\] load git source .*\n( {2}<time> .*\n)*) {2}DONE\n(?= {2}CACHED\n)/gm;

/** A repository with branches, tags and a directory. Returns the commit of its tags. */
function makeRepository(at: string): string {
  mkdirSync(join(at, 'sub'), { recursive: true });
  const git = (...argv: string[]) =>
    execFileSync('git', ['-C', at, ...argv], { env: { ...process.env, ...IDENTITY }, stdio: 'pipe' });
  git('init', '-q', '-b', 'main');
  writeFileSync(
    join(at, 'Dockerfile'),
    'FROM busybox\nCOPY . /c\nRUN --network=none cd /c && find . -type f | sort && cat text\n',
  );
  writeFileSync(join(at, 'sub/Dockerfile'), 'FROM busybox\nCOPY here /\nRUN --network=none cat /here\n');
  writeFileSync(join(at, 'sub/here'), 'below\n');
  writeFileSync(join(at, 'text'), 'main\n');
  writeFileSync(join(at, 'kept'), `FROM busybox\nCOPY . /c\nRUN ${LOOK}\n`);
  writeFileSync(join(at, 'docker-bake.hcl'), 'target "default" {}\n');
  git('add', '.');
  git('commit', '-qm', 'one');
  git('tag', 'v1');
  git('tag', '-a', '-m', 'told', 'told');
  const commit = git('rev-parse', 'HEAD').toString().trim();
  git('checkout', '-qb', 'branch');
  writeFileSync(join(at, 'text'), 'branch\n');
  git('commit', '-qam', 'two');
  git('checkout', '-qb', 'odd');
  writeFileSync(join(at, 'sub/.wh.here'), 'odd\n');
  git('add', '.');
  git('commit', '-qm', 'odd');
  git('checkout', '-q', 'main');
  return commit;
}

/** Serves what lies below a directory. */
async function served(directory: string): Promise<{ readonly port: number; stop(): void }> {
  const port = await freePort();
  const daemon = spawn(
    'git',
    [
      'daemon',
      '--export-all',
      `--base-path=${directory}`,
      '--listen=127.0.0.1',
      `--port=${port}`,
      '--reuseaddr',
      directory,
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
  return { port, stop: () => daemon.pid === undefined || process.kill(-daemon.pid) };
}

/** The repository, served on a port that transcripts call REPOSITORY. */
async function withRepository(
  stage: Stage,
  work: (address: string, commit: string) => Promise<void>,
): Promise<void> {
  const directory = join(stage.directory(), 'served');
  const commit = makeRepository(join(directory, 'app'));
  const { port, stop } = await served(directory);
  const hidden = stage.see.bind(stage);
  stage.see = (text) =>
    hidden(
      text
        .replaceAll(`127.0.0.1:${port}`, 'REPOSITORY')
        .replace(/\b[0-9a-f]{40}\b/g, '<commit>')
        .replace(DONE_FIRST, ''),
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
    await work(`git://127.0.0.1:${port}/app`, commit);
  } finally {
    stop();
  }
}

const repository: Scene = {
  title: 'a repository: its head, a branch, a tag, a directory, as a context with a name, from ADD',
  differences: [FETCHED, ASKED_TWICE, KEPT],
  play: fresh((stage) =>
    withRepository(stage, async (address, commit) => {
      await build(stage, [address]);
      await build(stage, [address]);
      await build(stage, [`${address}#branch`]);
      await build(stage, [`${address}#v1:sub`]);
      await build(stage, [`${address}#${commit}:sub`]);
      await build(stage, ['--no-cache', `${address}#told`]);
      // No layer can hold all of its files.
      await build(stage, [`${address}#odd:sub`]);
      await build(stage, ['-f', 'sub/Dockerfile', `${address}`]);
      const at = place(stage, 'git-named', {
        Dockerfile: 'FROM busybox\nCOPY --from=repo text /\nRUN cat /text\n',
      });
      await build(stage, ['--build-context', `repo=${address}#branch`, at]);
      const base = place(stage, 'git-base', {
        Dockerfile:
          'FROM repo AS files\nFROM busybox\nRUN --mount=type=bind,from=files,target=/m cat /m/text\n',
      });
      await build(stage, ['--build-context', `repo=${address}#branch`, base]);
      const adds = place(stage, 'git-add', {
        Dockerfile: `FROM busybox\nADD ${address}#v1 /r\nRUN cat /r/text\n`,
      });
      await build(stage, [adds]);
    }),
  ),
};

const wrong: Scene = {
  title: 'a repository that is not there, has no such branch or directory, or is no thing to copy',
  differences: [FETCHED, ASKED_TWICE, BLANK],
  play: fresh((stage) =>
    withRepository(stage, async (address) => {
      await build(stage, [`${address}#none`]);
      await build(stage, [`${address}#main:none`]);
      await build(stage, [`${address}#main:sub/none/deep`]);
      await build(stage, [`${address}#main:text`]);
      await build(stage, ['-f', 'none', address]);
      await build(stage, [`${address}/none`]);
      await build(stage, ['git://127.0.0.1:1/app#main']);
      const lines = [
        `ADD ${address}#none /r`,
        `COPY ${address} /r`,
        `ADD --checksum=sha256:${'0'.repeat(64)} ${address} /r`,
        `ADD --checksum=sha256:${'0'.repeat(64)} http://localhost/a http://localhost/b /r`,
      ];
      for (const [i, line] of lines.entries())
        await build(stage, [place(stage, `git-wrong-${i}`, { Dockerfile: `FROM busybox\n${line}\n` })]);
    }),
  ),
};

const kept: Scene = {
  title: "git's own directory stays where that is asked for, and in contexts with a name",
  differences: [FETCHED, KEPT],
  play: fresh((stage) =>
    withRepository(stage, async (address) => {
      const keep = '--build-arg=BUILDKIT_CONTEXT_KEEP_GIT_DIR=1';
      await build(stage, ['-f', 'kept', `${address}#told`]);
      await build(stage, [keep, '-f', 'kept', `${address}#told`]);
      await build(stage, [keep, `${address}#main:sub`]);
      await build(stage, [keep, '-'], { input: 'FROM scratch\n' });
      const adds = place(stage, 'git-kept', {
        Dockerfile: `FROM busybox\nADD --keep-git-dir=true ${address}#branch /c\nRUN ${LOOK}\n`,
      });
      await build(stage, [adds]);
      const named = place(stage, 'git-kept-named', {
        Dockerfile: `FROM busybox\nCOPY --from=repo / /c\nRUN ${LOOK}\n`,
      });
      await build(stage, ['--build-context', `repo=${address}#branch`, named]);
    }),
  ),
};

const baked: Scene = {
  title: 'a file of targets in a repository, which is their context',
  differences: [
    FETCHED,
    {
      why: 'what cannot be opened is told when it is opened, not when a file of it is not there',
      gantry: [/failed to solve: failed to load cache key: .*/, "couldn't find a bake definition"],
    },
  ],
  play: fresh((stage) =>
    withRepository(stage, async (address) => {
      const bake = ['buildx', 'bake', '--progress=plain'];
      await buildx(stage, [...bake, `${address}#branch`]);
      await buildx(stage, [...bake, `${address}#none`]);
    }),
  ),
};

playScenes([repository, wrong, kept, baked], undefined, { release: 13, plugins: true, onDemand: true });
