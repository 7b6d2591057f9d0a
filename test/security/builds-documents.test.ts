/** SC-DOS-05 for builds: documents of base images, Dockerfiles and queries that are larger than any honest one. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type BuildQuery,
  type Built,
  buildAnew as build,
  buildArchive,
  contextOf,
} from '../harness/building.ts';
import { FakeRegistry, type ManifestShape } from '../harness/fake-registry.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';
import { inLittle, removeBuilt } from './bounded-builds.ts';

const MIB = 1 << 20;
/** A document of a few MiB is read whole, and parsed; one that is larger is not read to its end. */
const GROWN_MIB_MAX = 64;

let gantry: Gantry;
let registry: FakeRegistry;
const ends: (() => Promise<void>)[] = [];
const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
before(async () => {
  registry = await FakeRegistry.start(scope);
  gantry = await startGantry(scope);
  // Threads are started, and what a pull needs is there.
  registry.putImage('good', 'v1', { layers: [layer] });
  assert.equal((await fromRegistry('good')).error, '');
});
after(() => Promise.all(ends.map((end) => end())));

const layer = tarOf([file('a', 'a')]);
const fromRegistry = (name: string): Promise<Built> =>
  build(gantry, `FROM ${registry.host}/${name}:v1\nLABEL a=b\n`);

const imageNames = async (): Promise<string[]> =>
  (await gantry.api().get('/images/json?all=1'))
    .json<{ RepoTags: string[] | null }[]>()
    .flatMap(({ RepoTags }) => RepoTags ?? [])
    .sort();

/** Refused in words that say why; no image comes of it. */
async function refused(
  t: Parameters<typeof inLittle>[0],
  building: () => Promise<Built>,
  why: RegExp,
): Promise<void> {
  const names = await imageNames();
  const { error, text } = await inLittle(t, gantry, building(), GROWN_MIB_MAX);
  assert.match(error, why, text.slice(0, 500));
  assert.deepEqual(await imageNames(), names);
}

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `l${i}`);
const labelled = (count: number) => Object.fromEntries(many(count).map((name) => [name, 'x']));
const diffIds = (count: number) => ({
  type: 'layers',
  diff_ids: many(count).map(() => `sha256:${'0'.repeat(64)}`),
});
const layered = (count: number) => (manifest: ManifestShape) => ({
  ...manifest,
  layers: many(count).map(() => manifest.layers[0]),
});

const CONFIG_TOO_LARGE = /^image configuration is larger than 4194304 bytes$/;
const MANIFEST_TOO_LARGE = /^an answer of the registry is larger than 4194304 bytes$/;
const bases: Readonly<Record<string, readonly [Parameters<FakeRegistry['putImage']>[2], RegExp]>> = {
  'a configuration of 64 MB': [
    { layers: [layer], config: { comment: 'x'.repeat(64 * MIB) } },
    CONFIG_TOO_LARGE,
  ],
  'a configuration that is larger than its manifest says': [
    {
      layers: [layer],
      config: { comment: 'x'.repeat(64 * MIB) },
      manifest: (m) => ({ ...m, config: { ...m.config, size: 1000 } }),
    },
    /is longer than the 1000 bytes of its manifest$/,
  ],
  'a configuration of a million labels': [
    { layers: [layer], config: { config: { Labels: labelled(1_000_000) } } },
    CONFIG_TOO_LARGE,
  ],
  'a configuration that is nested 100,000 deep': [
    {
      layers: [layer],
      manifest: (m) => ({
        ...m,
        config: { ...m.config, ...registry.putBlob(Buffer.from(`{"history":${nested(100_000)}}`)) },
      }),
    },
    /^invalid image configuration: /,
  ],
  'a configuration of a million layers': [
    { layers: [layer], config: { rootfs: diffIds(1_000_000) } },
    CONFIG_TOO_LARGE,
  ],
  'a manifest of 12 MB': [
    { layers: [layer], manifest: (m) => ({ ...m, annotations: { a: 'x'.repeat(12 * MIB) } }) },
    MANIFEST_TOO_LARGE,
  ],
  'a manifest of a million layers': [{ layers: [layer], manifest: layered(1_000_000) }, MANIFEST_TOO_LARGE],
  'a manifest of 513 layers': [
    { layers: [layer], manifest: layered(513), config: { rootfs: diffIds(513) } },
    /^image with 513 layers: 250 at most/,
  ],
};
for (const [what, [image, why]] of Object.entries(bases))
  test(`SC-DOS-05: a base image with ${what} is refused`, async (t) => {
    registry.putImage('bad', 'v1', image);
    await refused(t, () => fromRegistry('bad'), why);
  });

