/**
 * Programs as people build them, by the docker command line and without a network: base images made of Debian's
 * packages by a build too, then a service in JavaScript and one in Java, a Python program in a virtual environment, a C
 * program alone on an empty base. Each is run, and built again after one of its files has changed.
 */
import assert from 'node:assert/strict';
import { cpSync, createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { debianPackages, debianRootfs } from '../harness/debian.ts';
import { startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

const SOURCES = join(import.meta.dirname, 'real');
/** Unpacking a compiler's packages, on a busy machine. */
const BUILD_TIMEOUT_MS = 300_000;

const gantry = await startGantry({ after }, { busybox: false });

before(async () => {
  const answer = await gantry
    .api()
    .post('/images/create?fromSrc=-&repo=debian&tag=real', createReadStream(await debianRootfs()));
  assert.ok(answer.status === 200 && !answer.text.includes('errorDetail'), answer.text);
});

async function build(...argv: readonly string[]): Promise<string> {
  const options = { env: { DOCKER_BUILDKIT: '0' }, timeoutMs: BUILD_TIMEOUT_MS };
  const { code, stdout, stderr } = await gantry.docker(['build', ...argv], options);
  assert.equal(code, 0, `${stdout}${stderr}`);
  return stdout;
}

/** A base image with these packages, by a build as any other. */
async function base(name: string, ...packages: readonly string[]): Promise<void> {
  await build('-t', name, '-f', join(SOURCES, 'base/Dockerfile'), await debianPackages(packages));
  const kept = 'test -z "$(dpkg --audit)" && test ! -e /packages';
  await gantry.dockerOk('run', '--rm', name, 'sh', '-c', kept); // whole, and what it came from stayed outside
}

/** A copy of a program's sources that a test may change, built as `name`. */
async function project(context: TestContext, name: string) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-real-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  cpSync(join(SOURCES, name), directory, { recursive: true });
  const first = await build('-t', name, directory);
  assert.match(first, new RegExp(`\nSuccessfully tagged ${name}:latest\n$`));
  assert.equal(cachedSteps(first).length, 0, first);
  const again = await build('-t', name, directory);
  assert.equal(cachedSteps(again).length, stepsOf(again).length, again);
  return {
    /** Built again with that change: the instructions that were not performed again, FROM left out. */
    async changed(path: string, from: string, to: string): Promise<readonly string[]> {
      const file = join(directory, path);
      const text = readFileSync(file, 'utf8');
      assert.ok(text.includes(from));
      writeFileSync(file, text.replaceAll(from, to));
      return cachedSteps(await build('-t', name, directory));
    },
  };
}

/** The instructions of a build that can be cached, each with what was said of it. */
const stepsOf = (told: string): readonly string[] =>
  told
    .split(/^Step \d+\/\d+ : /m)
    .slice(1)
    .filter((step) => !step.startsWith('FROM '));
const cachedSteps = (told: string): readonly string[] =>
  stepsOf(told)
    .filter((step) => step.includes('\n ---> Using cache\n'))
    .map((step) => step.slice(0, step.indexOf('\n')));
const instruction = (step: string): string => step.slice(0, step.indexOf(' '));

/** A container of the image that listens on 8080, and what it answers. */
async function service(context: TestContext, image: string) {
  const id = await gantry.dockerOk('run', '--detach', '--publish', '127.0.0.1::8080', image);
  context.after(() => gantry.docker(['rm', '--force', id]));
  const address = await gantry.dockerOk('port', id, '8080/tcp');
  const ask = async (path: string): Promise<string | undefined> => {
    const answer = await fetch(`http://${address}${path}`).catch(() => undefined); // not listening yet
    return answer?.text();
  };
  return { id, ask: (path: string) => until(() => ask(path)) };
}

test('a service in Node.js, tested in a stage of its own, healthy, and ended by its signal', async (t) => {
  await base('node:debian', 'nodejs');
  const sources = await project(t, 'node');
  const first = await service(t, 'node');
  assert.equal(await first.ask('/you'), 'Hello, you!\n');
  assert.equal(
    await gantry.dockerOk('exec', first.id, 'sh', '-c', 'id -un; ls -R'),
    'node\n.:\nlib\npackage.json\nserver.js\n\n./lib:\ngreeting.js',
  );
  await until(
    () => gantry.dockerOk('inspect', '--format', '{{.State.Health.Status}}', first.id),
    (status) => status === 'healthy',
  );
  await gantry.dockerOk('stop', first.id);
  assert.equal(await gantry.dockerOk('inspect', '--format', '{{.State.ExitCode}}', first.id), '0');
  const kept = await sources.changed('lib/greeting.js', 'Hello', 'Welcome');
  assert.deepEqual(kept.map(instruction), ['ENV', 'WORKDIR', 'COPY', 'RUN', 'COPY']);
  assert.equal(await (await service(t, 'node')).ask('/you'), 'Welcome, you!\n');
});

test('a Python program in a virtual environment, from a wheel that the build makes', async (t) => {
  await base('python:debian', 'python3-venv', 'python3-wheel-whl');
  const sources = await project(t, 'python');
  assert.equal(await gantry.dockerOk('run', '--rm', 'python'), 'Hello, world! This is 1.2.3 in /venv.');
  assert.equal(
    await gantry.dockerOk('run', '--rm', 'python', 'both', 'of', 'you'),
    'Hello, both of you! This is 1.2.3 in /venv.',
  );
  const kept = await sources.changed('greeter/__init__.py', 'Hello', 'Welcome');
  assert.deepEqual(kept.map(instruction), ['ENV', 'RUN', 'COPY']);
  assert.equal(
    await gantry.dockerOk('run', '--rm', 'python', 'all'),
    'Welcome, all! This is 1.2.3 in /venv.',
  );
});

test('a C program, checked where its compiler is, alone in an image of two files', async (t) => {
  await base('gcc:debian', 'gcc', 'libc6-dev', 'make');
  const sources = await project(t, 'c');
  const words = async (input: string): Promise<string> => {
    const { code, stdout, stderr } = await gantry.docker(['run', '--rm', '--interactive', 'c'], { input });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.equal(await words('four words of text\n'), '4 words\n');
  const kept = await sources.changed('src/main.c', '%lu words', 'words: %lu');
  assert.deepEqual(kept, ['WORKDIR /src', 'COPY Makefile .']);
  assert.equal(await words('a b\n'), 'words: 2\n');
});

test('a service in Java, compiled in one stage and run in another', async (t) => {
  await base('java:debian', 'openjdk-17-jre-headless', 'ecj');
  const sources = await project(t, 'java');
  assert.equal(await (await service(t, 'java')).ask('/you'), 'Hello, you!\n');
  const kept = await sources.changed('src/Greeting.java', 'Hello', 'Welcome');
  assert.deepEqual(kept, ['WORKDIR /build']);
  assert.equal(await (await service(t, 'java')).ask('/'), 'Welcome, world!\n');
});
