/** Caches of builds for others: told in an image, or pushed to a registry, and found by another engine. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../src/base/log.ts';
import { nowNanos } from '../../src/base/time.ts';
import { checkCaches } from '../../src/engine/builds/outputs/cache.ts';
import { exportSolved } from '../../src/engine/builds/outputs/export.ts';
import { type Layer, listener, noClient, solvedOf } from '../../src/engine/builds/outputs/test-solved.ts';
import { importedSteps } from '../../src/engine/builds/solve/imports.ts';
import type { BuildOutput, CacheExport } from '../../src/engine/builds/solve/promise.ts';
import { file, tarOf, testImages } from '../../src/engine/images/test-host.ts';
import { FakeRegistry } from '../harness/fake-registry.ts';

const KEY = '7'.repeat(64);
const LAYERS: readonly Layer[] = [['linux/amd64', tarOf(file('f', 'made by a step'))]];

/** An engine that has built something, and exports it as it is told. */
async function exported(
  t: TestContext,
  cacheTo: readonly CacheExport[],
  outputs: readonly BuildOutput[] = [],
) {
  const host = await testImages(t);
  const solved = await solvedOf(LAYERS, host);
  t.after(() => solved[Symbol.asyncDispose]());
  const results = solved.results.map((result) => ({
    ...result,
    steps: result.steps.map((step) => ({ ...step, key: KEY })),
  }));
  const { tell, heard } = listener();
  const options = { outputs, cacheTo, client: noClient, tell, signal: t.signal };
  const deps = { ...host, now: nowNanos };
  const answers = await exportSolved({ results, multiPlatform: false }, options, deps);
  return { host, heard, answers, results };
}

/** Looks for the step from an engine that has nothing of it, or from that one. */
async function found(
  t: TestContext,
  ref: string,
  { type = 'registry', host = undefined as Host | undefined } = {},
) {
  const engine = host ?? (await testImages(t));
  const { tell, heard } = listener();
  const imported = importedSteps([{ type, attributes: ref === '' ? {} : { ref } }], {
    ...{ tell, now: nowNanos, images: engine.images, client: noClient, platform: undefined },
    ...{ log: silentLog, signal: t.signal },
  });
  await using lease = engine.storage.lease('test');
  const answer = await imported?.find(KEY, lease, t.signal);
  assert.equal(await imported?.find('8'.repeat(64), lease, t.signal), undefined);
  const info = answer?.chainId && engine.storage.layers.get(answer.chainId);
  return { heard, diffId: info?.diffId, chainId: answer?.chainId };
}
type Host = Awaited<ReturnType<typeof testImages>>;

const image = (name: string, push: boolean): BuildOutput => ({
  is: 'image',
  names: [name],
  push,
  attributes: {},
});
const diffIdOf = ({ results }: Awaited<ReturnType<typeof exported>>) =>
  results[0]?.image.document.rootfs.diff_ids[0];

for (const [what, more, type] of [
  ['an index', {}, 'application/vnd.oci.image.index.v1+json'],
  ['an image', { 'image-manifest': 'true' }, 'application/vnd.oci.image.manifest.v1+json'],
  ['an index with types of Docker', { 'oci-mediatypes': 'false' }, 'application/vnd.oci.image.index.v1+json'],
] as const)
  test(`a cache at a registry, as ${what}, is found by another engine`, async (t) => {
    const registry = await FakeRegistry.start(t);
    const ref = `${registry.host}/cache:1`;
    const built = await exported(t, [{ type: 'registry', attributes: { ref, mode: 'max', ...more } }]);
    const { digest, mediaType } = JSON.parse(built.answers.get('cache.manifest')!);
    assert.equal(mediaType, type);
    const document = JSON.parse(String(registry.manifests.get(`cache ${digest}`)?.bytes));
    const [layer, config] = document.manifests ?? [...document.layers, document.config];
    assert.equal(config.mediaType, 'application/vnd.buildkit.cacheconfig.v0');
    assert.equal(layer.annotations['containerd.io/uncompressed'], diffIdOf(built));
    assert.match(layer.mediaType, 'oci-mediatypes' in more ? /diff\.tar\.gzip$/ : /v1\.tar\+gzip$/);
    assert.ok(
      built.heard.includes(
        `=> writing cache ${'image-manifest' in more ? 'image ' : ''}manifest ${digest} done`,
      ),
    );
    const { heard, diffId } = await found(t, ref);
    assert.equal(diffId, diffIdOf(built));
    assert.deepEqual(heard, [
      `importing cache manifest from ${ref} begun`,
      `importing cache manifest from ${ref} done`,
    ]);
  });

