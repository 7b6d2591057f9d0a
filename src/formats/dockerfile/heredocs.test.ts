/** Marks of here-documents in an instruction's text, and what stands behind them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf, markOf, marksIn } from './heredocs.ts';
import { parseDockerfile } from './parse.ts';

const mark = (name: string, more: { expand?: boolean; stripsTabs?: boolean } = {}) => ({
  name,
  expand: true,
  stripsTabs: false,
  ...more,
});

for (const [word, wanted] of [
  ['<<E', mark('E')],
  ['<<-E', mark('E', { stripsTabs: true })],
  ['3<<E', mark('E')],
  ['12<<-E', mark('E', { stripsTabs: true })],
  ['<< E', mark('E')],
  ['<<\tE', mark('E')],
  ['<<"E"', mark('E', { expand: false })],
  ["<<'E F'", mark('E F', { expand: false })],
  ['<<"A"\'B\'c', mark('ABc', { expand: false })],
  ['<<\\E', mark('E')],
  ['<<A\\ B', mark('A B')],
  ['<<-', undefined],
  ['<<--', mark('-', { stripsTabs: true })],
  ['<<', undefined],
  ['<<""', undefined],
  ['<<A B', undefined],
  ['<<<E', undefined],
  ['x<<E', undefined],
  ['<E', undefined],
  ['<<E<F', undefined],
] as const)
  test(`the word ${word} ${wanted ? `is the mark ${wanted.name}` : 'is no mark'}`, () =>
    assert.deepEqual(markOf(word), wanted));

for (const [text, ...names] of [
  ['RUN <<A', 'A'],
  ['RUN <<A <<B', 'A', 'B'],
  ['RUN a <<A\t3<<B\vc', 'A', 'B'],
  ['RUN a<<A'],
  ['RUN "<<A"'],
  ["RUN '<<A'"],
  ['RUN \\<<A'],
  ['RUN "a\\"" <<A', 'A'],
  ["RUN 'a\\' <<A", 'A'],
  ['RUN "a'],
  ["RUN <<A 'a"],
  ['RUN <<A "a\\"'],
  ['RUN $((1 << 2)) <<A', 'A'],
  ['RUN $((1 <<A'],
  ['RUN $(( <<A )) <<B', 'B'],
  ['RUN $(<<A)'],
  ['RUN << A', 'A'],
  ['RUN <<  "A B" <<C', 'A B', 'C'],
  ['RUN a\\ <<A'],
  ['RUN a\\\\ <<A', 'A'],
  ['RUN $((1)) $((2 <<X)) <<A', 'A'],
] as const)
  test(`the marks in ${text} are ${names.join(', ') || 'none'}`, () =>
    assert.deepEqual(
      marksIn(text).map(({ name }) => name),
      names,
    ));

test('an instruction may have a thousand marks', () => {
  assert.equal(marksIn('<<A '.repeat(1000)).length, 1000);
  assert.throws(() => marksIn('<<A '.repeat(1001)), {
    message: 'more than 1000 heredocs in one instruction',
  });
});

test('tabs go from the beginning of each line, and from nowhere else, when the mark says so', () => {
  const content = '\t\ta\tb\n c\n\td\n';
  assert.equal(contentOf({ ...mark('E', { stripsTabs: true }), content }), 'a\tb\n c\nd\n');
  assert.equal(contentOf({ ...mark('E'), content }), content);
});

test('a here-document ends with the line that is its name alone', () => {
  const [copy] = parseDockerfile('FROM a\nCOPY <<E <<-F /x\n E\nE \nEE\nE\r\n\t F\nF\t\n\t\tF\r\n', 'D')
    .stages[0]!.instructions;
  assert(copy?.is === 'copy');
  assert.deepEqual(
    copy.inline.map(({ name, content }) => [name, content]),
    [
      ['E', ' E\nE \nEE\n'],
      ['F', ' F\nF\t\n'],
    ],
  );
});
