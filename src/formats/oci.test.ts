/** Documents of images: what is taken, what is refused, and in which words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DOCUMENT_BYTES_MAX,
  documentKind,
  hostArchitecture,
  readAbout,
  readDockerManifest,
  readImageDocument,
  readIndex,
  readManifest,
  readMediaType,
  readRepositories,
  typeInside,
} from './oci.ts';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const refused = (work: () => unknown, message: string | RegExp) =>
  assert.throws(work, { name: 'InvalidArgument', message });

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';

const layered = (count: number) => ({
  rootfs: { diff_ids: Array.from({ length: count }, () => digest('a')) },
});

test('a configuration has its layers, even if it names none', () => {
  assert.deepEqual(readImageDocument(bytes({ rootfs: {} })).rootfs, { diff_ids: [] });
  const rootfs = { type: 'layers', diff_ids: [digest('a'), digest('b')] };
  assert.deepEqual(readImageDocument(bytes({ os: 'linux', rootfs })), { os: 'linux', rootfs });
});

test('a configuration without layers, with too many, or with what is no digest is refused', () => {
  refused(() => readImageDocument(bytes({})), 'invalid image JSON, no RootFS key');
  assert.equal(readImageDocument(bytes(layered(250))).rootfs.diff_ids.length, 250);
  refused(() => readImageDocument(bytes(layered(251))), 'image with 251 layers: 250 at most can be mounted');
  const wrong = { rootfs: { diff_ids: [digest('a'), 'x'.repeat(200)] } };
  refused(() => readImageDocument(bytes(wrong)), `invalid image configuration: diff id "${'x'.repeat(100)}"`);
});

test('a time that Go could not read is refused, wherever it stands', () => {
  const created = '2026-01-02T03:04:05.6Z';
  const document = {
    created,
    rootfs: { diff_ids: [digest('a')] },
    history: [{ created }, { empty_layer: true }],
  };
  assert.equal(readImageDocument(bytes(document)).history?.length, 2);
  const message = `invalid image configuration: time "yesterday${'y'.repeat(91)}"`;
  const wrong = `yesterday${'y'.repeat(200)}`;
  refused(() => readImageDocument(bytes({ ...document, created: wrong })), message);
  refused(
    () => readImageDocument(bytes({ ...document, history: [{ created }, { created: wrong }] })),
    message,
  );
});

test('a history may have steps without layers, but no more layers than there are', () => {
  const history = (filled: number) => [
    ...Array.from({ length: filled }, () => ({ empty_layer: false })),
    { empty_layer: true },
  ];
  assert.equal(readImageDocument(bytes({ ...layered(2), history: history(1) })).history?.length, 2);
  assert.equal(readImageDocument(bytes({ ...layered(2), history: history(2) })).history?.length, 3);
  refused(
    () => readImageDocument(bytes({ ...layered(2), history: history(3) })),
    'too many non-empty layers in History section',
  );
});

test('a document is JSON, no null, of the right kinds, and 4 MiB at most', () => {
  refused(() => readImageDocument(Buffer.from('{')), /^invalid image configuration: /);
  refused(() => readManifest(bytes(null)), 'invalid image manifest: it is null');
  refused(() => readIndex(bytes({ manifests: 7 })), /^invalid image index: json: cannot unmarshal number /);
  const padded = (length: number) => Buffer.from('{"rootfs":{}}'.padEnd(length));
  assert.equal(DOCUMENT_BYTES_MAX, 4_194_304);
  assert.deepEqual(readImageDocument(padded(4_194_304)).rootfs.diff_ids, []);
  refused(() => readImageDocument(padded(4_194_305)), 'image configuration is larger than 4194304 bytes');
});

const config = { digest: digest('c'), size: 2 };

test('a manifest has a configuration and layers, whatever kind of manifest it says it is', () => {
  for (const mediaType of [undefined, '', OCI_MANIFEST, DOCKER_MANIFEST])
    assert.deepEqual(readManifest(bytes({ mediaType, config, layers: [config] })), {
      config,
      layers: [config],
    });
});

test('an index has manifests, whatever kind of index it says it is', () => {
  for (const mediaType of [undefined, '', OCI_INDEX, DOCKER_LIST])
    assert.deepEqual(readIndex(bytes({ mediaType, manifests: [config] })), { manifests: [config] });
});

test('what could be read as a manifest and as an index is neither', () => {
  const ambiguous = /: it is ambiguous or says it is something else$/;
  const [layers, manifests] = [[config], [config]];
  for (const document of [
    { config, layers, manifests: [] },
    { config },
    { layers },
    { config, layers, mediaType: OCI_INDEX },
    { config, layers, mediaType: 'text/plain' },
  ])
    refused(() => readManifest(bytes(document)), ambiguous);
  for (const document of [
    { manifests, layers: [] },
    { manifests, config: {} },
    {},
    { manifests, mediaType: OCI_MANIFEST },
    { manifests, mediaType: 'text/plain' },
  ])
    refused(() => readIndex(bytes(document)), ambiguous);
});

test('a media type says what a descriptor points to', () => {
  for (const [type, kind] of [
    [undefined, undefined],
    ['', undefined],
    [OCI_MANIFEST, 'manifest'],
    [DOCKER_MANIFEST, 'manifest'],
    [OCI_INDEX, 'index'],
    [DOCKER_LIST, 'index'],
    ['application/vnd.in-toto+json', undefined],
  ] as const)
    assert.equal(documentKind(type), kind);
});

test('a document is of the type that it says, or else of the one that its members tell', () => {
  assert.equal(readMediaType(bytes({ mediaType: 'a/b' })), 'a/b');
  assert.equal(readMediaType(bytes({})), undefined);
  for (const [document, type] of [
    [{ mediaType: DOCKER_LIST }, DOCKER_LIST],
    [{ mediaType: DOCKER_MANIFEST, manifests: [] }, DOCKER_MANIFEST],
    [{ mediaType: '', manifests: [] }, OCI_INDEX],
    [{ manifests: [] }, OCI_INDEX],
    [{ layers: [] }, OCI_MANIFEST],
  ] as const)
    assert.equal(typeInside(bytes(document)), type);
});

test('documents of archives are read as docker save wrote them', () => {
  const item = { Config: 'c.json', RepoTags: ['a:b'], Layers: ['l/layer.tar'] };
  assert.deepEqual(readDockerManifest(bytes([item])), [item]);
  refused(() => readDockerManifest(bytes({})), /^invalid manifest\.json: /);
  assert.deepEqual(readRepositories(bytes({ a: { latest: 'x' } })), { a: { latest: 'x' } });
  refused(() => readRepositories(bytes({ a: 'x' })), /^invalid repositories: /);
  const about = { annotations: { a: 'b' }, artifactType: 'c/d' };
  assert.deepEqual(readAbout(bytes({ ...about, more: 1 })), about);
});

test('this machine has a name that Go gives it', () => {
  assert.equal(hostArchitecture(), { x64: 'amd64', arm64: 'arm64' }[process.arch as string]);
});
