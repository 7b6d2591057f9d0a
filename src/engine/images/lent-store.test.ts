/** Images and caches in stores that clients lend: honest ones, and ones made to deceive. Nothing is left of those. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { hostArchitecture } from '../../formats/oci.ts';
import { hostPlatform } from '../../formats/platform.ts';
import { chainIdOf } from '../../storage/index.ts';
import type { LentBlob, LentStore } from './lent-store.ts';
import { configOf, file, leftovers, type TestImages, tarOf, testImages } from './test-host.ts';
import { digestOf, MemoryStore, OCI } from './test-lent.ts';

const BOTTOM = tarOf(file('bottom', 'b'.repeat(5000)));
const TOP = tarOf(file('top', 't'));

/** Puts an image there; gives what names its manifest. */
function put(store: MemoryStore, layers: readonly Buffer[] = [BOTTOM, TOP], config = {}) {
  return store.document('manifest', {
    schemaVersion: 2,
    config: store.document('config', configOf(layers, { architecture: hostArchitecture(), ...config })),
    layers: layers.map((layer) => store.put(gzipSync(layer), `${OCI}.layer.v1.tar+gzip`)),
  });
}

async function opened(
  t: TestContext,
  { images, storage }: TestImages,
  store: LentStore,
  { digest }: LentBlob,
  signal = t.signal,
) {
  await using lease = storage.lease('test');
  const heard: string[] = [];
  const options = { store, digest, platform: hostPlatform(), lease, signal };
  const image = await images.openLayout({
    ...options,
    heard: ({ digest: blob, size }, bytes) => void (bytes === size && heard.push(blob)),
  });
  return { image, heard, here: storage.layers.all().map(({ chainId }) => chainId) };
}

test('an image in a layout comes here with its layers, is on no record, and goes with who holds it', async (t) => {
  const host = await testImages(t);
  const store = new MemoryStore();
  const other = put(store, [TOP], { architecture: 's390x' });
  const mine = put(store);
  const index = store.document('index', {
    schemaVersion: 2,
    manifests: [
      { ...other, platform: { os: 'linux', architecture: 's390x' } },
      { ...mine, platform: { os: 'linux', architecture: hostArchitecture() } },
    ],
  });
  const { image, heard, here } = await opened(t, host, store, index);
  const bottom = chainIdOf(undefined, digestOf(BOTTOM));
  assert.equal(image.chainId, chainIdOf(bottom, digestOf(TOP)));
  assert.deepEqual(image.document.config?.Cmd, ['sh']);
  assert.deepEqual(here.toSorted(), [bottom, image.chainId].toSorted());
  assert.equal(heard.length, 2);
  assert.equal(host.images.step(image.id), undefined);
  await host.images.clear();
  assert.deepEqual(leftovers(host), []);
});

test('layers that are here do not travel', async (t) => {
  const host = await testImages(t);
  const store = new MemoryStore();
  const manifest = put(store);
  await using lease = host.storage.lease('test');
  lease.hold('layer', (await opened(t, host, store, manifest)).image.chainId!);
  store.asked.length = 0;
  const { heard } = await opened(t, host, store, manifest);
  assert.deepEqual(heard, []);
  assert.equal(store.asked.length, 2);
});

type Deceit = (store: MemoryStore) => LentBlob;

/** Makes an image, with something else under the name of what `pick` finds in its manifest. */
const insteadOf =
  (pick: (manifest: { config: LentBlob; layers: LentBlob[] }) => LentBlob | undefined, lie: Buffer): Deceit =>
  (store) => {
    const named = put(store);
    const picked = pick(JSON.parse(store.blobs.get(named.digest)!.toString())) ?? named;
    store.lies.set(picked.digest, lie);
    if (lie.length !== picked.size) store.blobs.set(picked.digest, lie);
    return named;
  };

const manifestOf =
  (change: (manifest: { config: LentBlob; layers: LentBlob[] }) => object): Deceit =>
  (store) => {
    const { digest } = put(store);
    return store.document('manifest', change(JSON.parse(store.blobs.get(digest)!.toString())));
  };

const wrapped =
  (times: number): Deceit =>
  (store) => {
    let inner: LentBlob = put(store);
    for (let depth = 0; depth < times; depth++) {
      const platform = { os: 'linux', architecture: hostArchitecture() };
      const type = depth === 0 ? 'manifest' : 'index';
      const named = { ...inner, mediaType: `${OCI}.${type}.v1+json`, platform };
      inner = store.document('index', { schemaVersion: 2, manifests: [named] });
    }
    return inner;
  };

