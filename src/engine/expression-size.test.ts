import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RE2JS } from 're2js';
import { writtenOutSize } from './expression-size.ts';

for (const [source, size] of [
  ['abc', 3],
  ['a{5}', 5],
  ['a{2,7}b', 8],
  ['a{3,}', 4],
  ['(ab){10}', 30],
  ['((ab){10}){10}', 310],
  ['[a-z(]{100}', 100],
  ['[]{9}]', 1],
  ['[^]{9}]', 1],
  ['[[:alpha:])]{4}', 4],
  ['\\{5}', 3],
  ['\\x{1000}\\p{Greek}{3}', 4],
  ['\\Qa{9}(\\E', 9],
  ['a{1,2', 5],
  // Refused, and so never written out.
  ['a{1001}', 2],
  ['(a{100}){11}', 102],
] as const)
  test(`${source} written out has ${size} atoms`, () => assert.equal(writtenOutSize(source), size));

test('the size is never far below that of the program', () => {
  for (const source of [
    '(x{30}){30}',
    '(?:a{0,30}){0,30}b',
    '((a|b|c){10}d?){100}',
    '([[:alpha:])]{10}x*){50}',
    '(?:\\Q(((\\E{20}){20}',
    'a{1000}'.repeat(20),
    '(a?){1000}'.repeat(5),
  ]) {
    const program = RE2JS.compile(source).programSize();
    assert(writtenOutSize(source) * 5 >= program, `${source}: ${writtenOutSize(source)} of ${program}`);
  }
});
