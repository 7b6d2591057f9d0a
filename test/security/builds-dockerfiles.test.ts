/** SC-DOS-07: Dockerfiles and patterns that a reader could need very long for, or very much memory. */
import { after, before, test } from 'node:test';
import { buildAnew as build } from '../harness/building.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file } from '../harness/layered.ts';
import { inLittle, removeBuilt } from './bounded-builds.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

const THIRD_OF_MIB = 300_000;
const doubled = (first: string, count: number): string =>
  `${first}\n${Array.from({ length: count }, (_, i) => `ENV a=$a$a b${i}=${'$a'.repeat(10)}`).join('\n')}\n`;
const dockerfiles: Readonly<Record<string, string>> = {
  'blanks before the end of a line': `FROM busybox\nLABEL a=b${' '.repeat(THIRD_OF_MIB)}\n`,
  'blanks between words': `FROM busybox\nLABEL${' '.repeat(THIRD_OF_MIB)}a=b\n`,
  'blanks and no instruction': `${' '.repeat(THIRD_OF_MIB)}x`,
  'tabs in a directive': `#${'\t'.repeat(THIRD_OF_MIB)}escape${'\t'.repeat(THIRD_OF_MIB)}x\nFROM busybox\n`,
  'lines that go on': `FROM busybox\nLABEL a=b ${'\\\n'.repeat(200_000)}\n`,
  'lines that go on, each with blanks': `FROM busybox\nLABEL a=b ${'\\ \n'.repeat(200_000)}\n`,
  'comments in a line that goes on': `FROM busybox\nLABEL a=b \\\n${'#\n'.repeat(200_000)} c=d\n`,
  'empty lines': `${'\n'.repeat(THIRD_OF_MIB)}FROM busybox\n`,
  quotes: `FROM busybox\nLABEL a=${'"'.repeat(THIRD_OF_MIB)}\n`,
  'quotes in turns': `FROM busybox\nLABEL a=${`"'`.repeat(THIRD_OF_MIB / 2)}\n`,
  'quotes that one backslash follows': `FROM busybox\nLABEL a="${'\\'.repeat(THIRD_OF_MIB)}\n`,
  'words in quotes': `FROM busybox\nLABEL ${'"a"="b" '.repeat(THIRD_OF_MIB / 8)}\n`,
  'braces in braces': `FROM busybox\nENV a=${'${b:-'.repeat(60_000)}\n`,
  'closed braces in braces': `FROM busybox\nENV a=${'${b:-'.repeat(40_000)}${'}'.repeat(40_000)}\n`,
  dollars: `FROM busybox\nENV a=${'$'.repeat(THIRD_OF_MIB)}\n`,
  variables: `FROM busybox\nENV a=b\nENV c=${'$a'.repeat(THIRD_OF_MIB / 2)}\n`,
  patterns: `FROM busybox\nARG a=${'a'.repeat(50_000)}\nLABEL b=\${a//${'a*'.repeat(50)}b/c}\n`,
  brackets: `FROM busybox\nCMD ${'['.repeat(THIRD_OF_MIB)}\n`,
  'words of a command': `FROM busybox\nCMD [${'"a",'.repeat(THIRD_OF_MIB / 4)}"a"]\n`,
  flags: `FROM busybox\nCOPY ${'--x '.repeat(THIRD_OF_MIB / 4)}a b\n`,
  documents: `FROM busybox\nCOPY ${'<<a '.repeat(THIRD_OF_MIB / 4)}b\n`,
  'a document without an end': `FROM busybox\nRUN <<a\n${'b\n'.repeat(THIRD_OF_MIB / 2)}`,
  'very many settings': `FROM busybox\n${Array.from({ length: 10_000 }, (_, i) => `ENV a${i}=b`).join('\n')}\n`,
  'a variable that doubles': doubled('FROM busybox\nENV a=a', 40),
  'an argument that doubles': doubled('FROM busybox\nARG a=a', 40),
  stages: Array.from({ length: 20_000 }, (_, i) => `FROM busybox AS a${i}`).join('\n'),
  'stages, each from the last': [
    'FROM busybox AS a0',
    ...Array.from({ length: 10_000 }, (_, i) => `FROM a${i} AS a${i + 1}`),
  ].join('\n'),
};
for (const [what, dockerfile] of Object.entries(dockerfiles))
  test(`SC-DOS-07: a Dockerfile of ${what} is built or refused, and holds nobody up`, async (t) => {
    const { error } = await inLittle(t, gantry, build(gantry, dockerfile));
    t.diagnostic(error.slice(0, 200));
    await removeBuilt(gantry);
  });

test('SC-DOS-07: patterns of .dockerignore that could be tried in very many ways are not', async (t) => {
  const ignore = [`${'**/'.repeat(1000)}x`, `${'*a'.repeat(100)}b`, `${'a'.repeat(3000)}[`].join('\n');
  await inLittle(
    t,
    gantry,
    build(gantry, 'FROM busybox\nCOPY . /c/\n', [
      file('.dockerignore', `${ignore}\n`.repeat(20)),
      ...Array.from({ length: 100 }, (_, i) => file(`${'a/'.repeat(100)}${'a'.repeat(200)}${i}`, '')),
    ]),
  );
});
