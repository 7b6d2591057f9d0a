/** Preparing and starting (SC-RUN): what an image or a request may not reach on the host. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findOnPath } from '../../src/daemon/options.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { directory, link, loadLayered, type Member } from '../harness/layered.ts';
import { until } from '../harness/until.ts';
import { Canary, execInside, runInside } from './inside.ts';

let gantry: Gantry;
let canary: Canary;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  canary = new Canary();
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(async () => {
  await Promise.all(ends.map((end) => end()));
  canary.remove();
});

/** Starts a container that sleeps; whoever starts it removes it. */
async function sleeper(request: object = {}): Promise<string> {
  const api = gantry.api();
  const body = { Image: 'busybox', Cmd: ['sleep', '1000'], ...request };
  const made = await api.post('/containers/create', body);
  const { Id } = made.json<{ Id: string }>();
  const started = await api.post(`/containers/${Id}/start`);
  assert.equal(started.status, 204, started.text);
  return Id;
}
const remove = (id: string) => gantry.api().delete(`/containers/${id}?force=1`);

test('SC-RUN-01: the runtime cannot be written from inside, whatever is run as the command', async () => {
  const programs = [findOnPath('crun') ?? '', process.execPath];
  const hashes = () => programs.map((path) => createHash('sha256').update(readFileSync(path)).digest('hex'));
  const before = hashes();
  await loadLayered(gantry.api(), 'self:1', [
    link('bin/self', '/proc/self/exe'),
    [{ path: 'bin/script', mode: 0o755 }, '#!/proc/self/exe\n'],
  ]);
  const overwrite = 'for p in /proc/*/exe; do (echo overwritten >$p) 2>/dev/null; done';
  for (const Cmd of [['/proc/self/exe'], ['/bin/self'], ['/bin/script'], ['sh', '-c', overwrite]])
    await runInside(gantry, { Image: 'self:1', Cmd });
  const id = await sleeper({ Image: 'self:1' });
  for (const Cmd of [['/proc/self/exe'], ['/bin/self'], ['/bin/script'], ['sh', '-c', overwrite]])
    await execInside(gantry, id, { Cmd });
  await remove(id);
  assert.deepEqual(hashes(), before);
  assert.equal((await runInside(gantry, { Cmd: ['true'] })).exitCode, 0, 'the runtime still runs');
});

test('SC-RUN-02: no descriptor of the engine or its runtime serves as a working directory', async () => {
  const numbers = Array.from({ length: 28 }, (_, index) => index + 3);
  await loadLayered(
    gantry.api(),
    'fds:1',
    numbers.map((number) => link(`fd${number}`, `/proc/self/fd/${number}`)),
  );
  const look = ['sh', '-c', 'ls -A . | head -3; ls ../../../../../../etc/machine-id ../../../../../../root'];
  const id = await sleeper({ Image: 'fds:1' });
  for (const number of numbers.filter((each) => each < 12))
    for (const WorkingDir of [`/proc/self/fd/${number}`, `/fd${number}`]) {
      const { refused, output } = await runInside(gantry, { Image: 'fds:1', WorkingDir, Cmd: look });
      if (refused === '') assert.doesNotMatch(output, /^\/.*machine-id$|config\.json|\.sqlite/m, WorkingDir);
      const inExec = await execInside(gantry, id, { WorkingDir, Cmd: ['ls', '-A', '.'] });
      assert.doesNotMatch(inExec.output, /config\.json|\.sqlite|machine-id/, WorkingDir);
    }
  await remove(id);
});

