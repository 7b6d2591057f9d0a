/** Registries and lines that break: what comes is whole, nothing comes twice that need not, and what cannot help is not tried. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { freshHome, type TestImages, testImages } from '../../src/engine/images/test-host.ts';
import { FakeRegistry, refuse } from '../harness/fake-registry.ts';
import { file, tarOf } from '../harness/layered.ts';

/** What stands for a blob of the layer: true when it was answered. */
type Answer = (request: IncomingMessage, response: ServerResponse, bytes: Buffer) => boolean;

/** A registry with one image, whose layer's blob is answered as it is told. */
async function registryWith(t: TestContext, answer: Answer) {
  const registry = await FakeRegistry.start(t);
  const layer = tarOf([file('one', 'x'.repeat(50_000))]);
  const { manifest } = registry.putImage('app', 'v1', { layers: [layer] });
  const digest = manifest.layers[0]?.digest ?? '';
  const isLayer = (request: IncomingMessage): boolean =>
    request.method === 'GET' && request.url?.endsWith(digest) === true;
  registry.answering = (request, response) => isLayer(request) && answer(request, response, layer);
  return { registry, layer, asked: () => registry.count('GET', new RegExp(digest)) };
}

/** Pulls it; what went wrong, undefined for nothing. */
async function pull(
  { images }: TestImages,
  host: string,
  signal: AbortSignal,
  { name = 'app', said = () => undefined }: { name?: string; said?: (status: string) => void } = {},
): Promise<string | undefined> {
  const pulling = images.pull({
    ...{ image: `${host}/${name}`, tag: 'v1', platform: undefined, credentials: undefined },
    ...{ oneByOne: false, signal },
  });
  try {
    for await (const { status = '' } of pulling) said(status);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const offsetOf = (request: IncomingMessage): number =>
  Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);

/** A pull whose layer is cut off twice at a byte, by a registry with ranges or without. */
async function cutTwice(t: TestContext, ranges: boolean, cutAt: (bytes: number) => number): Promise<void> {
  const engine = await testImages(t, freshHome(t));
  let [cuts, sent] = [0, 0];
  const { registry, layer, asked } = await registryWith(t, (request, response, bytes) => {
    const from = ranges ? offsetOf(request) : 0;
    const end = cuts < 2 ? Math.max(from, cutAt(bytes.length)) : bytes.length;
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': bytes.length - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    sent += end - from;
    if (end === bytes.length) response.end(bytes.subarray(from));
    else {
      cuts++;
      response.flushHeaders();
      // What was sent is read first; only then does the connection break.
      response.write(bytes.subarray(from, end), () => setTimeout(() => response.destroy(), 100));
    }
    return true;
  });
  assert.equal(await pull(engine, registry.host, t.signal), undefined);
  assert.equal(asked(), 3);
  assert.equal(sent, layer.length + (ranges ? 0 : 2 * cutAt(layer.length)), 'bytes that were sent');
  t.diagnostic(`${sent} bytes for a layer of ${layer.length}, over ${cuts} cuts`);
}

for (const ranges of [true, false])
  test(`RC-N01: a layer that is cut off at any byte by a registry with${ranges ? '' : 'out'} ranges comes whole, and no more often than it must`, async (t) => {
    const places = [() => 0, () => 1, (bytes: number) => bytes >> 1, (bytes: number) => bytes - 1];
    await Promise.all(places.map((cutAt) => cutTwice(t, ranges, cutAt)));
  });

test('RC-N02: overload and trouble of a registry are waited out, as long as it asks for; five times, then its words are told', async (t) => {
  const passing = [
    [429, { 'retry-after': '1' }, 1000],
    [429, {}, 0],
    [503, { 'retry-after': '1' }, 1000],
    [500, {}, 0],
  ] as const;
  const waitOut = async ([status, headers, leastMs]: (typeof passing)[number]): Promise<void> => {
    const engine = await testImages(t, freshHome(t));
    let refusedAt = 0;
    let waitedMs = 0;
    const { registry, asked } = await registryWith(t, (_request, response) => {
      if (refusedAt > 0) {
        waitedMs = performance.now() - refusedAt;
        return false;
      }
      refusedAt = performance.now();
      response.writeHead(status, headers).end();
      return true;
    });
    assert.equal(await pull(engine, registry.host, t.signal), undefined, `${status}`);
    assert.equal(asked(), 2);
    assert.ok(waitedMs >= leastMs, `${status}: asked again after ${waitedMs} ms`);
  };
  await Promise.all(passing.map(waitOut));
  const engine = await testImages(t, freshHome(t));
  const { registry, asked } = await registryWith(t, (_request, response) => {
    refuse(response, 503, 'UNAVAILABLE', 'the disks are on fire');
    return true;
  });
  assert.match((await pull(engine, registry.host, t.signal)) ?? '', /the disks are on fire/);
  assert.equal(asked(), 5);
});

test('RC-N02: what another try does not help is not tried: a refusal, a name that is not there, a wait too long, nobody there', async (t) => {
  const final = [
    [400, 'BLOB_UPLOAD_INVALID', {}],
    [403, 'DENIED', {}],
    [404, 'BLOB_UNKNOWN', {}],
    [429, 'TOOMANYREQUESTS', { 'retry-after': '3600' }],
  ] as const;
  const askOnce = async ([status, code, headers]: (typeof final)[number]): Promise<void> => {
    const engine = await testImages(t, freshHome(t));
    const { registry, asked } = await registryWith(t, (_request, response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      refuse(response, status, code, `no: ${code}`);
      return true;
    });
    assert.ok((await pull(engine, registry.host, t.signal)) !== undefined, `${status}`);
    assert.equal(asked(), 1, `${status}`);
  };
  await Promise.all(final.map(askOnce));
  const { registry } = await registryWith(t, () => false);
  const { host } = registry;
  await registry[Symbol.asyncDispose]();
  const engine = await testImages(t, freshHome(t));
  assert.match((await pull(engine, host, t.signal)) ?? '', /connection refused/);
});

test('RC-N05: of 32 who pull one image all get it but those who leave, and each blob is asked for once', async (t) => {
  const engine = await testImages(t, freshHome(t));
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  let waiting = 33;
  const said = (status: string): void => {
    if (status === 'Pulling fs layer' && --waiting === 0) begun.resolve();
  };
  const { registry, layer } = await registryWith(t, (_request, response, bytes) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 1000));
    void gate.promise.then(() => response.end(bytes.subarray(1000)));
    return true;
  });
  // Another image with the same layer and one more: what both have is fetched once too.
  registry.putImage('more', 'v1', { layers: [layer, tarOf([file('two', 'y')])] });
  const clients = Array.from({ length: 32 }, () => new AbortController());
  const pulls = clients.map(({ signal }) => pull(engine, registry.host, signal, { said }));
  let others = 0;
  const other = pull(engine, registry.host, t.signal, {
    name: 'more',
    said: (status) => void (status === 'Pulling fs layer' && others++ === 0 && said(status)),
  });
  await begun.promise;
  for (const client of clients.slice(0, 8)) client.abort();
  gate.resolve();
  const outcomes = await Promise.all(pulls);
  assert.equal(await other, undefined);
  assert.deepEqual(
    outcomes.slice(8).filter((error) => error !== undefined),
    [],
  );
  const blobs = registry.asked.filter((each) => /^GET .*\/blobs\//.test(each)).map((each) => each.slice(-64));
  assert.deepEqual([...blobs].sort(), [...new Set(blobs)].sort(), 'a blob was asked for twice');
  t.diagnostic(`${blobs.length} requests for ${new Set(blobs).size} blobs by 33 pulls`);
});
