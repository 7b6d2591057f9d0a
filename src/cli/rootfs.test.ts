/** The root file system of `make-image busybox`. */
import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fillBusyboxRoot, isStatic, rootfsOf } from './rootfs.ts';

test('a program with a loader is told from a static one, and from what is no program', () => {
  assert.equal(isStatic('/bin/ls'), false);
  assert.equal(isStatic('/bin/busybox'), true);
  assert.equal(isStatic('/etc/passwd'), false);
});

test('the root has busybox, its commands, users, and directories with their modes', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gantry-rootfs-'));
  t.after(() => rmSync(dir, { recursive: true }));
  fillBusyboxRoot(dir, '/bin/busybox', ['bin/sh', 'usr/bin/env', 'opt/x/y']);
  assert.equal(lstatSync(join(dir, 'bin/sh')).isSymbolicLink(), true);
  assert.equal(lstatSync(join(dir, 'opt/x/y')).isSymbolicLink(), true);
  assert.match(readFileSync(join(dir, 'etc/passwd'), 'utf8'), /^root:x:0:0:/);
  assert.deepEqual(
    ['tmp', 'root', 'etc'].map((name) => lstatSync(join(dir, name)).mode & 0o7777),
    [0o1777, 0o700, 0o755],
  );
});

test('a suite that is no name of a release is refused', () =>
  assert.throws(() => rootfsOf('debian', { suite: '../x' }), /suite \.\.\/x/));

test('busybox comes as a tar whose maker ends well', async () => {
  await using source = await rootfsOf('busybox', {}).open();
  const bytes = Buffer.concat(await source.archive.toArray());
  await source.finished;
  assert.equal(bytes.toString('latin1', 257, 262), 'ustar');
  assert.ok(bytes.includes('./bin/busybox'));
});
