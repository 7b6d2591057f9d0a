/** What makes two steps one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StepParts, stepKey } from './key.ts';

const parts: StepParts = {
  from: 'sha256:a',
  containerConfig: { Cmd: ['x'], Labels: { a: '1', b: '2' } },
  config: { Env: ['A=1', 'B=2'] },
  author: '',
};

test('maps are equal in any order', () =>
  assert.equal(
    stepKey(parts),
    stepKey({ ...parts, containerConfig: { Labels: { b: '2', a: '1' }, Cmd: ['x'] } }),
  ));

const others: readonly [title: string, Partial<StepParts>][] = [
  ['the image before', { from: 'sha256:b' }],
  ['the command', { containerConfig: { Cmd: ['y'], Labels: { a: '1', b: '2' } } }],
  ['the order of variables', { config: { Env: ['B=2', 'A=1'] } }],
  ['a health check', { config: { Env: ['A=1', 'B=2'], Healthcheck: { Test: ['NONE'] } } }],
  ['the author', { author: 'me' }],
  ['a mount', { more: ['cache /c c'] }],
];
for (const [title, more] of others)
  test(`${title} makes it another`, () => assert.notEqual(stepKey(parts), stepKey({ ...parts, ...more })));
test('parts do not run into each other', () =>
  assert.notEqual(stepKey({ ...parts, more: ['a', 'b'] }), stepKey({ ...parts, more: ['a b'] })));
