/** Archives made to deceive: the cases IMG and LOAD. Each is refused and leaves nothing, or stays inside. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  architecture,
  blob,
  brokenArchives,
  climb,
  INDEX,
  LAYER,
  layer,
  layout,
  layouts,
  legacyArchive,
  legacyArchives,
  legacyIds,
  linkArchives,
  MANIFEST,
  mismatchedArchives,
  named,
  ociBody,
  ociConfig,
  ociGzip,
  outsideFiles,
  pathArchives,
  pointTo,
  secret,
  wrongNames,
} from './hostile-archives.ts';
import { configOf, dockerArchive, file, leftovers, link, sha, tarOf, testImages } from './test-host.ts';

function outside(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-outside-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  mkdirSync(join(path, 'd'));
  for (const [name, bytes] of Object.entries(outsideFiles())) writeFileSync(join(path, name), bytes);
  return path;
}

for (const [name, make] of [...pathArchives, ...linkArchives, ...mismatchedArchives, ...brokenArchives])
  test(`an archive with ${name} is refused and leaves nothing`, async (t) => {
    const host = await testImages(t);
    const out = outside(t);
    await assert.rejects(host.load(make(out)), (error: Error) => {
      assert.equal(error.name, 'InvalidArgument', error.stack);
      assert.equal(error.message.includes(secret), false);
      return true;
    });
    assert.deepEqual(await host.images.list({ all: true, filters: new Map(), sharedSize: false }), []);
    assert.deepEqual(leftovers(host), []);
    assert.deepEqual(readdirSync(out).sort(), [...Object.keys(outsideFiles()), 'd'].sort());
  });

for (const tag of wrongNames)
  test(`the name ${JSON.stringify(tag.slice(0, 30))} from an archive is refused`, async (t) => {
    const host = await testImages(t);
    await assert.rejects(host.load(dockerArchive([layer], { tags: [tag] })), { name: 'InvalidArgument' });
    assert.deepEqual(leftovers(host), []);
  });

test('an image that claims the id of another leaves it as it was', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([layer]));
  const { id } = host.images.resolve('test');
  const legacy = (files: Record<string, string>, repositories: unknown) =>
    tarOf(
      ...Object.entries(files).map(([path, data]) => file(path, data)),
      file('repositories', JSON.stringify(repositories)),
    );
  const mine = id.slice(7);
  await host.load(
    legacy(
      { [`${mine}/json`]: '{}', [`${mine}/layer.tar`]: tarOf(file('a', 'evil')).toString('latin1') },
      { evil: { t: mine } },
    ),
  );
  assert.notEqual(host.images.resolve('evil:t').id, id);
  assert.equal(host.images.resolve(mine).id, id);
  const { chainId } = host.images.resolve(id);
  await host.storage.layers.prepare('c', chainId);
  assert.equal(readFileSync(join(host.storage.layers.mount('c'), 'a'), 'utf8'), 'good');
});

test('the archives of docker save before 1.10 load with their parents', async (t) => {
  const host = await testImages(t);
  const [a, b] = legacyIds;
  const old = {
    created: '2015-01-01T00:00:00Z',
    container_config: { Cmd: ['/bin/sh', '-c', 'x'] },
    config: { Cmd: ['sh'] },
    architecture: 'amd64',
    os: 'linux',
  };
  await host.load(
    legacyArchive({ [b]: { ...old, id: b, parent: a }, [a]: { ...old, id: a } }, { old: { '1': b } }),
  );
  const history = await host.images.history('old:1');
  assert.deepEqual(
    history.map(({ CreatedBy }) => CreatedBy),
    ['/bin/sh -c x', '/bin/sh -c x'],
  );
  assert.notEqual(history[1]?.Id, '<missing>');
  assert.equal((await host.images.inspect('old:1')).RootFS.Layers?.length, 2);
  await host.images.remove('old:1', { force: false, prune: true });
  assert.deepEqual(leftovers(host), []);
});

for (const [name, archive] of legacyArchives)
  test(`an old archive with ${name} is refused and leaves nothing`, async (t) => {
    const host = await testImages(t);
    await assert.rejects(host.load(archive('')), { name: 'InvalidArgument' });
    assert.deepEqual(leftovers(host), []);
  });

test('an OCI layout loads, also with a nested index, other platforms and attestations', async (t) => {
  const host = await testImages(t);
  const zipped = blob({ ...ociBody, layers: [pointTo(ociGzip, `${LAYER}+gzip`)] });
  const inner = blob({
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [
      pointTo(blob('other'), MANIFEST, { platform: { os: 'linux', architecture: 's390x' } }),
      pointTo(zipped, MANIFEST, { platform: { os: 'linux', architecture } }),
      pointTo(blob('attestation'), MANIFEST, { platform: { os: 'unknown', architecture: 'unknown' } }),
    ],
  });
  const lines = await host.load(
    layout(
      { schemaVersion: 2, manifests: [pointTo(inner, INDEX, named)] },
      inner,
      zipped,
      ociGzip,
      ociConfig,
    ),
  );
  assert.deepEqual(lines, ['Loaded image: evil:t']);
  assert.equal((await host.images.inspect('evil:t')).Id, ociConfig.digest);
});

for (const [name, make] of layouts)
  test(`an OCI layout with ${name} is refused and leaves nothing`, async (t) => {
    const host = await testImages(t);
    await assert.rejects(host.load(make('')), { name: 'InvalidArgument' });
    assert.deepEqual(leftovers(host), []);
  });

test('an image configuration with nulls and little else is served by every read', async (t) => {
  const host = await testImages(t);
  const odd = configOf([layer], { config: null, created: null, history: [null] });
  const bare = Buffer.from(
    JSON.stringify({ rootfs: { type: 'layers', diff_ids: [`sha256:${sha(layer)}`] } }),
  );
  for (const [tag, bytes] of [
    ['odd:1', odd],
    ['bare:1', bare],
  ] as const) {
    await host.load(dockerArchive([layer], { tags: [tag], config: bytes }));
    const inspected = await host.images.inspect(tag);
    assert.deepEqual([inspected.Os, inspected.Config], ['linux', {}]);
    await host.images.history(tag);
    assert.equal(host.images.resolve(tag).config.Env, undefined);
  }
  assert.equal((await host.images.list({ all: true, filters: new Map(), sharedSize: true })).length, 2);
});

test('as many layers as an image may have are all visible in one mount', async (t) => {
  const host = await testImages(t);
  const layers = Array.from({ length: 250 }, (_, i) => tarOf(file(`f${i}`, String(i))));
  await host.load(dockerArchive(layers));
  await host.storage.layers.prepare('c'.repeat(64), host.images.resolve('test').chainId);
  assert.equal(readdirSync(host.storage.layers.mount('c'.repeat(64))).length, 250);
});

test('links that span layers stay inside of the container', async (t) => {
  const host = await testImages(t);
  const out = outside(t);
  const layers = [
    tarOf(link('x', join(out, 'd')), link('y', climb(out))),
    tarOf(file('x/pwn', 'x'), file('y/pwn', 'y'), file('x/.wh.d')),
  ];
  await host.load(dockerArchive(layers));
  await host.storage.layers.prepare('c', host.images.resolve('test').chainId);
  assert.equal(readFileSync(join(host.storage.layers.mount('c'), 'x/pwn'), 'utf8'), 'x');
  assert.deepEqual(readdirSync(join(out, 'd')), []);
});
