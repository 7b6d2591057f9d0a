/** Volumes and mounts against hostile names, images and containers, on a real engine. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import type { Answer } from '../harness/http.ts';
import { unmountLazily } from '../harness/unmount.ts';
import { until } from '../harness/until.ts';

const SECRET = 'a secret of the host';
const ends: (() => Promise<void>)[] = [];
let gantry: Gantry;
/** A directory of the host that nothing may read from or write to, and the only thing in it. */
let canary: string;

before(async () => {
  canary = mkdtempSync(join(tmpdir(), 'gantry-canary-'));
  writeFileSync(join(canary, 'secret'), SECRET);
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(async () => {
  try {
    for (const end of ends) await end();
    assert.deepEqual(readdirSync(canary), ['secret'], 'something was written on the host');
    assert.equal(readFileSync(join(canary, 'secret'), 'utf8'), SECRET);
  } finally {
    rmSync(canary, { recursive: true });
  }
});

const api = (version?: string) => gantry.api(version);
const volumes = (): string[] => readdirSync(join(gantry.dataRoot, 'volumes')).sort();
const create = (body: object, version?: string): Promise<Answer> =>
  api(version).post('/containers/create', {
    Image: 'busybox',
    HostConfig: {},
    ...body,
  });

/** Runs a script in a container and gives its exit code and output; `why` it did not run, if so. */
async function run(
  script: string,
  HostConfig: object,
  more: object = {},
  version?: string,
): Promise<{ code: number; out: string; why: string }> {
  const made = await create(
    { Cmd: ['sh', '-c', script], Tty: true, HostConfig: { NetworkMode: 'none', ...HostConfig }, ...more },
    version,
  );
  if (made.status !== 201) return { code: -1, out: '', why: made.text };
  const { Id } = made.json<{ Id: string }>();
  try {
    const started = await api().post(`/containers/${Id}/start`);
    if (started.status !== 204) return { code: -1, out: '', why: started.text };
    const { StatusCode } = (await api().post(`/containers/${Id}/wait`)).json<{ StatusCode: number }>();
    const { text } = await api().get(`/containers/${Id}/logs?stdout=1&stderr=1`);
    return { code: StatusCode, out: text, why: '' };
  } finally {
    await api().delete(`/containers/${Id}?force=1&v=1`);
  }
}

/** A container that goes on until the test ends. */
async function running(t: TestContext, script: string, HostConfig: object): Promise<string> {
  const made = await create({
    Cmd: ['sh', '-c', script],
    HostConfig: { NetworkMode: 'none', ...HostConfig },
  });
  assert.equal(made.status, 201, made.text);
  const { Id } = made.json<{ Id: string }>();
  t.after(async () => void (await api().delete(`/containers/${Id}?force=1&v=1`)));
  const started = await api().post(`/containers/${Id}/start`);
  assert.equal(started.status, 204, started.text);
  return Id;
}

/** An image of what a script leaves, with settings of its own. */
async function imageOf(t: TestContext, script: string, ...changes: readonly string[]): Promise<string> {
  const made = await create({ Cmd: ['sh', '-c', script], HostConfig: { NetworkMode: 'none' } });
  const { Id } = made.json<{ Id: string }>();
  await api().post(`/containers/${Id}/start`);
  const { StatusCode } = (await api().post(`/containers/${Id}/wait`)).json<{ StatusCode: number }>();
  assert.equal(StatusCode, 0, script);
  const name = `made${Id.slice(0, 12)}`;
  const query = new URLSearchParams({ container: Id, repo: name });
  for (const change of changes) query.append('changes', change);
  const committed = await api().post(`/commit?${query}`, {});
  assert.equal(committed.status, 201, committed.text);
  await api().delete(`/containers/${Id}?v=1`);
  t.after(async () => void (await api().delete(`/images/${name}?force=1`)));
  return name;
}

async function volume(t: TestContext, body: object): Promise<string> {
  const made = await api().post('/volumes/create', body);
  assert.equal(made.status, 201, made.text);
  const { Name } = made.json<{ Name: string }>();
  t.after(async () => void (await api().delete(`/volumes/${Name}`)));
  return Name;
}

function hostDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-mounts-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const NAMES = [
  '..',
  '.',
  'a',
  'a/b',
  '/x',
  '../../up',
  'a/../../../up',
  '%2e%2e',
  '-x',
  ' x',
  '.hidden',
  'nul\0byte',
  'new\nline',
  'x'.repeat(300),
];
for (const name of NAMES)
  test(`SC-VOL-01: a volume is never named ${JSON.stringify(name).slice(0, 30)}, whoever asks`, async () => {
    const earlier = [volumes(), readdirSync(gantry.dataRoot)];
    const asks = [
      await api().post('/volumes/create', { Name: name }),
      await create({
        HostConfig: { Mounts: [{ Type: 'volume', Source: name, Target: '/x' }] },
      }),
      ...(name.startsWith('/') ? [] : [await create({ HostConfig: { Binds: [`${name}:/x`] } })]),
    ];
    for (const { status, text } of asks) assert.equal(status, 400, text);
    assert.deepEqual([volumes(), readdirSync(gantry.dataRoot)], earlier);
    assert.ok([404, 400, 301].includes((await api().get(`/volumes/${encodeURIComponent(name)}`)).status));
    assert.ok([404, 400, 301].includes((await api().delete(`/volumes/${encodeURIComponent(name)}`)).status));
  });

for (const [what, HostConfig] of Object.entries({
  'the root': { Binds: ['/tmp:/'] },
  'the root by dots': { Binds: ['data1:/..'] },
  'the root by many dots': { Binds: ['data1:/../..'] },
  'a relative path': { Binds: ['data1:..'] },
  'a word': { Binds: ['data1:y'] },
  nothing: { Binds: [':/y'] },
  'nothing, after a colon': { Binds: ['data1:'] },
  'no target': { Mounts: [{ Type: 'volume', Source: 'data1' }] },
  'the root, declared': { Tmpfs: { '/': '' } },
  'no source': { Mounts: [{ Type: 'bind', Target: '/x' }] },
  'a relative target': { Mounts: [{ Type: 'volume', Source: 'data1', Target: 'x' }] },
  'twice the same': { Binds: ['data1:/x', 'data2:/x/.'] },
  '/proc': { Binds: ['data1:/proc'] },
  'a directory of /proc': { Binds: ['data1:/x/../proc/sys/kernel'] },
  'a process’s attributes': { Tmpfs: { '/proc/self/attr': '' } },
}))
  test(`SC-VOL-02: nothing is mounted on ${what}`, async () => {
    const earlier = volumes();
    const { status, text } = await create({ HostConfig });
    assert.equal(status, 400, text);
    assert.deepEqual(volumes(), earlier);
  });

test('SC-VOL-02: mounts in one another are mounted outer first, whatever order they are said in', async (t) => {
  const [outer, inner] = [await volume(t, { Name: 'outer' }), await volume(t, { Name: 'inner' })];
  const { out } = await run('echo in > /x/y/file; echo out > /x/file; cat /x/y/file /x/file', {
    Binds: [`${inner}:/x/y`, `${outer}:/x`],
  });
  assert.equal(out, 'in\r\nout\r\n');
});

for (const [what, make, declared] of [
  ['an absolute link', (at: string) => `ln -s ${at} /data`, () => '/data'],
  ['a relative link', (at: string) => `ln -s ../../../../../..${at} /data`, () => '/data'],
  [
    'a link on the way',
    (at: string) => `ln -s ${join(at, '..')} /m`,
    (at: string) => `/m/${at.split('/').at(-1)}`,
  ],
  ['dots', () => 'true', (at: string) => `/../../../..${at}`],
  ['a link inside it', (at: string) => `mkdir /data; ln -s ${at} /data/in`, () => '/data'],
] as const)
  test(`SC-VOL-03: an image brings nothing of the host into its volume by ${what}`, async (t) => {
    const path = declared(canary);
    const image = await imageOf(t, make(canary), `VOLUME ${path}`);
    const { out } = await run(
      `cat ${path}/secret ${path}/in/secret /data/secret; touch ${path}/in/x; find / -xdev -name secret`,
      {},
      { Image: image },
    );
    assert.ok(!out.includes(SECRET), out);
    assert.deepEqual(readdirSync(canary), ['secret']);
  });

test('SC-VOL-04: a missing source of Binds is made, one of Mounts is refused', async (t) => {
  const at = hostDirectory(t);
  assert.equal((await run('ls -d /x', { Binds: [`${at}/made/deep:/x`] })).code, 0);
  assert.ok(statSync(`${at}/made/deep`).isDirectory());
  const { status, text } = await create({
    HostConfig: { Mounts: [{ Type: 'bind', Source: `${at}/missing`, Target: '/x' }] },
  });
  assert.equal(status, 400);
  assert.match(text, /bind source path does not exist/);
  assert.ok(!existsSync(`${at}/missing`));
});

test('SC-VOL-04: the engine’s own directories are not given to a container, by path or by link', async (t) => {
  const at = hostDirectory(t);
  symlinkSync(gantry.dataRoot, `${at}/link`);
  for (const source of [
    gantry.dataRoot,
    `${gantry.dataRoot}/containers`,
    gantry.execRoot,
    `${at}/link`,
    `${at}/link/content`,
    `${gantry.dataRoot}/volumes/../records.sqlite`,
  ]) {
    const { why, out } = await run('ls -R /x', { Binds: [`${source}:/x`] });
    assert.match(why, /which is the engine's own/, `${source}: ${out}`);
  }
});

test('SC-VOL-04: a source that a container exchanges all the time is looked at and mounted as one', async (t) => {
  const at = hostDirectory(t);
  mkdirSync(`${at}/good`);
  writeFileSync(`${at}/good/fine`, '');
  const swap = `cd /p; ln -s good link; ln -s ${gantry.dataRoot} evil; while :; do ln -sfn good n; mv -T n link; ln -sfn ${gantry.dataRoot} n; mv -T n link; done`;
  const swapper = await running(t, swap, { Binds: [`${at}:/p`] });
  const seen = { good: 0, refused: 0 };
  for (let i = 0; i < 30; i++) {
    const { out, why } = await run('ls /x', { Binds: [`${at}/link:/x`] });
    assert.doesNotMatch(out, /records|content|staging/);
    if (out.includes('fine')) seen.good++;
    else assert.match(why, /engine's own|no such file|ENOENT/i);
    if (why !== '') seen.refused++;
  }
  // Before its directory is removed: it would go on writing into it.
  await api().delete(`/containers/${swapper}?force=1`);
  assert.ok(seen.good > 0, JSON.stringify(seen));
});

for (const mode of ['ro,rw', 'exec', 'rw,exec,suid,bind=/', 'z,Z', 'rshared,rslave', 'ro:rw', 'copy'])
  test(`SC-VOL-05: a bind of mode ${mode} is refused`, async () => {
    assert.equal((await create({ HostConfig: { Binds: [`data1:/x:${mode}`] } })).status, 400);
    assert.ok(!volumes().includes('data1'));
  });

for (const DriverOpts of [
  { type: 'none', device: '/tmp', o: 'bind,size=1' },
  { type: 'none', device: 'tmp', o: 'bind' },
  { type: 'tmpfs', device: 'tmpfs', o: 'size=1m\nmode=777' },
  { type: 'tmpfs', device: 'tmpfs', o: 'remount' },
  { type: 'nfs', device: ':/x', o: 'addr=`id`,$(id)' },
  { type: 'ext4;id', device: '/dev/null' },
  { exec: 'id' },
])
  test(`SC-VOL-05: a volume of ${JSON.stringify(DriverOpts)} is refused`, async () => {
    const { status, text } = await api().post('/volumes/create', { Name: 'optioned', DriverOpts });
    assert.equal(status, 400, text);
    assert.ok(!volumes().includes('optioned'));
  });

test('SC-VOL-05: flags of a volume’s device hold in the container, and the device is gone with it', async (t) => {
  const DriverOpts = { type: 'tmpfs', device: 'tmpfs', o: 'size=64k,nosuid,nodev,noexec,ro' };
  const name = await volume(t, { Name: 'flagged', DriverOpts });
  const { out } = await run('grep " /x " /proc/mounts', { Binds: [`${name}:/x`] });
  for (const flag of ['ro', 'nosuid', 'nodev', 'noexec', 'size=64k'])
    assert.match(out, new RegExp(`\\b${flag}\\b`));
  await until(() => !readFileSync('/proc/self/mountinfo', 'utf8').includes(`/volumes/flagged`));
});

test('SC-VOL-06: what the host mounted with fewer rights has no more of them in a container', async (t) => {
  const at = mkdtempSync(join(tmpdir(), 'gantry-mounts-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,nosuid,nodev,noexec', 'tmpfs', at]);
  t.after(() => {
    unmountLazily(at);
    rmSync(at, { recursive: true });
  });
  const look = () => run('grep " /x " /proc/mounts', { Binds: [`${at}:/x`] });
  assert.match((await look()).out, /\brw,nosuid,nodev,noexec\b/);
  execFileSync('mount', ['-o', 'remount,bind,ro,nosuid', at]);
  assert.match((await look()).out, /\bro,nosuid\b/);
});

/** A directory of the host with a file system mounted below it. */
function nested(t: TestContext): string {
  const at = mkdtempSync(join(tmpdir(), 'gantry-mounts-'));
  mkdirSync(`${at}/below`);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', `${at}/below`]);
  t.after(() => {
    unmountLazily(`${at}/below`);
    rmSync(at, { recursive: true });
  });
  return at;
}

test('SC-VOL-06: read-only holds for what is mounted below a bind', async (t) => {
  const at = nested(t);
  const script = 'touch /x/file; touch /x/below/file; ls /x/below';
  const said = await run(script, { Binds: [`${at}:/x:ro`] });
  assert.match(said.out, /x\/file: Read-only file system/);
  assert.match(said.out, /below\/file: Read-only file system/);
  const mount = { Type: 'bind', Source: at, Target: '/x', ReadOnly: true };
  const forced = { ...mount, BindOptions: { ReadOnlyForceRecursive: true } };
  assert.match((await run(script, { Mounts: [forced] })).out, /below\/file: Read-only file system/);
  assert.deepEqual(readdirSync(`${at}/below`), []);
  writeFileSync(`${at}/file`, 'a file too');
  const file = await run('cat /file; echo more >> /file', { Binds: [`${at}/file:/file:ro`] });
  assert.match(file.out, /^a file too.*Read-only file system/s);
  const flat = { ...mount, BindOptions: { ReadOnlyNonRecursive: true } };
  assert.doesNotMatch((await run(script, { Mounts: [flat] })).out, /below\/file: Read-only/);
  assert.doesNotMatch(
    (await run(script, { Binds: [`${at}:/x:ro`] }, {}, '1.43')).out,
    /below\/file: Read-only/,
  );
});

test('SC-VOL-07: a volume in use is not removed; one that is removed takes nothing of the host with it', async (t) => {
  const name = await volume(t, { Name: 'held' });
  const id = await running(t, 'sleep 1000', { Binds: [`${name}:/x`] });
  for (const force of ['', '?force=1']) {
    const { status, text } = await api().delete(`/volumes/held${force}`);
    assert.equal(status, 409);
    assert.match(text, new RegExp(`volume is in use - \\[${id}\\]`));
  }
  await run(`ln -s ${canary} /x/link; mkdir /x/dir; ln -s ${canary}/secret /x/dir/file`, {
    Binds: [`${name}:/x`],
  });
  await api().delete(`/containers/${id}?force=1`);
  assert.equal((await api().delete('/volumes/held')).status, 204);
  assert.ok(!volumes().includes('held'));
});

test('SC-VOL-07: files that cannot be deleted do not keep a volume', async (t) => {
  const name = await volume(t, { Name: 'stubborn' });
  const file = join(gantry.dataRoot, 'volumes', name, '_data/immutable');
  writeFileSync(file, '');
  const { ino } = statSync(file);
  try {
    execFileSync('chattr', ['+i', file], { stdio: 'ignore' });
  } catch {
    t.skip('this file system has no immutable files');
    return;
  }
  assert.equal((await api().delete(`/volumes/${name}`)).status, 204);
  assert.ok(!volumes().includes(name));
  assert.equal((await api().post('/volumes/create', { Name: name })).status, 201);
  const left = execFileSync('find', [gantry.dataRoot, '-inum', String(ino), '-name', 'immutable'], {
    encoding: 'utf8',
  });
  for (const path of left.split('\n').filter(Boolean)) execFileSync('chattr', ['-i', path]);
});

test('SC-VOL-07: making and removing one name side by side ends in one of the two', async () => {
  const make = () => api().post('/volumes/create', { Name: 'contested' });
  const remove = () => api().delete('/volumes/contested');
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? remove() : make())),
    );
    for (const { status, text } of answers) assert.ok([201, 204, 404, 409].includes(status), text);
    const found = await api().get('/volumes/contested');
    assert.equal(found.status === 200, volumes().includes('contested'));
    await remove();
  }
});

