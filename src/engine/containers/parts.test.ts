import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Conflict, InvalidArgument, Unchanged } from '../../base/errors.ts';
import { DetachScanner, parseDetachKeys } from '../processes/detach-keys.ts';
import { environment } from '../processes/environment.ts';
import { readSecurity } from '../processes/security.ts';
import { parseSignal } from '../processes/signals.ts';
import { commandError } from '../processes/start-error.ts';
import { resolveUser } from '../processes/user.ts';
import { restartDelay, shouldRestart } from './life/restart-policy.ts';
import { publishedPorts } from './settle/ports.ts';
import { assertAllowed, NO_RUN, type State, stateView } from './state.ts';
import { humanDuration } from './views/duration.ts';
import { statusText } from './views/list.ts';

const last = {
  startedAt: '2026-01-01T00:00:00Z',
  finishedAt: '2026-01-01T00:01:00Z',
  exitCode: 3,
  oomKilled: false,
  error: '',
};
const running: State = { is: 'running', startedAt: '2026-01-01T00:00:00Z', pid: 7, last: NO_RUN };

test('starting what runs and stopping what does not change nothing; other verbs conflict', () => {
  assert.throws(() => assertAllowed(running, 'start', 'c'), Unchanged);
  assert.throws(() => assertAllowed({ is: 'exited', last }, 'stop', 'c'), Unchanged);
  assert.throws(() => assertAllowed({ is: 'exited', last }, 'kill', 'c'), Conflict);
  assert.throws(() => assertAllowed({ ...running, is: 'paused' }, 'start', 'c'), /try unpause/);
  assertAllowed({ is: 'exited', last }, 'start', 'c');
});

test('a paused container is running too, and an unknown exit code is shown as 255 with a reason', () => {
  assert.deepEqual(
    [stateView({ ...running, is: 'paused' }).Running, stateView({ ...running, is: 'paused' }).Paused],
    [true, true],
  );
  const view = stateView({ is: 'exited', last: { ...last, exitCode: undefined, error: 'unknown' } });
  assert.deepEqual([view.ExitCode, view.Error], [255, 'unknown']);
});

for (const [seconds, words] of [
  [0.4, 'Less than a second'],
  [1, '1 second'],
  [59, '59 seconds'],
  [60, 'About a minute'],
  [119, 'About a minute'],
  [180, '3 minutes'],
  [3600, 'About an hour'],
  [7200, '2 hours'],
  [86400 * 3, '3 days'],
  [86400 * 21, '3 weeks'],
  [86400 * 90, '3 months'],
  [86400 * 800, '2 years'],
] as const)
  test(`${seconds} seconds are "${words}"`, () => assert.equal(humanDuration(seconds), words));

test('status texts read as clients know them', () => {
  const now = new Date('2026-01-01T00:03:00Z');
  assert.equal(statusText(running, now), 'Up 3 minutes');
  assert.equal(statusText({ ...running, is: 'paused' }, now), 'Up 3 minutes (Paused)');
  assert.equal(statusText({ is: 'exited', last }, now), 'Exited (3) 2 minutes ago');
  assert.equal(statusText({ is: 'created', last: NO_RUN }, now), 'Created');
});

test('RC-B03: detach keys hold no memory but their own, however long an exec is remembered', () => {
  assert.equal(parseDetachKeys('ctrl-p,ctrl-q').buffer.byteLength, 2);
});

