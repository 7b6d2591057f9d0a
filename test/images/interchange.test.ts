/** What other engines and tools save, Gantry loads, and the reverse: ids, names, history and configuration stay. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import {
  directory,
  dockerArchiveOf,
  file,
  imageIdOf,
  link,
  loadArchive,
  type MadeImage,
  tarOf,
} from '../harness/layered.ts';
import { Podman, skopeo } from '../harness/podman.ts';

const step = (created_by: string, more: object = {}) => ({
  created: '2025-02-03T04:05:06Z',
  created_by,
  ...more,
});
const base = tarOf([directory('etc/'), file('etc/hosts', 'localhost\n'), file('data', 'x'.repeat(300_000))]);
const upper = tarOf([file('etc/motd', 'hello\n'), file('.wh.data', ''), link('etc/link', 'motd')]);

/** Two images that share a layer; the second says all that a configuration of both worlds can say. */
const plain: MadeImage = {
  tags: ['plain:1', 'plain:latest'],
  layers: [base],
  document: { created: '2025-02-03T04:05:06.789Z', history: [step('ADD base')] },
};
const rich: MadeImage = {
  tags: ['localhost:5000/team/rich:v2.0'],
  layers: [base, upper],
  document: {
    author: 'Jane <jane@example.org>',
    created: '2025-03-04T05:06:07Z',
    config: {
      User: '1000:1000',
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      Env: ['PATH=/bin', 'EMPTY=', 'A="quoted"'],
      Entrypoint: ['/bin/run', '--flag'],
      Cmd: ['<a>', '&', 'ü'],
      Volumes: { '/data': {} },
      WorkingDir: '/srv',
      Labels: { 'org.example.one': '1', two: '' },
      StopSignal: 'SIGUSR1',
    },
    history: [
      step('ADD base'),
      step('ENV A=quoted', { empty_layer: true }),
      step('COPY upper', { author: 'Jane <jane@example.org>', comment: 'last' }),
    ],
  },
};
const made = [plain, rich];
const NAMES = ['plain', 'localhost:5000/team/rich:v2.0'];

let gantry: Gantry;
let dockerd: Dockerd;
let podman: Podman;
let home: string;
const ends: (() => Promise<void>)[] = [];
const scope = { after: (end: () => Promise<void>) => void ends.push(end) };

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'interchange-'));
  scope.after(async () => rmSync(home, { recursive: true, force: true }));
  podman = new Podman(scope);
  const started = await startDockerd(scope);
  assert(started instanceof Dockerd, String(started));
  dockerd = started;
  gantry = await startGantry(scope, { busybox: false });
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

const at = (name: string): string => join(home, name);

/** What an engine knows of an image, without what is the engine's own. */
async function told({ api }: Engine, name: string): Promise<unknown> {
  const at141 = api('1.41');
  const { Id, RepoTags, RootFS, Config, Created, Author, Architecture, Size } = (
    await at141.get(`/images/${name}/json`)
  ).json<Record<string, unknown> & { RepoTags: string[] }>();
  const history = (await at141.get(`/images/${name}/history`)).json<Record<string, unknown>[]>();
  // Which steps are images of their own depends on how they came, not on what they are.
  const steps = history.map(({ Id: _id, Tags: _tags, ...known }) => known);
  return { Id, RepoTags: RepoTags.toSorted(), RootFS, Config, Created, Author, Architecture, Size, steps };
}

async function forget({ api }: Engine): Promise<void> {
  for (const { Id } of (await api().get('/images/json')).json<{ Id: string }[]>())
    assert.equal((await api().delete(`/images/${Id}?force=1`)).status, 200);
}

async function fresh(engine: Engine, archive: Buffer): Promise<void> {
  await forget(engine);
  await loadArchive(engine.api(), archive);
}

async function saved({ api }: Engine, ...names: readonly string[]): Promise<Buffer> {
  const query = names.map((name) => `names=${encodeURIComponent(name)}`).join('&');
  const answer = await api().get(`/images/get?${query}`);
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  return answer.bytes;
}

/** Both engines tell the same of the images, under the ids of the configurations as they were made. */
async function assertSame(images: readonly MadeImage[] = made): Promise<void> {
  for (const image of images)
    for (const name of [imageIdOf(image), ...image.tags])
      assert.deepEqual(await told(gantry, name), await told(dockerd, name), name);
}

const filter = (program: string) => (bytes: Buffer) =>
  execFileSync(program, ['-c'], { input: bytes, maxBuffer: 64 << 20 });
const forms = {
  plain: (bytes: Buffer) => bytes,
  gzip: filter('gzip'),
  bzip2: filter('bzip2'),
  xz: filter('xz'),
  zstd: (bytes: Buffer) => zstdCompressSync(bytes),
};

test('what dockerd saves, Gantry loads, plain and compressed in every way', async () => {
  await fresh(dockerd, dockerArchiveOf(made));
  const archive = await saved(dockerd, ...NAMES);
  for (const compress of Object.values(forms)) {
    await fresh(gantry, compress(archive));
    await assertSame();
  }
  await fresh(gantry, await saved(dockerd, imageIdOf(rich)));
  const { RepoTags } = (await told(gantry, imageIdOf(rich))) as { RepoTags: string[] };
  assert.deepEqual(RepoTags, []);
});

