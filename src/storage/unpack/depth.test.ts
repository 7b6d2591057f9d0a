/** A tree that is deeper than a path can say is measured and removed (SC-DOS-04). */
import assert from 'node:assert/strict';
import { closeSync, constants, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeTreeAt, tryMkdirAt, tryOpenAt } from '../../linux/index.ts';
import { temporaryInMemory } from './test-tree.ts';
import { treeBytes } from './tree-bytes.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/** Directories in each other, a file of three bytes and an empty directory beside each thousandth. Returns the bytes. */
function makeDeep(top: string, depth: number): number {
  let at = openSync(top, DIRECTORY);
  let bytes = 0;
  for (let i = 0; i < depth; i++) {
    assert.equal(tryMkdirAt(at, 'd', 0o755), 0);
    if (i % 1000 === 999) {
      writeFileSync(`/proc/self/fd/${at}/file`, 'abc');
      tryMkdirAt(at, 'empty', 0o755);
      bytes += 3;
    }
    const inner = tryOpenAt(at, 'd', DIRECTORY);
    assert.ok(inner >= 0);
    closeSync(at);
    at = inner;
  }
  closeSync(at);
  return bytes;
}

test('SC-DOS-04: a tree of a hundred thousand directories in each other is measured and removed', (t) => {
  const top = temporaryInMemory(t);
  mkdirSync(join(top, 'x'));
  const bytes = makeDeep(join(top, 'x'), 100_000);
  const before = process.cpuUsage();
  assert.equal(treeBytes(top), bytes);
  t.diagnostic(`${process.cpuUsage(before).user / 1000} ms`);
  removeTreeAt(-100, join(top, 'x'));
  assert.equal(treeBytes(top), 0);
});