const roots: readonly (readonly [
  what: string,
  members: (path: string) => readonly Member[],
  config?: object,
])[] = [
  ['the working directory through a link', (path) => [link('w', path)], { WorkingDir: '/w/made' }],
  ['/etc', (path) => [link('etc', path)]],
  [
    'hosts, hostname and resolv.conf',
    (path) => [
      directory('etc'),
      link('etc/hosts', `${path}/hosts`),
      link('etc/hostname', `${path}/f`),
      link('etc/resolv.conf', `${path}/resolv`),
    ],
  ],
  ['/dev', (path) => [link('dev', `${path}/d`)]],
  [
    'what is in /dev',
    (path) => [
      directory('dev'),
      ...['null', 'console', 'ptmx', 'shm', 'pts', 'mqueue'].map((name) => link(`dev/${name}`, `${path}/f`)),
    ],
  ],
  ['/proc', (path) => [link('proc', `${path}/d`)]],
  ['/sys', (path) => [link('sys', `${path}/d`)]],
  ['the place of an init', (path) => [directory('sbin'), link('sbin/docker-init', `${path}/init`)]],
];
for (const [what, members, config = {}] of roots)
  for (const Tty of [false, true])
    test(`SC-RUN-03: ${what} leads nowhere out of the image${Tty ? ', with a terminal' : ''}`, async () => {
      const tag = `roots:${roots.findIndex(([each]) => each === what)}`;
      await loadLayered(gantry.api(), tag, [...members(canary.path)], config);
      const Cmd = ['sh', '-c', 'echo x >/etc/hosts; touch /dev/made /proc/made /sys/made; true'];
      const { output, refused } = await runInside(gantry, {
        Image: tag,
        Tty: false,
        Cmd,
        HostConfig: { Init: true },
      });
      assert.doesNotMatch(`${output}${refused}`, new RegExp(canary.secret));
      if (Tty) {
        const api = gantry.api();
        const made = await api.post('/containers/create', { Image: tag, Tty, Cmd });
        const { Id } = made.json<{ Id: string }>();
        if ((await api.post(`/containers/${Id}/start`)).status === 204)
          await api.post(`/containers/${Id}/wait`);
        await remove(Id);
      }
      assert.equal(canary.changed, false);
    });

