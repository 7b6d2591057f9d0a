/** What two engines made of a case, held beside each other. */
import assert from 'node:assert/strict';
import type { BuildCase } from './build-case.ts';
import type { Built } from './built.ts';

/** Ours is as `expect` says beside theirs. @throws AssertionError with what differs */
export function compareBuilt(
  ours: Built,
  theirs: Built,
  { expect, dockerfile }: Pick<BuildCase, 'expect' | 'dockerfile'>,
): void {
  if (expect === 'refused' || (expect && 'refused' in expect)) {
    assert('refusal' in ours && 'refusal' in theirs, shown({ ours, theirs }));
    if (expect === 'refused') assert.equal(ours.refusal, theirs.refusal);
    else {
      const [words, own] = expect.refused;
      if (typeof words === 'string') assert.equal(theirs.refusal, words);
      else assert.match(theirs.refusal, words);
      assert.equal(ours.refusal, own);
    }
    return;
  }
  if (expect && 'refusedAlone' in expect) {
    assert.match('refusal' in ours ? ours.refusal : '', expect.refusedAlone);
    assert.notDeepEqual(ours, theirs);
    return;
  }
  assert('lines' in ours, `Gantry refuses it: ${shown({ ours, theirs })}\n${dockerfile}`);
  if (expect && 'alone' in expect) {
    assert.notDeepEqual(ours, theirs);
    for (const wanted of expect.alone)
      assert(
        ours.lines.some((line) => (typeof wanted === 'string' ? line === wanted : wanted.test(line))),
        `no line is ${wanted}:\n${ours.lines.join('\n')}`,
      );
    return;
  }
  assert('lines' in theirs, `dockerd refuses it: ${'refusal' in theirs && theirs.refusal}`);
  assert.deepEqual(difference(ours.lines, theirs.lines), expect?.differs ?? []);
}

/** Without the base’s files. */
const shown = (both: Readonly<Record<string, Built>>): string =>
  JSON.stringify(both, null, 1).replace(/^.*"layer 0 .*\n/gm, '');

/** Lines that only one has. */
function difference(ours: readonly string[], theirs: readonly string[]): string[] {
  const without = (lines: readonly string[], others: readonly string[]): string[] => {
    const left = [...others];
    return lines.filter((line) => {
      const at = left.indexOf(line);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  return [
    ...without(theirs, ours).map((line) => `- ${line}`),
    ...without(ours, theirs).map((line) => `+ ${line}`),
  ];
}
