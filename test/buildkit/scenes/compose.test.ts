/** `docker compose build` and `up --build` of Compose 2: what a project's build sections ask for. */
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { playScenes, type Scene, type Stage } from '../../cli/scenes.ts';
import { until } from '../../harness/until.ts';
import { plainBlocks } from '../plain-progress.ts';
import { fresh, place, seeImage, toldAlike } from './building.ts';

/** What it does side by side. */
const IN_ANY_ORDER = /(?: (?:Image|Container|Network|Volume) .*\n)+/g;

/** It shows its work on standard output. */
async function compose(
  stage: Stage,
  cwd: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const words = ['compose', '--progress=plain', ...argv];
  const { code, stdout, stderr } = await stage.quietly(words, { cwd, env });
  const text = stripVTControlCharacters(`${stdout}\n${stderr}`).replace(
    IN_ANY_ORDER,
    (lines) => `${lines.trimEnd().split('\n').toSorted().join('\n')}\n`,
  );
  stage.see(`$ docker ${words.join(' ')}\n${toldAlike(plainBlocks(text, true))}[${code}]`);
}

const sections: Scene = {
  differences: [
    {
      why: 'an image that is a context with a name is called by its whole name',
      gantry: [/(context base\] (?:load metadata for )?)docker\.io\/library\/busybox:latest$/gm, '$1busybox'],
    },
  ],
  title:
    'build sections: arguments, targets, labels, secrets, contexts, inline Dockerfiles, caches, platforms',
  play: fresh(async (stage) => {
    const at = place(stage, 'compose-sections', {
      'compose.yaml': `name: sections
services:
  app:
    image: sections/app
    build:
      context: app
      dockerfile: ../app.Dockerfile
      target: chosen
      args: { colour: red, size: }
      labels: [made=by-compose]
      network: none
      shm_size: 32m
      extra_hosts: ["forge:10.1.2.3"]
      ulimits: { nofile: { soft: 100, hard: 200 } }
      secrets: [token, { source: pass, target: other }]
      additional_contexts: { more: ./more, base: "docker-image://busybox" }
      platforms: [linux/amd64]
      tags: [sections/app:tagged]
      no_cache: true
  inline:
    build:
      dockerfile_inline: |
        FROM busybox
        RUN --network=none echo inline
secrets:
  token: { file: ./token }
  pass: { environment: PASS }
`,
      'app.Dockerfile': `FROM base AS chosen
ARG colour
ARG size
COPY --from=more text here /
RUN --mount=type=secret,id=token --mount=type=secret,id=other cat /run/secrets/*
RUN echo $colour $size; grep forge /etc/hosts; ulimit -n; df -m /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2
FROM chosen
RUN false
`,
      'app/own': '',
      'more/text': 'text',
      'more/here': 'here',
      token: 'a token\n',
    });
    await compose(stage, at, ['build', 'app'], { PASS: 'of the environment', size: 'large' });
    await seeImage(stage, 'sections/app');
    await compose(stage, at, ['build', 'inline']);
    await compose(stage, at, ['build', 'inline']);
    await compose(stage, at, ['build', '--build-arg', 'colour=green', '--no-cache', 'inline']);
    await compose(stage, at, ['build', '-q']);
    await compose(stage, at, ['build', 'none']);
  }),
};

const up: Scene = {
  often: true,
  title: 'a project is built as it comes up, and again when its files change',
  play: fresh(async (stage) => {
    const at = place(stage, 'compose-up', {
      'compose.yaml': `name: upwards
services:
  one:
    build: { context: ., network: none }
    network_mode: none
  two:
    build: { dockerfile_inline: "FROM busybox\\nCMD echo two\\n" }
    network_mode: none
`,
      Dockerfile: 'FROM busybox\nCOPY text /\nRUN cat /text\nCMD ["cat", "/text"]\n',
      text: 'first\n',
    });
    await compose(stage, at, ['up', '--no-log-prefix', 'one']);
    writeFileSync(join(at, 'text'), 'second\n');
    await compose(stage, at, ['up', '--no-log-prefix', 'one']);
    await compose(stage, at, ['up', '--build', '--no-log-prefix', 'one']);
    await compose(stage, at, ['run', '--rm', 'two']);
    await compose(stage, at, ['down', '--rmi', 'local']);
    writeFileSync(join(at, 'Dockerfile'), 'FROM busybox\nRUN exit 3\n');
    await compose(stage, at, ['up', '--build', 'one']);
    await compose(stage, at, ['build', '--ssh', 'none']);
  }),
};

const agent: Scene = {
  title: 'the SSH agent that a project’s build asks for',
  play: fresh(async (stage) => {
    const socket = join(stage.directory(), 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      await until(
        () => execFileSync('sh', ['-c', `test -S ${socket} && echo yes || true`]).toString() === 'yes\n',
      );
      const at = place(stage, 'compose-ssh', {
        'compose.yaml': `name: agents
services:
  one:
    build:
      context: .
      network: none
      ssh: [default]
`,
        Dockerfile:
          'FROM busybox\nRUN --mount=type=ssh,required=true echo $SSH_AUTH_SOCK; stat -c %F $SSH_AUTH_SOCK\n',
      });
      await compose(stage, at, ['build'], { SSH_AUTH_SOCK: socket });
    } finally {
      agent.kill();
    }
  }),
};

playScenes([sections, up, agent], undefined, { release: 13, plugins: true, onDemand: true });
