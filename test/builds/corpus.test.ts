/** The corpus of Dockerfiles: each built by Gantry and by dockerd 20.10, and all that came of it compared. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startDockerd } from '../harness/dockerd.ts';
import { startGantry } from '../harness/gantry.ts';
import { built } from './built.ts';
import { compareBuilt } from './compare.ts';
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
        compareBuilt(ours, theirs, each);
      }),
    ),
  );
});
