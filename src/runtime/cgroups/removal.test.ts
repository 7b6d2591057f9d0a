/** The end of a cgroup, on directories that stand for one: what is in them keeps them as a process would. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { CgroupRemovals } from './removal.ts';

function place(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'cgroups-'));
  t.after(() => rmSync(root, { recursive: true }));
  const directory = join(root, 'engine/a');
  mkdirSync(directory, { recursive: true });
  const mounts = new Map([['memory', root]]);
  const host = { version: 1, mounts, controllers: new Set<string>(), hide: undefined } as const;
  return { directory, removals: new CgroupRemovals(host, silentLog) };
}

test('who waits for a cgroup that is being removed goes on when it is gone, and no sooner', async (t) => {
  const { directory, removals } = place(t);
  const procs = join(directory, 'cgroup.procs');
  writeFileSync(procs, '');
  const removed = removals.begin('/engine/a');
  assert.equal(removals.begin('/engine/a'), removed, 'nobody removes it a second time');
  let isOver = false;
  const over = removals.over('/engine/a').then(() => {
    isOver = true;
  });
  await removals.over('/engine/b');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(isOver, false);
  rmSync(procs);
  await over;
  assert.equal(existsSync(directory), false);
  await removed;
});

test('what runs in a cgroup that is removed is ended, and what is put into it afterwards is not', async (t) => {
  const { directory, removals } = place(t);
  const procs = join(directory, 'cgroup.procs');
  const [old, young] = [spawn('sleep', ['100']), spawn('sleep', ['100'])];
  t.after(() => young.kill('SIGKILL'));
  writeFileSync(procs, `${old.pid}\n`);
  const removed = removals.begin('/engine/a');
  assert.deepEqual(await once(old, 'exit'), [null, 'SIGKILL']);
  rmSync(procs);
  await Promise.all([removed, removals.over('/engine/a')]);
  mkdirSync(directory);
  writeFileSync(procs, `${young.pid}\n`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(young.exitCode ?? young.signalCode, null);
});
