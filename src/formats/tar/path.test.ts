import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pathBelowRoot, splitLast } from './path.ts';

for (const [name, path] of [
  ['a/b', 'a/b'],
  ['ab', 'ab'],
  ['ab/', 'ab'],
  ['ab/cd/', 'ab/cd'],
  ['/ab', 'ab'],
  ['./a//b/', 'a/b'],
  ['/a/b', 'a/b'],
  ['//a', 'a'],
  ['.', ''],
  ['./', ''],
  ['/', ''],
  ['', ''],
  ['a/..', ''],
  ['a/../b', 'b'],
  ['/../../a', 'a'],
  ['...', '...'],
  ['..a/.b', '..a/.b'],
] as const)
  test(`the name ${JSON.stringify(name)} means ${JSON.stringify(path)} below the root`, () => {
    assert.equal(pathBelowRoot(name), path);
  });

for (const name of ['..', '../a', 'a/../..', './../a', 'a/b/../../../c'])
  test(`the name ${JSON.stringify(name)} leaves the root and is refused`, () => {
    assert.throws(() => pathBelowRoot(name), /leaves the archive's root/);
  });

test('no name gives a path with dots, empty parts or a slash at its ends', () => {
  const part = fc.constantFrom('..', '.', '', 'a', 'b.', '..c', '\xff');
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      let path: string;
      try {
        path = pathBelowRoot(parts.join('/'));
      } catch {
        return;
      }
      if (path !== '') for (const found of path.split('/')) assert.ok(!['', '.', '..'].includes(found), path);
    }),
  );
});

test('a name that leaves the root is told, its first 200 characters', () => {
  const name = `../${'x'.repeat(300)}`;
  assert.throws(() => pathBelowRoot(name), {
    message: `${JSON.stringify(name.slice(0, 200))}: name leaves the archive's root`,
  });
});

test('a path is cut at its last slash', () => {
  assert.deepEqual(splitLast('a/b/c'), ['a/b', 'c']);
  assert.deepEqual(splitLast('c'), ['', 'c']);
  assert.deepEqual(splitLast('/c'), ['', 'c']);
  assert.deepEqual(splitLast('a/'), ['a', '']);
});
