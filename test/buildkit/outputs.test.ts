/** What buildx makes of results on Gantry: images, archives, directories, and caches that a registry keeps for others. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileScope } from '../harness/file-scope.ts';
import { startGantry } from '../harness/gantry.ts';
import { startRegistry } from '../harness/registry.ts';

const scope = fileScope();
const [gantry, other, registry] = await Promise.all([
  startGantry(scope),
  startGantry(scope),
  startRegistry(scope),
]);
const home = mkdtempSync(join(tmpdir(), 'gantry-outputs-'));
scope.after(async () => rmSync(home, { recursive: true, force: true }));
const context = join(home, 'context');
execFileSync('mkdir', [context]);
writeFileSync(join(context, 'a'), 'a');
writeFileSync(join(context, 'b'), 'b');
writeFileSync(
  join(context, 'Dockerfile'),
  'FROM busybox AS made\nRUN echo made > /made\nFROM scratch\nCOPY a b /d/\nCOPY --from=made /made /\n',
);

type Engine = typeof gantry;

/** What buildx printed. */
async function buildx(engine: Engine, ...argv: readonly string[]): Promise<string> {
  const all = ['buildx', ...argv];
  const { code, stdout, stderr } = await engine.docker(all, { plugins: true });
  assert.equal(code, 0, stderr);
  return stdout + stderr;
}
const build = (engine: Engine, ...argv: readonly string[]): Promise<string> =>
  buildx(engine, 'build', '--progress=plain', '--network=none', ...argv, context);
/** Steps that were not done again, without the base. */
const cachedIn = (said: string): string[] =>
  [...said.matchAll(/^#\d+ \[[^\]]+\] ((?:RUN|COPY) .*)\n#\d+ CACHED$/gm)]
    .map(([, step = '']) => step)
    .sort();
const STEPS = ['COPY --from=made /made /', 'COPY a b /d/', 'RUN echo made > /made'];

test('the files of a result go into a directory, and into an archive', async () => {
  const [directory, archive] = [join(home, 'out'), join(home, 'out.tar')];
  assert.match(await build(gantry, '-o', directory), /exporting to client directory/);
  const files = readdirSync(directory, { recursive: true }).map(String).sort();
  assert.deepEqual(files, ['d', 'd/a', 'd/b', 'made']);
  assert.equal(readFileSync(join(directory, 'made'), 'utf8'), 'made\n');
  assert.match(await build(gantry, '-o', `type=tar,dest=${archive}`), /exporting to client tarball/);
  const named = execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }).trim().split('\n').sort();
  assert.deepEqual(named, ['d/', 'd/a', 'd/b', 'made']);
});

for (const type of ['docker', 'oci'] as const)
  test(`an archive of type ${type} is loaded by another engine`, async () => {
    const [archive, metadata] = [join(home, `${type}.tar`), join(home, `${type}.json`)];
    const output = `type=${type},dest=${archive},name=${type}-app:1`;
    await build(gantry, '-o', output, '--metadata-file', metadata);
    const loaded = await other.docker(['load', '-i', archive]);
    assert.match(loaded.stdout, new RegExp(`Loaded image: ${type}-app:1`));
    const { 'containerimage.config.digest': id } = JSON.parse(readFileSync(metadata, 'utf8'));
    const { json } = await other.api().get(`/images/${type}-app:1/json`);
    assert.equal(json().Id, id);
  });

test('a buildx that keeps results comes back to them when their build is over', async () => {
  const argv = ['buildx', 'build', '--progress=plain', '--network=none', '-t', 'kept', context];
  const { code, stderr } = await gantry.docker(argv, { plugins: true, env: { BUILDX_EXPERIMENTAL: '1' } });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /naming to docker\.io\/library\/kept/);
});

test('an engine that has done nothing finds the steps in a cache of another', async () => {
  const ref = `${registry.host}/cache:1`;
  await build(gantry, '--cache-to', `type=registry,ref=${ref},mode=max`, '-t', 'app');
  const said = await build(other, '--cache-from', ref, '-t', 'app');
  assert.match(said, new RegExp(`importing cache manifest from ${ref}`));
  assert.deepEqual(cachedIn(said), STEPS);
  const alone = cachedIn(await build(other));
  assert.deepEqual(alone, [], 'who names no lender stands on nothing that one has said');
});

test('an image tells its steps, wherever it is', async () => {
  const ref = `${registry.host}/inline:1`;
  await build(gantry, '--cache-to', 'type=inline', '-t', ref, '--push');
  await buildx(other, 'prune', '-af');
  const said = await build(other, '--cache-from', ref);
  // Of the stage that is no part of it the image tells nothing.
  assert.match(said, /\[stage-1 1\/2\] COPY a b \/d\/\n#\d+ CACHED/);
});
