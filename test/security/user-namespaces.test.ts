/** Who runs (SC-USR) where containers have ids of their own (`--userns-remap`), and that nothing else gets these ids. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { removeVolumes } from '../harness/dockerd.ts';
import type { Gantry } from '../harness/gantry.ts';
import { execInside, runInside } from './inside.ts';
import {
  COUNT,
  FIRST,
  idTables,
  inside,
  remappedEngine,
  SUB_ROOT,
  sh,
  startRemapped,
  withSleeper,
} from './remapped.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startRemapped({ after: (end) => void ends.push(end) });
});
after(async () => {
  for (const end of ends) await end();
});

const idsOnHost = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n')
    .filter((line) => /^[UG]id:/.test(line));

const ROOT_ON_HOST = ['Uid', 'Gid'].map((what) => `${what}:\t${Array(4).fill(FIRST).join('\t')}`);

test('SC-USR-06: root in a container is a subordinate id of the host, also in an exec, and has its rights inside alone', async () => {
  await withSleeper(gantry, {}, async (id, pid) => {
    assert.deepEqual(idsOnHost(pid), ROOT_ON_HOST);
    const { output } = await execInside(gantry, id, {
      Cmd: sh('id -u; cat /proc/self/uid_map /proc/self/gid_map; readlink /proc/self/ns/user'),
    });
    const [uid, users = '', groups = '', namespace] = output.trim().split('\n');
    assert.equal(uid, '0');
    for (const map of [users, groups])
      assert.deepEqual(map.trim().split(/ +/), ['0', String(FIRST), String(COUNT)]);
    assert.notEqual(namespace, readlinkSync('/proc/self/ns/user'));
    const titles = (await gantry.api().get(`/containers/${id}/top`)).json<{ Processes: string[][] }>();
    assert.equal(titles.Processes[0]?.[0], String(FIRST));
  });
});

test('SC-USR-06: two containers have each a user namespace; one that joins another’s namespaces has that one’s', async () => {
  const own = (id: string) => async () =>
    (await execInside(gantry, id, { Cmd: ['readlink', '/proc/self/ns/user'] })).output.trim();
  await withSleeper(gantry, { IpcMode: 'shareable' }, async (one) => {
    const first = await own(one)();
    await withSleeper(gantry, {}, async (other) => assert.notEqual(await own(other)(), first));
    for (const joins of [
      { NetworkMode: `container:${one}` },
      { PidMode: `container:${one}` },
      { IpcMode: `container:${one}` },
    ])
      assert.equal((await inside(gantry, 'readlink /proc/self/ns/user', joins)).trim(), first);
  });
});

/** Files that belong to ids of containers, on the file systems of these paths. */
const mappedFilesIn = (paths: readonly string[]): string[] =>
  execFileSync(
    'find',
    [
      ...paths,
      // What is mounted with owners mapped, or as a container's root, is no file of the host's.
      ...['-path', '*/mapped', '-prune', '-o'],
      ...[
        '-xdev',
        '!',
        '-fstype',
        'overlay',
        '(',
        '-uid',
        `+${FIRST - 1}`,
        '-uid',
        `-${FIRST + COUNT}`,
        '-o',
      ],
      ...['-gid', `+${FIRST - 1}`, '-gid', `-${FIRST + COUNT}`, ')', '-print'],
    ],
    { encoding: 'utf8' },
  )
    .split('\n')
    .filter(Boolean);

test('SC-USR-06: no file of the host is given to a container’s ids, but the group of the engine’s own exec root', async () => {
  await withSleeper(gantry, { Binds: ['given:/v'] }, async (id) => {
    await execInside(gantry, id, { Cmd: sh('echo x >/v/x; echo y >/y; chown 5:6 /y /v/x'), Tty: true });
    await execInside(gantry, id, { Cmd: sh('echo z'), Tty: false });
    assert.deepEqual(mappedFilesIn(['/dev', '/etc', gantry.dataRoot]), []);
    const execRoot = `${gantry.execRoot}.${SUB_ROOT}`;
    assert.deepEqual(mappedFilesIn([gantry.root]), [execRoot]);
    const { mode, uid, gid } = statSync(execRoot);
    assert.deepEqual([mode & 0o7777, uid, gid], [0o710, 0, FIRST]);
  });
  await removeVolumes(gantry);
});

