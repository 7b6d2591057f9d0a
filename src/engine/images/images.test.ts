import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import {
  configOf,
  directory,
  dockerArchive,
  file,
  leftovers,
  link,
  said,
  sha,
  tarOf,
  testImages,
} from './test-host.ts';

const base = tarOf(directory('etc/'), file('etc/hosts', 'localhost'), file('bin', 'program'));
const upper = tarOf(file('etc/motd', 'hello'), file('.wh.bin'));

test('a loaded image is listed, inspected and mounted as it was saved', async (t) => {
  const host = await testImages(t);
  const config = configOf([base, upper], {
    author: 'me',
    history: [{ created_by: 'a' }, { created_by: 'b', comment: 'last' }],
  });
  assert.deepEqual(await host.load(dockerArchive([base, upper], { config })), ['Loaded image: test:latest']);
  const id = `sha256:${sha(config)}`;
  const [summary] = await host.images.list({ all: false, filters: new Map(), sharedSize: false });
  assert.deepEqual([summary?.Id, summary?.RepoTags, summary?.Size], [id, ['test:latest'], 9 + 7 + 5]);
  const inspected = await host.images.inspect('test');
  assert.equal(inspected.Id, id);
  assert.deepEqual(inspected.RootFS.Layers, [`sha256:${sha(base)}`, `sha256:${sha(upper)}`]);
  assert.deepEqual([inspected.Author, inspected.Comment, inspected.Config.Cmd], ['me', 'last', ['sh']]);
  const history = await host.images.history('test');
  assert.deepEqual(
    history.map(({ CreatedBy, Size }) => [CreatedBy, Size]),
    [
      ['b', 5],
      ['a', 16],
    ],
  );
  const { chainId } = host.images.resolve('test');
  await host.storage.layers.prepare('c', chainId);
  const merged = host.storage.layers.mount('c');
  assert.equal(readFileSync(join(merged, 'etc/motd'), 'utf8'), 'hello');
  assert.throws(() => readFileSync(join(merged, 'bin')), { code: 'ENOENT' });
});

for (const [name, compress] of [
  ['gzip', (bytes: Buffer) => gzipSync(bytes)],
  ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ['xz', (bytes: Buffer) => execFileSync('xz', ['-c'], { input: bytes })],
  ['bzip2', (bytes: Buffer) => execFileSync('bzip2', ['-c'], { input: bytes })],
] as const)
  test(`an archive compressed by ${name} loads, and so do layers compressed by it`, async (t) => {
    const host = await testImages(t);
    const config = configOf([base]);
    const members = [file('c.json', config), file('layer', compress(base))];
    const manifest = file(
      'manifest.json',
      JSON.stringify([{ Config: 'c.json', RepoTags: ['a:b'], Layers: ['layer'] }]),
    );
    await host.load(compress(tarOf(...members, manifest)));
    assert.equal((await host.images.inspect('a:b')).Id, `sha256:${sha(config)}`);
  });

test('a prune of all leaves the names that containers were made by, and takes the others', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base]));
  for (const tag of ['a', 'b']) await host.images.tag('test', { repo: 'test', tag });
  const { Id } = await host.images.inspect('test');
  host.users.set(Id, [{ containerId: 'c', running: false, name: 'docker.io/library/test:b' }]);
  const all = new Map([['dangling', ['false']]]);
  await host.images.prune(all, new AbortController().signal);
  assert.deepEqual((await host.images.inspect(Id)).RepoTags, ['test:b']);
});

test('images, names and layers are there after a restart, and nothing else is', async (t) => {
  const first = await testImages(t);
  await first.load(dockerArchive([base, upper]));
  await first.images.tag('test', { repo: 'other/name', tag: 'v1' });
  const before = await first.images.inspect('test');
  const files = leftovers(first).sort();
  const again = await first.reopened();
  const after = await again.images.inspect('other/name:v1');
  assert.deepEqual(after, before);
  assert.deepEqual(leftovers(again).sort(), files);
});

test('removing the last name removes the image, its layers and its blobs', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base, upper]));
  const id = host.images.resolve('test').id;
  const items = await host.images.remove('test', { force: false, prune: true });
  assert.deepEqual(items.slice(0, 2), [{ Untagged: 'test:latest' }, { Deleted: id }]);
  assert.equal(items.length, 4);
  assert.deepEqual(leftovers(host), []);
  assert.deepEqual(
    host.events.map(({ Action }) => Action),
    ['load', 'untag', 'delete'],
  );
  await assert.rejects(host.images.inspect('test'), { message: 'No such image: test:latest' });
});

