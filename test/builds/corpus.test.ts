/** The corpus of Dockerfiles: each built by Gantry and by dockerd 20.10, and all that came of it compared. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startDockerd } from '../harness/dockerd.ts';
import { startGantry } from '../harness/gantry.ts';
import type { BuildCase } from './build-case.ts';
import { type Built, built } from './built.ts';
import { corpus } from './corpus/all.ts';

/** dockerd gains nothing by more on two cores. */
const AT_ONCE = 2;

const gantry = await startGantry({ after });
const dockerd = await startDockerd({ after });
const skip = typeof dockerd === 'string' ? dockerd : false;

test('the corpus has a hundred and twenty Dockerfiles, each of its own name and bases', () => {
  const names = corpus.flatMap(({ name, bases = {} }) => [name, ...Object.keys(bases)]);
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
  assert(corpus.length >= 120, `${corpus.length}`);
});

test('what dockerd makes of the corpus', { concurrency: AT_ONCE, skip }, async (t) => {
  assert(typeof dockerd !== 'string');
  await Promise.all(
    corpus.map((each, i) =>
      t.test(each.name, async () => {
        const ours = await built(gantry, each, `corpus:${i}`, false);
        const theirs = await built(dockerd, each, `corpus:${i}`, each.byClient ?? false);
        compare(ours, theirs, each);
      }),
    ),
  );
});

function compare(ours: Built, theirs: Built, { expect, dockerfile }: BuildCase): void {
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
