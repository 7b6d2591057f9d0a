import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withReadOnlyProc } from './read-only-proc.ts';

const proc = { destination: '/proc', type: 'proc', source: 'proc', options: [] };
const dev = { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: [] };
const spec = (mounts: readonly object[], readonlyPaths: readonly string[]) => ({
  root: { path: '/r' },
  mounts,
  linux: { readonlyPaths, maskedPaths: ['/proc/keys'] },
});
const everything = () => true;

test('directories of /proc are mounts of the container’s own, right after /proc, with its flags', () => {
  const options = ['bind', 'rprivate', 'nosuid', 'noexec', 'nodev', 'ro'];
  const bind = (destination: string) => ({ destination, type: 'bind', source: `/r${destination}`, options });
  assert.deepEqual(
    withReadOnlyProc(spec([proc, dev], ['/proc/bus', '/proc/sysrq-trigger', '/proc/sys', '/x']), everything),
    spec([proc, bind('/proc/bus'), bind('/proc/sys'), dev], ['/proc/sysrq-trigger', '/x']),
  );
});

test('a path that this kernel has not is left to the runtime, which passes it over', () => {
  const given = spec([proc], ['/proc/irq']);
  assert.equal(
    withReadOnlyProc(given, () => false),
    given,
  );
});

test('a /proc of the client’s own, or none, is not mounted from', () => {
  for (const mounts of [[dev], [{ ...proc, type: 'bind', source: '/proc' }]]) {
    const given = spec(mounts, ['/proc/sys']);
    assert.equal(withReadOnlyProc(given, everything), given);
  }
});

test('a path that a link or a climb could lead elsewhere is none of them', () => {
  for (const path of ['/proc/sys/kernel', '/proc/sys/', '/proc/../etc', '/proc/self', '/proc/bus/../..']) {
    const given = spec([proc], [path]);
    assert.equal(withReadOnlyProc(given, everything), given);
  }
});
