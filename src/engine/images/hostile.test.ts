/** Archives made to deceive: the cases IMG and LOAD. Each is refused and leaves nothing, or stays inside. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  configOf,
  directory,
  dockerArchive,
  file,
  hardLink,
  leftovers,
  link,
  sha,
  tarOf,
  testImages,
} from './test-host.ts';

const secret = 'CANARY-8c1f';
const layer = tarOf(file('a', 'good'));
const config = configOf([layer]);
const manifest = (more: Record<string, unknown> = {}) =>
  file(
    'manifest.json',
    JSON.stringify([{ Config: 'c.json', RepoTags: ['evil:t'], Layers: ['l/layer.tar'], ...more }]),
  );

/** Files outside that an archive could point to: valid ones, so that following would succeed. */
function outside(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-outside-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  writeFileSync(join(path, 'layer.tar'), tarOf(file('leak', secret)));
  writeFileSync(join(path, 'cfg.json'), configOf([tarOf(file('leak', secret))]));
  writeFileSync(
    join(path, 'manifest.json'),
    JSON.stringify([{ Config: 'cfg.json', RepoTags: ['evil:t'], Layers: ['layer.tar'] }]),
  );
  mkdirSync(join(path, 'd'));
  return path;
}

const up = '../'.repeat(14);
const climb = (path: string) => up + path.slice(1);

const refused: readonly (readonly [string, (out: string) => Buffer])[] = [
  [
    'a layer named by a climbing path',
    (out) => tarOf(file('c.json', config), manifest({ Layers: [climb(`${out}/layer.tar`)] })),
  ],
  [
    'a layer named by an absolute path',
    (out) => tarOf(file('c.json', config), manifest({ Layers: [`${out}/layer.tar`] })),
  ],
  [
    'a layer named with a NUL',
    () => tarOf(file('c.json', config), file('l/layer.tar', layer), manifest({ Layers: ['l/layer.tar\0'] })),
  ],
  [
    'a configuration named by a climbing path',
    (out) => tarOf(file('l/layer.tar', layer), manifest({ Config: climb(`${out}/cfg.json`) })),
  ],
  [
    'a layer that is a link out',
    (out) => tarOf(file('c.json', config), link('l/layer.tar', `${out}/layer.tar`), manifest()),
  ],
  [
    'a layer that is a climbing link',
    (out) => tarOf(file('c.json', config), link('l/layer.tar', climb(`${out}/layer.tar`)), manifest()),
  ],
  [
    'a layer in a directory that is a link out',
    (out) => tarOf(file('c.json', config), link('l', out), manifest()),
  ],
  [
    'a layer that is a hard link out',
    (out) => tarOf(file('c.json', config), hardLink('l/layer.tar', `${out}/layer.tar`), manifest()),
  ],
  [
    'a configuration that is a link out',
    (out) => tarOf(link('c.json', `${out}/cfg.json`), file('l/layer.tar', layer), manifest()),
  ],
  ['a manifest that is a link out', (out) => tarOf(link('manifest.json', `${out}/manifest.json`))],
  ['links that go round', () => tarOf(link('c.json', 'd.json'), link('d.json', 'c.json'), manifest())],
  [
    'a member whose name climbs',
    () => tarOf(file(`${up}tmp/x`), file('c.json', config), file('l/layer.tar', layer), manifest()),
  ],
  [
    'a device as a member',
    () =>
      tarOf({ path: 'l/layer.tar', type: 'char', major: 1, minor: 5 }, file('c.json', config), manifest()),
  ],
  [
    'layer bytes that are not the declared ones',
    () => dockerArchive([tarOf(file('a', 'evil'))], { tags: ['evil:t'], config }),
  ],
  [
    'more declared layers than delivered',
    () => dockerArchive([layer], { tags: ['evil:t'], config: configOf([layer, layer]) }),
  ],
  ['fewer declared layers than delivered', () => dockerArchive([layer, layer], { tags: ['evil:t'], config })],
  [
    'a diff id of another algorithm',
    () =>
      dockerArchive([layer], {
        config: configOf([layer], { rootfs: { type: 'layers', diff_ids: [`md5:${'0'.repeat(32)}`] } }),
      }),
  ],
  [
    'more history than layers',
    () => dockerArchive([layer], { config: configOf([layer], { history: [{}, {}, {}] }) }),
  ],
  ['no rootfs', () => dockerArchive([layer], { config: configOf([layer], { rootfs: null }) })],
  [
    'a number where a text belongs',
    () => dockerArchive([layer], { config: configOf([layer], { author: 7 }) }),
  ],
  [
    'a creation time that is none',
    () => dockerArchive([layer], { config: configOf([layer], { created: 'yesterday' }) }),
  ],
  [
    'an image for another system',
    () => dockerArchive([layer], { config: configOf([layer], { os: 'windows' }) }),
  ],
  [
    'five hundred layers',
    () => dockerArchive([], { config: configOf(Array.from({ length: 500 }, () => layer)) }),
  ],
  [
    'a configuration of 5 MiB',
    () => dockerArchive([layer], { config: Buffer.concat([config, Buffer.alloc(5 << 20, 0x20)]) }),
  ],
  ['a manifest that is null', () => tarOf(file('manifest.json', 'null'))],
  ['a manifest that is not JSON', () => tarOf(file('manifest.json', '{'))],
  ['no manifest at all', () => tarOf(file('hello', 'world'))],
  ['nothing but zeros, compressed', () => gzipSync(Buffer.alloc(64 << 20), { level: 9 })],
  ['gzip inside of gzip', () => gzipSync(gzipSync(Buffer.alloc(1 << 20)))],
  ['a broken compression', () => Buffer.concat([gzipSync(tarOf(file('a'))).subarray(0, 40)])],
  [
    'a layer that is cut off',
    () => {
      const cut = tarOf(file('a', 'x'.repeat(5000))).subarray(0, 2000);
      return dockerArchive([cut], { config: configOf([cut]) });
    },
  ],
  [
    'a layer that climbs',
    () => {
      const bad = tarOf(file(`${up}tmp/gantry-pwn`));
      return dockerArchive([layer, bad], { config: configOf([layer, bad]) });
    },
  ],
];