test('SC-USR-06: what a start mounts by mapped owners nobody else reaches: not by its path, nor when the start is over', async () => {
  const execRoot = `${gantry.execRoot}.${SUB_ROOT}`;
  await withSleeper(gantry, {}, async () => {
    assert.equal(statSync(join(execRoot, 'mapped')).mode & 0o777, 0o700);
    assert.deepEqual(existsSync(join(execRoot, 'mounts')) ? readdirSync(join(execRoot, 'mounts')) : [], []);
    // As the container's root, but outside of it.
    const looked = spawnSync('ls', [join(execRoot, 'mapped/w')], { uid: FIRST, gid: FIRST });
    assert.notEqual(looked.status, 0);
    const written = spawnSync('touch', [join(execRoot, 'x')], { uid: FIRST, gid: FIRST });
    assert.notEqual(written.status, 0);
  });
});

for (const which of ['data', 'exec'] as const)
  test(`SC-USR-06: a link in the place of the remapped ${which} root is refused, and where it leads nothing changes`, async (t) => {
    const witness = mkdtempSync(join(tmpdir(), 'gantry-witness-'));
    t.after(() => rmSync(witness, { recursive: true, force: true }));
    chmodSync(witness, 0o700);
    const gantry = remappedEngine(t);
    t.after(() => rmSync(gantry.root, { recursive: true, force: true }));
    const place = which === 'data' ? join(gantry.dataRoot, SUB_ROOT) : `${gantry.execRoot}.${SUB_ROOT}`;
    mkdirSync(join(place, '..'), { recursive: true });
    symlinkSync(witness, place);
    await assert.rejects(gantry.start(), new RegExp(`userns-remap: ${place} is no directory of root's`));
    assert.deepEqual(readdirSync(witness), []);
    const { mode, uid, gid } = statSync(witness);
    assert.deepEqual([mode & 0o7777, uid, gid], [0o700, 0, 0]);
  });

test('SC-USR-06: directories above the exec root are not opened for containers: the daemon refuses, and says which', async (t) => {
  const gantry = remappedEngine(t);
  t.after(() => rmSync(gantry.root, { recursive: true, force: true }));
  chmodSync(gantry.root, 0o700);
  await assert.rejects(gantry.start(), /restricts access to the remapped root 300000:300000/);
  assert.equal(statSync(gantry.root).mode & 0o7777, 0o700);
});

test('SC-USR-06: what root of the host keeps to itself is not read or written through a bind', async (t) => {
  const given = mkdtempSync(join(tmpdir(), 'gantry-given-'));
  t.after(() => rmSync(given, { recursive: true, force: true }));
  chmodSync(given, 0o755);
  writeFileSync(join(given, 'secret'), 'secret', { mode: 0o600 });
  writeFileSync(join(given, 'open'), 'open', { mode: 0o644 });
  mkdirSync(join(given, 'mine'));
  chownSync(join(given, 'mine'), FIRST + 5, FIRST + 6);
  const output = await inside(
    gantry,
    `cat /x/open; echo; stat -c '%u:%g' /x/secret /x/mine
for refused in 'cat /x/secret' 'echo x >/x/open' 'echo x >/x/new' 'chown 0:0 /x/open' 'chmod 777 /x/open' 'rm -f /x/open' 'mknod /x/null c 1 3'; do
  (eval "$refused") 2>/dev/null && echo "done: $refused"
done
chown 7:8 /x/mine && echo given on`,
    { Binds: [`${given}:/x`] },
  );
  assert.equal(output, 'open\n65534:65534\n5:6\ngiven on\n');
  assert.deepEqual(readdirSync(given).sort(), ['mine', 'open', 'secret']);
  const { uid, gid } = statSync(join(given, 'mine'));
  assert.deepEqual([uid, gid], [FIRST + 7, FIRST + 8]);
});

test('what dockerd refuses with user namespaces is refused in its words, and runs with the host’s', async () => {
  for (const [host, words] of [
    [
      { Privileged: true },
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    ],
    [{ NetworkMode: 'host' }, "cannot share the host's network namespace when user namespaces are enabled"],
    [{ PidMode: 'host' }, 'cannot share the host PID namespace when user namespaces are enabled'],
  ] as const) {
    const { status, refused } = await runInside(gantry, { Cmd: ['true'], HostConfig: host });
    assert.deepEqual([status, refused], [400, words]);
    const output = await inside(gantry, 'cat /proc/self/uid_map', { ...host, UsernsMode: 'host' });
    assert.match(output, /^ *0 +0 +4294967295\n$/);
  }
});

