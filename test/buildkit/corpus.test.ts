/** The corpus of Dockerfiles, each built by buildx on Gantry and on dockerd 26: all that came of it compared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildCase } from '../builds/build-case.ts';
import type { Built } from '../builds/built.ts';
import { compareBuilt } from '../builds/compare.ts';
import { corpus } from '../builds/corpus/all.ts';
import { type Engine, startDockerd } from '../harness/dockerd.ts';
import { fileScope } from '../harness/file-scope.ts';
import { startGantry } from '../harness/gantry.ts';
import { asBefore, differences, endsDockerd } from './differences.ts';
import { contextDirectory, madeByBuildx, withoutBuildKit } from './made-by-buildx.ts';

/** dockerd gains nothing by more on two cores. */
const AT_ONCE = 2;

const scope = fileScope();
const [gantry, dockerd] = await Promise.all([startGantry(scope), startDockerd(scope, { release: 13 })]);
const skip = typeof dockerd === 'string' ? dockerd : await withoutBuildKit(gantry);

test('what differs is about cases that there are', () => {
  const names = new Set(corpus.map(({ name }) => name));
  assert.deepEqual(
    [...Object.keys(differences), ...asBefore, ...endsDockerd].filter((name) => !names.has(name)),
    [],
  );
});

test('what buildx makes of the corpus', { concurrency: AT_ONCE, skip }, async (t) => {
  assert(typeof dockerd !== 'string');
  await Promise.all(
    corpus
      .filter(({ query }) => query?.squash === undefined) // BuildKit has it not
      .map((each, i) => t.test(each.name, () => both(each, `corpus:${i}`))),
  );
});

async function both(each: BuildCase, tag: string): Promise<void> {
  assert(typeof dockerd !== 'string');
  using context = contextDirectory(each);
  const on = (engine: Engine): Promise<Built> => madeByBuildx(engine, each, tag, context.path);
  const [ours, theirs] = await Promise.all([
    on(gantry),
    endsDockerd.has(each.name) ? { refusal: 'not asked: it would end' } : on(dockerd),
  ]);
  const same = 'refusal' in theirs ? ('refused' as const) : undefined;
  const expect = asBefore.has(each.name) ? each.expect : (differences[each.name] ?? same);
  compareBuilt(ours, theirs, { dockerfile: each.dockerfile, ...(expect && { expect }) });
}
