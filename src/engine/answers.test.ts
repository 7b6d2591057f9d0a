import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayHang } from './answers.ts';

const mounts = (...all: (readonly [type: string, at: string])[]) =>
  all.map(([type, at]): Parameters<typeof mayHang>[0][number] => ({ type, at, shared: false, slave: false }));

test('a host on its own disks, as systemd sets it up, has nobody who could not answer', () => {
  const own = ['ext4', 'tmpfs', 'proc', 'sysfs', 'overlay', 'cgroup2'].map(
    (type) => [type, `/${type}`] as const,
  );
  assert.equal(mayHang(mounts(...own, ['autofs', '/proc/sys/fs/binfmt_misc'])), false);
});

for (const [type, at] of [
  ['nfs4', '/mnt'],
  ['cifs', '/mnt'],
  ['fuse.sshfs', '/home/one/far'],
  ['fuse', '/mnt'],
  ['autofs', '/net'],
  ['one-that-is-yet-to-be-written', '/mnt'],
] as const)
  test(`a file system of type ${type} at ${at} may not answer`, () =>
    assert.equal(mayHang(mounts(['ext4', '/'], [type, at])), true));