const deceits: readonly [title: string, make: Deceit, words: RegExp][] = [
  ['another manifest', insteadOf(() => undefined, Buffer.from('{}')), /under the name of/],
  ['another configuration', insteadOf(({ config }) => config, Buffer.alloc(10)), /under the name of/],
  ['another layer', insteadOf(({ layers }) => layers[0], gzipSync(TOP)), /content is sha256:\w+, not/],
  [
    'nothing for a layer',
    insteadOf(({ layers }) => layers[1], Buffer.alloc(0)),
    /content is sha256:\w+, not/,
  ],
  ['no such manifest', () => ({ digest: digestOf('none'), size: 4 }), /not found in the client's store/],
  [
    'a document of 5 MiB',
    (store) => store.put(Buffer.alloc(5 << 20, ' ')),
    /is larger than the 4194304 bytes of any document/,
  ],
  ['no document', (store) => store.put(Buffer.from('#!/bin/sh')), /invalid document/],
  ['nothing but an object', (store) => store.document('manifest', {}), /invalid image manifest/],
  [
    'what could be either of both',
    manifestOf((manifest) => ({ ...manifest, manifests: [] })),
    /ambiguous|says it is something else/,
  ],
  ['one layer less', manifestOf((m) => ({ ...m, layers: m.layers.slice(1) })), /expected 1, got 2/],
  ['its layers in another order', manifestOf((m) => ({ ...m, layers: m.layers.toReversed() })), /./],
  [
    'a layer without its size',
    manifestOf((m) => ({ ...m, layers: m.layers.map((layer) => ({ ...layer, size: undefined })) })),
    /without digest and size/,
  ],
  [
    'a digest that leads out',
    manifestOf((m) => ({ ...m, config: { ...m.config, digest: '../../../etc/passwd' } })),
    /without digest and size/,
  ],
  [
    'a configuration of a chart',
    manifestOf((m) => ({ ...m, config: { ...m.config, mediaType: 'x/y' } })),
    /no image/,
  ],
  ['another system', (store) => put(store, [TOP], { os: 'windows' }), /windows/],
  ['indexes in indexes', wrapped(6), /nested too deeply/],
  [
    'nothing for this machine',
    (store) => {
      const platform = { os: 'linux', architecture: 's390x' };
      return store.document('index', { schemaVersion: 2, manifests: [{ ...put(store), platform }] });
    },
    /no matching manifest for linux/,
  ],
  ['what is no layer', (store) => put(store, [Buffer.alloc(2000, 'x')]), /./],
];

for (const [title, make, words] of deceits)
  test(`a layout with ${title} is refused, and nothing is left of it`, async (t) => {
    const host = await testImages(t);
    const store = new MemoryStore();
    await assert.rejects(opened(t, host, store, make(store)), words);
    await host.images.clear();
    assert.deepEqual(leftovers(host), []);
  });

test('a layout whose client stalls is let go of when the build ends', async (t) => {
  const host = await testImages(t);
  const store = new MemoryStore();
  const manifest = put(store);
  const ending = new AbortController();
  const stalls: LentStore = {
    sizeOf: (digest) => store.sizeOf(digest),
    write: async () => undefined,
    async *read(blob, signal) {
      const isLayer = store.blobs.get(blob.digest)![0] === 0x1f;
      if (!isLayer) return yield* store.read(blob);
      yield Buffer.alloc(1);
      ending.abort(new Error('enough'));
      await new Promise((_, reject) => {
        if (signal.aborted) reject(signal.reason);
        else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
  };
  await assert.rejects(opened(t, host, stalls, manifest, ending.signal), /enough/);
  await host.images.clear();
  assert.deepEqual(leftovers(host), []);
});

for (const asImage of [false, true])
  test(`a cache goes into a store and comes out of it${asImage ? ', as an image' : ''}`, async (t) => {
    const [here, there] = [await testImages(t), await testImages(t)];
    const layout = new MemoryStore();
    const manifest = put(layout);
    await using lease = here.storage.lease('test');
    const options = { platform: hostPlatform(), heard: () => undefined, signal: t.signal };
    const { chainId } = await here.images.openLayout({ ...options, ...manifest, store: layout, lease });
    const bottom = chainIdOf(undefined, digestOf(BOTTOM));
    const store = new MemoryStore();
    const pushed = await here.images.pushCache({
      to: { is: 'store', store },
      steps: [
        { digest: digestOf('one'), top: bottom, description: 'one' },
        { digest: digestOf('two'), top: chainId!, description: 'two' },
      ],
      ...{ asImage, ociTypes: true, signal: t.signal },
    });
    assert.equal(store.blobs.size, 4);
    const from = { is: 'store', store, digest: pushed!.digest } as const;
    const cache = await there.images.openCache({ from, platform: undefined, signal: t.signal });
    assert.equal(cache.blobsOf(digestOf('three')), undefined);
    const blobs = cache.blobsOf(digestOf('two'))!;
    await using held = there.storage.lease('test');
    assert.equal(await cache.bring(blobs, held, t.signal), chainId);
    // A layer that has changed is not believed.
    const third = await testImages(t);
    store.lies.set(blobs[1]!, Buffer.alloc(store.blobs.get(blobs[1]!)!.length));
    const spoiled = await third.images.openCache({ from, platform: undefined, signal: t.signal });
    await using none = third.storage.lease('test');
    await assert.rejects(spoiled.bring(blobs, none, t.signal), /content is sha256/);
    await none[Symbol.asyncDispose]();
    await third.images.clear();
    assert.deepEqual(leftovers(third), []);
  });
