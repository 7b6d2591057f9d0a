/** Other ways to the same builder: the classic one, buildx's remote driver, `docker build` as it is typed, several clients. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { debian13Docker } from '../../harness/docker.ts';
import { fileScope } from '../../harness/file-scope.ts';
import { type Gantry, startGantry } from '../../harness/gantry.ts';

const scope = fileScope();
let gantry: Gantry;
let directory: string;

before(async () => {
  gantry = await startGantry(scope);
  directory = mkdtempSync(join(tmpdir(), 'other-ways-'));
  scope.after(async () => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'Dockerfile'), 'FROM busybox\nCOPY given /\nRUN cat /given\n');
  writeFileSync(join(directory, 'given'), 'given to the build\n');
});

async function ok(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cli?: string,
): Promise<string> {
  const { code, stdout, stderr } = await gantry.docker(argv, { plugins: true, env, ...(cli ? { cli } : {}) });
  assert.equal(code, 0, `docker ${argv.join(' ')}: ${code}\n${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

test('docker build is a build by buildx, as it is typed', async () => {
  for (const cli of [undefined, debian13Docker()])
    assert.match(
      await ok(
        ['build', '--no-cache', '--network=none', '--progress=plain', '-t', 'typed', directory],
        {},
        cli,
      ),
      /#\d+ [\d.]+ given to the build/,
    );
});

test('DOCKER_BUILDKIT=0 is a build by the classic builder', async () => {
  const said = await ok(['build', '--network=none', '-t', 'classic', directory], { DOCKER_BUILDKIT: '0' });
  assert.match(said, /^Step 1\/3 : FROM busybox$/m);
  assert.match(said, /^Successfully tagged classic:latest$/m);
});

test('the remote driver of buildx speaks to the API’s socket by HTTP/2 alone', async () => {
  await ok(['buildx', 'create', '--name', 'far', '--driver', 'remote', gantry.host]);
  assert.match(await ok(['buildx', 'inspect', 'far']), /Status: +running/);
  const out = join(directory, 'out');
  const argv = ['--builder=far', '--no-cache', '--progress=plain', '--network=none', '-o', out, directory];
  assert.match(await ok(['buildx', 'build', ...argv]), /given to the build/);
  await ok(['buildx', 'rm', 'far']);
});

test('many clients build at once, and each is told its own', async () => {
  const one = async (i: number): Promise<void> => {
    const arg = `--build-arg=i=${i}`;
    const argv = ['--progress=plain', '--network=none', '-t', `many:${i}`, arg, '-'];
    const { code, stderr } = await gantry.docker(['buildx', 'build', ...argv], {
      plugins: true,
      input: 'FROM busybox\nARG i\nRUN echo I am $i\n',
    });
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`I am ${i}`));
  };
  await Promise.all(Array.from({ length: 8 }, (_, i) => one(i)));
});
