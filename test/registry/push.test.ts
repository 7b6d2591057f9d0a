/** Pushes of layers that are compressed on the way: what the registry gets when it does not go well the first time. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Answering, FakeRegistry, refuse, sha256 } from '../harness/fake-registry.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';

/** An engine with an image for a registry that answers as it is told. */
async function started(t: TestContext, answering: Answering) {
  const registry = await FakeRegistry.start(t);
  const gantry = await startGantry(t);
  await gantry.api().post(`/images/busybox/tag?repo=${registry.host}/app&tag=1`);
  registry.answering = answering;
  return { registry, gantry };
}

async function push(gantry: Gantry, registry: FakeRegistry, to = 'app'): Promise<string> {
  const path = `/images/${registry.host}/${to}/push?tag=1`;
  return (await gantry.api().post(path, undefined, { headers: { 'X-Registry-Auth': 'e30=' } })).text;
}

/** The layers that the registry has under a name, plain. */
function layersOf(registry: FakeRegistry, name: string): string[] {
  const document = JSON.parse(String(registry.manifests.get(`${name} 1`)?.bytes)) as {
    config: { digest: string };
    layers: { digest: string; size: number }[];
  };
  for (const { digest, size } of document.layers) assert.equal(registry.blobs.get(digest)?.length, size);
  const config = JSON.parse(String(registry.blobs.get(document.config.digest))) as {
    rootfs: { diff_ids: string[] };
  };
  const plain = document.layers.map(({ digest }) => sha256(gunzipSync(registry.blobs.get(digest)!)));
  assert.deepEqual(plain, config.rootfs.diff_ids);
  return document.layers.map(({ digest }) => digest);
}

test('RC-N07: an upload that breaks off in the middle is made again, and the layers are whole', async (t) => {
  let broken = 0;
  const { registry, gantry } = await started(t, (request) => {
    if (request.method !== 'PATCH' || broken === 2) return false;
    broken++;
    request.once('data', () => request.socket.destroy());
    return true;
  });
  const text = await push(gantry, registry);
  assert.doesNotMatch(text, /errorDetail/);
  assert.equal(broken, 2);
  layersOf(registry, 'app');
});

test('RC-N07: a registry that was started anew between two chunks, and knows the upload no more, gets the layer whole', async (t) => {
  let forgotten = 0;
  const { registry, gantry } = await started(t, (request, response) => {
    if (request.method !== 'PUT' || !request.url?.includes('/uploads/') || forgotten === 2) return false;
    forgotten++;
    request.resume();
    refuse(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'no such upload');
    return true;
  });
  assert.doesNotMatch(await push(gantry, registry), /errorDetail/);
  assert.equal(forgotten, 2);
  layersOf(registry, 'app');
});

test('a registry that refuses the bytes is told of, and nothing is left of the upload', async (t) => {
  const { registry, gantry } = await started(t, (request, response) => {
    if (request.method !== 'PATCH') return false;
    request.resume();
    refuse(response, 403, 'DENIED', 'not a byte more');
    return true;
  });
  assert.match(await push(gantry, registry), /errorDetail.*not a byte more/);
  assert.deepEqual(readdirSync(join(gantry.dataRoot, 'staging')), []);
  registry.answering = undefined;
  assert.doesNotMatch(await push(gantry, registry), /errorDetail/);
  layersOf(registry, 'app');
});

test('RC-N04: a registry that stores something else than was sent is not believed', async (t) => {
  const { registry, gantry } = await started(t, (request, response) => {
    if (request.method !== 'PUT' || !request.url?.includes('/uploads/')) return false;
    request.resume();
    response.writeHead(201, { 'docker-content-digest': sha256('something else') });
    response.end();
    return true;
  });
  assert.match(await push(gantry, registry), /errorDetail.*the registry stored sha256:/);
});

test('what was compressed once is asked for before it is compressed again, and is the same each time', async (t) => {
  const { registry, gantry } = await started(t, () => false);
  await push(gantry, registry);
  const first = layersOf(registry, 'app');
  const sent = registry.count('PATCH', /./);
  assert.equal(sent, first.length);
  assert.match(await push(gantry, registry), /Layer already exists/);
  assert.equal(registry.count('PATCH', /./), sent);
  registry.blobs.clear();
  await push(gantry, registry);
  assert.deepEqual(layersOf(registry, 'app'), first);
});

test('layers that came plain under a manifest leave plain under the same one, to whichever registry', async (t) => {
  const { registry, gantry } = await started(t, () => false);
  const plain = tarOf([file('f', 'plain')]);
  const { manifest } = registry.putImage('plain', '1', { layers: [plain] });
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const layers = manifest.layers.map((layer) => ({
    ...layer,
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
  }));
  const bytes = Buffer.from(JSON.stringify({ ...manifest, mediaType: type, layers }));
  const digest = registry.putManifest('plain', '1', { type, bytes });
  const api = gantry.api();
  assert.equal((await api.post(`/images/create?fromImage=${registry.host}/plain&tag=1`)).status, 200);
  const other = await FakeRegistry.start(t);
  await api.post(`/images/${registry.host}/plain:1/tag?repo=${other.host}/copy&tag=1`);
  assert.match(await push(gantry, other, 'copy'), new RegExp(`1: digest: ${digest} size`));
  assert.ok(other.blobs.get(sha256(plain))?.equals(plain));
  assert.equal(other.blobs.size, 2, 'the layer and the configuration');
});
