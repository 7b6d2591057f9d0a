/** Whose files are, where containers have ids of their own (`--userns-remap`): inside, in archives, images, volumes and builds. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { removeVolumes } from '../harness/dockerd.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { tarOf } from '../harness/layered.ts';
import { execInside, runInside } from './inside.ts';
import { COUNT, FIRST, inside, sh, startRemapped, withSleeper } from './remapped.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startRemapped({ after: (end) => void ends.push(end) });
});
after(async () => {
  for (const end of ends) await end();
});

test('files have the container’s owners inside, in archives in and out, in images and in volumes', async () => {
  const api = gantry.api();
  const list = 'stat -c "%n %u:%g" /made /put /v/in';
  await withSleeper(gantry, { Binds: ['owned:/v'] }, async (id) => {
    const put = await api.put(
      `/containers/${id}/archive?path=/`,
      tarOf([[{ path: 'put', uid: 5, gid: 6 }, 'x']]),
    );
    assert.equal(put.status, 200, put.text);
    const script = `echo x >/made; chown 7:8 /made; echo y >/v/in; chown 9:10 /v/in; ${list}`;
    const { output } = await execInside(gantry, id, { Cmd: sh(script) });
    assert.equal(output, '/made 7:8\n/put 5:6\n/v/in 9:10\n');
    for (const [path, owner] of [
      ['made', '7/8'],
      ['put', '5/6'],
      ['v/in', '9/10'],
      ['etc/hosts', '0/0'],
    ] as const) {
      const archive = await api.get(`/containers/${id}/archive?path=/${path}`);
      const listed = spawnSync('tar', ['--numeric-owner', '-tvf', '-'], { input: archive.bytes });
      assert.equal(listed.stdout.toString().split(/ +/)[1], owner, path);
    }
    assert.equal((await api.post(`/commit?container=${id}&repo=owned`)).status, 201);
    const tooHigh = tarOf([[{ path: 'high', uid: COUNT, gid: 0 }, 'x']]);
    const refused = await api.put(`/containers/${id}/archive?path=/`, tooHigh);
    assert.match(refused.text, new RegExp(`container ID ${COUNT} cannot be mapped to a host ID`));
  });
  for (const UsernsMode of ['', 'host']) {
    const HostConfig = { Binds: ['owned:/v'], UsernsMode };
    const { output } = await runInside(gantry, { Image: 'owned', Cmd: sh(list), HostConfig });
    assert.equal(output, '/made 7:8\n/put 5:6\n/v/in 9:10\n', UsernsMode);
  }
  const saved = await api.get('/images/owned/get');
  await removeVolumes(gantry);
  // Nothing in the image tells that it was made with other ids.
  const scope: (() => Promise<void>)[] = [];
  const plain = await startGantry({ after: (end) => void scope.push(end) });
  try {
    assert.equal((await plain.api().post('/images/load', saved.bytes)).status, 200);
    const { output } = await runInside(plain, { Image: 'owned', Cmd: sh('stat -c "%n %u:%g" /made /put') });
    assert.equal(output, '/made 7:8\n/put 5:6\n');
  } finally {
    for (const end of scope) await end();
  }
});

test('a volume takes what the image has in its place, with its owners; the engine’s files belong to root', async () => {
  const output = await inside(gantry, 'stat -c "%n %u:%g" /etc /etc/passwd /etc/hosts /etc/resolv.conf', {
    Binds: ['filled:/etc'],
  });
  assert.equal(output, '/etc 0:0\n/etc/passwd 0:0\n/etc/hosts 0:0\n/etc/resolv.conf 0:0\n');
  await removeVolumes(gantry);
});

test('a process writes to what its output is by /dev/stdout, and to a memory that it shares', async () => {
  assert.equal(await inside(gantry, 'echo said >/dev/stdout; cat </dev/stdin'), 'said\n');
  await withSleeper(gantry, { IpcMode: 'shareable' }, async (id) => {
    const { output } = await execInside(gantry, id, { Cmd: sh('echo said >/dev/stdout'), Tty: false });
    assert.match(output, /said\n$/);
    assert.equal((await execInside(gantry, id, { Cmd: sh('echo kept >/dev/shm/x') })).exitCode, 0);
    assert.equal(await inside(gantry, 'cat /dev/shm/x', { IpcMode: `container:${id}` }), 'kept\n');
  });
});

test('a network has its settings and its interfaces for the container’s root, and nobody else’s', async () => {
  const script = `cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ip_forward
stat -c %u /sys/class/net/eth0/mtu; grep -c " /sys .*sysfs" /proc/self/mountinfo`;
  const host = { NetworkMode: 'bridge', Sysctls: { 'net.ipv4.ip_forward': '1' } };
  assert.equal(await inside(gantry, script, host), '0\n1\n0\n1\n');
});

test('SC-USR-08: steps of a build run with mapped ids, and owners in the image are as the Dockerfile says, with --userns-remap', async () => {
  const dockerfile = `FROM busybox AS one
RUN echo one >/one && chown 7:8 /one
FROM busybox
COPY --chown=12:34 f /f
RUN --mount=type=bind,from=one,target=/o --mount=type=cache,target=/c set -e; \\
  cat /proc/self/uid_map; stat -c '%n %u:%g' /f /o/one /c; touch /c/x; stat -c '%n %u:%g' /c/x
COPY --from=one /one /two
USER 65535
RUN id -u
`;
  const context = tarOf([
    [{ path: 'Dockerfile' }, dockerfile],
    [{ path: 'f' }, 'f'],
  ]);
  const built = await gantry.api().post('/build?t=steps', context);
  const said = built.text
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { stream?: string }).stream ?? '')
    .join('');
  assert.match(said, new RegExp(`^ +0 +${FIRST} +${COUNT}$`, 'm'));
  assert.match(said, /^\/f 12:34\n\/o\/one 7:8\n\/c 0:0\n\/c\/x 0:0$/m);
  assert.match(said, /^65535$/m);
  assert.match(said, /Successfully tagged/);
  const { output } = await runInside(gantry, {
    Image: 'steps',
    Cmd: ['stat', '-c', '%n %u:%g', '/f', '/two'],
  });
  assert.equal(output, '/f 12:34\n/two 7:8\n');
});

test('SC-USR-08: users that are no ids are refused in a build, with --userns-remap', async () => {
  for (const user of ['4294967296', '-1', '1e3', 'nosuch']) {
    const context = tarOf([[{ path: 'Dockerfile' }, `FROM busybox\nUSER ${user}\nRUN id\n`]]);
    const built = await gantry.api().post('/build', context);
    assert.match(built.text, /errorDetail|message/, user);
    assert.doesNotMatch(built.text, /uid=0/);
  }
});
