/** When directories get their times, and that they keep them. */
import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DirectoryTimes } from './directory-times.ts';
import { temporary } from './test-tree.ts';

/** So many wait. */
const WAITING_MAX = 4096;
const FIRST = 1_000_000_000_000_000_001n;
const SECOND = 1_100_000_000_000_000_002n;

/** A directory that is there, and how often it was opened; all others are gone. */
function directory(t: TestContext) {
  const path = join(temporary(t), 'd');
  mkdirSync(path);
  const opened: string[] = [];
  const times = new DirectoryTimes((name) => {
    opened.push(name);
    return name === 'd' ? openSync(path, 'r') : -2;
  });
  const fill = (count: number): void => {
    for (let i = 0; i < count; i++) times.set(`gone${i}`, [0n, 0n]);
  };
  const write = (name: string): void => {
    const fd = openSync(path, 'r');
    times.writing('d', fd);
    closeSync(fd);
    writeFileSync(join(path, name), '');
  };
  const mtime = (): bigint => statSync(path, { bigint: true }).mtimeNs;
  return { times, opened, fill, write, mtime };
}

test('the oldest gets its times when one more comes than may wait, and none before', (t) => {
  const { times, opened, fill, mtime } = directory(t);
  times.set('d', [FIRST, FIRST]);
  fill(WAITING_MAX - 1);
  assert.deepEqual(opened, []);
  times.set('one more', [0n, 0n]);
  assert.deepEqual([opened, mtime()], [['d'], FIRST]);
});

test('one that is spoken of again waits anew', (t) => {
  const { times, opened, fill } = directory(t);
  times.set('d', [FIRST, FIRST]);
  fill(WAITING_MAX - 1);
  times.set('d', [SECOND, SECOND]);
  times.set('one more', [0n, 0n]);
  assert.deepEqual(opened, ['gone0']);
});

test('what is written into one that has its times does not change them', (t) => {
  const { times, fill, write, mtime } = directory(t);
  times.set('d', [FIRST, FIRST]);
  fill(WAITING_MAX);
  for (const name of ['a', 'b']) write(name);
  times.finish();
  assert.equal(mtime(), FIRST);
});

test('times that come later stand, also when something is written after them', (t) => {
  const { times, fill, write, mtime } = directory(t);
  times.set('d', [FIRST, FIRST]);
  fill(WAITING_MAX);
  assert.equal(mtime(), FIRST);
  times.set('d', [SECOND, SECOND]);
  write('a');
  times.finish();
  assert.equal(mtime(), SECOND);
});
