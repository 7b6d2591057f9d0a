/** The doctor on this machine, and on hosts it can only read of. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CgroupHost } from '../runtime/index.ts';
import { cgroups, checkHost, examine, formatChecks } from './doctor.ts';
import { parseMounts } from './host-files.ts';
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
    'exit codes',
    'cgroups',
    'xz',
    'bzip2',
    'git',
    'init',
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

test('RC-O01: a runtime that is missing, or fails, is told with the way to mend it', () => {
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

const v1: CgroupHost = {
  version: 1,
  mounts: new Map([['cpu', '/sys/fs/cgroup/cpu']]),
  controllers: new Set(['pids', 'memory', 'cpu']),
  hide: undefined,
};
const cgroupHosts: readonly [string, CgroupHost, string, string, RegExp][] = [
  ['version 1', v1, 'rw', 'ok', /^v1, cpu memory pids$/],
  [
    'a hybrid host',
    { ...v1, hide: '/sys/fs/cgroup/unified' },
    'rw',
    'ok',
    /hybrid: cgroup2 at \/sys\/fs\/cgroup\/unified/,
  ],
  ['version 2', { ...v1, version: 2 }, 'rw', 'ok', /^v2/],
  [
    'a host without the memory controller',
    { ...v1, controllers: new Set(['cpu', 'pids']) },
    'rw',
    'degraded',
    /without memory/,
  ],
  ['read-only control groups', v1, 'ro', 'missing', /read-only/],
  ['no control groups', { ...v1, mounts: new Map() }, 'rw', 'missing', /no cgroup file system/],
];
for (const [what, host, flag, state, found] of cgroupHosts)
  test(`${what}: ${state}`, () => {
    const check = cgroups(host, [{ point: '/sys/fs/cgroup/cpu', type: 'cgroup', flags: [flag] }]);
    assert.equal(check.state, state);
    assert.match(check.found, found);
  });

test('escaped mount points are read as they are', () =>
  assert.equal(parseMounts('1 0 8:1 / /a\\040b\\134c rw - ext4 /dev/sda rw')[0]?.point, '/a b\\c'));
