/** Volumes over the deaths of the daemon, and mounts that go on between host and container. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { unmountLazily } from '../harness/unmount.ts';
import { until } from '../harness/until.ts';

interface Inspected {
  readonly State: { readonly Status: string };
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string; readonly Source: string }[];
}

async function create(gantry: Gantry, body: object): Promise<string> {
  const made = await gantry.api().post('/containers/create', { Image: 'busybox', ...body });
  assert.equal(made.status, 201, made.text);
  return made.json<{ Id: string }>().Id;
}
async function start(gantry: Gantry, body: object): Promise<string> {
  const id = await create(gantry, body);
  const started = await gantry.api().post(`/containers/${id}/start`);
  assert.equal(started.status, 204, started.text);
  return id;
}
const inspect = async (gantry: Gantry, id: string): Promise<Inspected> =>
  (await gantry.api().get(`/containers/${id}/json`)).json<Inspected>();
const volumes = (gantry: Gantry): string[] => readdirSync(join(gantry.dataRoot, 'volumes')).sort();
const mountedOn = (gantry: Gantry): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((at) => at.startsWith(`${gantry.dataRoot}/volumes/`));

/** What is given back after an answer is given back soon. */
const DEVICE = { type: 'tmpfs', device: 'tmpfs', o: 'size=64k' };
const NetworkMode = 'none';

test('what a running container has stays its own over a kill −9 of the daemon, and is given back at its end', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api();
  await api.post('/volumes/create', { Name: 'device', DriverOpts: DEVICE });
  const Mounts = [{ Type: 'image', Source: 'busybox', Target: '/image' }];
  const Binds = ['device:/device', 'plain:/plain'];
  const id = await start(gantry, {
    Cmd: ['sh', '-c', 'echo kept > /device/file; trap "exit 0" TERM; while :; do sleep 0.1; done'],
    Volumes: { '/anonymous': {} },
    HostConfig: { NetworkMode, Binds, Mounts },
  });
  const before = await inspect(gantry, id);
  assert.equal(before.Mounts.length, 4);
  await gantry.kill9();
  await gantry.start();
  assert.deepEqual(await inspect(gantry, id), before);
  for (const name of ['device', 'plain']) assert.equal((await api.delete(`/volumes/${name}`)).status, 409);
  assert.deepEqual(mountedOn(gantry), [`${gantry.dataRoot}/volumes/device/_data`]);
  // The device is one, however many have it: a second user sees what the first wrote.
  const second = await start(gantry, {
    Cmd: ['sh', '-c', 'cat /d/file /i/bin/busybox > /dev/null'],
    HostConfig: { NetworkMode, Binds: ['device:/d'], Mounts: [{ ...Mounts[0], Target: '/i' }] },
  });
  const { StatusCode } = (await api.post(`/containers/${second}/wait`)).json<{ StatusCode: number }>();
  assert.equal(StatusCode, 0);
  assert.equal((await api.post(`/containers/${id}/stop`)).status, 204);
  for (const each of [id, second]) assert.equal((await api.delete(`/containers/${each}?v=1`)).status, 204);
  await until(() => mountedOn(gantry).length === 0);
  assert.deepEqual(volumes(gantry), ['device', 'plain']);
  for (const name of ['device', 'plain']) assert.equal((await api.delete(`/volumes/${name}`)).status, 204);
});

test('a container that ended while no daemon ran gives its devices and unnamed volumes back at the next start', async (t) => {
  const gantry = await startGantry(t);
  await gantry.api().post('/volumes/create', { Name: 'device', DriverOpts: DEVICE });
  await start(gantry, {
    Cmd: ['sh', '-c', 'until [ -e /plain/end ]; do sleep 0.05; done'],
    Volumes: { '/anonymous': {} },
    HostConfig: { NetworkMode, AutoRemove: true, Binds: ['device:/device', 'plain:/plain'] },
  });
  assert.equal(volumes(gantry).length, 3);
  await gantry.kill9();
  execFileSync('touch', [join(gantry.dataRoot, 'volumes/plain/_data/end')]);
  await gantry.start();
  await until(() => volumes(gantry).length === 2 && mountedOn(gantry).length === 0);
  assert.deepEqual((await gantry.api().get('/containers/json?all=1')).json(), []);
});

/** A campaign takes more. */
const ROUNDS = Number(process.env.GANTRY_ROUNDS ?? 6);

