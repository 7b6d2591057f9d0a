/** `.dockerignore`: dockerd’s client leaves out what it says, Gantry does so itself. */
import { directory, file, type Member } from '../../harness/layered.ts';
import type { BuildCase } from '../build-case.ts';

const TREE: readonly Member[] = [
  file('a.md', 'a'),
  file('b.txt', 'b'),
  file('README.md', 'r'),
  directory('d'),
  file('d/a.md', 'da'),
  file('d/b.txt', 'db'),
  directory('d/deep'),
  file('d/deep/a.md', 'dda'),
  file('d/deep/c.txt', 'ddc'),
  directory('e'),
  file('e/x', 'ex'),
  file('.hidden', 'h'),
];

/** Everything that is left is copied. */
const ignoring = (what: string, patterns: string, more: Partial<BuildCase> = {}): BuildCase => ({
  name: `.dockerignore: ${what}`,
  dockerfile: 'FROM scratch\nCOPY . /c/\n',
  context: [...TREE, file('.dockerignore', patterns)],
  byClient: true,
  ...more,
});

/** Directories that are excluded themselves are not sent, and made anew for what is in them. */
const unsent = (...paths: readonly string[]): Partial<BuildCase> => ({
  expect: {
    differs: [
      ...paths.map((path) => `- layer 0 "${path}" directory 755 0:0 new`),
      ...paths.map((path) => `+ layer 0 "${path}" directory 755 0:0 at 1200000000`),
    ],
    why: 'Gantry is sent the directory, so that it knows its time',
  },
});

export const ignore: readonly BuildCase[] = [
  ignoring('names, patterns and directories', '*.md\nd/deep\n/e\n'),
  ignoring('at every depth', '**/*.md\n**/deep\n'),
  ignoring(
    'exceptions, the last one counts',
    '*.md\n!README.md\nd\n!d/b.txt\n!d/deep/c.txt\nd/deep\n',
    unsent('c/d'),
  ),
  ignoring('everything but', '*\n!d\nd/deep/a.md\n'),
  ignoring('everything but what lies deep', '**\n!d/deep/c.txt\n', unsent('c/d', 'c/d/deep')),
  ignoring('comments, blanks, slashes, dots', '# b.txt\n\n  a.md  \n./d/./a.md\n/e/\nd/../b.txt\n'),
  ignoring('characters and classes', '?.txt\nd/[ab].*\n!d/b.txt\n.*\n'),
  ignoring('line ends of Windows and a byte order mark', '\ufeffa.md\r\nd\r\n'),
  ignoring('a Dockerfile and itself', 'Dockerfile\n.dockerignore\n'),
  ignoring('a Dockerfile by a pattern', '*\n!e\n'),
  ignoring('an exception first', '!a.md\n*.md\n'),
  ignoring('two stars inside', 'd/**/a.md\n**/x\n'),
  ignoring('nothing at all', '\n# nothing\n'),
  ignoring('a file that is copied by name', 'b.txt\n', {
    dockerfile: 'FROM scratch\nCOPY b.txt /\n',
    expect: 'refused',
  }),
  ignoring('a pattern that is none', 'a[\n', {
    expect: {
      refusedAlone: /syntax error in pattern/,
      why: 'the client of dockerd refuses it before it sends anything',
    },
  }),
];
