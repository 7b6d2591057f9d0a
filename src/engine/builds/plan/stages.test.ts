/** Stages as a graph. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '../../../formats/dockerfile/parse.ts';
import { planStages } from './stages.ts';

const plan = (text: string, target?: string) =>
  planStages(parseDockerfile(text, 'Dockerfile'), target, (word) => word.replace('$V', '12'));

const FOUR = `FROM debian:$V AS base
FROM base AS left
RUN a
FROM base AS right
RUN --mount=type=bind,from=left,target=/l b
FROM scratch
COPY --from=right /x /x
`;

test('each stage knows what it stands on and takes from', () => {
  const { stages, target } = plan(FOUR);
  assert.deepEqual(
    stages.map(({ base, needs }) => [base, needs]),
    [
      [{ is: 'image', name: 'debian:12' }, []],
      [{ is: 'stage', index: 0 }, [0]],
      [{ is: 'stage', index: 0 }, [0, 1]],
      [{ is: 'scratch' }, [2]],
    ],
  );
  assert.equal(target, 3);
});
test('what the target does not need is not done', () => {
  assert.deepEqual([...plan(FOUR, 'left').needed].sort(), [0, 1]);
  assert.deepEqual([...plan(FOUR).needed].sort(), [0, 1, 2, 3]);
  assert.deepEqual([...plan('FROM a\nFROM b\nFROM c\n').needed], [2]);
});
test('a target is a name in any case, or a number', () => {
  assert.equal(plan(FOUR, 'LEFT').target, 1);
  assert.equal(plan(FOUR, '2').target, 2);
});
test('a number as a source is a stage before', () =>
  assert.deepEqual(plan('FROM a\nFROM b\nCOPY --from=0 x y\n').stages[1]?.needs, [0]));
test('the name of a later stage is that of an image', () =>
  assert.deepEqual(plan('FROM b\nFROM c AS b\n').stages[0]?.base, { is: 'image', name: 'b' }));

// In the words of dockerd 20.10; a target that is none in those of 25.0.
const wrong: readonly [text: string, target: string | undefined, message: string][] = [
  [FOUR, 'nope', 'target stage "nope" could not be found'],
  [FOUR, '9', 'target stage "9" could not be found'],
  ['FROM a AS x\nFROM b AS X\n', undefined, 'x stage name already used'],
  ['FROM a\nCOPY --from=0 x y\n', undefined, 'invalid from flag value 0: refers to current build stage'],
  ['FROM a\nCOPY --from=3 x y\n', undefined, 'invalid from flag value 3: index out of bounds'],
];
for (const [text, target, message] of wrong)
  test(message, () => assert.throws(() => plan(text, target), { message }));
