import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readCgroupHost } from './cgroups.ts';
import { CgroupLock, ownCgroup } from './lock.ts';

test('the own cgroup is found on version 1, on version 2, and not where a namespace hides it', () => {
  const v1 = new Map([
    ['cpu', '/sys/fs/cgroup/cpu,cpuacct'],
    ['systemd', '/sys/fs/cgroup/systemd'],
  ]);
  assert.equal(ownCgroup(v1, '9:misc:/x\n4:cpu,cpuacct:/a/b\n0::/\n'), '/sys/fs/cgroup/cpu,cpuacct/a/b');
  assert.equal(ownCgroup(v1, '1:name=systemd:/user.slice\n'), '/sys/fs/cgroup/systemd/user.slice');
  const v2 = new Map([['', '/sys/fs/cgroup']]);
  assert.equal(
    ownCgroup(v2, '0::/system.slice/gantry.service\n'),
    '/sys/fs/cgroup/system.slice/gantry.service',
  );
  assert.equal(ownCgroup(v2, '0::/\n'), '/sys/fs/cgroup');
  assert.equal(ownCgroup(v2, '0::/../other\n'), undefined);
  assert.equal(ownCgroup(v2, '0::/named:with:colons\n'), '/sys/fs/cgroup/named:with:colons');
  assert.equal(ownCgroup(new Map(), '0::/\n'), undefined);
});

test('warming leaves this process in the cgroups where it was', async () => {
  const before = readFileSync('/proc/self/cgroup', 'utf8');
  const host = readCgroupHost();
  assert.notEqual(ownCgroup(host.mounts, before), undefined);
  const lock = new CgroupLock(host);
  for (let i = 0; i < 3; i++) lock.warm();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(readFileSync('/proc/self/cgroup', 'utf8'), before);
});

test('a host without cgroups costs the head start, nothing else', async () => {
  new CgroupLock({ mounts: new Map([['pids', '/nowhere']]) }).warm();
  await new Promise((resolve) => setTimeout(resolve, 20));
});