test('an image that tells its steps is a cache, here and from a registry', async (t) => {
  const registry = await FakeRegistry.start(t);
  const ref = `${registry.host}/app:1`;
  const built = await exported(t, [{ type: 'inline', attributes: {} }], [image(ref, true)]);
  assert.ok(built.heard.includes('=> preparing layers for inline cache done'));
  assert.notEqual(built.answers.get('containerimage.config.digest'), built.results[0]?.image.id);
  assert.equal((await found(t, ref, { host: built.host })).diffId, diffIdOf(built));
  assert.equal((await found(t, ref)).diffId, diffIdOf(built));
});

test('an image that tells nothing, and a layer that has gone, are no cache', async (t) => {
  const registry = await FakeRegistry.start(t);
  const [plain, broken] = ['plain', 'broken'].map((name) => `${registry.host}/${name}:1`) as [string, string];
  await exported(t, [], [image(plain, true)]);
  assert.equal((await found(t, plain)).diffId, undefined);
  await exported(t, [{ type: 'registry', attributes: { ref: broken } }]);
  for (const [digest, bytes] of registry.blobs) if (bytes[0] === 0x1f) registry.blobs.delete(digest);
  assert.equal((await found(t, broken)).chainId, undefined);
});

test('a cache that is not there is told, and no reason to fail', async (t) => {
  const registry = await FakeRegistry.start(t);
  const missing = await found(t, `${registry.host}/no:1`);
  assert.equal(missing.chainId, undefined);
  assert.match(missing.heard[1] ?? '', /done .*not found/);
  const other = await found(t, '', { type: 'gha' });
  assert.match(
    other.heard[1] ?? '',
    /^importing cache manifest from gha done a cache of type=gha is not read/,
  );
  const unknown = await found(t, '', { type: 'odd' });
  assert.equal(unknown.heard[1], 'importing cache manifest from odd done unknown cache importer: odd');
});

test('a kind of cache that nobody knows, and one that says too little, are refused before anything is built', () => {
  for (const [type, attributes, words] of [
    ['odd', {}, /unknown cache exporter: "odd"/],
    ['s3', {}, /a cache of type=s3 is not read or written/],
    ['registry', {}, /missing ref/],
    ['local', {}, /local cache exporter requires dest/],
  ] as const)
    assert.throws(() => checkCaches([{ type, attributes }]), words);
  checkCaches([
    { type: 'inline', attributes: {} },
    { type: 'local', attributes: { dest: 'x' } },
  ]);
});

test('a cache that cannot be pushed fails the build, unless that is to be ignored', async (t) => {
  const registry = await FakeRegistry.start(t);
  registry.answering = (_request, response) => {
    response.writeHead(403).end();
    return true;
  };
  const ref = `${registry.host}/cache:1`;
  await assert.rejects(exported(t, [{ type: 'registry', attributes: { ref } }]));
  const { heard, answers } = await exported(t, [
    { type: 'registry', attributes: { ref, 'ignore-error': 'true' } },
  ]);
  assert.match(heard.at(-1) ?? '', /^exporting cache to registry done /);
  assert.equal(answers.size, 0);
});
