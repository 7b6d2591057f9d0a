import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contract, type Operation } from '../contract/index.ts';
import { readTarget, takesConnection } from './router.ts';

const endpoints = Object.entries(contract) as [Operation, { route: string; lastMinor?: number }][];

for (const [operation, { route, lastMinor }] of endpoints)
  test(`${route} is found with and without a version, with its names`, () => {
    const [method = '', pattern = ''] = route.split(' ');
    const path = pattern.replace(/\{\w+\}/, 'a/b:c');
    const params = Object.fromEntries([...pattern.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, 'a/b:c']));
    const prefixes = lastMinor === undefined ? ['', '/v1.24', '/v1.0'] : [`/v1.${lastMinor}`, '/v1.0'];
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

test('names are as greedy as need be', () => {
  assert.deepEqual(readTarget('GET', '/images/json').match?.operation, 'imageList');
  assert.deepEqual(readTarget('GET', '/images/a/json/json').match?.params, { name: 'a/json' });
  assert.deepEqual(readTarget('DELETE', '/images/r:5000/a/b').match?.params, { name: 'r:5000/a/b' });
  assert.equal(readTarget('GET', '/containers//json').match, undefined);
  assert.equal(readTarget('DELETE', '/containers/').match, undefined);
});

test('the connection is taken by attach and exec start alone', () => {
  assert.ok(takesConnection('POST', '/v1.12/containers/x/attach?stream=1'));
  assert.ok(takesConnection('POST', '/exec/x/start'));
  for (const [method, url] of [
    ['GET', '/containers/x/attach'],
    ['POST', '/containers/x/start'],
    ['POST', '/containers/attach'],
    ['POST', '/%zz/attach'],
    ['POST', '/v0.1/containers/x/attach'],
  ] as const)
    assert.equal(takesConnection(method, url), false, url);
});
