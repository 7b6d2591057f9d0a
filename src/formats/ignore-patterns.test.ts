import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ignoreMatcher, readIgnoreFile } from './ignore-patterns.ts';

const excludes = (text: string, path: string): boolean => ignoreMatcher(readIgnoreFile(text)).excludes(path);

for (const [text, out, kept] of [
  ['a', ['a', 'a/b', 'a/b/c'], ['b', 'b/a', 'ab']],
  ['/a', ['a', 'a/b'], ['b/a']],
  ['./a/', ['a', 'a/b'], ['b/a']],
  ['a/../b', ['b'], ['a']],
  ['*', ['a', 'a/b', '.x'], []],
  ['*/a', ['b/a', 'b/a/c'], ['a', 'c/b/a']],
  ['*.md', ['a.md', '.md'], ['a/b.md', 'a.mdx']],
  ['**', ['a', 'a/b'], []],
  ['**/a', ['a', 'b/a', 'c/b/a', 'c/a/b'], ['ba', 'c/ba']],
  ['**/*.o', ['a.o', 'b/c/a.o'], ['a.oo']],
  ['**.log', ['a.log', 'b/a.log', '.log'], ['a.logs']],
  ['**.l?g', ['.log', 'b/.log'], ['a.log']],
  ['a/**', ['a/b', 'a/b/c'], ['a', 'ab']],
  ['a**', ['a', 'ab', 'ab/c', 'a/b'], ['ba']],
  ['a/**/b', ['a/b', 'a/c/b', 'a/c/d/b', 'a/b/c'], ['ab', 'a/cb']],
  ['a**b', ['ab', 'ac/b'], ['acb']],
  ['a?c', ['abc'], ['a/c', 'ac']],
  ['a[b-d]', ['ab', 'ad'], ['ae', 'a-']],
  ['a[^b-d]', ['ae'], ['ab']],
  ['a\\*', ['a*'], ['ab']],
  ['a.b+(c)|$', ['a.b+(c)|$'], ['axb', 'abb']],
  ['*\n!a', ['b', 'b/a'], ['a', 'a/b']],
  ['a\n!a/b\na/b/c', ['a', 'a/x', 'a/b/c'], ['a/b', 'a/b/d']],
  ['!a\na', ['a'], []],
  ['**\n! **/*.go ', ['a', 'a/b.c'], ['a.go', 'a/b.go']],
  ['\xef\xbb\xbf# no\n#a\n\n  \n \t b \r\n', ['b'], ['a', '# no', '#a']],
  [' #a', ['#a'], ['a']],
  ['..', [], ['a']],
  ['../a', [], ['a', 'b/a']],
  ['../../a', [], ['a', 'b/a']],
  ['/../a', ['a'], ['b/a']],
  ['a/../../b', [], ['a', 'b']],
  ['a/./b//c/', ['a/b/c'], ['a/b']],
  ['...', ['...'], ['a', '..']],
  ['**/', ['a', 'a/b'], []],
  ['**/**/a', ['a', 'b/a', 'c/b/a'], ['ba']],
  ['**a', ['a', 'ba', 'c/ba'], ['ab']],
  ['**/a/**/b', ['a/b', 'x/a/y/b'], ['b', 'ab']],
  ['***', ['a', 'a/b'], []],
  ['**.a*', ['.ab', 'c/.ab'], ['b.ab']],
  ['.', [], ['a', '.a']],
  ['/', [], ['a']],
  ['\xff?', ['\xffa', '\xff\xc3\xa9', '\xff\xfe'], ['\xff', '\xffab']],
] as const)
  test(`${JSON.stringify(text)} leaves out what it names`, () => {
    assert.deepEqual(
      [...out, ...kept].filter((path) => excludes(text, path)),
      out,
    );
  });

test('stars mean the same wherever in a long pattern they stand', () => {
  for (let length = 25; length < 70; length++) {
    const directory = 'a'.repeat(length);
    const { excludes: leavesOut } = ignoreMatcher([`${directory}/**/b*c`]);
    const paths = ['/bc', '/x/bc', '/x/y/bxc', 'bc', '/xbc', '/x/b'].map((rest) => directory + rest);
    assert.deepEqual(paths.map(leavesOut), [true, true, true, false, false, false], String(length));
  }
});

