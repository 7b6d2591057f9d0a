import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from '../base/errors.ts';
import { textsFound, textsFoundBy } from './expressions.ts';

const found = async (pattern: string, ...texts: string[]): Promise<string[]> => [
  ...(await textsFound(texts, [pattern])),
];

/** Sixty times the same letter: what doubles with each letter never ends here. */
const LONG = 'a'.repeat(60);

for (const [pattern, finds] of [
  ['(a|aa)+$', true],
  ['^(a|aa)+$', true],
  ['^(a|aa)+b$', false],
  ['(a+)+$', true],
  ['^((a+)+)+!$', false],
  ['^(a*)*b', false],
  ['(?:a?){60}a{60}', true],
  [`^${'(a|a)'.repeat(200)}b`, false],
  [`^(?:${Array.from({ length: 500 }, (_, i) => `a{${i % 50}}x`).join('|')})`, false],
  ['(?:a{0,30}){0,30}b', false],
  ['(.*)*(.*)*(.*)*c', false],
] as const)
  test(`${pattern.slice(0, 40)} ${finds ? 'finds' : 'does not find'} sixty times a`, async () => {
    assert.deepEqual(await found(pattern, LONG), finds ? [LONG] : []);
  });

for (const [pattern, texts, expected] of [
  ['web', ['web', 'my-web-1', 'db'], ['web', 'my-web-1']],
  ['^web', ['web', 'my-web-1'], ['web']],
  ['(?i)WEB$', ['web', 'web-1'], ['web']],
  ['[[:digit:]]', ['a1', 'a'], ['a1']],
  ['\\pL\\d', ['é1', '1'], ['é1']],
  ['\\Qa.b\\E', ['a.b', 'axb'], ['a.b']],
  ['(?P<n>x)\\z', ['x', 'xy'], ['x']],
  // Equal, though as an expression it is none, or finds other things.
  ['a(', ['a(', 'b'], ['a(']],
  ['', ['x', ''], ['', 'x']],
] as const)
  test(`${JSON.stringify(pattern)} finds ${expected.join()} of ${texts.join()}`, async () => {
    assert.deepEqual((await found(pattern, ...texts)).sort(), [...expected].sort());
  });

// With dockerd such a filter finds nothing, and the list is answered.
for (const pattern of ['(', 'a**', '(?=a)', '\\1', '[b-a]', 'a{1001}', '\\', '(?:a{0,1000}){0,1000}'])
  test(`${pattern} is no expression of Go's and finds nothing`, async () => {
    assert.deepEqual(await found(pattern, LONG, 'a', 'b'), []);
  });

test('what would be too large a program, or too long a search, is refused before the work', async () => {
  const words = /^InvalidArgument: error parsing regexp: expression too large: `/;
  await assert.rejects(found('a{1000}'.repeat(50), LONG), words);
  await assert.rejects(found('(x{30}){30}'.repeat(50), LONG), words);
  await assert.rejects(found(`${'a?'.repeat(16_000)}b`, LONG.repeat(100)), words);
  await assert.rejects(textsFoundBy('[a-z]{1000}'.repeat(4), ['x'.repeat(10_000)]), words);
});

test('an expression that is none is told in words of Go when a single one is asked for', async () => {
  await assert.rejects(
    textsFoundBy('a)', ['a']),
    new InvalidArgument('error parsing regexp: unexpected ): `a)`'),
  );
});

test('others get their turn while many expressions are searched for', async () => {
  let turns = 0;
  const count = setInterval(() => turns++, 0);
  const patterns = Array.from({ length: 300 }, (_, i) => `^(a|aa)+x{${i}}$`);
  await textsFound(
    Array.from({ length: 50 }, (_, i) => `${LONG}${i}`),
    patterns,
  );
  clearInterval(count);
  assert(turns > 0, 'the search held the thread from its beginning to its end');
});
