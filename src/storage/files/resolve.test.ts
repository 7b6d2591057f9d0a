/** Paths in trees that are no directories of the kernel's: the same as the kernel would find below a root. */
import assert from 'node:assert/strict';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeOf } from '../../base/errors.ts';
import { SystemError, tryFindInTree } from '../../linux/index.ts';
import { LowerTree } from '../diff/lower-tree.ts';
import { temporary } from '../unpack/test-tree.ts';
import { layersRoot } from './layer-tree.ts';
import { type Place, resolve, resolveExisting } from './resolve.ts';

interface Made extends Place<Made> {
  readonly children: Map<string, Made>;
}

const made = (type: string, linkPath = '', children = new Map<string, Made>()): Made => ({
  type,
  linkPath,
  children,
  find: (name) => children.get(name),
});
const directory = (entries: Record<string, Made>): Made =>
  made('directory', '', new Map(Object.entries(entries)));

const root = directory({
  a: directory({ b: directory({ f: made('file') }), up: made('symlink', '../../../..') }),
  abs: made('symlink', '/a/b'),
  rel: made('symlink', 'a/b/f'),
  self: made('symlink', 'self'),
  broken: made('symlink', 'nothing/there'),
  empty: made('symlink', ''),
  dot: made('symlink', './a/../a/.'),
});

for (const [path, expected] of [
  ['', ''],
  ['/', ''],
  ['../../..', ''],
  ['a/b/f', 'a/b/f'],
  ['abs/f', 'a/b/f'],
  ['rel', 'a/b/f'],
  ['a/up/abs/../b/', 'a/b'],
  ['dot/b', 'a/b'],
  ['broken', 'nothing/there'],
  ['broken/../x', 'nothing/x'],
  ['a/new/dir', 'a/new/dir'],
] as const)
  test(`${JSON.stringify(path)} leads to ${JSON.stringify(expected)}`, () => {
    assert.equal(resolve(root, path).path, expected);
  });

for (const [path, code] of [
  ['self', 'ELOOP'],
  ['a/b/f/', 'ENOTDIR'],
  ['rel/..', 'ENOTDIR'],
  ['empty', 'ENOENT'],
] as const)
  test(`${JSON.stringify(path)} leads nowhere: ${code}`, () => {
    assert.throws(() => resolve(root, path), { code });
  });

test('a link at the end is not followed when nobody wants that', () => {
  assert.equal(resolve(root, 'abs', { follow: false }).path, 'abs');
  assert.equal(resolve(root, 'abs/', { follow: false }).path, 'a/b');
});

/** Forty links in a row, and one more. */
test('as many links are followed as the kernel follows', () => {
  const chain = directory({
    l0: made('file'),
    ...Object.fromEntries(Array.from({ length: 41 }, (_, i) => [`l${i + 1}`, made('symlink', `l${i}`)])),
  });
  assert.equal(resolveExisting(chain, 'l40').type, 'file');
  assert.throws(() => resolveExisting(chain, 'l41'), { code: 'ELOOP' });
});

const name = fc.constantFrom('a', 'b', 'c', 'd');
const path = fc
  .tuple(
    fc.constantFrom('', '/'),
    fc.array(
      fc.oneof({ weight: 4, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom('.', '..', '') }),
      { minLength: 1, maxLength: 5 },
    ),
  )
  .map(([start, parts]) => start + parts.join('/'));
const things = fc.array(
  fc.record({
    at: fc.array(name, { minLength: 1, maxLength: 3 }),
    kind: fc.constantFrom('directory', 'directory', 'file', 'link', 'link'),
    target: path,
  }),
  { maxLength: 14 },
);

test('on random trees the kernel finds the same thing, or the same error', (t) => {
  const home = temporary(t);
  fc.assert(
    fc.property(things, fc.array(path, { minLength: 1, maxLength: 6 }), (made, asked) => {
      const top = join(home, 'tree');
      mkdirSync(top);
      try {
        for (const { at, kind, target } of made) make(top, at, kind, target);
        for (const one of asked) compare(top, one);
      } finally {
        rmSync(top, { recursive: true });
      }
    }),
    { numRuns: 150 },
  );
});

/** What cannot be made is left out, and what a link would lead out of the tree: on this machine nothing is resolved in it. */
function make(top: string, parts: readonly string[], kind: string, target: string): void {
  const above = join(top, ...parts.slice(0, -1));
  const at = join(top, ...parts);
  try {
    const real = realpathSync(above);
    if (real !== top && !real.startsWith(`${top}/`)) return;
    if (kind === 'directory') mkdirSync(at);
    else if (kind === 'file')
      writeFileSync(at, '', { flag: 'wx' }); // a link that stands there is not followed
    else symlinkSync(target === '' ? '.' : target, at);
  } catch (error) {
    assert.match(codeOf(error) ?? '', /EEXIST|ENOENT|ENOTDIR|ELOOP|EISDIR/);
  }
}

function compare(top: string, path: string): void {
  const fd = openSync(top, 'r');
  const found = tryFindInTree(fd, path === '' ? '.' : path, true);
  closeSync(fd);
  const kernel =
    found < 0 ? new SystemError('', -found).code : String(fstatSync(found, { bigint: true }).ino);
  if (found >= 0) closeSync(found);
  let ours: string;
  try {
    const { path: place } = resolve(layersRoot(new LowerTree([top], 'overlay')), path, { strict: true });
    const there = openSync(top, 'r');
    const at = tryFindInTree(there, place === '' ? '.' : place, false);
    closeSync(there);
    ours = at < 0 ? new SystemError('', -at).code : String(fstatSync(at, { bigint: true }).ino);
    if (at >= 0) closeSync(at);
  } catch (error) {
    ours = codeOf(error) ?? String(error);
  }
  assert.equal(ours, kernel, path);
}