test('a layer that two images share stays until the second goes', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base, upper], { tags: ['two:latest'] }));
  await host.load(dockerArchive([base], { tags: ['one:latest'] }));
  const [, two] = await host.images.list({ all: false, filters: new Map(), sharedSize: true });
  assert.equal(two?.SharedSize, 16);
  assert.equal((await host.images.remove('two', { force: false, prune: true })).length, 3);
  assert.equal((await host.images.inspect('one')).Size, 16);
  assert.equal((await host.images.remove('one', { force: false, prune: true })).length, 3);
  assert.deepEqual(leftovers(host), []);
});

test('layers below a container stay when its image is forced away', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base]));
  const { id, chainId } = host.images.resolve('test');
  await host.storage.layers.prepare('c', chainId);
  host.users.set(id, [{ containerId: 'c'.repeat(64), running: false }]);
  await assert.rejects(host.images.remove('test', { force: false, prune: true }), {
    message: `conflict: unable to remove repository reference "test" (must force) - container cccccccccccc is using its referenced image ${id.slice(7, 19)}`,
  });
  await host.images.remove('test', { force: true, prune: true });
  assert.equal(readFileSync(join(host.storage.layers.mount('c'), 'etc/hosts'), 'utf8'), 'localhost');
});

test('an image of a running container is not removed by its id, not even by force', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base]));
  const { id } = host.images.resolve('test');
  host.users.set(id, [{ containerId: 'd'.repeat(64), running: true }]);
  for (const force of [false, true])
    await assert.rejects(host.images.remove(id, { force, prune: true }), {
      message: `conflict: unable to delete ${id.slice(7, 19)} (cannot be forced) - image is being used by running container dddddddddddd`,
    });
});

test('an id with names in two repositories must be forced', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base], { tags: ['one:a', 'two:b'] }));
  const { id } = host.images.resolve('one:a');
  await assert.rejects(host.images.remove(id.slice(7, 20), { force: false, prune: true }), {
    message: `conflict: unable to delete ${id.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`,
  });
  const items = await host.images.remove(id.slice(7, 20), { force: true, prune: true });
  assert.deepEqual(items.slice(0, 3), [{ Untagged: 'one:a' }, { Untagged: 'two:b' }, { Deleted: id }]);
});

test('a name that moves to another image leaves the first one without a name', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base]));
  const old = host.images.resolve('test').id;
  const lines = await host.load(dockerArchive([upper]));
  assert.deepEqual(lines, [
    `The image test:latest already exists, renaming the old one with ID ${old} to empty string`,
    'Loaded image: test:latest',
  ]);
  assert.deepEqual((await host.images.inspect(old)).RepoTags, []);
  const dangling = await host.images.list({
    all: false,
    filters: new Map([['dangling', ['true']]]),
    sharedSize: false,
  });
  assert.deepEqual(
    dangling.map(({ Id }) => Id),
    [old],
  );
});

test('an image is found by name, id, short id and digest, and not by what fits two', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base], { tags: ['docker.io/library/test:v1'] }));
  const { id } = host.images.resolve('test:v1');
  for (const name of [
    id,
    id.slice(7),
    id.slice(7, 13),
    `sha256:${id.slice(7, 20)}`,
    'library/test:v1',
    'docker.io/test:v1',
  ])
    assert.equal(host.images.resolve(name).id, id, name);
  for (const [name, message] of [
    ['test', 'No such image: test:latest'],
    ['f'.repeat(64), `No such image: sha256:${'f'.repeat(64)}`],
    ['host:5000/a/b', 'No such image: host:5000/a/b:latest'],
    ['UPPER', 'invalid reference format: repository name (library/UPPER) must be lowercase'],
    ['', 'invalid reference format'],
  ])
    assert.throws(() => host.images.resolve(name!), { message });
});

