import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasWildcards, literalPattern, pathMatch, pathMatcher } from './path-match.ts';

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
  ['*', '', true],
  ['a*', 'a', true],
  ['*a', 'ba', true],
  ['*a', 'ab', false],
  ['a', 'ab', false],
  ['ab', 'a', false],
  ['?', '', false],
  ['??', 'a', false],
  ['[a]', 'a', true],
  ['[a]', '', false],
  ['[a-cx-z]', 'y', true],
  ['[a-cx-z]', 'd', false],
  ['[a-c]', 'a', true],
  ['[a-c]', 'c', true],
  ['[c-a]', 'b', false],
  ['[^a]', '/', true],
  ['[a^]', '^', true],
  ['[\\--a]', '/', true],
  ['[A-\\]]', ']', true],
  ['[\\^a]', '^', true],
  ['\\a', 'a', true],
  ['\\\\', '\\', true],
  ['[é-ü]', 'ö', true],
] as const)
  test(`${pattern} ${fits ? 'fits' : 'does not fit'} ${name}`, () =>
    assert.equal(pathMatch(pattern, name), fits));

for (const pattern of [
  '[',
  '[]',
  '[^]',
  '[a',
  '[a-',
  '[a-]',
  '\\',
  'a\\',
  '[-a]',
  '[a-b',
  '[a\\',
  '[a-\\',
  '[a]b][',
])
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

test('the pattern of a name matches that name alone', () => {
  for (const name of ['a*b', 'a?b', '[a]', 'a\\b', 'a^-!]b']) {
    assert.equal(pathMatch(literalPattern(name), name), true);
    assert.equal(hasWildcards(literalPattern(name)), false);
    assert.equal(pathMatch(literalPattern(name), 'aXb'), false);
  }
});

test('no more than 200 characters of a malformed pattern are told', () => {
  assert.throws(() => pathMatch(`${'x'.repeat(300)}[`, 'a'), {
    name: 'InvalidArgument',
    message: `syntax error in pattern: "${'x'.repeat(200)}"`,
  });
});
