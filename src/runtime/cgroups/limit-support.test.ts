import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readLimitSupport } from './limit-support.ts';

function tree(scope: { after(end: () => void): void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'gantry-limits-'));
  scope.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

test('control groups of version 2 are asked by their controllers', (t) => {
  const root = tree(t);
  writeFileSync(join(root, 'cpuset.cpus.effective'), '0-3\n');
  writeFileSync(join(root, 'cpuset.mems.effective'), '0\n');
  const host = (...controllers: string[]) =>
    readLimitSupport(
      { version: 2, mounts: new Map([['', root]]), controllers: new Set(controllers), hide: undefined },
      '/x',
    );
  const all = host('memory', 'cpu', 'cpuset', 'pids', 'io');
  assert.deepEqual([all.cpus, all.mems, all.swap, all.blkioWeight], ['0-3', '0', true, true]);
  assert.deepEqual([all.swappiness, all.oomKillDisable, all.cpuRealtime], [false, false, false]);
  const few = host('memory');
  assert.deepEqual([few.memory, few.cpuShares, few.pids, few.cpus], [true, false, false, '']);
});

test('control groups of version 1 are asked by the files of a group below the root', (t) => {
  const root = tree(t);
  for (const controller of ['memory', 'cpu', 'cpuset', 'blkio'])
    mkdirSync(join(root, controller, 'x'), { recursive: true });
  for (const file of ['memory/x/memory.limit_in_bytes', 'cpu/x/cpu.shares', 'blkio/x/blkio.bfq.weight'])
    writeFileSync(join(root, file), '');
  writeFileSync(join(root, 'cpuset/cpuset.cpus'), '0-1\n');
  const found = readLimitSupport(
    {
      version: 1,
      mounts: new Map(['memory', 'cpu', 'cpuset', 'blkio'].map((name) => [name, join(root, name)])),
      controllers: new Set(),
      hide: undefined,
    },
    '/x',
  );
  assert.deepEqual([found.memory, found.swap, found.cpuShares, found.cpuQuota], [true, false, true, false]);
  assert.deepEqual(
    [found.blkioWeight, found.blkioThrottle, found.pids, found.cpus],
    [true, false, false, '0-1'],
  );
});
