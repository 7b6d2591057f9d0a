/** A repository that scenes build of, served on loopback. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Difference, Stage } from '../../cli/scenes.ts';
import { freePort } from '../../harness/registry.ts';
import { until } from '../../harness/until.ts';

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
export const LOOK = 'cd /c && ls -A . && if cd .git; then ls . refs/tags && cat HEAD config; fi';

/** Wherever something is fetched. */
export const FETCHED: Difference = {
  why: 'BuildKit keeps a repository for each address and has git tell how it is brought up to date; Gantry fetches a commit, quietly',
  dockerd: [/^( {2})?<time> (Initialized empty Git repository in .*|From \S+| \* \[new .*)\n/gm, ''],
};

/** Where git's own directory stays. */
export const KEPT: Difference = {
  why: "where git's directory is kept, BuildKit has git tell what kind the name is of, and what a detached HEAD is",
  dockerd: [
    /^ {2}<time> (?:commit|tag)\n|^ {2}<time> Note: switching to 'FETCH_HEAD'\.\n(?:.*\n)*? {2}<time> HEAD is now at .*\n/gm,
    '',
  ],
};

/** Where git complains of a server that it has talked to. */
export const BLANK: Difference = {
  why: 'of what git complains, the last line is blank',
  dockerd: [/^(?: {2})?<time> \n/gm, ''],
};

/** Where a file of targets is looked for. */
export const LATE: Difference = {
  why: 'what cannot be opened is told when it is opened, not when a file of it is not there',
  gantry: [/failed to solve: failed to load cache key: .*/, "couldn't find a bake definition"],
};

/** What was found in the cache is told to be done first, or is not: that is chance. */
const DONE_FIRST = /(?<=^\[internal\] load git source .*\n( {2}<time> .*\n)*) {2}DONE\n(?= {2}CACHED\n)/gm;

/** Links that stand in the place of directories. */
const LINKS = {
  in: 'sub',
  again: 'in',
  whole: '.',
  out: '..',
  absolute: '/etc',
  rooted: '/sub',
  nowhere: 'gone',
  circle: 'circle',
};

/** Targets whose contexts are directories of the repository that the file itself lies in. */
const TARGETS = `target "default" { context = "sub" }
target "named" {
  contexts = { more = "sub" }
  dockerfile-inline = "FROM busybox\\nCOPY --from=more / /m\\nRUN --network=none find /m -type f | sort\\n"
}
target "several" {
  context = "in"
  contexts = { more = "text", base = "sub" }
  dockerfile-inline = "FROM base AS files\\nFROM busybox\\nCOPY . /c\\nCOPY --from=more / /m\\nCOPY --from=files / /f\\nRUN --network=none find /c /m /f | sort; readlink /c/in\\n"
}
target "none" { context = "none" }
target "file" { context = "text" }
target "link" { context = "in" }
target "away" { context = "absolute" }
`;

/** A repository with branches, tags and a directory. Returns the commit of its tags. */
export function makeRepository(at: string): string {
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
  git('checkout', '-qb', 'links', 'main');
  for (const [name, to] of Object.entries(LINKS)) symlinkSync(to, join(at, name));
  git('add', '.');
  git('commit', '-qm', 'links');
  git('checkout', '-qb', 'bakes');
  writeFileSync(join(at, 'docker-bake.hcl'), TARGETS);
  git('commit', '-qam', 'bakes');
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
export async function withRepository(
  stage: Stage,
  work: (address: string, commit: string) => Promise<void>,
): Promise<void> {
  const directory = join(stage.directory(), 'served');
  const commit = makeRepository(join(directory, 'app'));
  const { port, stop } = await served(directory);
  hideRepository(stage, port);
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

/** Transcripts call the server on this port REPOSITORY, and tell no ids. */
export function hideRepository(stage: Stage, port: number): void {
  const hidden = stage.see.bind(stage);
  stage.see = (text) =>
    hidden(
      text
        .replaceAll(`127.0.0.1:${port}`, 'REPOSITORY')
        .replace(/\b[0-9a-f]{40}\b/g, '<commit>')
        .replace(DONE_FIRST, ''),
    );
}