test('malformed patterns are refused', () => {
  for (const pattern of ['[', 'a[', 'a\\', '[]a]', '[a-'])
    assert.throws(() => excludes(pattern, 'a'), {
      name: 'InvalidArgument',
      message: /syntax error in pattern/,
    });
  for (const pattern of ['!', '! ', '!/'])
    assert.throws(() => excludes(pattern, 'a'), {
      name: 'InvalidArgument',
      message: /illegal exclusion pattern/,
    });
});

test('a pattern may have 4096 characters, and there may be ten thousand', () => {
  assert.equal(excludes('a'.repeat(4096), 'a'.repeat(4096)), true);
  assert.throws(() => excludes('a'.repeat(4097), 'a'), { name: 'InvalidArgument' });
  assert.equal(excludes('a\n'.repeat(10_000), 'a'), true);
  assert.throws(() => excludes('a\n'.repeat(10_001), 'a'), { name: 'InvalidArgument' });
});

test('a directory is looked into when an exception could be below it', () => {
  const below = (text: string, directory: string) =>
    ignoreMatcher(readIgnoreFile(text)).couldHaveExceptionsBelow(directory);
  for (const [text, directory, wanted] of [
    ['a', 'a', false],
    ['*\n!a/b/c', 'a', true],
    ['*\n!a/b/c', 'a/b', true],
    ['*\n!a/b/c', 'a/b/c', true],
    ['*\n!a/b/c', 'a/b/c/d', true],
    ['*\n!a/b/c', 'a/c', false],
    ['*\n!a/b/c', 'ab', false],
    ['*\n!**/x', 'any/where', true],
    ['*\n!*/x', 'any', true],
    ['*\n!*/x', 'any/where', false],
    ['*\n!a*', 'b', false],
  ] as const)
    assert.equal(below(text, directory), wanted, `${text} ${directory}`);
});

/** As dockerd does it: each pattern a regular expression, held against the path and each directory above it. */
function naive(patterns: readonly string[], path: string): boolean {
  const parts = path.split('/');
  const paths = parts.map((_, i) => parts.slice(0, i + 1).join('/'));
  return patterns.reduce((excluded, pattern) => {
    const source = pattern
      .replace(/^!/, '')
      .replace(/\*\*\/?$|\*\*\/?|\*|\?|[.]/g, (found, at: number, whole: string) => {
        if (found.startsWith('**')) return at + found.length === whole.length ? '.*' : '(.*/)?';
        return found === '*' ? '[^/]*' : found === '?' ? '[^/]' : `\\${found}`;
      });
    const matches = paths.some((one) => new RegExp(`^${source}$`).test(one));
    return matches ? !pattern.startsWith('!') : excluded;
  }, false);
}

test('the matcher says what regular expressions would say', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 3 });
  const safe = name.filter((part) => part !== '.' && part !== '..');
  const part = fc.oneof(safe, fc.constantFrom('*', '**', 'a*', '*b', '?', 'a?', '*.*', 'a*b*'));
  const pattern = fc
    .tuple(fc.constantFrom('', '', '!'), fc.array(part, { minLength: 1, maxLength: 4 }))
    .map(([not, parts]) => not + parts.join('/'));
  const path = fc.array(safe, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 4 }), path, (patterns, one) => {
      const matcher = ignoreMatcher(patterns);
      assert.equal(matcher.excludes(one), naive(patterns, one));
      const above = one.split('/').slice(0, -1).join('/');
      if (above !== '' && matcher.excludes(above) && !matcher.excludes(one))
        assert.ok(matcher.couldHaveExceptionsBelow(above));
    }),
    { numRuns: 5000 },
  );
});

test('SC-DOS-07: no pattern is slow, however many ways there are to match it', () => {
  const path = `${'a/'.repeat(1000)}${'a'.repeat(2000)}`;
  for (const pattern of [
    '*a'.repeat(1000),
    '**/a/'.repeat(600),
    '**/*a'.repeat(600),
    `${'a*'.repeat(2000)}b`,
  ])
    assert.equal(typeof ignoreMatcher([`${pattern}c`]).excludes(path), 'boolean');
});

test('patterns that would take for ever come to an end', () => {
  const { excludes } = ignoreMatcher(Array.from({ length: 10_000 }, (_, i) => `nothing${i}`));
  const path = 'x/'.repeat(2000).slice(0, -1);
  assert.equal(excludes(path), false);
  assert.throws(() => {
    for (let i = 0; i < 1000; i++) excludes(path);
  }, /too many for so many files/);
});
