import assert from 'node:assert/strict';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { TarEntry } from '../../formats/tar/entry.ts';
import { TarReader } from '../../formats/tar/reader.ts';
import { tarEnd, tarMember } from '../../formats/tar/writer.ts';
import {
  configOf,
  directory,
  dockerArchive,
  file,
  leftovers,
  sha,
  type TestImages,
  tarOf,
  testImages,
} from './test-host.ts';

const base = tarOf(directory('etc/'), file('etc/hosts', 'localhost'), file('big', 'x'.repeat(3_000_000)));
const upper = tarOf(file('etc/motd', 'hello'), file('.wh.big'));
const created = { created: '2024-05-06T07:08:09.123456789Z' };

const saved = async ({ images }: TestImages, t: TestContext, ...names: readonly string[]): Promise<Buffer> =>
  buffer(await images.save(names, { platforms: [], signal: t.signal }));

interface Found {
  readonly entry: TarEntry;
  readonly data: Buffer;
}

/** Members of an archive by name, in its order. */
function membersOf(archive: Buffer): Map<string, Found> {
  const found = new Map<string, Found>();
  let open: TarEntry | undefined;
  let chunks: Buffer[] = [];
  const reader = new TarReader({
    entry(entry) {
      open = entry;
      chunks = [];
      found.set(entry.path, { entry, data: Buffer.alloc(0) });
    },
    data: (bytes) => void chunks.push(Buffer.from(bytes)),
    end() {
      if (open) found.set(open.path, { entry: open, data: Buffer.concat(chunks) });
    },
  });
  reader.push(archive);
  reader.finish();
  return found;
}

/** The same archive without some of its members. */
const without = (archive: Buffer, ...names: readonly string[]): Buffer =>
  Buffer.concat([
    ...[...membersOf(archive).values()]
      .filter(({ entry }) => !names.includes(entry.path))
      .map(({ entry, data }) => tarMember(entry, data)),
    tarEnd(),
  ]);

const json = (found: Map<string, Found>, name: string): unknown =>
  JSON.parse(found.get(name)?.data.toString() ?? '') as unknown;

test('a saved image is a docker archive and an OCI layout with the same blobs, dated as the image', async (t) => {
  const host = await testImages(t);
  const config = configOf([base, upper], created);
  await host.load(dockerArchive([base, upper], { config }));
  const found = membersOf(await saved(host, t, 'test:latest'));
  const blob = (bytes: Buffer) => `blobs/sha256/${sha(bytes)}`;
  const [, manifestName] = [...found.keys()].filter(
    (name) => ![blob(base), blob(upper), blob(config)].includes(name) && /^blobs\/sha256\/./.test(name),
  );
  assert.equal(manifestName, undefined);
  assert.deepEqual(json(found, 'manifest.json'), [
    { Config: blob(config), RepoTags: ['test:latest'], Layers: [blob(base), blob(upper)] },
  ]);
  assert.deepEqual(json(found, 'repositories'), { test: { latest: sha(upper) } });
  assert.deepEqual(json(found, 'oci-layout'), { imageLayoutVersion: '1.0.0' });
  const { manifests } = json(found, 'index.json') as { manifests: Record<string, unknown>[] };
  assert.deepEqual(
    manifests.map(({ annotations }) => annotations),
    [
      {
        'io.containerd.image.name': 'docker.io/library/test:latest',
        'org.opencontainers.image.ref.name': 'latest',
      },
    ],
  );
  const manifest = json(found, `blobs/sha256/${String(manifests[0]?.digest).slice(7)}`);
  const part = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: `sha256:${sha(bytes)}`,
    size: bytes.length,
  });
  assert.deepEqual(manifest, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: part('application/vnd.oci.image.config.v1+json', config),
    layers: [base, upper].map((layer) => part('application/vnd.oci.image.layer.v1.tar', layer)),
  });
  for (const bytes of [base, upper, config]) {
    assert(found.get(blob(bytes))?.data.equals(bytes));
    assert.equal(found.get(blob(bytes))?.entry.mtimeNanos, 1_714_979_289_000_000_000n);
  }
});

for (const [form, left] of [
  ['by its manifest.json', []],
  ['by its OCI index alone', ['manifest.json', 'repositories']],
] as const)
  test(`what was saved loads elsewhere ${form}, with its id, names and layers`, async (t) => {
    const host = await testImages(t);
    await host.load(dockerArchive([base, upper], { tags: ['one:a', 'localhost:5000/two:b'] }));
    const archive = without(await saved(host, t, 'one:a', 'localhost:5000/two'), ...left);
    const other = await testImages(t);
    await other.load(archive);
    const before = await host.images.inspect('one:a');
    const after = await other.images.inspect('one:a');
    assert.equal(after.Id, before.Id);
    assert.deepEqual(after.RootFS, before.RootFS);
    assert.deepEqual(after.RepoTags, before.RepoTags);
    assert.deepEqual(leftovers(other).sort().slice(0, 3), leftovers(host).sort().slice(0, 3));
  });

test('the same image is saved to the same bytes, wherever and however often', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base, upper]));
  const first = await saved(host, t, 'test');
  assert(first.equals(await saved(host, t, 'test')));
  const other = await testImages(t);
  await other.load(first);
  assert(first.equals(await saved(other, t, 'test')));
});