test('SC-RUN-05: processes have three descriptors, as process 1 and in an exec, while the engine has many', async () => {
  const id = await sleeper();
  const api = gantry.api();
  const streams = Array.from({ length: 50 }, () => {
    const socket = api.connect();
    socket.on('error', () => undefined);
    socket.write(`GET /containers/${id}/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
    return socket;
  });
  await Promise.all(streams.map((socket) => new Promise((resolve) => socket.once('data', resolve))));
  // The fourth is the directory that ls reads.
  const { output } = await runInside(gantry, { Cmd: ['ls', '/proc/self/fd'] });
  assert.equal(output, '0\n1\n2\n3\n');
  const inExec = await execInside(gantry, id, { Cmd: ['ls', '/proc/self/fd'] });
  assert.deepEqual(inExec.output.split(/\s+/).filter(Boolean), ['0', '1', '2', '3']);
  for (const socket of streams) socket.destroy();
  await remove(id);
});

for (const mode of ['NetworkMode', 'IpcMode', 'PidMode'] as const)
  test(`SC-RUN-08: ${mode} joins nobody who is gone, stopped, or oneself`, async () => {
    const api = gantry.api();
    const other = await sleeper({ HostConfig: { IpcMode: 'shareable' } });
    const join = async (whom: string, name?: string) => {
      const body = { Image: 'busybox', Cmd: ['true'], HostConfig: { [mode]: `container:${whom}` } };
      const made = await api.post(`/containers/create${name ? `?name=${name}` : ''}`, body);
      if (made.status !== 201) return made.status;
      const { Id } = made.json<{ Id: string }>();
      const { status } = await api.post(`/containers/${Id}/start`);
      await remove(Id);
      return status;
    };
    assert.equal(await join(other), 204, 'the control: who runs is joined');
    assert.equal(Math.floor((await join('self', 'self')) / 100), 4, 'oneself');
    assert.equal(Math.floor((await join('nobody')) / 100), 4, 'nobody');
    await api.post(`/containers/${other}/kill`);
    await api.post(`/containers/${other}/wait`);
    assert.equal(Math.floor((await join(other)) / 100), 4, 'who has ended');
    await remove(other);
    assert.equal(Math.floor((await join(other)) / 100), 4, 'who is gone');
  });

test('SC-RUN-08: memory is shared with who may join, through nothing that a container could replace', async () => {
  const donor = await sleeper({ HostConfig: { IpcMode: 'shareable', Privileged: true } });
  const replace =
    'echo shared >/dev/shm/x; umount /dev/shm; rm -rf /dev/shm; ln -s /etc /dev/shm; ls -ld /dev/shm';
  await execInside(gantry, donor, { Cmd: ['sh', '-c', replace] });
  const { output } = await runInside(gantry, {
    Cmd: ['sh', '-c', 'ls /dev/shm; cat /dev/shm/x'],
    HostConfig: { IpcMode: `container:${donor}` },
  });
  assert.equal(output, 'x\nshared\n');
  await remove(donor);
});

for (const runtime of ['/bin/sh', '../x', 'nosuch', 'crun ', 'crun\0', '-h'])
  test(`SC-RUN-12: the runtime ${JSON.stringify(runtime)} is not one of the configured`, async () => {
    const { status } = await runInside(gantry, { Cmd: ['true'], HostConfig: { Runtime: runtime } });
    assert.equal(status, 400);
  });

test('nothing outside was touched', () => assert.equal(canary.changed, false));

test('SC-DEF-08: a container changes nothing of its control groups, through whatever they are mounted at', async () => {
  const tries =
    'for d in $(grep -E " cgroup2? | /sys/fs/cgroup" /proc/mounts | cut -d" " -f2); do mkdir $d/made 2>/dev/null && echo made in $d; done; echo tried';
  const { output } = await runInside(gantry, { Cmd: ['sh', '-c', tries] });
  assert.equal(output.trim(), 'tried');
});

test('SC-RUN-04: places of mounts that another container exchanges all the time lead to nothing of the host', async (t) => {
  const api = gantry.api();
  const core = () => readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  const pattern = core();
  t.after(() => Promise.all(['shared', 'mounted'].map((name) => api.delete(`/volumes/${name}?force=1`))));
  const swapper = await sleeper({
    Cmd: [
      'sh',
      '-c',
      `cd /v; ln -s ${canary.path} evil; ln -s /proc/sys/kernel evil2; mkdir dir; while :; do
         mv -T dir place; mv -T place dir; mv -T evil place; mv -T place evil; mv -T evil2 place; mv -T place evil2
       done`,
    ],
    HostConfig: { NetworkMode: 'none', Binds: ['shared:/v'] },
  });
  t.after(() => remove(swapper));
  const seen = { ran: 0, refused: 0 };
  for (let round = 0; round < 200; round++) {
    const { status } = await runInside(gantry, {
      Cmd: [
        'sh',
        '-c',
        'echo pwned > /v/place/f; echo pwned > /v/place/d/f; echo pwned > /v/place/core_pattern; true',
      ],
      HostConfig: {
        Binds: ['shared:/v', 'mounted:/v/place'],
        Tmpfs: { '/v/place/d': '' },
        // What is given here is all there is: the usual ones too, or the link to /proc/sys would be one's own.
        ReadonlyPaths: [
          '/proc/bus',
          '/proc/fs',
          '/proc/irq',
          '/proc/sys',
          '/proc/sysrq-trigger',
          '/v/place/f',
        ],
        MaskedPaths: ['/v/place/secret'],
      },
    });
    seen[status === 0 ? 'ran' : 'refused']++;
    assert.equal(canary.changed, false);
    assert.equal(core(), pattern);
  }
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(canary.path));
  assert.ok(seen.ran > 0, JSON.stringify(seen));
});

test('SC-RUN-10: what ends at once is started again more and more seldom, as often as it may, and never after a stop', async (t) => {
  const api = gantry.api();
  const begun = async (name: string, RestartPolicy: object, Cmd: readonly string[]) => {
    const HostConfig = { NetworkMode: 'none', RestartPolicy };
    const body = { Image: 'busybox', Cmd, HostConfig };
    assert.equal((await api.post(`/containers/create?name=${name}`, body)).status, 201);
    t.after(() => remove(name));
    const since = Date.now() / 1000;
    assert.equal((await api.post(`/containers/${name}/start`)).status, 204);
    return since;
  };
  const starts = async (name: string, since: number): Promise<number[]> => {
    const filters = encodeURIComponent(JSON.stringify({ container: [name], event: ['start'] }));
    const told = await api.get(`/events?since=${since - 1}&until=${Date.now() / 1000}&filters=${filters}`);
    const lines = told.text.trim().split('\n').filter(Boolean);
    return lines.map((line) => (JSON.parse(line) as { timeNano: number }).timeNano / 1e6);
  };
  interface Seen {
    readonly RestartCount: number;
    readonly State: { readonly Status: string };
  }
  const inspect = async (name: string) => (await api.get(`/containers/${name}/json`)).json<Seen>();

  const from = await begun('hasty', { Name: 'always' }, ['true']);
  await until(
    () => inspect('hasty'),
    ({ RestartCount }) => RestartCount >= 4,
  );
  assert.equal((await api.post('/containers/hasty/stop')).status, 204);
  const times = await starts('hasty', from);
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  for (const [index, pause] of pauses.entries()) assert.ok(pause >= 100 * 2 ** index, `${pauses}`);
  // Longer than the pause that it was in.
  await sleep(100 * 2 ** (times.length - 1) + 500);
  assert.equal((await inspect('hasty')).State.Status, 'exited');
  assert.equal((await starts('hasty', from)).length, times.length, 'no start after the stop');

  const since = await begun('failing', { Name: 'on-failure', MaximumRetryCount: 2 }, ['false']);
  await until(
    () => inspect('failing'),
    ({ State }) => State.Status === 'exited',
  );
  assert.equal((await inspect('failing')).RestartCount, 2);
  assert.equal((await starts('failing', since)).length, 3);
});
