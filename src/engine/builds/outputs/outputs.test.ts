/** What is made of a build's result. */
import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { nowNanos } from '../../../base/time.ts';
import { directory, file, tarOf, testImages } from '../../images/test-host.ts';
import type { BuildOutput } from '../solve/promise.ts';
import { exportSolved } from './export.ts';
import { collector, type Layer, listener, membersOf, noClient, solvedOf } from './test-solved.ts';

const ONE: readonly Layer[] = [['linux/amd64', tarOf(directory('d'), file('d/f', 'text'))]];
const TWO: readonly Layer[] = [...ONE, ['linux/arm64', tarOf(file('g', 'other'))]];

async function exported(
  t: TestContext,
  layers: readonly Layer[],
  outputs: readonly BuildOutput[],
  signal = t.signal,
) {
  const host = await testImages(t);
  await using solved = await solvedOf(layers, host);
  const { tell, heard } = listener();
  const deps = { ...host, now: nowNanos };
  const options = { outputs, cacheTo: [], client: noClient, tell, signal };
  try {
    return { host, heard, solved, answers: await exportSolved(solved, options, deps), error: undefined };
  } catch (error) {
    return { host, heard, solved, answers: new Map<string, string>(), error: error as Error };
  }
}

const image = (more: Partial<Extract<BuildOutput, { is: 'image' }>> = {}): BuildOutput => ({
  is: 'image',
  names: [],
  push: false,
  attributes: {},
  ...more,
});

test('an image is put on record under its names, and told as by dockerd', async (t) => {
  const { host, heard, answers, solved } = await exported(t, ONE, [image({ names: ['app', 'x.y/app:1'] })]);
  const { id } = solved.results[0]!.image;
  assert.deepEqual(heard, [
    'exporting to image begun',
    '=> exporting layers begun',
    '=> exporting layers done',
    `=> writing image ${id} begun`,
    `=> writing image ${id} done`,
    '=> naming to docker.io/library/app begun',
    '=> naming to docker.io/library/app done',
    '=> naming to x.y/app:1 begun',
    '=> naming to x.y/app:1 done',
    'exporting to image done',
  ]);
  assert.deepEqual(Object.fromEntries(answers), {
    'containerimage.config.digest': id,
    'containerimage.digest': id,
    'image.name': 'docker.io/library/app,x.y/app:1',
  });
  const { RepoTags, Id } = await host.images.inspect('app');
  assert.deepEqual([Id, RepoTags], [id, ['app:latest', 'x.y/app:1']]);
  assert.deepEqual(
    host.events.map(({ Action, attributes }) => [Action, attributes.name]),
    [
      ['tag', 'app:latest'],
      ['tag', 'x.y/app:1'],
    ],
  );
});

test('an image without a name is there by its id', async (t) => {
  const { host, answers } = await exported(t, ONE, [image()]);
  assert.equal(answers.has('image.name'), false);
  assert.equal((await host.images.inspect(answers.get('containerimage.digest')!)).RepoTags?.length, 0);
});

test('what is asked for beside that, and not done, is told', async (t) => {
  const attributes = { compression: 'zstd', unpack: 'true', store: 'true', 'annotation.a': 'b' };
  const { heard } = await exported(t, ONE, [image({ attributes })]);
  assert.deepEqual(
    heard.filter((said) => said.startsWith('!')),
    ['! output option compression is ignored', '! output option annotation.a is ignored'],
  );
});

const refused: readonly [what: string, layers: readonly Layer[], output: BuildOutput, words: RegExp][] = [
  ['several platforms as an image', TWO, image(), /multiple references to image store/],
  ['a push by digest', ONE, image({ attributes: { 'push-by-digest': 'true' } }), /push-by-digest/],
  ['a push without a name', ONE, image({ push: true }), /tag is needed when pushing/],
  ['a word for yes or no', ONE, image({ attributes: { 'push-by-digest': 'perhaps' } }), /non-bool value/],
  [
    'a name with a digest',
    ONE,
    image({ names: [`a@sha256:${'0'.repeat(64)}`] }),
    /a digest cannot be chosen/,
  ],
  ['several platforms for docker', TWO, archive('docker'), /manifest lists/],
  ['a layout', ONE, archive('oci', { tar: 'false' }), /tar=false/],
];
for (const [what, layers, output, words] of refused)
  test(`refused: ${what}`, async (t) => {
    const { error, host } = await exported(t, layers, [output]);
    assert.match(String(error), words);
    assert.deepEqual(await host.images.list({ all: true, filters: new Map(), sharedSize: false }), []);
  });