test('a layer that is kept compressed is saved plain, under its diff id', async (t) => {
  const host = await testImages(t);
  const config = configOf([base]);
  const item = { Config: 'c.json', RepoTags: ['zipped:1'], Layers: ['layer'] };
  await host.load(
    tarOf(
      file('c.json', config),
      file('layer', gzipSync(base)),
      file('manifest.json', JSON.stringify([item])),
    ),
  );
  const found = membersOf(await saved(host, t, 'zipped:1'));
  assert(found.get(`blobs/sha256/${sha(base)}`)?.data.equals(base));
  assert.equal(found.has(`blobs/sha256/${sha(gzipSync(base))}`), false);
});

test('a repository means all of its tags, an id the image without names', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base], { tags: ['app:1', 'app:2', 'other:1'] }));
  await host.load(dockerArchive([base, upper], { tags: ['app:3'] }));
  const { id } = host.images.resolve('app:1');
  const named = async (...names: string[]) =>
    (json(membersOf(await saved(host, t, ...names)), 'manifest.json') as { RepoTags: string[] | null }[]).map(
      ({ RepoTags }) => RepoTags,
    );
  assert.deepEqual(await named('app'), [['app:1', 'app:2'], ['app:3']]);
  assert.deepEqual(await named('app:3', 'other'), [['app:3'], ['other:1']]);
  assert.deepEqual(await named('app:2', 'app:2', 'app:1'), [['app:2', 'app:1']]);
  for (const name of [id, id.slice(7), id.slice(7, 19)]) assert.deepEqual(await named(name), [null]);
  assert.equal(membersOf(await saved(host, t, id)).has('repositories'), false);
});

test('what cannot be saved is refused before any byte', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base]));
  for (const [name, message] of [
    ['nosuch', 'No such image: nosuch:latest'],
    ['test:other', 'No such image: test:other'],
    ['f'.repeat(64), `No such image: sha256:${'f'.repeat(64)}`],
  ] as const)
    await assert.rejects(saved(host, t, 'test', name), { name: 'NotFound', message });
  await assert.rejects(saved(host, t, 'a b'), { name: 'InvalidArgument' });
  const platforms = [{ os: 'linux', architecture: 's390x', variant: '' }];
  await assert.rejects(host.images.save(['test'], { platforms, signal: t.signal }), {
    name: 'NotFound',
    message: 'no suitable export target found for platform linux/s390x',
  });
});

test('an image that is removed while it is saved is saved whole, and gone afterwards', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base, upper]));
  const archive = await host.images.save(['test'], { platforms: [], signal: t.signal });
  await host.images.remove('test', { force: false, prune: true });
  const other = await testImages(t);
  await other.load(await buffer(archive));
  assert.equal((await other.images.inspect('test')).RootFS.Layers?.length, 2);
  await settled(() => leftovers(host).length === 0);
});

test('a reader that leaves lets go of the image, even before the first byte', async (t) => {
  const host = await testImages(t);
  for (const read of [false, true]) {
    await host.load(dockerArchive([base, upper]));
    const left = new AbortController();
    const archive = await host.images.save(['test'], { platforms: [], signal: left.signal });
    archive.on('error', () => undefined);
    if (read) await once(archive, 'readable');
    await host.images.remove('test', { force: false, prune: true });
    assert.notDeepEqual(leftovers(host), []);
    left.abort();
    await settled(() => leftovers(host).length === 0);
  }
});

test('a parent is named when it is in the same archive', async (t) => {
  const host = await testImages(t);
  const step = { created: '2020-01-01T00:00:00Z', created_by: 'test' };
  const [low, high] = [
    configOf([base], { history: [step] }),
    configOf([base, upper], { history: [step, step] }),
  ];
  const items = [
    { Config: 'low', RepoTags: ['low:1'], Layers: ['a'] },
    { Config: 'high', RepoTags: ['high:1'], Layers: ['a', 'b'], Parent: `sha256:${sha(low)}` },
  ];
  const layers = [file('a', base), file('b', upper)];
  await host.load(
    tarOf(file('low', low), file('high', high), ...layers, file('manifest.json', JSON.stringify(items))),
  );
  const parents = async (...names: string[]) =>
    (json(membersOf(await saved(host, t, ...names)), 'manifest.json') as { Parent?: string }[]).map(
      ({ Parent }) => Parent,
    );
  assert.deepEqual(await parents('high:1', 'low:1'), [`sha256:${sha(low)}`, undefined]);
  assert.deepEqual(await parents('high:1'), [undefined]);
});

test('a blob that was cut on the disk breaks the archive off', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base]));
  const { truncate } = await import('node:fs/promises');
  await truncate(host.storage.content.pathOf(`sha256:${sha(base)}` as never), 1000);
  await assert.rejects(saved(host, t, 'test'), { name: 'Failed' });
});

/** Waits for what happens soon; the test's own limit ends a wait for nothing. */
async function settled(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('events tell of each saved image', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base]));
  const { id } = host.images.resolve('test');
  const archive = await host.images.save(['test'], { platforms: [], signal: t.signal });
  await buffer(archive);
  const told = host.events.filter(({ Action }) => Action === 'save');
  assert.deepEqual(
    told.map((event) => [event.id, event.attributes.name]),
    [[id, id]],
  );
});
