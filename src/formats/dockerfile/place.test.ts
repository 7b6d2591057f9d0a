/** Where instructions stand in their file, and what stands around them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from './parse.ts';

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