test('the detach keys are found over any chunking, and nothing before them is lost', () => {
  const keys = parseDetachKeys('ctrl-p,ctrl-q');
  assert.deepEqual([...keys], [16, 17]);
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.constantFrom(16, 17, 65), { maxLength: 5 }), { maxLength: 8 }),
      (chunks) => {
        const scanner = new DetachScanner(keys);
        const all = Buffer.from(chunks.flat());
        const end = all.indexOf(keys);
        const passed: Buffer[] = [];
        let detached = false;
        for (const chunk of chunks) {
          if (detached) break;
          const result = scanner.scan(Buffer.from(chunk));
          passed.push(result.pass);
          detached = result.detached;
        }
        assert.equal(detached, end >= 0);
        const got = Buffer.concat(passed);
        if (end >= 0) assert.deepEqual(got, all.subarray(0, end));
        else
          assert.ok(
            got.equals(all) || (all.at(-1) === 16 && got.equals(all.subarray(0, -1))),
            'only a possible beginning is held back',
          );
      },
    ),
  );
  assert.throws(() => parseDetachKeys('ctrl-€'), InvalidArgument);
  assert.throws(() => parseDetachKeys('shift-a'), InvalidArgument);
});

test('the environment has PATH, HOSTNAME, TERM and HOME unless told otherwise', () => {
  assert.deepEqual(environment({ Env: ['A=b=c', 'PATH=/x'], Tty: true, Hostname: 'h' }, '/root'), [
    'PATH=/x',
    'HOSTNAME=h',
    'TERM=xterm',
    'A=b=c',
    'HOME=/root',
  ]);
  assert.ok(
    !environment({ Env: ['PATH'], Tty: false, Hostname: '' }, '/').some((entry) => entry.startsWith('PATH=')),
  );
});

test('users and groups are found by name or number in the container’s own files', () => {
  const files = {
    passwd: 'root:x:0:0::/root:/bin/sh\nweb:x:33:33::/var/www:/bin/sh\n#c\nbroken\n',
    group: 'root:x:0:\nweb:x:33:\naudio:x:29:web\n',
  };
  assert.deepEqual(resolveUser('', [], files), { uid: 0, gid: 0, additionalGids: [0], home: '/root' });
  assert.deepEqual(resolveUser('web', [], files), {
    uid: 33,
    gid: 33,
    additionalGids: [33, 29],
    home: '/var/www',
  });
  assert.deepEqual(resolveUser('33:0', ['audio'], files), {
    uid: 33,
    gid: 0,
    additionalGids: [0, 29],
    home: '/var/www',
  });
  assert.deepEqual(resolveUser('1234', [], files), { uid: 1234, gid: 0, additionalGids: [0], home: '/' });
  const odd = { passwd: '0:x:7:7::/:\nwrap:x:4294967296:0::/:\n', group: '0:x:7:wrap\n' };
  assert.deepEqual(resolveUser('0:0', [], odd), { uid: 0, gid: 0, additionalGids: [0], home: '/' });
  assert.throws(() => resolveUser('wrap', [], odd), InvalidArgument);
  for (const bad of [
    'nobody',
    'web:nogroup',
    '99999999999',
    '4294967295',
    '33:4294967296',
    '-1',
    '1e3',
    ' 0',
  ])
    assert.throws(() => resolveUser(bad, [], files), InvalidArgument, bad);
});

test('security options are read in both spellings', () => {
  assert.deepEqual(readSecurity(['no-new-privileges', 'seccomp=unconfined']), {
    seccomp: 'unconfined',
    noNewPrivileges: true,
    apparmor: undefined,
    writableCgroups: undefined,
  });
  assert.equal(readSecurity(['seccomp:unconfined']).seccomp, 'unconfined');
  assert.throws(() => readSecurity(['seccomp={']), InvalidArgument);
  assert.throws(() => readSecurity(['magic=1']), InvalidArgument);
  assert.throws(() => readSecurity(['magic']), InvalidArgument);
  assert.throws(() => readSecurity(['no-new-privileges=perhaps']), InvalidArgument);
  assert.throws(() => readSecurity(['apparmor=a\nb']), InvalidArgument);
  assert.equal(readSecurity(['no-new-privileges:false'], { noNewPrivileges: true }).noNewPrivileges, false);
  assert.deepEqual(readSecurity(['apparmor=mine', 'label=type:x', 'writable-cgroups=true']), {
    seccomp: 'default',
    noNewPrivileges: false,
    apparmor: 'mine',
    writableCgroups: true,
  });
});

