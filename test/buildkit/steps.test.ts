/** What counts as done in builds by BuildKit's manner, what they see of their client, and that they leave nothing. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Ran } from '../harness/docker.ts';
import { fileScope } from '../harness/file-scope.ts';
import { startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';
import { type RawVertex, rawLogs, rawProgress } from './raw-json.ts';

const gantry = await startGantry(fileScope());

/** A directory with these files, for the time of a test. */
function directoryOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'buildkit-steps-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

const buildx = (argv: readonly string[], cwd?: string): Promise<Ran> =>
  gantry.docker(['buildx', ...argv, '--progress=rawjson'], {
    plugins: true,
    ...(cwd === undefined ? {} : { cwd }),
  });

/** Vertices by their names, as they were last, and what each wrote. */
function read({ stdout, stderr }: Ran) {
  const progress = rawProgress(`${stdout}${stderr}`);
  const vertices = new Map<string, RawVertex>();
  for (const { vertexes = [] } of progress.messages)
    for (const each of vertexes) vertices.set(each.name, each);
  const wrote = [...vertices.values()].flatMap(({ digest }) => rawLogs(progress, digest)).join('\n');
  return { vertices, wrote, words: progress.words };
}

/** Names of the steps that were done, without those of the frontend. */
const done = (ran: Ran): string[] =>
  [...read(ran).vertices.values()]
    .filter(
      ({ name, cached, completed }) =>
        completed && !cached && !/^\[internal\]|^exporting|^(?:\[.*\] )?FROM /.test(name),
    )
    .map(({ name }) => name.replace(/^.*\] /, ''))
    .toSorted();

const DOCKERFILE = 'FROM busybox\nENV e=1\nLABEL l=1\nCOPY a /a\nRUN echo $e > /e\nCOPY b /b\nCMD ["x"]\n';

test('a step is known by files and command: what only the image says of itself does not break it', async (t) => {
  const path = directoryOf(t, { Dockerfile: DOCKERFILE, a: 'a', b: 'b' });
  const build = async (flags: readonly string[] = []): Promise<string[]> => {
    const ran = await buildx(['build', ...flags, path]);
    assert.equal(ran.code, 0, ran.stderr);
    return done(ran);
  };
  const change = (name: string, text: string): void => writeFileSync(join(path, name), text);
  const all = ['COPY a /a', 'COPY b /b', 'RUN echo 1 > /e'];
  assert.deepEqual(await build(), all);
  assert.deepEqual(await build(), []);
  change('Dockerfile', DOCKERFILE.replace('l=1', 'l=2').replace('"x"', '"y"'));
  assert.deepEqual(await build(['--label', 'more=1']), []);
  change('Dockerfile', DOCKERFILE.replace('e=1', 'e=2'));
  assert.deepEqual(await build(), ['COPY b /b', 'RUN echo 2 > /e']);
  change('b', 'changed');
  assert.deepEqual(await build(), ['COPY b /b']);
  change('a', 'changed');
  assert.deepEqual(await build(), ['COPY a /a', 'COPY b /b', 'RUN echo 2 > /e']);
  assert.deepEqual(await build(['--no-cache']), ['COPY a /a', 'COPY b /b', 'RUN echo 2 > /e']);
  await gantry.restart();
  assert.deepEqual(await build(), []);
});

test('nobody sees what a build works with: no container, no image but its own', async (t) => {
  const path = directoryOf(t, { Dockerfile: 'FROM busybox\nRUN echo 1 > /1\nRUN sleep 1\n' });
  const before = await gantry.dockerOk('images', '-aq');
  const building = buildx(['build', '-t', 'seen', path]);
  let isOver = false;
  const over = building.finally(() => {
    isOver = true;
  });
  while (!isOver) assert.equal(await gantry.dockerOk('ps', '-aq'), '');
  assert.equal((await over).code, 0);
  const after = (await gantry.dockerOk('images', '-aq')).split('\n');
  assert.equal(after.filter((id) => !before.includes(id)).length, 1);
});

test('secrets are in memory, as files and as variables; one that is missing and required fails the step', async (t) => {
  const path = directoryOf(t, {
    Dockerfile: [
      'FROM busybox',
      'RUN --mount=type=secret,id=s,mode=0440,uid=5 --mount=type=secret,id=s,env=TOKEN \\',
      "  stat -c '%a %u' /run/secrets/s && cat /run/secrets/s && echo $TOKEN && grep -c 'secrets/s tmpfs' /proc/mounts",
      'RUN test ! -e /run/secrets/s && test -z "$TOKEN"',
      '',
    ].join('\n'),
    secret: 'hidden',
    missing: 'FROM busybox\nRUN --mount=type=secret,id=none,required true\n',
  });
  const ran = await buildx(['build', '--secret', `id=s,src=${path}/secret`, path]);
  assert.equal(ran.code, 0, ran.stderr);
  const { wrote } = read(ran);
  for (const line of ['440 5', 'hiddenhidden', '"1']) assert(wrote.includes(line), wrote);
  const failed = await buildx(['build', '-f', join(path, 'missing'), path]);
  assert.match(read(failed).words, /ERROR: failed to solve: secret none: not found$/);
});

