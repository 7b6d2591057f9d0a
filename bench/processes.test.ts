import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { cpuMs, descendantsOf } from './processes.ts';

test('a child’s child descends, and who is no child does not', async (t) => {
  const child = spawn('sh', ['-c', 'sleep 1000 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  const grandchild = Number(first.toString());
  t.after(() => {
    process.kill(grandchild, 'SIGKILL');
    child.kill('SIGKILL');
  });
  assert.deepEqual(new Set(descendantsOf(process.pid)), new Set([child.pid, grandchild]));
  assert.deepEqual(descendantsOf(child.pid ?? 0), [grandchild]);
  assert.deepEqual(descendantsOf(grandchild), []);
});

test('processor time counts children that have ended; of a process that is gone there is none', () => {
  const before = cpuMs(process.pid);
  const { pid } = spawnSync('sh', ['-c', 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done']);
  assert(cpuMs(process.pid) >= before + 20);
  assert.equal(cpuMs(pid), 0);
});
