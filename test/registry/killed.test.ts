/** Pulls and pushes that a kill -9 of the daemon cuts off: what the next daemon goes on with, and what it clears away. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { examineDataRoot } from '../../src/engine/index.ts';
import { openHost, perform } from '../crash/images/deeds.ts';
import { FakeRegistry, sha256 } from '../harness/fake-registry.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/gantry');
const HALF_BYTES = 100_000;

/** A blob's answer: how it was asked for and how much of it went out. */
interface Sent {
  readonly digest: string;
  readonly range: string | undefined;
  readonly bytes: number;
}

/** A registry with `app:1` of two layers, that sends the larger one's first half and then nothing, until it is told to go on. */
async function halting(t: TestContext) {
  const registry = await FakeRegistry.start(t);
  const small = tarOf([file('small', 's'.repeat(5000))]);
  const large = tarOf([file('large', Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`).join(''))]);
  const { manifest } = registry.putImage('app', '1', { layers: [small, large] });
  const sent: Sent[] = [];
  let halts = true;
  registry.answering = (request, response) => {
    const digest = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(request.url ?? '')?.[1];
    const bytes = registry.blobs.get(digest ?? '');
    if (request.method !== 'GET' || digest === undefined || bytes === undefined) return false;
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const stops = halts && digest === sha256(large);
    sent.push({ digest, range: request.headers.range, bytes: stops ? HALF_BYTES : bytes.length - from });
    if (!stops) return false;
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, HALF_BYTES));
    return true;
  };
  const digests = [manifest.config, ...manifest.layers].map(({ digest }) => digest);
  const goOn = (how?: (request: IncomingMessage, response: ServerResponse) => boolean): void => {
    halts = false;
    const usual = registry.answering;
    if (how)
      registry.answering = (request, response, self) =>
        (usual?.(request, response, self) && true) || how(request, response);
  };
  return { registry, large, digests, sent, goOn };
}
type Halting = Awaited<ReturnType<typeof halting>>;

const pull = (gantry: Gantry, { registry }: Halting) =>
  gantry.api().post(`/images/create?fromImage=${encodeURIComponent(`${registry.host}/app`)}&tag=1`);
const below = (gantry: Gantry, directory: string): string[] => readdirSync(join(gantry.dataRoot, directory));
const unfinished = (gantry: Gantry, bytes: Buffer): string =>
  join(gantry.dataRoot, 'unfinished', sha256(bytes).slice('sha256:'.length));

function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-killed-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function eventually(what: string, check: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!check()) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Begins the pull and waits until all that the registry lets go of is on the disk. */
async function pulledHalf(gantry: Gantry, source: Halting): Promise<void> {
  const begun = pull(gantry, source);
  begun.catch(() => undefined);
  await eventually('half of the layer does not come', () => {
    const size = (digest: string) =>
      statSync(join(gantry.dataRoot, 'unfinished', digest.slice(7)), { throwIfNoEntry: false })?.size ?? 0;
    const sizes = source.digests.map(size);
    const wanted = source.digests.map((digest) =>
      digest === sha256(source.large) ? HALF_BYTES : (source.registry.blobs.get(digest)?.length ?? -1),
    );
    return sizes.every((bytes, i) => bytes === wanted[i]);
  });
  const blobs = join(gantry.dataRoot, 'content/blobs/sha256');
  await eventually('the other layer is not whole', () => readdirSync(blobs).length >= 2);
}

const killedInMidBlob = async (gantry: Gantry, source: Halting): Promise<void> => {
  await pulledHalf(gantry, source);
  await gantry.kill9();
};

/** It is there with its layers, and nothing of the pull is left. */
async function assertPulled(gantry: Gantry, source: Halting, answer: { text: string }): Promise<void> {
  assert.match(answer.text, /Downloaded newer image/);
  const name = `${source.registry.host}/app:1`;
  const image = (await gantry.api().get(`/images/${name}/json`)).json<{
    Id: string;
    RootFS: { Layers: string[] };
  }>();
  assert.equal(image.Id, source.digests[0]);
  assert.equal(image.RootFS.Layers[1], sha256(source.large));
  assert.deepEqual(below(gantry, 'unfinished'), []);
  await gantry.stop();
  assert.match(fsck(gantry), /^looked at 4 blobs, 2 layers, .*: sound\n$/);
}

const fsck = (gantry: Gantry): string =>
  execFileSync(PROGRAM, ['fsck', '--data-root', gantry.dataRoot], { encoding: 'utf8', timeout: 60_000 });

for (const [title, end] of [
  ['a kill -9 cut off', (gantry: Gantry) => gantry.kill9()],
  ['a stop of the daemon cut off', (gantry: Gantry) => gantry.stop()],
] as const)
  test(`RC-N01: a pull that ${title} goes on where it was: no byte comes twice`, async (t) => {
    const gantry = await startGantry(t, { busybox: false, args: ['--shutdown-timeout', '1'] });
    const source = await halting(t);
    await pulledHalf(gantry, source);
    await end(gantry);
    assert.match(fsck(gantry), /3 unfinished downloads: sound/);
    await gantry.start();
    source.goOn();
    await assertPulled(gantry, source, await pull(gantry, source));
    const rest = source.sent.filter(({ range }) => range !== undefined);
    const restBytes = source.large.length - HALF_BYTES;
    assert.deepEqual(rest, [
      { digest: sha256(source.large), range: `bytes=${HALF_BYTES}-`, bytes: restBytes },
    ]);
    for (const digest of source.digests) {
      const bytes = source.sent
        .filter((each) => each.digest === digest)
        .reduce((sum, each) => sum + each.bytes, 0);
      assert.equal(
        bytes,
        source.registry.blobs.get(digest)?.length,
        `${digest}: ${JSON.stringify(source.sent)}`,
      );
    }
  });

type Answer = (request: IncomingMessage, response: ServerResponse, source: Halting) => boolean;
const honestly: Answer = () => false;
/** Only for who asks for a part of the large layer. */
const forParts =
  (answer: (response: ServerResponse, bytes: Buffer) => void): Answer =>
  (request, response, { large }) => {
    if (request.headers.range === undefined || !request.url?.endsWith(sha256(large))) return false;
    answer(response, large);
    return true;
  };
const half = ({ large }: Halting): Buffer => large.subarray(0, HALF_BYTES);

for (const [title, onDisk, asked, answer] of [
  [
    'the registry knows no ranges',
    half,
    ['the rest'],
    forParts((response, bytes) => void response.writeHead(200).end(bytes)),
  ],
  [
    'the registry refuses the range',
    half,
    ['the rest', 'all'],
    forParts((response) => void response.writeHead(416).end('no such range')),
  ],
  [
    'the registry continues elsewhere',
    half,
    ['the rest', 'all'],
    forParts((response, bytes) => {
      response.writeHead(206, { 'content-range': `bytes 7-${bytes.length - 1}/${bytes.length}` });
      response.end(bytes.subarray(7));
    }),
  ],
  [
    'the end of what is on the disk was never written',
    (source: Halting) => Buffer.from(half(source)).fill(0, HALF_BYTES / 2),
    ['the rest', 'all'],
    honestly,
  ],
  [
    'there is as much on the disk as the blob has, but other bytes',
    ({ large }: Halting) => Buffer.alloc(large.length, 1),
    ['all'],
    honestly,
  ],
  [
    'there is more on the disk than the blob has',
    ({ large }: Halting) => Buffer.alloc(large.length * 2, 1),
    ['all'],
    honestly,
  ],
] as const)
  test(`after a kill -9 a pull begins anew when ${title}`, async (t) => {
    const source = await halting(t);
    source.goOn((request, response) => answer(request, response, source));
    const root = join(temporaryDirectory(t), 'root');
    mkdirSync(join(root, 'unfinished'), { recursive: true });
    const left = join(root, 'unfinished', sha256(source.large).slice('sha256:'.length));
    writeFileSync(left, onDisk(source), { mode: 0o600 });
    const host = await openHost(root);
    try {
      await host.images.collected;
      await perform(host, 'pull', 1, source.registry.host);
      const large = source.sent.filter(({ digest }) => digest === sha256(source.large));
      assert.deepEqual(
        large.map(({ range }) => (range === undefined ? 'all' : 'the rest')),
        asked,
      );
      assert.equal(host.images.resolve(`${source.registry.host}/app:1`).id, source.digests[0]);
      assert.deepEqual(readdirSync(join(root, 'unfinished')), []);
      assert.deepEqual((await examineDataRoot(root)).findings, []);
    } finally {
      await host.close();
    }
  });

test('a pull that was killed when all blobs had come asks for none of them again', async (t) => {
  const source = await halting(t);
  source.goOn();
  const root = join(temporaryDirectory(t), 'root');
  mkdirSync(join(root, 'unfinished'), { recursive: true });
  for (const digest of source.digests) {
    const bytes = source.registry.blobs.get(digest) ?? assert.fail(digest);
    writeFileSync(join(root, 'unfinished', digest.slice('sha256:'.length)), bytes);
  }
  const host = await openHost(root);
  try {
    await perform(host, 'pull', 1, source.registry.host);
    assert.deepEqual(source.sent, []);
    assert.equal(host.images.resolve(`${source.registry.host}/app:1`).id, source.digests[0]);
    assert.deepEqual(readdirSync(join(root, 'unfinished')), []);
  } finally {
    await host.close();
  }
});

test('what a killed pull left is counted, and goes with a prune or after a day', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  const source = await halting(t);
  await killedInMidBlob(gantry, source);
  await gantry.start();
  await eventually('blobs of no image stay', () => below(gantry, 'content/blobs/sha256').length === 0);
  const bytes = below(gantry, 'unfinished').reduce(
    (sum, name) => sum + statSync(join(gantry.dataRoot, 'unfinished', name)).size,
    0,
  );
  assert.ok(bytes > HALF_BYTES);
  const { ImageUsage } = (await gantry.api().get('/system/df')).json<{
    ImageUsage: { TotalSize: number; Reclaimable: number };
  }>();
  assert.deepEqual([ImageUsage.TotalSize, ImageUsage.Reclaimable], [bytes, bytes]);
  const pruned = (await gantry.api().post('/images/prune')).json<{ SpaceReclaimed: number }>();
  assert.equal(pruned.SpaceReclaimed, bytes);
  assert.deepEqual(below(gantry, 'unfinished'), []);
  await killedInMidBlob(gantry, source);
  const yesterday = Date.now() / 1000 - 25 * 60 * 60;
  utimesSync(unfinished(gantry, source.large), yesterday, yesterday);
  assert.match(fsck(gantry), /begun long ago .*\n.* left over/s);
  await gantry.start();
  await eventually('what is a day old stays', () => below(gantry, 'unfinished').length === 2);
  assert.ok(!below(gantry, 'unfinished').includes(sha256(source.large).slice('sha256:'.length)));
});

test('RC-N07: a push that a kill -9 cut off leaves nothing on the disk, and can be done again', async (t) => {
  const gantry = await startGantry(t);
  const registry = await FakeRegistry.start(t);
  const begun = Promise.withResolvers<void>();
  let halts = true;
  registry.answering = (request) => {
    const uploads =
      ['PATCH', 'PUT'].includes(request.method ?? '') && request.url?.includes('/blobs/uploads/');
    if (!halts || !uploads) return false;
    request.once('data', () => begun.resolve());
    return true; // and never an answer
  };
  await gantry.dockerOk('tag', 'busybox', `${registry.host}/app:v1`);
  const push = () =>
    gantry.api().post(`/images/${registry.host}/app/push?tag=v1`, undefined, {
      headers: { 'X-Registry-Auth': Buffer.from('{}').toString('base64url') },
    });
  const cutOff = push().then(
    ({ text }) => assert.fail(`the push ended before it was cut off: ${text}`),
    () => undefined,
  );
  await Promise.race([begun.promise, cutOff]);
  const before = below(gantry, 'content/blobs/sha256');
  await gantry.kill9();
  await cutOff;
  await gantry.start();
  assert.deepEqual(below(gantry, 'staging'), []);
  await eventually('something stays in the trash', () => below(gantry, 'trash').length === 0);
  assert.deepEqual(below(gantry, 'content/blobs/sha256'), before);
  assert.deepEqual(below(gantry, 'unfinished'), []);
  halts = false;
  const again = await push();
  assert.match(again.text, /v1: digest: sha256:[0-9a-f]{64}/);
  await gantry.stop();
  assert.match(fsck(gantry), /^looked at [^\n]*: sound\n$/);
});