test('an imported root file system becomes an image of one layer with the asked configuration', async (t) => {
  const host = await testImages(t);
  const changes = [
    'CMD ["/bin/sh"]',
    'ENV A=1 B="two words"',
    'EXPOSE 80',
    'WORKDIR /srv',
    'LABEL x=y',
    'USER 1000',
  ];
  const options = {
    repo: 'imported',
    tag: 'v1',
    message: 'from test',
    changes,
    platform: undefined,
    signal: t.signal,
  };
  const [id] = await said(host.images.importRootfs(Readable.from([gzipSync(base)]), options));
  const inspected = await host.images.inspect('imported:v1');
  assert.equal(inspected.Id, id);
  assert.deepEqual(inspected.Config, {
    User: '1000',
    ExposedPorts: { '80/tcp': {} },
    Env: ['A=1', 'B=two words'],
    Cmd: ['/bin/sh'],
    WorkingDir: '/srv',
    Labels: { x: 'y' },
  });
  assert.deepEqual(inspected.RootFS.Layers, [`sha256:${sha(base)}`]);
  assert.equal(inspected.Comment, 'from test');
  assert.deepEqual(
    host.events.map(({ Action, attributes }) => [Action, attributes.name]),
    [
      ['tag', 'imported:v1'],
      ['import', id],
    ],
  );
});

test('a name of 64 hexadecimal digits, or a digest algorithm, is never given', async (t) => {
  const host = await testImages(t);
  await host.load(dockerArchive([base]));
  for (const repo of ['a'.repeat(64), 'sha256', 'UPPER', '', 'a'.repeat(300)])
    await assert.rejects(host.images.tag('test', { repo, tag: undefined }), { name: 'InvalidArgument' });
  assert.deepEqual((await host.images.inspect('test')).RepoTags, ['test:latest']);
});

test('list filters by reference, label, before, since and dangling', async (t) => {
  const host = await testImages(t);
  const labelled = configOf([base], { created: '2021-01-01T00:00:00Z', config: { Labels: { tier: 'web' } } });
  await host.load(dockerArchive([base], { tags: ['old/app:1'], config: labelled }));
  await host.load(
    dockerArchive([upper], {
      tags: ['new/app:2', 'new/tool:3'],
      config: configOf([upper], { created: '2022-01-01T00:00:00Z' }),
    }),
  );
  const names = async (...filters: [string, string[]][]) => {
    const found = await host.images.list({ all: true, filters: new Map(filters), sharedSize: false });
    return found.flatMap(({ RepoTags }) => RepoTags);
  };
  assert.deepEqual(await names(), ['new/app:2', 'new/tool:3', 'old/app:1']);
  assert.deepEqual(await names(['reference', ['*/app']]), ['new/app:2', 'old/app:1']);
  assert.deepEqual(await names(['reference', ['new/*:3']]), ['new/tool:3']);
  assert.deepEqual(await names(['label', ['tier=web']]), ['old/app:1']);
  assert.deepEqual(await names(['before', ['new/app:2']]), ['old/app:1']);
  assert.deepEqual(await names(['since', ['old/app:1']]), ['new/app:2', 'new/tool:3']);
  assert.deepEqual(await names(['until', ['2021-06-01']]), ['old/app:1']);
  assert.deepEqual(await names(['dangling', ['true']]), []);
  await assert.rejects(names(['color', ['red']]), { message: "invalid filter 'color'" });
});

test('a pull from where nothing answers says so, and keeps nothing', async (t) => {
  const host = await testImages(t);
  const pull = async (image: string) =>
    said(
      host.images.pull({
        image,
        tag: undefined,
        platform: undefined,
        credentials: undefined,
        oneByOne: false,
        signal: t.signal,
      }),
    );
  await assert.rejects(pull('127.0.0.1:1/nosuch:latest'), {
    message:
      'Get "https://127.0.0.1:1/v2/nosuch/manifests/latest": dial tcp 127.0.0.1:1: connect: connection refused',
  });
  await assert.rejects(pull('scratch'), { name: 'InvalidArgument', message: "'scratch' is a reserved name" });
  await assert.rejects(pull('lib/UPPER'), { name: 'InvalidArgument' });
  assert.deepEqual(await host.storage.content.all(), []);
});

test('links inside an archive are followed, as old save output has them', async (t) => {
  const host = await testImages(t);
  const config = configOf([base, base]);
  const manifest = [{ Config: 'c.json', RepoTags: ['linked:1'], Layers: ['a/layer.tar', 'b/layer.tar'] }];
  await host.load(
    tarOf(
      file('c.json', config),
      file('a/layer.tar', base),
      link('b/layer.tar', '../a/layer.tar'),
      file('manifest.json', JSON.stringify(manifest)),
    ),
  );
  assert.equal((await host.images.inspect('linked:1')).RootFS.Layers?.length, 2);
});