const big = (line: string, bytes: number): string => line.repeat(Math.ceil(bytes / line.length));
test('SC-DOS-05: a Dockerfile larger than a megabyte is refused', async (t) => {
  const text = `FROM busybox\n${big('# a comment\n', 100 * MIB)}`;
  await refused(t, () => build(gantry, text), /Dockerfile\\" has more than 1048576 bytes/);
});

test('SC-DOS-05: a .dockerignore larger than a megabyte is refused', async (t) => {
  for (const name of ['.dockerignore', 'Dockerfile.dockerignore'])
    await refused(
      t,
      () => build(gantry, 'FROM busybox\n', [file(name, big('a/b/c\n', 100 * MIB))]),
      /ignore\\" has more than 1048576 bytes/,
    );
});

test('SC-DOS-05: a Dockerfile of as many labels as it can hold makes a configuration that is refused', async (t) => {
  const text = `FROM busybox\nLABEL ${many(120_000)
    .map((name) => `${name}=`)
    .join(' ')}\n`;
  assert.ok(text.length < MIB);
  // Read, told as a step, and written down as a configuration: 137 MiB were seen.
  const { error } = await inLittle(t, gantry, build(gantry, text));
  assert.equal(error, 'image configuration is larger than 4194304 bytes');
  await removeBuilt(gantry);
});

const context = contextOf('FROM busybox\nLABEL a=b\n');
const queries: Readonly<Record<string, readonly [BuildQuery, RegExp]>> = {
  ...Object.fromEntries(
    ['buildargs', 'labels', 'cachefrom', 'ulimits', 'outputs'].map(
      (name) =>
        [
          `${name} that are nested 100,000 deep`,
          [{ [name]: nested(100_000) }, /exceeded max depth/],
        ] as const,
    ),
  ),
};
for (const [what, [query, why]] of Object.entries(queries))
  test(`SC-DOS-05: a query with ${what} is refused`, async (t) => {
    await refused(t, () => buildArchive(gantry, context, query), why);
  });

/** Larger than any head of a request that is read: the connection is closed, and most clients are still writing then. */
const heads: Readonly<Record<string, () => Promise<Built>>> = {
  'build arguments of two megabytes': () =>
    buildArchive(gantry, context, { buildargs: JSON.stringify({ a: 'x'.repeat(2 * MIB) }) }),
  'a million labels': () => buildArchive(gantry, context, { labels: JSON.stringify(labelled(1_000_000)) }),
  'credentials of two megabytes': () =>
    buildArchive(gantry, context, {}, { headers: { 'x-registry-config': 'x'.repeat(2 * MIB) } }),
};
for (const [what, building] of Object.entries(heads))
  test(`SC-DOS-05: a head of a request with ${what} is not read to its end`, async (t) => {
    const { status } = await inLittle(t, gantry, building(), GROWN_MIB_MAX);
    assert.equal(status, 431);
  });

const credentials: Readonly<Record<string, string>> = {
  'for very many registries': JSON.stringify(Object.fromEntries(many(20_000).map((name) => [name, {}]))),
  'that are nested 100,000 deep': nested(100_000),
};
for (const [what, text] of Object.entries(credentials))
  test(`SC-DOS-05: credentials ${what} are not looked at, or not for long`, async (t) => {
    const header = Buffer.from(text).toString('base64url');
    const building = buildArchive(gantry, context, {}, { headers: { 'x-registry-config': header } });
    assert.equal((await inLittle(t, gantry, building, GROWN_MIB_MAX)).error, '');
  });
