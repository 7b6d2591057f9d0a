import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EngineError, inContext } from '../../base/errors.ts';
import { volumeContext, volumeFailure } from '../../model/failures/volume.ts';
import { dialectOf, failureFrom } from './index.ts';
import type { Doc } from './lens.ts';
import type { Version } from './step.ts';

const volume = {
  CreatedAt: '2026-01-02T03:04:05Z',
  Driver: 'local',
  Labels: null,
  Mountpoint: '/m',
  Name: 'data',
  Options: null,
  Scope: 'local',
};

for (const [version, members] of [
  ['1.55', ['CreatedAt', 'Driver', 'Labels', 'Mountpoint', 'Name', 'Options', 'Scope']],
  ['1.30', ['Driver', 'Labels', 'Mountpoint', 'Name', 'Options', 'Scope']],
  ['1.24', ['Driver', 'Labels', 'Mountpoint', 'Name', 'Scope']],
  ['1.23', ['Driver', 'Labels', 'Mountpoint', 'Name']],
  ['1.21', ['Driver', 'Mountpoint', 'Name']],
] as const)
  test(`a volume at ${version} has ${members.join(', ')}`, () => {
    const list: Doc = { status: 200, body: { Volumes: [{ ...volume }], Warnings: null } };
    dialectOf(version).response('GET /volumes', list);
    const body = list.body as { Volumes: object[] };
    assert.deepEqual(Object.keys(body.Volumes[0] ?? {}), members);
    assert.equal('Warnings' in body, version !== '1.21');
    for (const route of ['GET /volumes/{name}', 'POST /volumes/create'] as const) {
      const one: Doc = { status: 200, body: { ...volume } };
      dialectOf(version).response(route, one);
      assert.deepEqual(Object.keys(one.body as object), members);
    }
  });

test('labels came with 1.23, force with 1.25, and no swarm’s volume before 1.42', () => {
  const asked = (version: Version): Doc => {
    const doc: Doc = { query: {}, body: { Name: 'a', Labels: {}, ClusterVolumeSpec: {} } };
    dialectOf(version).request('POST /volumes/create', doc);
    return doc.body as Doc;
  };
  assert.deepEqual(Object.keys(asked('1.22')), ['Name']);
  assert.deepEqual(Object.keys(asked('1.41')), ['Name', 'Labels']);
  assert.deepEqual(Object.keys(asked('1.42')), ['Name', 'Labels', 'ClusterVolumeSpec']);
  const removal: Doc = { query: { force: '1' } };
  dialectOf('1.24').request('DELETE /volumes/{name}', removal);
  assert.deepEqual(removal.query, {});
});

for (const [version, said, meant] of [
  ['1.42', undefined, undefined],
  ['1.41', undefined, '{"all":["1"]}'],
  ['1.41', '', '{"all":["1"]}'],
  ['1.41', '{"label":["a"]}', '{"label":["a"],"all":["1"]}'],
  ['1.25', 'null', '{"all":["1"]}'],
  ['1.25', 'no JSON', 'no JSON'],
  ['1.25', '[]', '[]'],
] as const)
  test(`a prune at ${version} by ${said} means ${meant}`, () => {
    const doc: Doc = { query: said === undefined ? {} : { filters: said } };
    dialectOf(version).request('POST /volumes/prune', doc);
    assert.equal((doc.query as Doc).filters, meant);
  });

test('below 1.42 a prune knew no filter all', () => {
  const doc: Doc = { query: { filters: '{"all":["1"]}' } };
  assert.throws(() => dialectOf('1.41').request('POST /volumes/prune', doc), /invalid filter 'all'/);
});

const used = 'remove data: volume is in use - [abc]';
const odd =
  'create a b: "a b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path';
const oddOnce = odd.replace(/\. If you .*$/, '');
const gone = volumeFailure.notFound({ name: 'data' });
const inUse = volumeFailure.inUse({ name: 'data', users: ['abc'] });
const invalid = inContext(
  volumeFailure.nameInvalid({ name: 'a b' }),
  volumeContext.create({ name: 'a b' }),
) as EngineError;
for (const [version, route, status, thrown, expected] of [
  ['1.55', 'GET /volumes/{name}', 404, gone, [404, 'get data: no such volume']],
  ['1.22', 'GET /volumes/{name}', 404, gone, [404, 'get data: no such volume']],
  ['1.21', 'GET /volumes/{name}', 404, gone, [404, 'no such volume']],
  ['1.25', 'DELETE /volumes/{name}', 409, inUse, [409, used]],
  [
    '1.24',
    'DELETE /volumes/{name}',
    409,
    inUse,
    [409, `Unable to remove volume, volume still in use: ${used}`],
  ],
  ['1.22', 'DELETE /volumes/{name}', 409, inUse, [409, `Conflict: ${used}`]],
  ['1.21', 'DELETE /volumes/{name}', 409, inUse, [409, 'Conflict: volume is in use']],
  ['1.25', 'POST /volumes/create', 400, invalid, [400, odd]],
  ['1.24', 'POST /volumes/create', 400, invalid, [400, oddOnce]],
  ['1.21', 'POST /volumes/create', 400, invalid, [500, oddOnce.replace(/^create a b: /, '')]],
] as const)
  test(`${route} at ${version} fails with ${expected.join(' ').slice(0, 60)}`, () => {
    const failure = dialectOf(version).failure(failureFrom(thrown, status, 'engine'), {
      route,
      name: 'data',
    });
    assert.deepEqual([failure.status, failure.message], expected);
  });

test('read-only binds were flat before 1.44', () => {
  assert.deepEqual(
    (['1.43', '1.44'] as const).map((version) => dialectOf(version).traits.readOnlyIsFlat),
    [true, false],
  );
});