test('ports are published as asked, and all exposed ones on demand', () => {
  const ports = publishedPorts(
    {
      PortBindings: {
        '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }],
        '53/udp': [{ HostIp: '', HostPort: '' }],
      },
      PublishAllPorts: true,
    },
    { '80/tcp': {}, '443/tcp': {} },
  );
  assert.deepEqual(
    ports.map(({ protocol, containerPort, hostPort }) => `${protocol} ${containerPort} ${hostPort}`),
    ['tcp 80 8080', 'udp 53 0', 'tcp 443 0'],
  );
  assert.throws(
    () => publishedPorts({ PortBindings: { 'x/tcp': [{ HostIp: '', HostPort: '1' }] } }, {}),
    InvalidArgument,
  );
});

test('a range of host ports is asked for from its beginning to its end', () => {
  const asked = (HostPort: string) =>
    publishedPorts({ PortBindings: { '99/udp': [{ HostIp: '127.0.0.1', HostPort }] } }, {})[0];
  const port = { protocol: 'udp', containerPort: 99, hostIp: '127.0.0.1' };
  assert.deepEqual(asked('18110-18112'), { ...port, hostPort: 18_110, lastHostPort: 18_112 });
  assert.deepEqual(asked('18110-18110'), { ...port, hostPort: 18_110 });
  assert.deepEqual(asked('18110/tcp'), { ...port, hostPort: 18_110 });
  for (const wrong of ['18112-18110', '1-70000', '0-5', '1-', '-1', '1-2-3', 'a-b', '1 - 2'])
    assert.throws(() => asked(wrong), {
      kind: 'invalid',
      message: `invalid port specification: "${wrong}"`,
    });
});

test('what a runtime says becomes what clients search for, with the code of a shell', () => {
  assert.deepEqual(commandError('executable file `no` not found in $PATH: No such file or directory', 'no'), {
    text: 'exec: "no": executable file not found in $PATH',
    exitCode: 127,
    kind: 'invalid',
  });
  const path = commandError('executable file `/no/such` not found in $PATH', '/no/such');
  assert.equal(path.text, 'exec: "/no/such": stat /no/such: no such file or directory');
  const { text, exitCode } = commandError('open executable: Permission denied', '/etc');
  assert.deepEqual([text, exitCode], ['exec: "/etc": permission denied', 126]);
  assert.equal(commandError('writing cgroup', 'sh').exitCode, 128);
});

test('signals by name, with and without SIG, and by number', () => {
  assert.deepEqual(
    ['TERM', 'SIGKILL', 'sighup', '12', 'RTMIN+1'].map((name) => parseSignal(name, 0)),
    [15, 9, 1, 12, 35],
  );
  for (const bad of ['NOPE', '0', '65', '-1']) assert.throws(() => parseSignal(bad, 0), InvalidArgument, bad);
});

test('restart policies wait longer each time, and a stop by hand ends them', () => {
  const ask = (policy: { Name: string; MaximumRetryCount?: number }, more = {}) =>
    shouldRestart({ policy, last, count: 0, stopped: false, stopping: false, ...more });
  assert.ok(ask({ Name: 'always' }) && ask({ Name: 'on-failure' }) && !ask({ Name: 'no' }));
  assert.ok(
    !ask({ Name: 'always' }, { stopped: true }) &&
      !ask({ Name: 'on-failure', MaximumRetryCount: 2 }, { count: 2 }),
  );
  assert.ok(!ask({ Name: 'on-failure' }, { last: { ...last, exitCode: 0 } }));
  assert.deepEqual(
    [restartDelay(0, 0), restartDelay(100, 0), restartDelay(50_000, 0), restartDelay(50_000, 20)],
    [100, 200, 60_000, 100],
  );
});
