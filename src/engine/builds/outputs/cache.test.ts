/** Caches that are exported for others: where they go, and which are refused. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { nowNanos } from '../../../base/time.ts';
import { file, tarOf, testImages } from '../../images/test-host.ts';
import { digestOf, MemoryStore } from '../../images/test-lent.ts';
import type { CacheExport } from '../solve/promise.ts';
import { checkCaches } from './cache.ts';
import { exportSolved } from './export.ts';
import { listener, noClient, solvedOf } from './test-solved.ts';

/** What is told and answered; `stores`: those of the client, by their ids. */
async function exported(
  t: TestContext,
  cacheTo: readonly CacheExport[],
  stores: ReadonlyMap<string, MemoryStore> = new Map(),
) {
  const host = await testImages(t);
  await using solved = await solvedOf([['linux/amd64', tarOf(file('f', 'text'))]], host);
  const { tell, heard } = listener();
  const client = { ...noClient, store: (id: string) => stores.get(id)! };
  const options = { outputs: [], cacheTo, client, tell, signal: t.signal };
  return { heard, answers: await exportSolved(solved, options, { ...host, now: nowNanos }) };
}

const local = (attributes: Readonly<Record<string, string>>): CacheExport => ({ type: 'local', attributes });

test('a cache goes into the directory of the client that was named, and what names it is answered', async (t) => {
  const store = new MemoryStore();
  const wanted = local({ dest: '/d', tag: 't', reset: 'true' });
  const { heard, answers } = await exported(t, [wanted], new Map([['local:/d', store]]));
  const { digest, mediaType, size } = JSON.parse(answers.get('cache.manifest') ?? '');
  assert.equal(mediaType, 'application/vnd.oci.image.index.v1+json');
  assert.equal(store.blobs.get(digest)?.length, size);
  assert.deepEqual(
    [...store.blobs].map(([name, bytes]) => name === digestOf(bytes)),
    [true, true, true],
  );
  assert.deepEqual(heard, [
    'exporting cache to client directory begun',
    '=> preparing build cache for export begun',
    '=> preparing build cache for export done',
    '=> writing layers to /d begun',
    '=> writing layers to /d done',
    `=> writing cache manifest ${digest} begun`,
    `=> writing cache manifest ${digest} done`,
    'exporting cache to client directory done',
  ]);
});

test('a directory that cannot be written fails the build, unless that does not matter', async (t) => {
  const full = new MemoryStore();
  full.write = async () => {
    throw new Error('no space left on device');
  };
  const stores = new Map([['local:/d', full]]);
  await assert.rejects(exported(t, [local({ dest: '/d' })], stores), /no space left on device/);
  const { answers } = await exported(t, [local({ dest: '/d', 'ignore-error': 'true' })], stores);
  assert.equal(answers.size, 0);
});

for (const [type, words] of [
  ['gha', /a cache of type=gha is not read or written by this engine: use type=registry, type=local or/],
  ['s3', /a cache of type=s3 is not read or written/],
  ['azblob', /a cache of type=azblob is not read or written/],
  ['nonsense', /unknown cache exporter: "nonsense"/],
  ['local', /local cache exporter requires dest/],
  ['registry', /missing ref/],
] as const)
  test(`a cache of type ${type} that says nothing more is refused`, () => {
    assert.throws(() => checkCaches([{ type, attributes: {} }]), words);
  });