test('killed at any moment of a creation, no volume is there without its container, and none is half filled', async (t) => {
  const gantry = await startGantry(t);
  const seed = await start(gantry, {
    Cmd: ['sh', '-c', 'mkdir /data; for i in $(seq 200); do echo $i > /data/$i; done'],
    HostConfig: { NetworkMode },
  });
  await gantry.api().post(`/containers/${seed}/wait`);
  const query = `container=${seed}&repo=filled&changes=${encodeURIComponent('VOLUME /data')}`;
  assert.equal((await gantry.api().post(`/commit?${query}`, {})).status, 201);
  await gantry.api().delete(`/containers/${seed}`);
  for (let round = 0; round < ROUNDS; round++) {
    const delayMs = randomInt(80);
    t.diagnostic(`killed after ${delayMs} ms`);
    const asked = Promise.allSettled(
      Array.from({ length: 3 }, (_, i) =>
        gantry.api().post('/containers/create', {
          Image: 'filled',
          HostConfig: { NetworkMode, ...(i === 0 && { Binds: [`named${round}:/data`] }) },
        }),
      ),
    );
    await sleep(delayMs);
    await gantry.kill9();
    await asked;
    await gantry.start();
    await gantry.recovered();
    const containers = (await gantry.api().get('/containers/json?all=1')).json<{ Id: string }[]>();
    const used = await Promise.all(containers.map(async ({ Id }) => (await inspect(gantry, Id)).Mounts));
    const names = used.flat().map(({ Name }) => Name ?? '');
    assert.deepEqual(volumes(gantry), [...new Set(names)].sort());
    for (const { Source } of used.flat()) assert.equal(readdirSync(Source).length, 200);
  }
});

/** A directory that is a mount of its own, shared with whoever copies it. */
function sharedDirectory(t: TestContext): string {
  const at = mkdtempSync(join(tmpdir(), 'gantry-shared-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at]);
  execFileSync('mount', ['--make-shared', at]);
  t.after(() => {
    unmountLazily(at);
    rmSync(at, { recursive: true });
  });
  return at;
}

test('what the host mounts later appears in a slave bind, and not in a private one', async (t) => {
  const gantry = await startGantry(t);
  const at = sharedDirectory(t);
  execFileSync('mkdir', [`${at}/later`]);
  const id = await start(gantry, {
    Cmd: [
      'sh',
      '-c',
      'echo up; until [ -e /slave/go ]; do sleep 0.05; done; ls /slave/later; echo -; ls /private/later',
    ],
    Tty: true,
    HostConfig: { NetworkMode, Binds: [`${at}:/slave:rslave`, `${at}:/private`] },
  });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', `${at}/later`]);
  t.after(() => unmountLazily(`${at}/later`));
  execFileSync('touch', [`${at}/later/seen`]);
  execFileSync('touch', [`${at}/go`]);
  await gantry.api().post(`/containers/${id}/wait`);
  const { text } = await gantry.api().get(`/containers/${id}/logs?stdout=1`);
  assert.equal(text, 'up\r\nseen\r\n-\r\n');
});

test('a bind cannot be shared from a mount that is not', async (t) => {
  const gantry = await startGantry(t);
  const at = sharedDirectory(t);
  execFileSync('mount', ['--make-private', at]);
  for (const [mode, why] of [
    ['rshared', /is mounted on .* but it is not a shared mount/],
    ['slave', /is mounted on .* but it is not a shared or slave mount/],
  ] as const) {
    const id = await create(gantry, {
      Cmd: ['true'],
      HostConfig: { NetworkMode, Binds: [`${at}:/x:${mode}`] },
    });
    const { status, text } = await gantry.api().post(`/containers/${id}/start`);
    assert.equal(status, 500);
    assert.match(text, why);
  }
});

test('a client of 1.20 says its volumes at the start; those of the image stay the same', async (t) => {
  const gantry = await startGantry(t);
  const old = gantry.api('1.20');
  const made = await old.post('/containers/create', {
    Image: 'busybox',
    Cmd: ['true'],
    Volumes: { '/v': {}, '/w': {} },
  });
  const { Id } = made.json<{ Id: string }>();
  type Old = { Mounts: { Name?: string; Destination: string }[] };
  const names = async () =>
    new Map(
      (await old.get(`/containers/${Id}/json`))
        .json<Old>()
        .Mounts.map(({ Destination, Name }) => [Destination, Name]),
    );
  const before = await names();
  const started = await old.post(`/containers/${Id}/start`, { NetworkMode, Binds: ['named:/n', '/tmp:/w'] });
  assert.equal(started.status, 204, started.text);
  await old.post(`/containers/${Id}/wait`);
  const after = await names();
  assert.equal(after.get('/v'), before.get('/v'));
  assert.equal(after.get('/n'), 'named');
  assert.equal(after.get('/w'), undefined);
  const told = (await gantry.api('1.19').get(`/containers/${Id}/json`)).json<{
    Volumes: Record<string, string>;
    VolumesRW: Record<string, boolean>;
  }>();
  assert.deepEqual(told.VolumesRW, { '/v': true, '/n': true, '/w': true });
  assert.equal(told.Volumes['/w'], '/tmp');
  assert.match(told.Volumes['/n'] ?? '', /\/volumes\/named\/_data$/);
});
