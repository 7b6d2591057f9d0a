/** The doctor on this machine, and on hosts it can only read of. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkHost, examine, formatChecks } from './doctor.ts';
import { cgroupsOf, parseMounts } from './host-files.ts';
import { existingParent } from './probes.ts';

const question = { dataRoot: join(tmpdir(), 'gantry-doctor-no/such'), runtimes: new Map(), hosts: [] };
const byName = (checks: ReturnType<typeof checkHost>) => new Map(checks.map((one) => [one.name, one]));

test('each check says what was found, and how to mend what is not well', () => {
  const checks = checkHost(question);
  for (const one of checks) {
    assert.notEqual(one.found, '', one.name);
    assert.equal(one.mend !== undefined, one.state !== 'ok', one.name);
  }
  const names = [
    'root',
    'machine',
    'kernel',
    'capabilities',
    'overlay',
    'veth',
    'bridge',
    'nf_tables',
    'pidfd',
    'openat2',
    'seccomp',
    'exit codes by pidfd',
    'cgroups',
    'xz',
    'bzip2',
    'disk',
    'data root',
  ];
  assert.deepEqual([...byName(checks).keys()], names);
});

test('the trials leave nothing behind', () => {
  const before = [
    readdirSync('/sys/class/net'),
    readdirSync(tmpdir()).filter((name) => name.startsWith('.gantry-probe')),
  ];
  checkHost(question);
  assert.deepEqual(
    [readdirSync('/sys/class/net'), readdirSync(tmpdir()).filter((name) => name.startsWith('.gantry-probe'))],
    before,
  );
});

test('a runtime that is missing, or fails, is told with the way to mend it', () => {
  const only = byName(
    checkHost({ ...question, runtimes: new Map([['crun', { path: 'no-such-crun', args: [] }]]) }),
  );
  assert.equal(only.get('runtime crun')?.state, 'missing');
  assert.match(only.get('runtime crun')?.mend ?? '', /apt-get install crun/);
  const second = byName(
    checkHost({
      ...question,
      runtimes: new Map([
        ['a', { path: '/bin/false', args: [] }],
        ['b', { path: '/bin/true', args: [] }],
      ]),
    }),
  );
  assert.deepEqual([second.get('runtime a')?.state, second.get('runtime b')?.state], ['degraded', 'ok']);
});

test('a socket in use is told, a free one is well', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const hosts = [
    { kind: 'tcp', host: '127.0.0.1', port } as const,
    { kind: 'unix', path: '/nonexistent/s' } as const,
  ];
  const states = (await examine({ ...question, hosts })).slice(-2).map((one) => one.state);
  assert.deepEqual(states, ['degraded', 'ok']);
});

test('the report has a line for each check, and one more for what to mend', () => {
  const text = formatChecks([
    { name: 'a', state: 'ok', found: 'fine' },
    { name: 'longer', state: 'missing', found: 'nothing', mend: 'do this' },
  ]);
  assert.deepEqual(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.trim()),
    ['ok        a       fine', 'missing   longer  nothing', 'mend: do this'],
  );
});

test('the nearest existing parent of a path is found', () =>
  assert.equal(existingParent('/etc/passwd/no/such'), '/etc/passwd'));

const hybrid = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
33 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
34 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate`;
test('a hybrid host is version 1 with cgroup2 beside', () =>
  assert.deepEqual(
    cgroupsOf(parseMounts(hybrid), () => ''),
    { version: 1, controllers: ['cpu', 'cpuacct'], hybrid: '/sys/fs/cgroup/unified', readOnly: false },
  ));
test('a unified host is version 2', () => {
  const mounts = parseMounts('31 23 0:28 / /sys/fs/cgroup ro,relatime shared:4 - cgroup2 cgroup2 rw');
  assert.deepEqual(
    cgroupsOf(mounts, () => 'cpu memory pids\n'),
    { version: 2, controllers: ['cpu', 'memory', 'pids'], hybrid: undefined, readOnly: true },
  );
});
test('a host without control groups has none', () =>
  assert.equal(
    cgroupsOf(parseMounts('1 0 8:1 / / rw - ext4 /dev/sda rw'), () => ''),
    undefined,
  ));
test('escaped mount points are read as they are', () =>
  assert.equal(parseMounts('1 0 8:1 / /a\\040b\\134c rw - ext4 /dev/sda rw')[0]?.point, '/a b\\c'));