function archive(format: 'docker' | 'oci', attributes = {}, into = collector().into): BuildOutput {
  return { is: 'archive', format, names: ['app', 'app:2'], attributes, into };
}

const json = (members: ReturnType<typeof membersOf>, path: string) =>
  JSON.parse(members.find((member) => member.path === path)!.content);
const blob = (members: ReturnType<typeof membersOf>, digest: string) =>
  json(members, `blobs/sha256/${digest.slice('sha256:'.length)}`);

test('a docker archive is what docker load takes; the image itself stays unknown here', async (t) => {
  const { into, bytes } = collector();
  const { host, answers, heard, solved } = await exported(t, ONE, [archive('docker', {}, into)]);
  const { id } = solved.results[0]!.image;
  assert.deepEqual(await host.images.list({ all: true, filters: new Map(), sharedSize: false }), []);
  const [item] = json(membersOf(bytes()), 'manifest.json');
  assert.deepEqual(item.RepoTags, ['app:latest', 'app:2']);
  assert.equal(answers.get('containerimage.config.digest'), id);
  assert.equal(answers.get('image.name'), 'docker.io/library/app:latest,docker.io/library/app:2');
  const root = JSON.parse(Buffer.from(answers.get('containerimage.descriptor')!, 'base64').toString());
  assert.equal(root.digest, answers.get('containerimage.digest'));
  assert.equal(blob(membersOf(bytes()), root.digest).config.digest, id);
  assert.deepEqual(
    [heard.at(0), heard.at(-2)],
    ['exporting to docker image format begun', '=> sending tarball done'],
  );
  await host.load(bytes());
  assert.equal((await host.images.inspect('app:2')).Id, id);
});

test('an OCI layout has an entry a name, and nothing of docker', async (t) => {
  const { into, bytes } = collector();
  const { answers } = await exported(t, ONE, [archive('oci', {}, into)]);
  const members = membersOf(bytes());
  const { manifests } = json(members, 'index.json');
  assert.deepEqual(
    manifests.map(({ digest, annotations }: { digest: string; annotations: Record<string, string> }) => [
      digest,
      annotations['io.containerd.image.name'],
      annotations['org.opencontainers.image.ref.name'],
    ]),
    ['latest', '2'].map((tag) => [answers.get('containerimage.digest'), `docker.io/library/app:${tag}`, tag]),
  );
  assert.deepEqual(
    members.filter(({ path }) => /^[^/]+$/.test(path)).map(({ path }) => path),
    ['index.json', 'oci-layout'],
  );
});

test('an OCI layout of several platforms has an index over them', async (t) => {
  const { into, bytes } = collector();
  const { answers } = await exported(t, TWO, [archive('oci', {}, into)]);
  const { manifests } = blob(membersOf(bytes()), answers.get('containerimage.digest')!);
  assert.deepEqual(
    manifests.map(({ platform }: { platform: unknown }) => platform),
    ['amd64', 'arm64'].map((architecture) => ({ architecture, os: 'linux' })),
  );
  assert.equal(answers.has('containerimage.config.digest'), false);
});

test('a tar has the files alone', async (t) => {
  const { into, bytes } = collector();
  const { heard } = await exported(t, ONE, [{ is: 'tar', into }]);
  assert.deepEqual(
    membersOf(bytes()).map(({ path, content }) => [path, content]),
    [
      ['d/', ''],
      ['d/f', 'text'],
    ],
  );
  assert.deepEqual(heard, [
    'exporting to client tarball begun',
    '=> sending tarball begun',
    '=> sending tarball done',
    'exporting to client tarball done',
  ]);
});

test('a tar of several platforms has a directory for each', async (t) => {
  const { into, bytes } = collector();
  await exported(t, TWO, [{ is: 'tar', into }]);
  assert.deepEqual(
    membersOf(bytes()).map(({ path }) => path),
    ['linux_amd64/', 'linux_amd64/d/', 'linux_amd64/d/f', 'linux_arm64/', 'linux_arm64/g'],
  );
});