test('SC-VOL-08: volumes of others: unknown, oneself and odd names are refused, read-only stays read-only', async (t) => {
  const name = await volume(t, { Name: 'lent' });
  const lender = await running(t, 'sleep 1000', { Binds: [`${name}:/x:ro`] });
  for (const from of [
    'nobody',
    'a:b:c',
    ':',
    ':ro',
    `${lender}:exec`,
    `${lender}:ro,rshared`,
    '../../x',
    '',
  ]) {
    const { status, text } = await create({ HostConfig: { VolumesFrom: [from] } });
    assert.equal(status, 400, `${from}: ${text}`);
  }
  const self = await api().post('/containers/create?name=selfish', {
    Image: 'busybox',
    HostConfig: { VolumesFrom: ['selfish'] },
  });
  assert.equal(self.status, 400, self.text);
  for (const from of [lender, `${lender}:rw`])
    assert.match((await run('touch /x/file', { VolumesFrom: [from] })).out, /Read-only file system/);
});

test('SC-VOL-09: a volume without a name stays while another container has it; a named one always', async (t) => {
  const first = (
    await create({ Volumes: { '/x': {} }, HostConfig: { Binds: ['named:/y'], NetworkMode: 'none' } })
  ).json<{ Id: string }>().Id;
  const second = (await create({ HostConfig: { VolumesFrom: [first] } })).json<{ Id: string }>().Id;
  t.after(async () => void (await api().delete('/volumes/named')));
  const earlier = volumes();
  assert.equal((await api().delete(`/containers/${first}?v=1`)).status, 204);
  assert.deepEqual(volumes(), earlier);
  assert.equal((await api().delete(`/containers/${second}?v=1`)).status, 204);
  assert.deepEqual(
    volumes(),
    earlier.filter((name) => !/^[0-9a-f]{64}$/.test(name)),
  );
  assert.ok(volumes().includes('named'));
});

