/** Mounts in all the ways that they can be said, in every version's words (SC-VOL), on a real engine. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { getXattr } from '../../src/linux/index.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import type { Answer } from '../harness/http.ts';
import { busyboxRootfs } from '../harness/image.ts';
import { dockerArchiveOf, loadArchive, loadLayered } from '../harness/layered.ts';
import { Canary, runInside } from './inside.ts';

const ends: (() => Promise<void>)[] = [];
let gantry: Gantry;
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

const volumes = (): string[] => readdirSync(join(gantry.dataRoot, 'volumes')).sort();
const NetworkMode = 'none';
const create = (body: object, version?: string, query = ''): Promise<Answer> =>
  gantry
    .api(version)
    .post(`/containers/create${query}`, { Image: 'busybox', HostConfig: { NetworkMode }, ...body });
/** A container that stays until the test ends. */
async function made(t: TestContext, name: string, body: object, version?: string): Promise<string> {
  const answer = await create(body, version, `?name=${name}`);
  assert.equal(answer.status, 201, answer.text);
  const { Id } = answer.json<{ Id: string }>();
  t.after(async () => void (await gantry.api().delete(`/containers/${Id}?force=1&v=1`)));
  return Id;
}
interface Point {
  readonly Type: string;
  readonly Destination: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
}
const pointsOf = async (id: string): Promise<Point[]> =>
  (await gantry.api().get(`/containers/${id}/json`)).json<{ Mounts: Point[] }>().Mounts;
function hostDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-mounts-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

for (const path of ['..', '.', '', '/', '/../..', 'nul\0byte', '/proc', 'proc/self', '../../proc/sys'])
  test(`SC-VOL-01: a container with the volume ${JSON.stringify(path)} is refused, in old words and new`, async () => {
    const earlier = [volumes(), readdirSync(gantry.dataRoot)];
    for (const version of ['1.0', '1.12', '1.20', undefined]) {
      const { status, text } = await create({ Volumes: { [path]: {} } }, version);
      assert.ok(status === 400 || (version !== undefined && status === 500), `${version}: ${status} ${text}`);
    }
    assert.deepEqual([volumes(), readdirSync(gantry.dataRoot)], earlier);
  });

test('SC-VOL-01: a volume that is declared has a name of the engine’s own, whatever its path is', async (t) => {
  const paths = ['/a:b', '/new\nline', 'a/../../../up', '/%2e%2e', `/${'x'.repeat(200)}`, '/-x', '/ x'];
  const earlier = volumes();
  const id = await made(t, 'declared', { Volumes: Object.fromEntries(paths.map((path) => [path, {}])) });
  const added = volumes().filter((name) => !earlier.includes(name));
  assert.equal(added.length, paths.length);
  for (const name of added) assert.match(name, /^[0-9a-f]{64}$/);
  const told = (await pointsOf(id)).map(({ Destination }) => Destination).sort();
  assert.ok(told.includes('/up') && told.includes('/a:b'), told.join());
});

for (const spec of [
  '../x:/y',
  'a/../../b:/y',
  '-x:/y',
  'data:/',
  'data:..',
  ':/y',
  'data:/proc',
  '/tmp:/y:exec',
])
  test(`SC-VOL-01, SC-VOL-02: the bind ${spec} is refused at a start with settings, too`, async (t) => {
    const earlier = volumes();
    const id = await made(t, 'late', { Cmd: ['true'] }, '1.12');
    // A start before 1.3 had no body.
    for (const version of ['1.3', '1.12', '1.20', '1.23']) {
      const { status, text } = await gantry
        .api(version)
        .post(`/containers/${id}/start`, { NetworkMode, Binds: [spec] });
      assert.ok(status === 400 || status === 500, `${version}: ${status} ${text}`);
    }
    assert.deepEqual(volumes(), earlier);
  });

test('SC-VOL-04: a missing source of Binds is made in every version, and one of Mounts is refused or made as it says', async (t) => {
  const at = hostDirectory(t);
  for (const version of ['1.3', '1.7', '1.12', '1.19', '1.20', '1.21', '1.41', undefined]) {
    const source = `${at}/made-${version}`;
    const id = await made(t, `of-${version}`, { Cmd: ['true'], HostConfig: {} }, version);
    const atStart = version !== undefined && Number(version.slice(2)) < 24;
    const HostConfig = { NetworkMode, Binds: [`${source}:/x`] };
    const answer = atStart
      ? await gantry.api(version).post(`/containers/${id}/start`, HostConfig)
      : await gantry
          .api()
          .post(
            `/containers/${await made(t, `new-${version}`, { Cmd: ['true'], HostConfig }, version)}/start`,
          );
    assert.equal(answer.status, 204, `${version}: ${answer.text}`);
    assert.ok(statSync(source).isDirectory(), version);
  }
  for (const version of ['1.25', '1.41', '1.42', undefined]) {
    const mount = (BindOptions?: object) => ({
      HostConfig: {
        NetworkMode,
        Mounts: [{ Type: 'bind', Source: `${at}/missing`, Target: '/x', BindOptions }],
      },
    });
    const { status, text } = await create(mount(), version);
    assert.equal(status, 400, text);
    assert.match(text, /bind source path does not exist/);
    const asked = await create(mount({ CreateMountpoint: true }), version);
    // Before 1.42 nobody could ask for it.
    assert.equal(
      asked.status,
      version === '1.25' || version === '1.41' ? 400 : 201,
      `${version}: ${asked.text}`,
    );
    if (asked.status === 201) await gantry.api().delete(`/containers/${asked.json<{ Id: string }>().Id}`);
  }
  assert.deepEqual(
    readdirSync(at).filter((name) => name === 'missing'),
    [],
  );
});

