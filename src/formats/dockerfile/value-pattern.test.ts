/** Patterns in substitutions, beside the simplest program that does the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExpansionBudget } from './expansion.ts';
import { replacedBy, trimmedBy } from './value-pattern.ts';

const budget = () => new ExpansionBudget();

/** The pattern as a regular expression of JavaScript. */
const expression = (pattern: string): RegExp =>
  new RegExp(`^(?:${pattern.replace(/[*?.]/g, (c) => ({ '*': '[^]*', '?': '[^]' })[c] ?? `\\${c}`)})$`);

const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 7 });
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 5 });

test('what is taken from an end is the shortest part that matches, or the longest', () => {
  fc.assert(
    fc.property(pattern, text, fc.boolean(), (wanted, value, longest) => {
      const cuts = Array.from({ length: value.length + 1 }, (_, i) => i);
      const fits = expression(wanted);
      const starts = cuts.filter((at) => fits.test(value.slice(0, at)));
      const start = longest ? starts.at(-1) : starts[0];
      assert.equal(
        trimmedBy('start', wanted, value, longest, budget()),
        start === undefined ? value : value.slice(start),
      );
      const ends = cuts.filter((at) => fits.test(value.slice(at)));
      const end = longest ? ends[0] : ends.at(-1);
      assert.equal(
        trimmedBy('end', wanted, value, longest, budget()),
        end === undefined ? value : value.slice(0, end),
      );
    }),
    { numRuns: 2000 },
  );
});

/** The first place where a part matches that is not empty, and the longest such part there. */
function naive(wanted: string, value: string, all: boolean): string {
  if (wanted === '' || value === '') return value;
  const fits = expression(wanted);
  for (let from = 0; from < value.length; from++)
    for (let to = value.length; to > from; to--)
      if (fits.test(value.slice(from, to)))
        return `${value.slice(0, from)}<>${all ? naive(wanted, value.slice(to), all) : value.slice(to)}`;
  return value;
}

test('what is replaced is the longest part at the first place, once or all over', () => {
  fc.assert(
    fc.property(
      pattern.filter((each) => !each.includes('*')),
      text,
      fc.boolean(),
      (wanted, value, all) => {
        fc.pre(value !== '');
        assert.equal(replacedBy(wanted, value, '<>', all, budget()), naive(wanted, value, all));
      },
    ),
    { numRuns: 2000 },
  );
});

for (const [wanted, value, all, replaced] of [
  ['*', 'abc', false, '<>'],
  ['*', 'abc', true, '<>'],
  ['*', '', false, '<>'],
  ['a*', 'xaya', true, 'x<>'],
  ['*b', 'abab.', true, '<>.'],
  ['a*b', 'a', true, 'a'],
  ['\\*', 'a*b', false, 'a<>b'],
  ['\\?', 'a?b', false, 'a<>b'],
  ['\\\\', 'a\\b', false, 'a<>b'],
  ['\\}', 'a}b', false, 'a<>b'],
  ['\\/', 'a/b', false, 'a<>b'],
  ['', 'ab', true, 'ab'],
] as const)
  test(`${wanted} in ${JSON.stringify(value)} is replaced: ${replaced}`, () =>
    assert.equal(replacedBy(wanted, value, '<>', all, budget()), replaced));

test('a backslash before what needs none, or before nothing, is refused', () => {
  for (const wanted of ['\\a', 'a\\'])
    for (const work of [
      () => trimmedBy('start', wanted, 'a', false, budget()),
      () => replacedBy(wanted, 'a', '', false, budget()),
    ])
      assert.throws(work, { name: 'InvalidArgument', message: /^invalid pattern|invalid pattern/ });
});

test('values may bring in a mebibyte over a build, and patterns cost 2^26 steps', () => {
  const brought = budget();
  brought.bring(1_048_575);
  brought.bring(1);
  assert.throws(() => brought.bring(1), { name: 'InvalidArgument', message: /more than 1048576 characters/ });
  const cost = budget();
  cost.match(8191, 4095);
  cost.match(8191, 4095);
  assert.throws(() => cost.match(0, 0), { name: 'InvalidArgument', message: /take too long/ });
});
