/** Directories that steps share. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CacheMounts, type CacheMountWish } from './mounts.ts';

const signal = new AbortController().signal;
const wish = (id: string, sharing: CacheMountWish['sharing']): CacheMountWish => ({
  id,
  sharing,
  mode: 0o750,
  uid: 0,
  gid: 0,
  fill: undefined,
});
function mounts(t: TestContext, measure = async (_path: string) => 0): CacheMounts {
  const root = mkdtempSync(join(tmpdir(), 'gantry-mounts-'));
  t.after(() => rmSync(root, { recursive: true }));
  const records = { write: async () => undefined };
  return new CacheMounts(
    { root: join(root, 'm'), records: records as never, now: () => 0n, measure },
    new Map(),
  );
}

test('a shared directory is one for all', async (t) => {
  const all = mounts(t);
  using first = await all.take(wish('a', 'shared'), signal);
  using second = await all.take(wish('a', 'shared'), signal);
  assert.equal(first.path, second.path);
  assert.equal(statSync(first.path).mode & 0o777, 0o750);
});
test('an id is no path', async (t) => {
  const all = mounts(t);
  using taken = await all.take(wish('../../x', 'shared'), signal);
  assert.match(taken.path, /\/m\/[0-9a-f]{32}$/);
});
test('a private directory is another while somebody has it, and the same afterwards', async (t) => {
  const all = mounts(t);
  const first = await all.take(wish('a', 'private'), signal);
  const second = await all.take(wish('a', 'private'), signal);
  assert.notEqual(first.path, second.path);
  first[Symbol.dispose]();
  using third = await all.take(wish('a', 'private'), signal);
  assert.equal(third.path, first.path);
  second[Symbol.dispose]();
});
test('a locked directory is had by one after the other', async (t) => {
  const all = mounts(t);
  const first = await all.take(wish('a', 'locked'), signal);
  let has = false;
  const waiting = all.take(wish('a', 'locked'), signal).then((taken) => {
    has = true;
    return taken;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(has, false);
  first[Symbol.dispose]();
  using second = await waiting;
  assert.equal(second.path, first.path);
});
test('who waits for a locked directory can leave', async (t) => {
  const all = mounts(t);
  using _first = await all.take(wish('a', 'locked'), signal);
  const leaving = new AbortController();
  const waiting = all.take(wish('a', 'locked'), leaving.signal);
  leaving.abort(new Error('left'));
  await assert.rejects(waiting, /left/);
});
test('what is forgotten begins anew', async (t) => {
  const all = mounts(t);
  (await all.take(wish('a', 'shared'), signal))[Symbol.dispose]();
  const [name = ''] = all.all().keys();
  rmSync(all.pathOf(name), { recursive: true });
  await all.forget([name]);
  using again = await all.take(wish('a', 'shared'), signal);
  assert.ok(existsSync(again.path));
});
test('the bytes of a directory are measured once after each use, and each time while somebody has it', async (t) => {
  let measured = 0;
  const all = mounts(t, async () => ++measured);
  const first = await all.take(wish('a', 'shared'), signal);
  const [name = ''] = all.all().keys();
  assert.deepEqual([await all.bytesOf(name), await all.bytesOf(name)], [1, 2]);
  first[Symbol.dispose]();
  assert.deepEqual([await all.bytesOf(name), await all.bytesOf(name)], [3, 3]);
  (await all.take(wish('a', 'shared'), signal))[Symbol.dispose]();
  assert.deepEqual([await all.bytesOf(name), await all.bytesOf(name)], [4, 4]);
});