test('a client that takes no more bytes, or leaves, ends it', async (t) => {
  const broken = () =>
    new Writable({
      write: (_chunk, _encoding, done) => done(new Error('gone')),
    });
  const { error, heard } = await exported(t, ONE, [{ is: 'tar', into: broken }]);
  assert.match(String(error), /gone/);
  assert.equal(heard.at(-1), 'exporting to client tarball done gone');
  const left = new AbortController();
  const slow = () =>
    new Writable({
      write: () => left.abort(new Error('left')),
    });
  assert.match(String((await exported(t, ONE, [archive('oci', {}, slow)], left.signal)).error), /abort/i);
});

test('a push sends the image under each name, and answers with its digest there', async (t) => {
  const pushed: string[] = [];
  const host = await testImages(t);
  await using solved = await solvedOf(ONE, host);
  const push: typeof host.images.push = ({ image: name, tag }) => {
    pushed.push(`${name}:${tag}`);
    return Readable.from([{ status: 'x' }, { aux: { Tag: 'latest', Digest: 'sha256:9', Size: 7 } }]);
  };
  const { tell, heard } = listener();
  const answers = await exportSolved(
    solved,
    {
      outputs: [image({ names: ['x.y/app'], push: true })],
      cacheTo: [],
      client: noClient,
      tell,
      signal: t.signal,
    },
    { ...host, images: { ...host.images, push }, now: nowNanos },
  );
  assert.deepEqual(pushed, ['x.y/app:latest']);
  assert.equal(answers.get('containerimage.digest'), 'sha256:9');
  const descriptor = Buffer.from(answers.get('containerimage.descriptor') ?? '', 'base64').toString();
  assert.deepEqual(JSON.parse(descriptor), {
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    digest: 'sha256:9',
    size: 7,
  });
  assert.ok(heard.includes('=> pushing manifest for x.y/app@sha256:9 done'));
});

test('files of several platforms go into one directory only when none replaces another', async (t) => {
  const host = await testImages(t);
  const sent: (string | undefined)[] = [];
  const sendFiles: typeof host.storage.files.sendFiles = async (_chainId, { prefix }) =>
    void sent.push(prefix);
  const storage = {
    ...host.storage,
    files: { ...host.storage.files, sendFiles },
    lease: (why: string) => host.storage.lease(why),
  };
  const exported = async (...layers: readonly Layer[]) => {
    await using solved = await solvedOf(layers, host);
    const talk = { abort: () => undefined } as never;
    await exportSolved(
      solved,
      {
        outputs: [{ is: 'files', into: () => talk, splitByPlatform: false }],
        ...{ cacheTo: [], client: noClient, tell: listener().tell, signal: t.signal },
      },
      { ...host, storage, now: nowNanos },
    );
  };
  const of = (platform: string, ...names: readonly string[]): Layer => [
    platform,
    tarOf(...names.map((name) => (name.endsWith('/') ? directory(name.slice(0, -1)) : file(name, platform)))),
  ];
  await exported(of('linux/amd64', 'both/', 'both/one'), of('linux/arm64', 'both/', 'both/two', 'one'));
  assert.deepEqual(sent, [undefined, undefined]);
  await assert.rejects(
    exported(of('linux/amd64', 'both/', 'both/one'), of('linux/arm64', 'both/', 'both/one')),
    /cannot overwrite both\/one from linux\/amd64 with linux\/arm64 when split option is disabled/,
  );
  assert.equal(sent.length, 2);
});

test('files go into a directory of the client, told in bytes', async (t) => {
  const host = await testImages(t);
  await using solved = await solvedOf(TWO, host);
  const { tell, heard } = listener();
  const under: (string | undefined)[] = [];
  const talk = { abort: () => undefined } as never;
  const sendFiles: typeof host.storage.files.sendFiles = async (chainId, options) => {
    assert.equal(options.talk, talk);
    assert.ok(solved.results.some(({ image: { chainId: each } }) => each === chainId));
    under.push(options.prefix);
    options.told?.(1, 1);
  };
  const files = { ...host.storage.files, sendFiles };
  await exportSolved(
    solved,
    {
      outputs: [{ is: 'files', into: () => talk, splitByPlatform: true }],
      cacheTo: [],
      client: noClient,
      tell,
      signal: t.signal,
    },
    { ...host, storage: { ...host.storage, files, lease: (why) => host.storage.lease(why) }, now: nowNanos },
  );
  assert.deepEqual(under, ['linux_amd64', 'linux_arm64']);
  assert.deepEqual(
    heard.filter((said) => said.startsWith('=>')),
    ['linux/amd64', 'linux/arm64'].flatMap((platform) => [
      `=> copying files ${platform} begun`,
      `=> copying files ${platform} done`,
    ]),
  );
});
