/** Keys that came with a daemon are not told to clients of an older version: by moby's types at v17.06 … v20.10. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KnownRoute } from '../contract/index.ts';
import type { Doc } from './doc-path.ts';
import { dialectOf } from './index.ts';

function told(version: string, route: KnownRoute, body: unknown): unknown {
  const doc: Doc = { status: 200, body: structuredClone(body) };
  dialectOf(version).response(route, doc);
  return doc.body;
}

const at = (value: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((here, name) => (here as Doc | undefined)?.[name], value);

const networks = { NetworkSettings: { Networks: { bridge: { DriverOpts: null } } } };
const inspect = 'GET /containers/{name}/json';
const drivers = ['NetworkSettings', 'Networks', 'bridge', 'DriverOpts'];
for (const [route, body, path, since] of [
  [inspect, networks, drivers, 32],
  ['GET /containers/json', [networks], [0, ...drivers], 32],
  ['GET /system/df', { Containers: [networks] }, ['Containers', 0, ...drivers], 32],
  [inspect, { Platform: 'linux' }, ['Platform'], 31],
  ['GET /images/{name}/json', { Metadata: {} }, ['Metadata'], 31],
  [inspect, { HostConfig: { MaskedPaths: ['/proc/kcore'] } }, ['HostConfig', 'MaskedPaths'], 38],
  [inspect, { HostConfig: { ReadonlyPaths: ['/proc/bus'] } }, ['HostConfig', 'ReadonlyPaths'], 38],
  [inspect, { HostConfig: {} }, ['HostConfig', 'KernelMemoryTCP'], 40],
  ['GET /info', {}, ['KernelMemoryTCP'], 40],
  ['GET /info', { OSVersion: '12' }, ['OSVersion'], 41],
] as const)
  test(`${path.join('.')} of ${route} is told from 1.${since} on`, () => {
    assert.equal(at(told(`1.${since - 1}`, route, body), path), undefined);
    assert.notEqual(at(told(`1.${since}`, route, body), path), undefined);
  });

test('limits that may be null today had values in the versions of before', () => {
  const limits = { HostConfig: { OomKillDisable: null, MemorySwappiness: null } };
  const of = (version: string, name: string) => at(told(version, inspect, limits), ['HostConfig', name]);
  assert.deepEqual([of('1.25', 'OomKillDisable'), of('1.40', 'OomKillDisable')], [false, false]);
  assert.deepEqual([of('1.25', 'MemorySwappiness'), of('1.30', 'MemorySwappiness')], [-1, -1]);
  assert.deepEqual([of('1.41', 'OomKillDisable'), of('1.31', 'MemorySwappiness')], [null, null]);
  const said = { HostConfig: { OomKillDisable: true, MemorySwappiness: 0 } };
  assert.deepEqual(at(told('1.25', inspect, said), ['HostConfig', 'MemorySwappiness']), 0);
  assert.deepEqual(at(told('1.25', inspect, said), ['HostConfig', 'OomKillDisable']), true);
});