test('SC-VOL-04: the engine’s socket is given to who names it, and not with the directories around it', async () => {
  const asked = (source: string) =>
    runInside(gantry, { Cmd: ['ls', '-ld', '/x'], HostConfig: { Binds: [`${source}:/x`] } });
  assert.match((await asked(gantry.socket)).output, /^s/);
  for (const source of [gantry.execRoot, gantry.dataRoot])
    assert.match((await asked(source)).refused, /the engine's own/);
});

/** Words that a bind or a named volume takes besides ro and rw, with what inspect tells of them. */
const MODES = ['z', 'Z', 'cached', 'delegated', 'consistent', 'ro,z', 'Z,rw', 'ro,cached,z', 'delegated,Z'];
test('SC-VOL-05: SELinux and consistency words are taken for what they are, and told as they were said', async (t) => {
  const at = hostDirectory(t);
  for (const mode of MODES)
    for (const source of [at, 'flagged']) {
      const id = await made(t, 'worded', {
        Cmd: ['true'],
        HostConfig: { NetworkMode, Binds: [`${source}:/x:${mode}`] },
      });
      const [point] = await pointsOf(id);
      assert.deepEqual([point?.Mode, point?.RW], [mode, !mode.includes('ro')], `${source}:${mode}`);
      assert.equal((await gantry.api().post(`/containers/${id}/start`)).status, 204);
      assert.equal((await gantry.api().delete(`/containers/${id}?force=1&v=1`)).status, 204);
    }
  for (const Consistency of ['default', 'consistent', 'cached', 'delegated'])
    for (const version of ['1.28', '1.41', undefined]) {
      const Mounts = [{ Type: 'bind', Source: at, Target: '/x', Consistency }];
      const id = await made(t, 'consistent', { Cmd: ['true'], HostConfig: { NetworkMode, Mounts } }, version);
      const { HostConfig } = (await gantry.api().get(`/containers/${id}/json`)).json<{
        HostConfig: { Mounts: { Consistency?: string }[] };
      }>();
      assert.equal(HostConfig.Mounts[0]?.Consistency, Consistency);
      assert.equal((await gantry.api().delete(`/containers/${id}`)).status, 204);
    }
  await gantry.api().delete('/volumes/flagged');
});

test('SC-VOL-05: flags of a mount are those that were asked for, in the kernel’s own words', async (t) => {
  const at = hostDirectory(t);
  const lineOf = async (mode: string) => {
    const { output, refused } = await runInside(gantry, {
      Cmd: ['grep', ' /x ', '/proc/self/mountinfo'],
      HostConfig: { Binds: [`${at}:/x${mode}`] },
    });
    assert.equal(refused, '', mode);
    return output.split(' - ')[0]?.split(' ').slice(5) ?? [];
  };
  assert.deepEqual((await lineOf(':ro'))[0]?.split(',')[0], 'ro');
  for (const mode of ['', ':rw', ':z', ':private', ':rprivate']) {
    const [flags, ...optional] = await lineOf(mode);
    assert.equal(flags?.split(',')[0], 'rw', mode);
    assert.deepEqual(optional, [], `${mode}: private`);
  }
  for (const Propagation of ['exec', 'rshared,ro', 'SHARED', 'unbindable', '\n']) {
    const Mounts = [{ Type: 'bind', Source: at, Target: '/x', BindOptions: { Propagation } }];
    assert.equal((await create({ HostConfig: { NetworkMode, Mounts } })).status, 400, Propagation);
  }
});

test('SC-VOL-08: containers that take each other’s volumes, or their own, at a start come to an end', async (t) => {
  const api = gantry.api('1.12');
  const first = await made(t, 'first', { Cmd: ['true'], Volumes: { '/a': {} } }, '1.12');
  const second = await made(t, 'second', { Cmd: ['true'], Volumes: { '/b': {} } }, '1.12');
  const self = await api.post(`/containers/${first}/start`, { NetworkMode, VolumesFrom: ['first'] });
  assert.ok([204, 400, 500].includes(self.status), self.text);
  for (const [id, other] of [
    [first, 'second'],
    [second, 'first'],
    [first, 'second:ro'],
  ] as const) {
    await gantry.api().post(`/containers/${id}/wait`);
    const { status, text } = await api.post(`/containers/${id}/start`, { NetworkMode, VolumesFrom: [other] });
    assert.equal(status, 204, text);
  }
  const told = await pointsOf(second);
  assert.deepEqual(told.map(({ Destination }) => Destination).sort(), ['/a', '/b']);
});

/** Most memory that the daemon ever had, in bytes (VmHWM). */
const peak = (): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${gantry.pid}/status`, 'utf8'))?.[1]) * 1024;
/** Version 2, effective, cap_net_raw. */
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');
/** Of a hole, and one byte behind it. */
const SPARSE_BYTES = 4 * 2 ** 30;

test('SC-VOL-10: what an image has in a volume’s place keeps capabilities, set-id bits, owners and holes of four gigabytes', async (t) => {
  const xattrs = new Map([['security.capability', CAPABILITY]]);
  await loadLayered(
    gantry.api(),
    'attributes:latest',
    [
      [{ path: 'data', type: 'directory', mode: 0o1777, uid: 12, gid: 34 }],
      [{ path: 'data/program', mode: 0o6755, uid: 12, gid: 34, xattrs: xattrs as never }, 'program'],
    ],
    { Volumes: { '/data': {} } },
  );
  t.after(async () => void (await gantry.api().delete('/images/attributes?force=1')));
  const id = await made(t, 'attributed', { Image: 'attributes', Cmd: ['true'] });
  const [{ Source }] = (await pointsOf(id)) as unknown as [{ Source: string }];
  const { mode, uid, gid } = statSync(`${Source}/program`);
  assert.deepEqual([mode & 0o7777, uid, gid], [0o6755, 12, 34]);
  assert.deepEqual(getXattr(`${Source}/program`, 'security.capability'), CAPABILITY);
  const root = statSync(Source);
  assert.deepEqual([root.mode & 0o7777, root.uid, root.gid], [0o1777, 12, 34]);

  const at = hostDirectory(t);
  writeFileSync(`${at}/sparse`, '');
  truncateSync(`${at}/sparse`, SPARSE_BYTES);
  appendFileSync(`${at}/sparse`, 'end\n');
  const holes = execFileSync('tar', [
    '-C',
    at,
    '--sparse',
    '--transform',
    's,^,data/,',
    '-cf',
    '-',
    'sparse',
  ]);
  const layers = [readFileSync(busyboxRootfs()), holes];
  const document = { config: { Volumes: { '/data': {} } } };
  await loadArchive(gantry.api(), dockerArchiveOf([{ tags: ['holes:latest'], layers, document }]));
  t.after(async () => void (await gantry.api().delete('/images/holes?force=1')));
  const earlier = peak();
  const copy = await made(t, 'copied', { Image: 'holes', Cmd: ['true'] });
  const [point] = (await pointsOf(copy)) as unknown as [{ Source: string }];
  const { size, blocks } = statSync(`${point.Source}/sparse`);
  assert.equal(size, SPARSE_BYTES + 4);
  assert.ok(blocks * 512 < 1 << 20, `${blocks} blocks`);
  assert.ok(peak() - earlier < 32 << 20, `${(peak() - earlier) >> 20} MiB more`);
});

test('SC-VOL-03: nothing of the host comes with a file of the image that is a link into it', async (t) => {
  const canary = new Canary();
  t.after(() => canary.remove());
  await loadLayered(
    gantry.api(),
    'linked:latest',
    [
      [{ path: 'data', type: 'symlink', linkPath: canary.relative }],
      [{ path: 'real', type: 'directory' }],
      [{ path: 'real/secret', type: 'symlink', linkPath: join(canary.path, 'secret') }],
    ],
    { Volumes: { '/data': {}, '/data/d': {}, '/real': {} } },
  );
  t.after(async () => void (await gantry.api().delete('/images/linked?force=1')));
  const { output } = await runInside(gantry, {
    Image: 'linked',
    Cmd: ['sh', '-c', 'cat /data/secret /real/secret; touch /data/pwn /data/d/pwn; ls -R /data /real'],
  });
  assert.ok(!output.includes(canary.secret), output);
  assert.ok(!canary.changed);
});

test('volumes of a swarm are refused for what they are', async () => {
  const swarm = await gantry
    .api()
    .post('/volumes/create', { Name: 'shared', ClusterVolumeSpec: { Group: 'g' } });
  assert.equal(swarm.status, 503);
  assert.match(swarm.text, /This node is not a swarm manager/);
  const Mounts = [{ Type: 'cluster', Source: 'shared', Target: '/x' }];
  const mounted = await create({ HostConfig: { NetworkMode, Mounts } });
  assert.equal(mounted.status, 400);
  assert.match(mounted.text, /invalid mount config for type \\"cluster\\": mount type unknown/);
  assert.ok(!volumes().includes('shared'));
  const before = await gantry.api('1.41').post('/volumes/create', { Name: 'plain', ClusterVolumeSpec: {} });
  assert.equal(before.status, 201, 'what 1.41 did not know, it did not read');
  assert.equal((await gantry.api().delete('/volumes/plain')).status, 204);
});
