import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from './challenge.ts';

const plain = (header: string | string[]) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test('challenges are read as registries send them', () => {
  assert.deepEqual(
    plain('Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push"'),
    [['bearer', { realm: 'https://auth.example/token', service: 'reg', scope: 'repository:a/b:pull,push' }]],
  );
  assert.deepEqual(plain('Basic realm="a \\"quoted\\" one"'), [['basic', { realm: 'a "quoted" one' }]]);
  assert.deepEqual(plain(['Negotiate', 'BASIC Realm=x']), [
    ['negotiate', {}],
    ['basic', { realm: 'x' }],
  ]);
  assert.deepEqual(plain('Basic realm="x", Bearer realm="y" , error="insufficient_scope"'), [
    ['basic', { realm: 'x' }],
    ['bearer', { realm: 'y', error: 'insufficient_scope' }],
  ]);
});

test('what cannot be read gives no challenge and no hang', () => {
  for (const text of ['', '"', 'Bearer realm="unclosed', '=,=,=', 'a'.repeat(1 << 20)])
    assert.ok(plain(text).every(([scheme]) => scheme !== 'basic'));
  fc.assert(fc.property(fc.string(), (text) => parseChallenges(text).length <= text.length));
});