test('what Gantry saves, dockerd loads, and saves again to what Gantry saved', async () => {
  await fresh(gantry, dockerArchiveOf(made));
  const archive = await saved(gantry, ...NAMES);
  // Debian's dockerd is older than zstd in archives.
  for (const form of ['plain', 'gzip', 'bzip2', 'xz'] as const) {
    await fresh(dockerd, forms[form](archive));
    await assertSame();
  }
  await fresh(gantry, await saved(dockerd, ...NAMES));
  assert(archive.equals(await saved(gantry, ...NAMES)));
});

test('the command lines of both carry images from one engine to the other', async () => {
  await fresh(gantry, dockerArchiveOf(made));
  await forget(dockerd);
  const [from, to] = [at('cli.tar'), at('back.tar')];
  assert.equal((await gantry.docker(['save', '-o', from, ...NAMES])).code, 0);
  const loaded = await dockerd.docker(['load', '-i', from]);
  assert.deepEqual(loaded.stdout.trim().split('\n').sort(), [
    'Loaded image: localhost:5000/team/rich:v2.0',
    'Loaded image: plain:1',
    'Loaded image: plain:latest',
  ]);
  assert.equal((await dockerd.docker(['save', '-o', to, ...NAMES])).code, 0);
  await forget(gantry);
  assert.equal(
    (await gantry.docker(['load', '-i', to])).stdout.trim().split('\n').sort().join('\n'),
    loaded.stdout.trim().split('\n').sort().join('\n'),
  );
  await assertSame();
});

test('podman loads what Gantry saves, and Gantry what podman saves, in both of its forms', async () => {
  await fresh(gantry, dockerArchiveOf(made));
  await fresh(dockerd, dockerArchiveOf(made));
  writeFileSync(at('ours.tar'), await saved(gantry, ...NAMES));
  await podman.run('load', '-i', at('ours.tar'));
  for (const image of made) {
    const [shown] = JSON.parse(await podman.run('image', 'inspect', imageIdOf(image))) as {
      RootFS: { Layers: string[] };
    }[];
    const { RootFS } = (await told(gantry, imageIdOf(image))) as { RootFS: { Layers: string[] } };
    assert.deepEqual(shown?.RootFS.Layers, RootFS.Layers);
  }
  // A name without a registry is for podman's settings to complete, so the second image goes by its id.
  const both = [NAMES[1] ?? '', imageIdOf(plain).slice('sha256:'.length)];
  await podman.run('save', '--format', 'docker-archive', '-m', '-o', at('many.tar'), ...both);
  await fresh(gantry, readFileSync(at('many.tar')));
  await assertSame([rich]);
  assert.equal(((await told(gantry, imageIdOf(plain))) as { Id: string }).Id, imageIdOf(plain));
  await podman.run('save', '--format', 'oci-archive', '-o', at('oci.tar'), NAMES[1] ?? '');
  await assertLoads(readFileSync(at('oci.tar')), `oci-archive:${at('oci.tar')}`, NAMES[1] ?? '');
});

/** Tools that write OCI layouts write OCI's configuration: its digest, not the first one's, is the id from then on. */
async function configOfLayout(source: string): Promise<string> {
  const manifest = JSON.parse(await skopeo(home, 'inspect', '--raw', source)) as {
    config: { digest: string };
  };
  return manifest.config.digest;
}

/** The archive is `rich` under `name`, with the configuration that `source` (as skopeo names it) has. */
async function assertLoads(archive: Buffer, source: string, name: string): Promise<void> {
  await fresh(gantry, dockerArchiveOf([rich]));
  const before = (await told(gantry, rich.tags[0] ?? '')) as Record<string, unknown>;
  await fresh(gantry, archive);
  const after = (await told(gantry, name)) as Record<string, unknown>;
  assert.equal(after.Id, await configOfLayout(source));
  for (const member of ['RootFS', 'Config', 'Created', 'Author', 'Size', 'steps'])
    assert.deepEqual(after[member], before[member], member);
}

test('skopeo reads what Gantry saves by its manifest.json and by its index', async () => {
  await fresh(gantry, dockerArchiveOf([rich]));
  writeFileSync(at('ours.tar'), await saved(gantry, ...NAMES.slice(1)));
  assert.equal(await configOfLayout(`docker-archive:${at('ours.tar')}`), imageIdOf(rich));
  assert.equal(await configOfLayout(`oci-archive:${at('ours.tar')}:v2.0`), imageIdOf(rich));
});

for (const [form, pack] of [
  ['an OCI archive', false],
  ['an OCI layout in a directory', true],
] as const)
  test(`${form} by skopeo loads under the id of its configuration`, async () => {
    await fresh(gantry, dockerArchiveOf([rich]));
    writeFileSync(at('ours.tar'), await saved(gantry, ...NAMES.slice(1)));
    const kind = pack ? 'oci' : 'oci-archive';
    const target = `${kind}:${at(`skopeo-${kind}`)}:localhost:5000/team/rich:v3`;
    await skopeo(home, 'copy', `docker-archive:${at('ours.tar')}`, target);
    const archive = pack
      ? execFileSync('tar', ['-C', at(`skopeo-${kind}`), '-c', '.'], { maxBuffer: 64 << 20 })
      : readFileSync(at(`skopeo-${kind}`));
    await assertLoads(archive, target, 'localhost:5000/team/rich:v3');
  });