for (const [name, make] of refused)
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
    assert.deepEqual(readdirSync(out).sort(), ['cfg.json', 'd', 'layer.tar', 'manifest.json']);
  });

const names = [
  'a'.repeat(64),
  `${'a'.repeat(64)}:latest`,
  'sha256:abc',
  'UPPER:t',
  '../../x:t',
  `x@sha256:${'a'.repeat(64)}`,
  'x\n:t',
  ':t',
  '',
  `${'a'.repeat(300)}:t`,
  '<none>:<none>',
  'scratch:latest',
  'notag',
];
for (const tag of names)
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

const ids = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [string, string, string];
const legacyArchive = (images: Record<string, unknown>, repositories: unknown = {}) =>
  tarOf(
    ...Object.entries(images).flatMap(([id, json]) => [
      directory(id),
      file(`${id}/json`, JSON.stringify(json)),
      file(`${id}/layer.tar`, tarOf(file(`f${id.slice(0, 2)}`))),
    ]),
    file('repositories', JSON.stringify(repositories)),
  );

test('the archives of docker save before 1.10 load with their parents', async (t) => {
  const host = await testImages(t);
  const [a, b] = ids;
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

for (const [name, archive] of [
  ['ids that are paths', () => legacyArchive({ '..x': {} })],
  ['ids of 63 digits', () => legacyArchive({ ['a'.repeat(63)]: {} })],
  ['ids in upper case', () => legacyArchive({ ['A'.repeat(64)]: {} })],
  [
    'parents that go round',
    () => legacyArchive({ [ids[0]]: { parent: ids[1] }, [ids[1]]: { parent: ids[0] } }),
  ],
  ['an image that is its own parent', () => legacyArchive({ [ids[0]]: { parent: ids[0] } })],
  ['a parent that is missing', () => legacyArchive({ [ids[0]]: { parent: ids[2] } })],
  ['a name for a path', () => legacyArchive({ [ids[0]]: {} }, { evil: { t: `${up}tmp` } })],
] as const)
  test(`an old archive with ${name} is refused and leaves nothing`, async (t) => {
    const host = await testImages(t);
    await assert.rejects(host.load(archive()), { name: 'InvalidArgument' });
    assert.deepEqual(leftovers(host), []);
  });

// ---- OCI layouts

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly bytes: Buffer;
}
const blob = (value: unknown): Blob => {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  return { digest: `sha256:${sha(bytes)}`, size: bytes.length, bytes };
};
const pointTo = ({ digest, size }: Blob, mediaType: string, more: object = {}) => ({
  mediaType,
  digest,
  size,
  ...more,
});
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const layout = (index: unknown, ...blobs: Blob[]) =>
  tarOf(
    file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    file('index.json', JSON.stringify(index)),
    ...blobs.map(({ digest, bytes }) => file(`blobs/sha256/${digest.slice(7)}`, bytes)),
  );
const ociConfig = blob(config);
const ociLayer = blob(layer);
const ociGzip = blob(gzipSync(layer));
const body = {
  schemaVersion: 2,
  mediaType: MANIFEST,
  config: pointTo(ociConfig, CONFIG),
  layers: [pointTo(ociLayer, LAYER)],
};
const ociManifest = blob(body);
const named = { annotations: { 'io.containerd.image.name': 'docker.io/library/evil:t' } };
const architecture =
  ({ x64: 'amd64', arm64: 'arm64' } as Record<string, string>)[process.arch] ?? process.arch;

test('an OCI layout loads, also with a nested index, other platforms and attestations', async (t) => {
  const host = await testImages(t);
  const zipped = blob({ ...body, layers: [pointTo(ociGzip, `${LAYER}+gzip`)] });
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

const nested = (depth: number): Blob[] => {
  const blobs = [ociManifest];
  for (let i = 0; i < depth; i++)
    blobs.push(
      blob({
        schemaVersion: 2,
        mediaType: INDEX,
        manifests: [pointTo(blobs.at(-1)!, i === 0 ? MANIFEST : INDEX)],
      }),
    );
  return blobs;
};
const layouts: readonly (readonly [string, () => Buffer])[] = [
  [
    'a blob of other content',
    () =>
      layout(
        { manifests: [pointTo(ociManifest, MANIFEST, named)] },
        ociManifest,
        { ...ociConfig, bytes: blob({}).bytes },
        ociLayer,
      ),
  ],
  [
    'a wrong size',
    () =>
      layout(
        { manifests: [{ ...pointTo(ociManifest, MANIFEST, named), size: 1 }] },
        ociManifest,
        ociConfig,
        ociLayer,
      ),
  ],
  [
    'a document of another media type',
    () => layout({ manifests: [pointTo(ociManifest, INDEX, named)] }, ociManifest, ociConfig, ociLayer),
  ],
  [
    'a document that is both manifest and index',
    () => {
      const both = blob({ ...body, mediaType: undefined, manifests: [pointTo(ociManifest, MANIFEST)] });
      return layout({ manifests: [pointTo(both, MANIFEST, named)] }, both, ociManifest, ociConfig, ociLayer);
    },
  ],
  [
    'indexes nested a hundred deep',
    () => {
      const blobs = nested(100);
      return layout({ manifests: [pointTo(blobs.at(-1)!, INDEX, named)] }, ...blobs, ociConfig, ociLayer);
    },
  ],
  [
    'data that differ from the blob',
    () =>
      layout(
        { manifests: [pointTo(ociManifest, MANIFEST, { ...named, data: 'e30=' })] },
        ociManifest,
        ociConfig,
        ociLayer,
      ),
  ],
  [
    'a missing blob',
    () => layout({ manifests: [pointTo(ociManifest, MANIFEST, named)] }, ociManifest, ociConfig),
  ],
  [
    'a digest that is a path',
    () =>
      layout(
        { manifests: [{ ...pointTo(ociManifest, MANIFEST, named), digest: 'sha256:../../x' }] },
        ociManifest,
      ),
  ],
  [
    'a layer of an unknown kind',
    () => {
      const odd = blob({ ...body, layers: [pointTo(ociLayer, 'application/x-sh')] });
      return layout({ manifests: [pointTo(odd, MANIFEST, named)] }, odd, ociConfig, ociLayer);
    },
  ],
  [
    'a configuration that is none',
    () => {
      const odd = blob({ ...body, config: pointTo(ociConfig, 'application/vnd.cncf.helm.config.v1+json') });
      return layout({ manifests: [pointTo(odd, MANIFEST, named)] }, odd, ociConfig, ociLayer);
    },
  ],
  [
    'no image for this machine',
    () => {
      const platforms = ['s390x', 'mips'].map((other) =>
        pointTo(ociManifest, MANIFEST, { platform: { os: 'linux', architecture: other } }),
      );
      return layout({ manifests: platforms }, ociManifest, ociConfig, ociLayer);
    },
  ],
];

for (const [name, make] of layouts)
  test(`an OCI layout with ${name} is refused and leaves nothing`, async (t) => {
    const host = await testImages(t);
    await assert.rejects(host.load(make()), { name: 'InvalidArgument' });
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
