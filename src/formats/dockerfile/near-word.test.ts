/** What somebody may have meant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nearWord } from './near-word.ts';

for (const [given, words, meant] of [
  ['form', ['from', 'to'], 'from'],
  ['FORM', ['From'], 'From'],
  ['fro', ['from'], 'from'],
  ['ffrom', ['from'], 'from'],
  ['frok', ['from'], 'from'],
  ['rfmo', ['from'], 'from'],
  ['fr', ['from'], 'from'],
  ['frooom', ['from'], 'from'],
  ['f', ['from'], undefined],
  ['froooom', ['from'], undefined],
  ['mrof', ['from'], 'from'],
  ['xxom', ['from'], 'from'],
  ['xxxm', ['from'], undefined],
  ['From', ['from', 'form'], undefined],
  ['frm', ['frim', 'from'], 'frim'],
  ['frmo', ['fremo', 'from', 'frome'], 'fremo'],
  ['frxx', ['from', 'frax'], 'frax'],
  ['', ['ab', 'a'], 'a'],
  ['ab', [], undefined],
] as const)
  test(`of ${words.join(', ')} the word near ${JSON.stringify(given)} is ${meant}`, () =>
    assert.equal(nearWord(given, words), meant));

/** Changes by the definition: the least over every last step. */
function changes(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const swap = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1);
  return Math.min(
    changes(a.slice(0, -1), b) + 1,
    changes(a, b.slice(0, -1)) + 1,
    changes(a.slice(0, -1), b.slice(0, -1)) + (a.at(-1) === b.at(-1) ? 0 : 1),
    swap ? changes(a.slice(0, -2), b.slice(0, -2)) + 1 : Infinity,
  );
}

test('a word is near by one or two changes of letters, never by none or three', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
  fc.assert(
    fc.property(word, word, (given, other) => {
      const apart = changes(given, other);
      assert.equal(nearWord(given, [other]), apart === 1 || apart === 2 ? other : undefined);
    }),
    { numRuns: 500 },
  );
});
