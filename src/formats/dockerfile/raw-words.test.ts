/** An instruction's text, cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cut, rawWords } from './raw-words.ts';

for (const [text, words] of [
  ['', []],
  ['  ', []],
  ['ab  c ', ['ab', 'c']],
  ['"a b" c', ['"a b"', 'c']],
  ["'a \\' b", ["'a \\'", 'b']],
  ['"a \\" b" c', ['"a \\" b"', 'c']],
  ['a\\ b c', ['a\\ b', 'c']],
  ['"a b', ['"a b']],
  [`"a'b" 'c"d' e`, [`"a'b"`, `'c"d'`, 'e']],
  ['abc\\', ['abc']],
  ['a bc\\', ['a', 'bc']],
  ['a \\', ['a']],
  ['\\', []],
  ['a\\\\', ['a\\\\']],
] as const)
  test(`${JSON.stringify(text)} has the words ${words.join(' | ')}`, () =>
    assert.deepEqual(rawWords(text, '\\'), words));

for (const [text, wanted] of [
  ['RUN', { first: 'RUN', keyword: 'run', flags: [], rest: '' }],
  [' Run  a b ', { first: 'Run', keyword: 'run', flags: [], rest: 'a b' }],
  ['COPY --a --b=c d', { first: 'COPY', keyword: 'copy', flags: ['--a', '--b=c'], rest: 'd' }],
  ['COPY --a -- --b', { first: 'COPY', keyword: 'copy', flags: ['--a'], rest: '--b' }],
  ['COPY --a --', { first: 'COPY', keyword: 'copy', flags: ['--a'], rest: '' }],
  ['COPY -a --b', { first: 'COPY', keyword: 'copy', flags: [], rest: '-a --b' }],
  ['COPY --a="b c" d', { first: 'COPY', keyword: 'copy', flags: ['--a=b c'], rest: 'd' }],
  [
    `COPY --a='b"c' --d="e'f" g`,
    { first: 'COPY', keyword: 'copy', flags: [`--a=b"c`, `--d=e'f`], rest: 'g' },
  ],
  ['COPY --a=b\\ c\\" d', { first: 'COPY', keyword: 'copy', flags: ['--a=b c"'], rest: 'd' }],
  ['COPY --a="b c', { first: 'COPY', keyword: 'copy', flags: ['--a=b c'], rest: '' }],
  ['COPY --a=b\\', { first: 'COPY', keyword: 'copy', flags: ['--a=b'], rest: '' }],
] as const)
  test(`${text} is cut into its keyword, its flags and the rest`, () =>
    assert.deepEqual(cut(text, '\\'), wanted));

test('another escape escapes in its place', () => {
  assert.deepEqual(rawWords('a` b c\\ d', '`'), ['a` b', 'c\\', 'd']);
  assert.deepEqual(cut('COPY --a=b` c d\\ e', '`').flags, ['--a=b c']);
});
