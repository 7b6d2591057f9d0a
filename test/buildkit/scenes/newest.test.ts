/** The newest buildx and Compose that Debian has, on Gantry: what they ask of an engine that older ones do not. On demand. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { ALL_COMMAND_LINES } from '../../cli/scenes.ts';
import { peersDirectory } from '../../harness/docker.ts';
import { fileScope } from '../../harness/file-scope.ts';
import { type Gantry, startGantry } from '../../harness/gantry.ts';

const scope = fileScope();
const skip = ALL_COMMAND_LINES ? missing() : 'npm run scenes plays them';
let gantry: Gantry;
let directory: string;

function missing(): string | false {
  try {
    peersDirectory('sid');
    return false;
  } catch {
    return "Debian sid's buildx cannot be unpacked here";
  }
}

before(async () => {
  if (skip !== false) return;
  gantry = await startGantry(scope);
  directory = mkdtempSync(join(tmpdir(), 'newest-'));
  scope.after(async () => rmSync(directory, { recursive: true, force: true }));
});

/** Runs it where a Dockerfile lies, expects 0, and gives all that it printed. */
async function ok(
  dockerfile: string,
  argv: readonly string[],
  codes: readonly number[] = [0],
): Promise<string> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'Dockerfile'), dockerfile);
  const { code, stdout, stderr } = await gantry.docker(argv, { plugins: 'sid', cwd: directory });
  assert(codes.includes(code), `docker ${argv.join(' ')}: ${code}\n${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

const BUILD = ['buildx', 'build', '--progress=plain', '--network=none'];
const PLAIN = 'FROM busybox AS base\nRUN echo built\n';
const QUESTIONABLE = 'FROM busybox as Base\nARG colour=red\nENV a b\nCMD echo\n';

test('the newest buildx builds', { skip }, async () => {
  assert.match(await ok(PLAIN, [...BUILD, '--no-cache', '-t', 'newest', '.']), /built/);
  assert.equal(await gantry.dockerOk('run', '--rm', '--network=none', 'newest', 'echo', 'runs'), 'runs');
});

test('the newest buildx asks what is wrong with a Dockerfile', { skip }, async () => {
  assert.match(await ok(PLAIN, [...BUILD, '--check', '.']), /no warnings found/i);
  const said = await ok(QUESTIONABLE, [...BUILD, '--call=check', '.'], [0, 1]);
  assert.match(said, /StageNameCasing/);
  assert.match(said, /LegacyKeyValueFormat/);
});

test('the newest buildx asks for a Dockerfile’s targets and arguments', { skip }, async () => {
  assert.match(await ok(QUESTIONABLE, [...BUILD, '--call=targets', '.']), /base/i);
  assert.match(await ok(QUESTIONABLE, [...BUILD, '--call=outline', '.']), /colour/);
});

test('the newest buildx tells of builds that were', { skip }, async () => {
  await ok(PLAIN, [...BUILD, '--no-cache', '.']);
  const [id = ''] = (await ok(PLAIN, ['buildx', 'history', 'ls', '--format', '{{.Ref}}'])).split('\n');
  assert.notEqual(id, '');
  assert.match(await ok(PLAIN, ['buildx', 'history', 'logs', '--progress=plain', id]), /built/);
  assert.match(await ok(PLAIN, ['buildx', 'history', 'inspect', id]), /Completed|Duration/);
  await ok(PLAIN, ['buildx', 'history', 'rm', id]);
  assert(!(await ok(PLAIN, ['buildx', 'history', 'ls', '--format', '{{.Ref}}'])).includes(id));
});

test('the newest buildx bakes, and lists the builder', { skip }, async () => {
  const file = join(directory, 'bake.json');
  writeFileSync(file, JSON.stringify({ target: { default: { tags: ['baked'], network: 'none' } } }));
  await ok(PLAIN, ['buildx', 'bake', '--progress=plain', '-f', file]);
  assert.match(await ok(PLAIN, ['buildx', 'ls']), /default/);
  assert.match(await ok(PLAIN, ['buildx', 'du']), /Total/);
});

test('the newest buildx keeps its cache in a directory, and takes images of layouts', { skip }, async () => {
  const at = join(directory, 'stores');
  const forgotten = () => gantry.dockerOk('image', 'rm', '-f', 'stores');
  const dockerfile = 'FROM base\nRUN echo stored\n';
  const base = ['--build-context', `base=oci-layout://${join(at, 'layout')}`];
  await ok(PLAIN, [...BUILD, '-o', `type=oci,dest=${join(directory, 'base.tar')}`, '.']);
  mkdirSync(join(at, 'layout'), { recursive: true });
  execFileSync('tar', ['-xf', join(directory, 'base.tar'), '-C', join(at, 'layout')]);
  const to = ['--no-cache', `--cache-to=type=local,dest=${join(at, 'cache')}`];
  assert.match(await ok(dockerfile, [...BUILD, ...base, ...to, '-t', 'stores', '.']), /OCI load from client/);
  await forgotten();
  await ok(PLAIN, ['buildx', 'prune', '--all', '--force']);
  const from = `--cache-from=type=local,src=${join(at, 'cache')}`;
  const said = await ok(dockerfile, [...BUILD, ...base, from, '-t', 'stores', '.']);
  assert.match(said, /RUN echo stored\n#\d+ CACHED/);
  await forgotten();
});

test('the newest Compose builds', { skip }, async () => {
  writeFileSync(
    join(directory, 'compose.yaml'),
    'name: newest\nservices:\n  one:\n    build: { context: ., network: none }\n    image: newest/one\n',
  );
  await ok(PLAIN, ['compose', 'build']);
  assert.match(await gantry.dockerOk('image', 'ls', '--format', '{{.Repository}}'), /newest\/one/);
});
