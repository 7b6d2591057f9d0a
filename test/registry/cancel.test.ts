/** Who leaves a pull, and what becomes of it: since 1.22 it ends with its last asker, before that it went on. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';

/** A registry that sends half of each layer, and the rest when it is let. */
async function halting(t: TestContext) {
  const registry = await FakeRegistry.start(t);
  const layer = tarOf([file('data', 'd'.repeat(200_000))]);
  const { manifest } = registry.putImage('app', 'v1', { layers: [layer] });
  const { digest = '', size = 0 } = manifest.layers[0] ?? {};
  const release = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  registry.answering = async (request, response) => {
    if (request.method !== 'GET' || !request.url?.endsWith(digest)) return false;
    response.once('close', () => void (response.writableFinished || left.resolve()));
    response.writeHead(200, { 'content-length': size });
    response.write(layer.subarray(0, size / 2));
    begun.resolve();
    await release.promise;
    response.end(layer.subarray(size / 2));
    return true;
  };
  const blobs = () => registry.count('GET', new RegExp(digest));
  return { registry, begun: begun.promise, left: left.promise, release: () => release.resolve(), blobs };
}

function asking(gantry: Gantry, version: string, host: string) {
  const client = new AbortController();
  const path = `/images/create?fromImage=${encodeURIComponent(`${host}/app`)}&tag=v1`;
  const answer = gantry.api(version).post(path, undefined, { signal: client.signal });
  answer.catch(() => undefined);
  return { answer, leave: () => client.abort() };
}

/** A client that looks at what is said while it is said. */
function watching(gantry: Gantry, host: string) {
  const socket = gantry.api().connect();
  let text = '';
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const path = `/v1.41/images/create?fromImage=${encodeURIComponent(`${host}/app`)}&tag=v1`;
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.once('end', () => socket.end());
  return { seen: () => text, ended };
}

const underWay = (gantry: Gantry): string[] => readdirSync(join(gantry.dataRoot, 'unfinished'));

async function eventually(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await check())) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const isThere = async (gantry: Gantry, host: string): Promise<boolean> =>
  (await gantry.api().get(`/images/${host}/app:v1/json`)).status === 200;

test('SC-HTTP-07, SC-HTTP-12, RC-N03, RC-N05: a pull ends when its only client leaves, and the next one begins anew', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  const { registry, begun, left, release } = await halting(t);
  const pull = asking(gantry, '1.22', registry.host);
  await begun;
  await eventually('nothing is being written', () => underWay(gantry).length > 0);
  pull.leave();
  await left; // the registry sees the connection go: nobody reads on
  await eventually('half a blob stays', () => underWay(gantry).length === 0);
  const blobs = join(gantry.dataRoot, 'content/blobs/sha256');
  await eventually('a blob stays', () => readdirSync(blobs).length === 0);
  assert.equal(await isThere(gantry, registry.host), false);
  release();
  const again = await asking(gantry, '1.22', registry.host).answer;
  assert.ok(!again.text.includes('errorDetail'), again.text);
  assert.equal(await isThere(gantry, registry.host), true);
});

test('a pull of API 1.21 goes on when its client has left', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  const { registry, begun, release, blobs } = await halting(t);
  const pull = asking(gantry, '1.21', registry.host);
  await begun;
  pull.leave();
  await assert.rejects(pull.answer);
  release();
  await eventually('the image does not come', () => isThere(gantry, registry.host));
  assert.equal(blobs(), 1);
});

test('RC-N05: of two who pull the same, the one that stays gets it, by the transfer that was going on', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  const { registry, begun, release, blobs } = await halting(t);
  const first = asking(gantry, '1.41', registry.host);
  await begun;
  const second = watching(gantry, registry.host);
  await eventually('the second has not come', () => second.seen().includes('Pulling fs layer'));
  first.leave();
  await assert.rejects(first.answer);
  release();
  await second.ended;
  assert.match(second.seen(), /Downloaded newer image/);
  assert.equal(blobs(), 1, 'it was fetched once');
  assert.equal(await isThere(gantry, registry.host), true);
});
