/** Where instructions stand in their file, and what stands around them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError, Failed } from '../../base/errors.ts';
import { parseDockerfile } from './parse.ts';
import { located } from './place.ts';

test('an instruction knows its source and its lines', () => {
  const { stages, warnings, gaps } = parseDockerfile('FROM a\n run  x \\\n\n y \nCOPY <<E b\n1\nE\n', 'D');
  assert.deepEqual(
    stages[0]?.instructions.map(({ command, source, position }) => [command, source, position]),
    [
      ['RUN', 'run  x  y', { line: 2, endLine: 4 }],
      ['COPY', 'COPY <<E b', { line: 5, endLine: 7 }],
    ],
  );
  assert.deepEqual(gaps, [4]);
  assert.deepEqual(warnings, [
    '[WARNING]: Empty continuation line found in:\n    run  x  y',
    '[WARNING]: Empty continuation lines will become errors in a future release.',
  ]);
});

test('an instruction knows the comments before it, directives are none', () => {
  const text = '# check=skip=all\n# gone\n#\n# b the base\n\n#  two \nFROM a AS b\n# not kept\n#\nUSER x\n';
  const { stages } = parseDockerfile(text, 'D');
  assert.deepEqual(stages[0]?.from.comments, ['b the base', 'two']);
  assert.deepEqual(stages[0]?.instructions[0]?.comments, []);
});

test('a failure shows its line, or its lines, as far as they go on a screen', () => {
  const told = (source: string, endLine: number) => {
    const error = located(new Failed('no'), { file: 'D', line: 3, endLine, command: 'RUN', source });
    assert(error instanceof EngineError);
    return [error.message, error.fields];
  };
  const fields = { file: 'D', line: 3, command: 'RUN' };
  assert.deepEqual(told('RUN x', 3), [
    'dockerfile parse error line 3: no\nD:3: RUN x',
    { ...fields, endLine: 3, source: 'RUN x' },
  ]);
  const [long, longer] = ['x'.repeat(200), `${'x'.repeat(200)}y`];
  assert.deepEqual(told(long, 5), [
    `dockerfile parse error line 3: no\nD:3-5: ${long}`,
    { ...fields, endLine: 5, source: long },
  ]);
  assert.deepEqual(told(longer, 4), [
    `dockerfile parse error line 3: no\nD:3-4: ${long}…`,
    { ...fields, endLine: 4, source: long },
  ]);
  const bug = new TypeError('a bug');
  assert.equal(located(bug, { ...fields, endLine: 3, source: '' }), bug);
});

test('the line of an instruction is told where it stands, with its here-documents and its continuations', () => {
  for (const [text, where] of [
    ['FROM a\n\n# c\nRUN --x a', /line 4: [\s\S]*\nD:4: RUN --x a$/],
    ['FROM a\nCOPY --x=1 a \\\n b\n', /line 2: [\s\S]*\nD:2-3: COPY --x=1 a {2}b$/],
    ['FROM a\nRUN <<E\n1\n2', /line 2: unterminated heredoc[\s\S]*\nD:2: RUN <<E$/],
    ['FROM a\n\n# escape=`\n# x\nUSER', /line 5: /],
  ] as const)
    assert.throws(() => parseDockerfile(text, 'D'), { name: 'InvalidArgument', message: where });
});
