import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasWildcards, pathMatch, pathMatcher } from './path-match.ts';

for (const [pattern, name, fits] of [
  ['*', 'abc', true],
  ['*', 'a/b', false],
  ['a*/b', 'axyz/b', true],
  ['a*b*c', 'aXbYbZc', true],
  ['a*b*c', 'aXbYbZ', false],
  ['?', '/', false],
  ['a?c', 'abc', true],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[^a-c]x', 'zx', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['[\\]]', ']', true],
  ['', '', true],
  ['**', 'ab', true],
] as const)
  test(`${pattern} ${fits ? 'fits' : 'does not fit'} ${name}`, () =>
    assert.equal(pathMatch(pattern, name), fits));

for (const pattern of ['[', '[]', '[a', '[a-', '[a-]', '\\', '[-a]'])
  test(`${pattern} is malformed`, () =>
    assert.throws(() => pathMatch(pattern, 'a'), /syntax error in pattern/));

test('no pattern makes matching slow', () => {
  assert.equal(pathMatch('a*'.repeat(100), 'a'.repeat(5000).concat('b')), true);
  assert.equal(pathMatch(`${'*a'.repeat(100)}b`, 'a'.repeat(5000)), false);
});

test('names of bytes match by their characters', () => {
  const matches = pathMatcher('\xff?[\xc3\xa4-\xc3\xb6]*');
  assert.equal(matches('\xff\xc3\xa9\xc3\xa5'), true);
  assert.equal(matches('\xff\xc3\xa9\xc3\xbc'), false);
});

test('a pattern without wildcards is a name', () => {
  assert.deepEqual(['a', 'a\\*', 'a]', ''].filter(hasWildcards), []);
  assert.deepEqual(
    ['*', 'a?', '[a]', '\\\\*', '\\a*'].filter((pattern) => !hasWildcards(pattern)),
    [],
  );
  assert.equal(hasWildcards('\\'.repeat(1_000_000)), false);
});
