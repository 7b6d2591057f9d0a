import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cgroupPlace, checkCgroupParent } from './location.ts';

test('the runtime makes a cgroup below the parent, however that is spelled', () => {
  for (const parent of ['a/b', '/a/b', '/a/b/'])
    assert.deepEqual(cgroupPlace('cgroupfs', parent, 'ID'), { spec: '/a/b/ID', path: '/a/b/ID' });
});

test('systemd makes a scope in a slice, which lies in the slices that its name is made of', () => {
  assert.deepEqual(cgroupPlace('systemd', 'system.slice', 'ID'), {
    spec: 'system.slice:gantry:ID',
    path: '/system.slice/gantry-ID.scope',
  });
  assert.equal(cgroupPlace('systemd', 'a-b.slice', 'ID').path, '/a.slice/a-b.slice/gantry-ID.scope');
  assert.equal(cgroupPlace('systemd', '-.slice', 'ID').path, '/gantry-ID.scope');
});

for (const [driver, parent, ok] of [
  ['cgroupfs', '/a/b', true],
  ['cgroupfs', 'a.slice', true],
  ['cgroupfs', '../a', false],
  ['cgroupfs', '/', false],
  ['cgroupfs', 'a:b', false],
  ['cgroupfs', 'a\nb', false],
  ['systemd', 'a-b.slice', true],
  ['systemd', '-.slice', true],
  ['systemd', '/a', false],
  ['systemd', '.slice', false],
  ['systemd', 'a/b.slice', false],
  ['systemd', 'a--b.slice', false],
] as const)
  test(`${JSON.stringify(parent)} is ${ok ? 'a' : 'no'} parent with ${driver}`, () => {
    if (ok) checkCgroupParent(driver, parent);
    else assert.throws(() => checkCgroupParent(driver, parent), { name: 'InvalidArgument' });
  });