/** Most memory that the daemon ever had, in bytes (VmHWM). */
const peak = (): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${gantry.pid}/status`, 'utf8'))?.[1]) * 1024;

test('SC-VOL-10: a copy keeps set-id bits and owners, and a sparse file takes neither memory nor disk', async (t) => {
  const image = await imageOf(
    t,
    'mkdir /data; cp /bin/busybox /data/program; chown 12:34 /data/program; chmod 6755 /data/program; truncate -s 256M /data/sparse',
    'VOLUME /data',
  );
  const earlier = peak();
  const { out } = await run(
    'stat -c "%a %u %g" /data/program; stat -c %s /data/sparse; du -k /data/sparse',
    {},
    { Image: image },
  );
  const [program, size, blocks] = out.split('\r\n');
  assert.equal(program, '6755 12 34');
  assert.equal(size, String(2 ** 28));
  assert.ok(Number(blocks?.split('\t')[0]) < 1024, blocks);
  assert.ok(peak() - earlier < 128 << 20, `${(peak() - earlier) >> 20} MiB more`);
});

test('SC-VOL-03: a part of a volume is found inside it alone', async (t) => {
  const name = await volume(t, { Name: 'parted' });
  await run(
    `mkdir -p /v/a/b; echo part > /v/a/b/file; ln -s ${canary} /v/out; ln -s ../../../../.. /v/up; ln -s a /v/in`,
    {
      Binds: [`${name}:/v`],
    },
  );
  const part = (Subpath: string) =>
    run('cat /x/file /x/secret; ls /x', {
      Mounts: [{ Type: 'volume', Source: name, Target: '/x', VolumeOptions: { Subpath } }],
    });
  assert.match((await part('a/b')).out, /^part/);
  assert.match((await part('in/b')).out, /^part/);
  assert.match((await part('a/b/file')).why + (await part('a/b/file')).out, /./);
  for (const outside of ['out', 'up', 'up/etc', 'out/../..']) {
    const { why, out } = await part(outside);
    assert.match(why, /escapes|must be a relative path/, `${outside}: ${out}`);
  }
  assert.match((await part('missing')).why, /no such file or directory/);
});

test('an image is mounted read-only, whole or in part, and stays as it is', async (t) => {
  const image = await imageOf(t, 'mkdir -p /data/sub; echo text > /data/sub/file; ln -s / /data/up');
  const mount = (Subpath?: string) => ({
    Type: 'image',
    Source: image,
    Target: '/x',
    ...(Subpath && { ImageOptions: { Subpath } }),
  });
  const whole = await run('cat /x/data/sub/file; touch /x/data/new; rm -f /x/data/sub/file', {
    Mounts: [mount()],
  });
  assert.match(whole.out, /^text\r\n/);
  assert.equal(whole.out.match(/Read-only file system/g)?.length, 2, whole.out);
  assert.match((await run('cat /x/file', { Mounts: [mount('data/sub')] })).out, /^text/);
  assert.match((await run('ls /x', { Mounts: [mount('data/up')] })).why, /escapes/);
  const missing = await create({ HostConfig: { Mounts: [{ ...mount(), Source: 'nosuchimage' }] } });
  assert.equal(missing.status, 404, missing.text);
  const made = (await create({ HostConfig: { Mounts: [mount()], NetworkMode: 'none' } })).json<{
    Id: string;
  }>();
  const told = (await api().get(`/containers/${made.Id}/json`)).json<{ Mounts: Record<string, unknown>[] }>();
  assert.deepEqual(
    told.Mounts.map(({ Type, Name, RW }) => [Type, Name, RW]),
    [['image', image, false]],
  );
  await api().delete(`/containers/${made.Id}`);
  await until(() => !readFileSync('/proc/self/mountinfo', 'utf8').includes(`${made.Id}-image`));
});
