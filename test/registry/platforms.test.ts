/** Images whose name leads to an index of several platforms: what is told of them, and what of it is here. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Descriptor } from '../../src/model/descriptor.ts';
import type { ImageInspect, ImageSummary } from '../../src/model/image.ts';
import { FakeRegistry, sha256 } from '../harness/fake-registry.ts';
import { startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const OWN = process.arch === 'x64' ? 'amd64' : process.arch;
const FOREIGN = 's390x';

const registry = await FakeRegistry.start({ after });
const gantry = await startGantry({ after });
const api = gantry.api();
const full = `${registry.host}/multi`;

const put = (architecture: string) => {
  const layers = [tarOf([file('etc/arch', architecture)])];
  const { digest } = registry.putImage('multi', architecture, { layers, config: { architecture } });
  const size = registry.manifests.get(`multi ${digest}`)?.bytes.length ?? 0;
  return { mediaType: MANIFEST, digest, size, platform: { architecture, os: 'linux' } };
};
const own = put(OWN);
const foreign = put(FOREIGN);
const attestation = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: sha256('attestation'),
  size: 11,
  annotations: {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': own.digest,
  },
  platform: { architecture: 'unknown', os: 'unknown' },
};
const index = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX,
    annotations: { 'org.example.of': 'all' },
    manifests: [own, foreign, attestation],
  }),
);
const indexDigest = registry.putManifest('multi', 'latest', { type: INDEX, bytes: index });
const target = { mediaType: INDEX, digest: indexDigest, size: index.length };

const query = (said: object): string => encodeURIComponent(JSON.stringify(said));
const pull = async (more = ''): Promise<void> => {
  const answer = await api.post(`/images/create?fromImage=${encodeURIComponent(full)}&tag=latest${more}`);
  assert.doesNotMatch(answer.text, /"error"/);
};
const inspect = async (more = '', version = '1.55'): Promise<ImageInspect> =>
  (await gantry.api(version).get(`/images/${full}/json${more}`)).json<ImageInspect>();

test('an image that an index led to tells of the index, its manifests, and where it came from', async () => {
  await pull();
  const { Descriptor, Manifests, Identity } = await inspect('?manifests=1');
  assert.deepEqual(Descriptor, target);
  assert.deepEqual(Identity, { Pull: [{ Repository: full }] });
  assert.deepEqual(
    Manifests?.map(({ ID, Kind, Available }) => [ID, Kind, Available]),
    [
      [own.digest, 'image', true],
      [foreign.digest, 'image', false],
      [attestation.digest, 'attestation', false],
    ],
  );
  const [mine, other, about] = Manifests ?? [];
  assert.deepEqual(mine?.Descriptor, own);
  assert.deepEqual(mine?.ImageData?.Platform, own.platform);
  assert.ok((mine?.ImageData?.Size.Unpacked ?? 0) > 0);
  assert.equal(mine?.Size.Total, mine!.Size.Content + mine!.ImageData!.Size.Unpacked);
  assert.deepEqual(other?.Size, { Content: 0, Total: 0 });
  assert.deepEqual(about?.AttestationData, { For: own.digest });
  const listed = (await api.get('/images/json?manifests=1&identity=1')).json<ImageSummary[]>();
  const found = listed.find(({ Descriptor }) => Descriptor?.digest === indexDigest);
  assert.deepEqual(found?.Manifests?.[0]?.ImageData?.Identity, { Pull: [{ Repository: full }] });
  assert.equal((await api.get('/images/json')).json<ImageSummary[]>()[0]?.Manifests, undefined);
  assert.equal((await api.get('/images/json?identity=1')).status, 400);
});

test('versions that did not know of manifests are told of none', async () => {
  assert.equal((await inspect('', '1.47')).Descriptor, undefined);
  assert.equal((await inspect('?manifests=1', '1.47')).Manifests, undefined);
  assert.equal((await inspect('', '1.52')).Identity, undefined);
  const listed = async (version: string) =>
    (await gantry.api(version).get('/images/json?manifests=1')).json<ImageSummary[]>();
  assert.ok((await listed('1.46')).every(({ Manifests }) => Manifests === undefined));
  assert.ok((await listed('1.47')).some(({ Manifests }) => Manifests !== undefined));
});

test('who asks for a platform gets the image for it, or hears that it is for another', async () => {
  const wanted = (architecture: string) => query({ os: 'linux', architecture });
  for (const [path, fits, differs] of [
    [`/images/${full}/json?platform=`, 200, 404],
    [`/images/${full}/history?platform=`, 200, 404],
  ] as const) {
    assert.equal((await api.get(path + wanted(OWN))).status, fits);
    const refused = await api.get(path + wanted(FOREIGN));
    assert.equal(refused.status, differs);
    assert.match(refused.text, /was found but its platform \(linux\/\w+\) does not match/);
  }
  assert.equal((await api.get(`/images/${full}/json?manifests=1&platform=${wanted(OWN)}`)).status, 400);
  assert.equal((await api.get(`/images/${full}/json?platform=nonsense`)).status, 400);
  assert.equal((await api.delete(`/images/${full}?platforms=${wanted(FOREIGN)}`)).status, 404);
  const two = `platforms=${wanted(OWN)}&platforms=${wanted(FOREIGN)}`;
  assert.equal((await api.delete(`/images/${full}?${two}`)).status, 400);
  const pushed = await api.post(`/images/${full}/push?tag=latest&platform=${wanted(FOREIGN)}`, undefined, {
    headers: { 'X-Registry-Auth': Buffer.from('{}').toString('base64') },
  });
  assert.match(pushed.text, /does not match the specified platform/);
});

test('a container shows the manifest of its image, as long as that is here', async () => {
  await api.post('/containers/create?name=of-index', { Image: full, Cmd: ['sh'] });
  const shown = async () =>
    (await api.get('/containers/of-index/json')).json<{ ImageManifestDescriptor?: Descriptor }>();
  assert.deepEqual((await shown()).ImageManifestDescriptor, own);
  const [listed] = (await api.get('/containers/json?all=1')).json<
    { ImageManifestDescriptor?: Descriptor }[]
  >();
  assert.deepEqual(listed?.ImageManifestDescriptor, own);
  await api.delete('/containers/of-index');
});

test('what was attested is named by the index, and stays at the registry', async () => {
  const answer = await api.get(`/images/${full}/attestations`);
  assert.equal(answer.status, 404);
  assert.match(answer.text, new RegExp(`attestation ${attestation.digest} of \\S+ is not here`));
  assert.deepEqual((await api.get('/images/busybox/attestations')).json(), []);
});

test('a registry is asked what an index says of itself', async () => {
  const { Descriptor, Platforms } = (await api.get(`/distribution/${full}/json`)).json<{
    Descriptor: Descriptor;
    Platforms: unknown[];
  }>();
  assert.deepEqual(Descriptor, { ...target, annotations: { 'org.example.of': 'all' } });
  assert.deepEqual(Platforms, [own.platform, foreign.platform, attestation.platform]);
});

test('the image of another platform is here beside it, and an index goes with the last of its images', async () => {
  await api.post(`/images/${full}/tag?repo=kept&tag=own`);
  await pull(`&platform=linux/${FOREIGN}`);
  const { Architecture, Manifests } = await inspect('?manifests=1');
  assert.equal(Architecture, FOREIGN);
  assert.deepEqual(
    Manifests?.map(({ Available }) => Available),
    [true, true, false],
  );
  await api.delete(`/images/${full}`);
  assert.deepEqual((await api.get('/images/kept:own/json')).json<ImageInspect>().Descriptor, target);
  await api.delete('/images/kept:own?force=1');
  const usage = (await api.get('/system/df')).json<{ ImageUsage: { TotalCount: number } }>();
  assert.equal(usage.ImageUsage.TotalCount, 1);
  await gantry.restart();
  assert.equal((await api.get(`/images/${full}/json`)).status, 404);
});
