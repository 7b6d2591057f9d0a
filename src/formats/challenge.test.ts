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
  assert.deepEqual(plain('a'.repeat(16_384)), [['a'.repeat(16_384), {}]]);
  assert.deepEqual(plain('a'.repeat(16_385)), []);
  assert.deepEqual(parseChallenges(undefined), []);
  fc.assert(fc.property(fc.string(), (text) => parseChallenges(text).length <= text.length));
});

for (const [header, wanted] of [
  ['a', [['a', {}]]],
  [
    'a, b',
    [
      ['a', {}],
      ['b', {}],
    ],
  ],
  [
    ', a ,b ',
    [
      ['a', {}],
      ['b', {}],
    ],
  ],
  ['a  x = 1', [['a', { x: '1' }]]],
  ['a x="",y=""', [['a', { x: '', y: '' }]]],
  ['a x="1" y="2"', [['a', { x: '1', y: '2' }]]],
  ['a X=1,x=2', [['a', { x: '2' }]]],
  ['a x="\\\\\\""', [['a', { x: '\\"' }]]],
  [
    'a x=1 b y=2',
    [
      ['a', { x: '1' }],
      ['b', { y: '2' }],
    ],
  ],
  ['x=1', []],
  ['a b=', [['a', {}]]],
  ['a:', []],
] as const)
  test(`${header} is read as ${JSON.stringify(wanted)}`, () => assert.deepEqual(plain(header), wanted));