test('a container with ids of its own does not join one that has the host’s: it is told what to do', async () => {
  await withSleeper(gantry, { UsernsMode: 'host', IpcMode: 'shareable' }, async (id) => {
    for (const HostConfig of [{ NetworkMode: `container:${id}` }, { IpcMode: `container:${id}` }]) {
      const { status, refused } = await runInside(gantry, { Cmd: ['true'], HostConfig });
      assert.equal(status, 409);
      assert.match(refused, /run this one with --userns=host too/);
      assert.equal(await inside(gantry, 'echo joined', { ...HostConfig, UsernsMode: 'host' }), 'joined\n');
    }
  });
});

test('info tells of user namespaces, and of the root that belongs to these ids', async () => {
  const info = (await gantry.api().get('/info')).json<{
    SecurityOptions: string[];
    DockerRootDir: string;
  }>();
  assert(info.SecurityOptions.includes('name=userns'));
  assert.equal(info.DockerRootDir, join(gantry.dataRoot, SUB_ROOT));
});

test('containers with mapped ids live on through a kill -9 of the daemon, and are all that they were', async (t) => {
  const gantry = await startRemapped(t);
  const api = gantry.api();
  const body = { Image: 'busybox', Cmd: sh('echo before; sleep 1000'), HostConfig: { Binds: ['kept:/v'] } };
  const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
  assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
  await gantry.kill9();
  await gantry.start();
  await gantry.recovered();
  const { output } = await execInside(gantry, Id, {
    Cmd: sh('echo x >/x && echo y >/v/y && stat -c "%n %u:%g" /x /v/y'),
  });
  assert.equal(output, '/x 0:0\n/v/y 0:0\n');
  assert.match((await api.get(`/containers/${Id}/logs?stdout=1`)).text, /before/);
  assert.equal((await api.post(`/containers/${Id}/restart?t=0`)).status, 204);
  assert.equal((await execInside(gantry, Id, { Cmd: ['cat', '/x', '/v/y'] })).output, 'x\ny\n');
  const { State } = (await api.get(`/containers/${Id}/json`)).json<{ State: { Pid: number } }>();
  assert.deepEqual(idsOnHost(State.Pid), ROOT_ON_HOST);
});

test('a daemon with other ids has other roots: it sees nothing of these, and takes nothing from them', async (t) => {
  const gantry = await startRemapped(t);
  await gantry.stop();
  const other = FIRST + 10 * COUNT;
  const tables = idTables(t, { subuid: `mapped:${other}:${COUNT}\n`, subgid: `mapped:${other}:${COUNT}\n` });
  const roots = ['--data-root', gantry.dataRoot, '--exec-root', gantry.execRoot];
  const flags = [...roots, '--pidfile', join(gantry.root, 'other.pid'), '--userns-remap=mapped'];
  const ended = spawnSync(
    join(import.meta.dirname, '../../bin/gantry'),
    ['daemon', ...flags, '-H', `unix://${gantry.root}/nosuch/directory/s`],
    { encoding: 'utf8', env: { ...process.env, GANTRY_ID_TABLES: tables } },
  );
  assert.notEqual(ended.status, 0);
  assert(existsSync(join(gantry.dataRoot, `${other}.${other}`)), ended.stderr);
  await gantry.start();
  assert.equal((await gantry.api().get('/images/busybox/json')).status, 200);
});

for (const [what, remap, words] of [
  ['nobody has', 'nosuch', /userns-remap nosuch: no such user: nosuch/],
  ['no range is of', 'root2', /no subuid ranges found for user "root2"/],
  ['nobody could be', 'a:b:c', /userns-remap a:b:c: not default, USER/],
] as const)
  test(`a daemon with ids that ${what} ends, and says why`, async (t) => {
    const tables = idTables(t, { passwd: 'root2:x:9:9::/:/bin/sh\n', group: 'root2:x:9:\n' });
    const gantry = remappedEngine(t, { env: { GANTRY_ID_TABLES: tables } });
    t.after(() => rmSync(gantry.root, { recursive: true, force: true }));
    const ended = spawnSync(
      join(import.meta.dirname, '../../bin/gantry'),
      ['daemon', '-H', gantry.host, '--data-root', gantry.dataRoot, '--userns-remap', remap],
      { encoding: 'utf8', env: { ...process.env, GANTRY_ID_TABLES: tables } },
    );
    assert.equal(ended.status, 1);
    assert.match(ended.stderr, words);
  });
