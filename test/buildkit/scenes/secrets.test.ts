/** What a client lends to a build that never becomes part of the image: secrets, and its SSH agent. */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { playScenes, type Scene, type Stage } from '../../cli/scenes.ts';
import type { Member } from '../../harness/layered.ts';
import { until } from '../../harness/until.ts';
import { build, fresh, place, seeImage } from './building.ts';

const secrets: Scene = {
  often: true,
  title: 'secrets from a file and from the environment, where and how they are mounted',
  play: fresh(async (stage) => {
    const at = place(stage, 'secrets', {
      Dockerfile: `FROM busybox
RUN --mount=type=secret,id=one cat /run/secrets/one; ls -l /run/secrets/one | cut -c1-10,14-40
RUN --mount=type=secret,id=one,target=/in/here,uid=3,gid=4,mode=0440 stat -c '%a %u %g %s' /in/here; cat /in/here
RUN --mount=type=secret,id=two cat /run/secrets/two
RUN --mount=type=secret,id=none ls /run/secrets/none 2>&1 || true
RUN --mount=type=secret,target=/named cat /named
RUN ls /run /in 2>&1 || true
`,
      text: 'from a file\n',
    });
    const given = [
      '--secret',
      `id=one,src=${join(at, 'text')}`,
      '--secret',
      'id=two,env=TWO',
      '--secret',
      'id=named,env=TWO',
    ];
    await build(stage, ['-t', 'secrets', ...given, at], { env: { TWO: 'from the environment' } });
    await seeImage(stage, 'secrets');
    await build(stage, ['-t', 'secrets', ...given, at], { env: { TWO: 'changed, and cached all the same' } });
  }),
};

const refused: Scene = {
  title: 'secrets that are missing, unreadable or too large',
  play: fresh(async (stage) => {
    const at = place(stage, 'secrets-refused', {
      Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=one,required=true cat /run/secrets/one\n',
      large: 'x'.repeat(600_000),
    });
    await build(stage, [at]);
    await build(stage, ['--secret', `id=one,src=${join(at, 'gone')}`, at]);
    await build(stage, ['--secret', 'id=one,env=NOT_THERE', at]);
    await build(stage, ['--secret', `id=one,src=${join(at, 'large')}`, at]);
    await build(stage, ['--secret', 'src=x,what=y', at]);
  }),
};

/** The programs of this machine with the libraries that they need: images of the test have no package manager. */
function programs(...names: readonly string[]): Member[] {
  const paths = names.map((name) =>
    execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(),
  );
  const libraries = paths.flatMap(
    (path) => execFileSync('ldd', [path], { encoding: 'utf8' }).match(/\/\S+/g) ?? [],
  );
  return [...new Set([...paths, ...libraries])].map((path) => [
    { path: `root${path}`, mode: 0o755 },
    readFileSync(path),
  ]);
}

async function withAgent(stage: Stage, work: (socket: string) => Promise<void>): Promise<void> {
  const home = stage.directory();
  const socket = join(home, 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  try {
    execFileSync('ssh-keygen', [
      '-q',
      '-t',
      'ed25519',
      '-N',
      '',
      '-C',
      'a key of the test',
      '-f',
      join(home, 'key'),
    ]);
    const env = { ...process.env, SSH_AUTH_SOCK: socket };
    await until(
      () =>
        execFileSync('sh', ['-c', `test -S ${socket} && echo yes || true`], { encoding: 'utf8' }) === 'yes\n',
    );
    execFileSync('ssh-add', ['-q', join(home, 'key')], { env, stdio: 'ignore' });
    await work(socket);
  } finally {
    agent.kill();
  }
}

const agent: Scene = {
  title: 'the SSH agent of the client, and its keys by themselves',
  play: fresh((stage) =>
    withAgent(stage, async (socket) => {
      const at = place(stage, 'ssh', [
        [
          { path: 'Dockerfile' },
          `FROM busybox
COPY root /
RUN --mount=type=ssh exec 2>&1; ssh-add -l | cut -d' ' -f1,3- ; echo $SSH_AUTH_SOCK; stat -c '%F %a %u %g' $SSH_AUTH_SOCK
RUN --mount=type=ssh,id=other,target=/agent,uid=7,gid=8,mode=0666 ssh-add -l >/dev/null && stat -c '%F %a %u %g' /agent
RUN exec 2>&1; echo "<$SSH_AUTH_SOCK>"; ls /run/*
`,
        ],
        ...programs('ssh-add'),
      ]);
      const env = { SSH_AUTH_SOCK: socket };
      await build(stage, ['--no-cache', '--ssh', 'default', '--ssh', `other=${socket}`, at], { env });
      await build(stage, [
        '--no-cache',
        '--ssh',
        `default=${join(stage.directory(), 'key')}`,
        '--ssh',
        `other=${socket}`,
        at,
      ]);
      await build(stage, ['--no-cache', at]);
      await build(stage, ['--no-cache', '--ssh', 'default', at]);
    }),
  ),
};

const required: Scene = {
  title: 'an SSH agent that is required, and one that nobody lends',
  play: fresh(async (stage) => {
    const at = place(stage, 'ssh-required', {
      Dockerfile:
        'FROM busybox\nRUN --mount=type=ssh echo "optional $SSH_AUTH_SOCK"\nRUN --mount=type=ssh,required=true true\n',
    });
    await build(stage, [at]);
  }),
};

playScenes([secrets, refused, agent, required], undefined, { release: 13, plugins: true, onDemand: true });
