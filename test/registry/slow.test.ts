/** SC-DIST-04, registries that stall and trickle: given up when they would never come to an end. Patience is short here. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { freshHome, leftovers, testImages } from '../../src/engine/images/test-host.ts';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { file, tarOf } from '../harness/layered.ts';

const SILENCE_MS = 1000;

/** A layer and its registry, which answers for that layer's blob as it is told. */
async function registryWith(
  t: TestContext,
  answer: (response: ServerResponse, bytes: Buffer, from: number) => void,
) {
  const registry = await FakeRegistry.start(t);
  const layer = tarOf([file('one', 'x'.repeat(20_000))]);
  const { manifest } = registry.putImage('app', 'v1', { layers: [layer] });
  const digest = manifest.layers[0]?.digest ?? '';
  let asked = 0;
  registry.answering = (request, response) => {
    if (request.method !== 'GET' || !request.url?.includes(`/blobs/${digest}`)) return false;
    asked++;
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': layer.length - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}` } : {}),
    });
    answer(response, layer, from);
    return true;
  };
  return { host: registry.host, asked: () => asked };
}

/** What went wrong with a pull, undefined for nothing, and what it left. */
async function pulled(t: TestContext, host: string): Promise<{ error: string | undefined; left: string[] }> {
  const engine = await testImages(t, freshHome(t), { silenceMs: SILENCE_MS });
  const pulling = engine.images.pull({
    ...{ image: `${host}/app`, tag: 'v1', platform: undefined, credentials: undefined },
    ...{ oneByOne: false, signal: t.signal },
  });
  try {
    for await (const _ of pulling);
  } catch (error) {
    return { error: (error as Error).message, left: leftovers(engine) };
  }
  return { error: undefined, left: [] };
}

const trickle = (response: ServerResponse, bytes: Buffer, from: number): void => {
  let at = from;
  const timer = setInterval(() => response.write(bytes.subarray(at, ++at)), 20);
  response.once('close', () => clearInterval(timer));
};
type Answer = Parameters<typeof registryWith>[1];
const never: Readonly<Record<string, Answer>> = {
  'never answers': () => undefined,
  'stops after ten bytes': (response, bytes, from) => void response.write(bytes.subarray(from, from + 10)),
  'sends a byte now and then': trickle,
};

test('SC-DIST-04, RC-N03: a registry that stalls or trickles is given up after a few tries', async (t) => {
  const given = async ([what, answer]: [string, Answer]): Promise<void> => {
    const registry = await registryWith(t, answer);
    const { error, left } = await pulled(t, registry.host);
    assert.match(error ?? '', /sent \d+ bytes in 1 seconds|the registry stopped answering/, what);
    assert.equal(registry.asked(), 5, what);
    // What came of the layer is for the next pull; nothing else is kept.
    const kept = left.filter((each) => !each.startsWith('unfinished/'));
    assert.deepEqual(kept, [], what);
  };
  await Promise.all(Object.entries(never).map(given));
});

test('SC-DIST-04, RC-N03: a registry that stalls again and again is asked for the rest, as long as it sends some', async (t) => {
  const registry = await registryWith(t, (response, bytes, from) => {
    const more = bytes.subarray(from, from + 3500);
    if (from + more.length < bytes.length) response.write(more);
    else response.end(more);
  });
  assert.deepEqual(await pulled(t, registry.host), { error: undefined, left: [] });
  assert.ok(registry.asked() > 5, `${registry.asked()} requests`);
});
