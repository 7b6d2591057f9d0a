/** The word that somebody who misspelt one may have meant. */

/** Changes of one letter that are forgiven. */
const CHANGES_MAX = 2;

/** The nearest of `words`, if one is near; the same word in another case is none. */
export function nearWord(given: string, words: readonly string[]): string | undefined {
  const wanted = given.toLowerCase();
  let found: string | undefined;
  let least = CHANGES_MAX + 1;
  for (const word of words) {
    if (Math.abs(word.length - wanted.length) > CHANGES_MAX) continue;
    const changes = changesBetween(wanted, word.toLowerCase());
    if (changes === 0) return undefined;
    if (changes < least) [found, least] = [word, changes];
  }
  return found;
}

/** Letters to put in, take out or replace, and neighbours to swap (Damerau and Levenshtein). */
function changesBetween(a: string, b: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const row = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const swapped = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j];
      const replaced = above[j]! + (a[i] === b[j] ? 0 : 1);
      row.push(Math.min(above[j + 1]! + 1, row[j]! + 1, replaced, swapped ? twoAbove[j - 1]! + 1 : Infinity));
    }
    [twoAbove, above] = [above, row];
  }
  return above[b.length]!;
}
