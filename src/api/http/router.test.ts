import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contract, type OperationName } from '../contract/index.ts';
import { classify, readTarget } from './router.ts';

const endpoints = Object.entries(contract) as [
  OperationName,
  { route: string; lastMinor?: number; success: { kind: string } },
][];

for (const [operation, { route, lastMinor, success }] of endpoints)
  test(`${route} is found with and without a version, with its names`, () => {
    const [method = '', pattern = ''] = route.split(' ');
    const path = pattern.replace(/\{\w+\}/, 'a/b:c');
    const params = Object.fromEntries([...pattern.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, 'a/b:c']));
    // What nothing comes of is there for those versions alone that know it: 1.30 knows all of that.
    const always = success.kind === 'never' ? [] : ['/v1.0'];
    const prefixes = lastMinor === undefined ? ['', '/v1.30', ...always] : [`/v1.${lastMinor}`, ...always];
    for (const prefix of prefixes) {
      const { match, search } = readTarget(method, `${prefix}${path}?x=1`);
      assert.deepEqual([match, search], [{ operation, params }, 'x=1']);
    }
    assert.equal(readTarget('PATCH', path).match, undefined);
  });

test('a route that a version no longer has is not found there', () => {
  assert.equal(readTarget('POST', '/v1.23/containers/x/copy').match?.operation, 'containerCopy');
  assert.equal(readTarget('POST', '/v1.24/containers/x/copy').match, undefined);
  assert.equal(readTarget('POST', '/containers/x/copy').match, undefined);
});

test('what nothing comes of is not found before it was documented', () => {
  for (const [path, minor] of [
    ['/swarm', 24],
    ['/nodes/x', 24],
    ['/plugins/x', 24],
    ['/secrets', 25],
    ['/tasks/x/logs', 29],
    ['/configs', 30],
  ] as const) {
    assert.equal(readTarget('GET', `/v1.${minor - 1}${path}`).match, undefined, path);
    assert.notEqual(readTarget('GET', `/v1.${minor}${path}`).match, undefined, path);
  }
});

test('names are as greedy as need be', () => {
  assert.deepEqual(readTarget('GET', '/images/json').match?.operation, 'imageList');
  assert.deepEqual(readTarget('GET', '/images/a/json/json').match?.params, { name: 'a/json' });
  assert.deepEqual(readTarget('DELETE', '/images/r:5000/a/b').match?.params, { name: 'r:5000/a/b' });
  assert.equal(readTarget('GET', '/containers//json').match, undefined);
  assert.equal(readTarget('DELETE', '/containers/').match, undefined);
});

test('the connection is taken by attach and exec start alone', () => {
  assert.ok(classify('POST', '/v1.12/containers/x/attach?stream=1').takesConnection);
  assert.ok(classify('POST', '/exec/x/start').takesConnection);
  for (const [method, url] of [
    ['GET', '/containers/x/attach'],
    ['POST', '/containers/x/start'],
    ['POST', '/containers/attach'],
    ['POST', '/%zz/attach'],
    ['POST', '/v0.1/containers/x/attach'],
  ] as const)
    assert.equal(classify(method, url).takesConnection, false, url);
});

test('archives are read to their end where the operation, or a parameter of its, says that one comes', () => {
  for (const [method, url, brings] of [
    ['PUT', '/containers/x/archive?path=/', true],
    ['POST', '/v1.24/images/load?quiet=1', true],
    ['POST', '/images/create?fromSrc=-&repo=a', true],
    ['POST', '/images/create?repo=a&fromSrc=%2D', true],
    ['POST', '/images/create?fromImage=a', false],
    ['POST', '/images/a/push', false],
  ] as const)
    assert.equal(classify(method, url).bringsArchive, brings, url);
});

test('what goes on for long, and what never changes, is known by its operation', () => {
  assert.ok(classify('GET', '/events').isLong);
  assert.ok(classify('POST', '/containers/x/wait').isLong);
  assert.equal(classify('GET', '/containers/json').isLong, false);
  assert.equal(classify('GET', '/v1.20/_ping').constant, 'systemPing');
  assert.equal(classify('HEAD', '/_ping').constant, 'systemPingHead');
  assert.equal(classify('GET', '/v0.9/_ping').constant, undefined);
});
