/** The lines in which two texts differ, with a few around them, for a failing test's message. */

/** `-` only in the first, `+` only in the second. Empty when the texts are equal. */
export function lineDiff(first: string, second: string, context = 2): string {
  if (first === second) return '';
  const marked = align(first.split('\n'), second.split('\n'));
  const near = marked.map((_, at) =>
    marked.slice(Math.max(0, at - context), at + context + 1).some((line) => !line.startsWith(' ')),
  );
  return marked.flatMap((line, at) => (near[at] ? [line] : near[at - 1] ? ['  …'] : [])).join('\n');
}

/** Longest common subsequence, by the textbook: transcripts have some hundred lines. */
function align(a: readonly string[], b: readonly string[]): string[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const row = lengths[i];
      if (row) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  const marked: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      marked.push(`  ${a[i]}`);
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) marked.push(`- ${a[i++]}`);
    else marked.push(`+ ${b[j++]}`);
  }
  return marked;
}