test('an agent is reached through a socket of the step alone', async (t) => {
  const path = directoryOf(t, {
    Dockerfile:
      'FROM busybox\nRUN --mount=type=ssh echo ask | nc local:$SSH_AUTH_SOCK; echo $SSH_AUTH_SOCK\n',
  });
  const server = createServer((socket) => {
    socket.on('data', () => socket.end('answer\n'));
    socket.on('error', () => undefined);
  }).listen(join(path, 'agent.sock'));
  t.after(() => server.close());
  const ran = await buildx(['build', '--ssh', `default=${path}/agent.sock`, path]);
  assert.equal(ran.code, 0, ran.stderr);
  assert(read(ran).wrote.includes('/run/buildkit/ssh_agent.0'), read(ran).wrote);
});

test('other directories, images and targets take the place of names', async (t) => {
  const path = directoryOf(t, {
    Dockerfile: 'FROM base\nCOPY --from=other /a /a\nRUN cat /a /base && echo $fb\n',
    'docker-bake.hcl': `
      target "base" {
        dockerfile-inline = "FROM busybox\\nRUN echo of-target > /base\\nENV fb=variable"
      }
      target "default" {
        contexts = { base = "target:base", other = "${'$'}{OTHER}" }
      }
      variable "OTHER" { default = "" }
    `,
  });
  const other = directoryOf(t, { a: 'of-directory\n', left: 'out', '.dockerignore': 'left\n' });
  const ran = await gantry.docker(['buildx', 'bake', '--progress=rawjson'], {
    plugins: true,
    cwd: path,
    env: { OTHER: other },
  });
  assert.equal(ran.code, 0, ran.stderr);
  for (const line of ['of-directory', 'of-target', 'variable'])
    assert(read(ran).wrote.includes(line), read(ran).wrote);
});

test('a build for another machine copies; what fails ends what goes on beside it, and nothing is left', async (t) => {
  const path = directoryOf(t, {
    Dockerfile: 'FROM scratch\nCOPY a /\n',
    a: 'a',
    failing:
      'FROM busybox AS slow\nRUN sleep 60\nFROM busybox AS bad\nRUN sleep 1; exit 3\nFROM busybox\nCOPY --from=slow /bin /s\nCOPY --from=bad /bin /b\n',
  });
  assert.equal((await buildx(['build', '--platform=linux/arm64', '-t', 'arm', path])).code, 0);
  assert.equal(await gantry.dockerOk('image', 'inspect', '-f', '{{.Architecture}}', 'arm'), 'arm64');
  const { vertices, words } = read(await buildx(['build', '-f', join(path, 'failing'), path]));
  assert.match(words, /process "\/bin\/sh -c sleep 1; exit 3" did not complete successfully: exit code: 3$/);
  assert.equal(vertices.get('[slow 2/2] RUN sleep 60')?.error, 'context canceled');
});

test('what is linked is known by itself, whatever it comes upon', async (t) => {
  const path = directoryOf(t, {
    Dockerfile: 'FROM busybox\nRUN echo 1 > /1\nCOPY --link a /etc/linked/\n',
    a: 'a',
  });
  const ran = await buildx(['build', '-t', 'linked', path]);
  assert.equal(ran.code, 0, ran.stderr);
  writeFileSync(join(path, 'Dockerfile'), 'FROM busybox\nRUN echo 2 > /2\nCOPY --link a /etc/linked/\n');
  assert.deepEqual(done(await buildx(['build', '-t', 'linked', path])), ['RUN echo 2 > /2']);
  const command = 'cat /etc/linked/a /2; test -s /etc/passwd && echo passwd';
  assert.equal(
    await gantry.dockerOk('run', '--rm', '--network=none', 'linked', 'sh', '-c', command),
    'a2\npasswd',
  );
  assert.deepEqual(done(await buildx(['build', path])), []);
});

test('what a prune takes is done again; images keep what is theirs', async (t) => {
  const path = directoryOf(t, { Dockerfile: 'FROM busybox\nRUN echo kept > /kept\n' });
  assert.equal((await buildx(['build', '-t', 'pruned', path])).code, 0);
  assert.deepEqual(done(await buildx(['build', path])), []);
  const pruned = await gantry.docker(['buildx', 'prune', '-af'], { plugins: true });
  assert.equal(pruned.code, 0, pruned.stderr);
  assert.equal(await gantry.dockerOk('run', '--rm', '--network=none', 'pruned', 'cat', '/kept'), 'kept');
  assert.deepEqual(done(await buildx(['build', path])), ['RUN echo kept > /kept']);
});

test('a client that dies ends its build at once', async (t) => {
  const path = directoryOf(t, { Dockerfile: 'FROM busybox\nRUN sleep 31415\n' });
  const client = gantry.dockerProcess(['buildx', 'build', path], { plugins: true, stdio: 'ignore' });
  const runs = (): boolean => processes().includes(`sleep\0${31415}\0`);
  await until(runs);
  client.kill('SIGKILL');
  await until(() => !runs());
});

/** The command line of every process, one behind the other. */
const processes = (): string =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // it has ended
      }
    })
    .filter((line) => line.startsWith('sleep\0'))
    .join('\n');
