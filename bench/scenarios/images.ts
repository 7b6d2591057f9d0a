/** images: a Debian root file system in and out of an engine: import, load, save, and push to and pull from a registry. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { debianRootfs } from '../../test/harness/debian.ts';
import { type Archive, dockerArchive } from '../../test/harness/image.ts';
import { type Registry, startRegistry } from '../../test/harness/registry.ts';
import type { EnginePeer } from '../peers/peer.ts';
import type { Figures, Scenario } from './scenario.ts';

/** Nobody's credentials: engines want the header, registries do not. */
const ANONYMOUS = { 'X-Registry-Auth': Buffer.from('{}').toString('base64') };
const NAME = 'gantry-bench-debian';

interface Material {
  readonly rootfs: string;
  readonly archive: Archive;
  /** The layer as registries keep it. */
  readonly compressed: Buffer;
}

let made: Promise<Material> | undefined;
const material = (): Promise<Material> => (made ??= makeMaterial());
async function makeMaterial(): Promise<Material> {
  const rootfs = await debianRootfs();
  const archive = dockerArchive(NAME, rootfs, 'mmdebstrap');
  return { rootfs, archive, compressed: gzipSync(readFileSync(rootfs)) };
}

export const images: Scenario = {
  name: 'images',
  title: 'images: Debian, 170 MB: import, load, save, push, pull, push of what was pulled',
  unit: 'ms',
  rounds: 3,
  warmUps: 1,
  prepare: async (peer) => {
    if (peer.is === 'runtime') return undefined;
    const all = await material();
    return { once: () => transfers(peer, all), close: async () => {} };
  },
};

async function transfers(peer: EnginePeer, all: Material): Promise<Figures> {
  await using ends = new AsyncDisposableStack();
  const scope = { after: (end: () => Promise<void> | void): void => ends.defer(() => end()) };
  // New ones each time: no engine remembers what it pushed where.
  const [to, from] = [await startRegistry(scope), await startRegistry(scope)];
  await upload(from, all);
  const imported = await timed(() => importRootfs(peer, all.rootfs));
  await forget(peer, imported.result);
  const loaded = await timed(() => load(peer, all.archive));
  const saved = await timed(() => save(peer, all.archive));
  const pushed = await timed(() => push(peer, to));
  await forget(peer, `${NAME}:latest`, all.archive.imageId);
  const pulled = await timed(() => pull(peer, from, all.archive));
  const again = await timed(() => pushBack(peer, from));
  await forget(peer, `${from.host}/${NAME}:latest`, all.archive.imageId);
  return {
    import: imported.ms,
    load: loaded.ms,
    save: saved.ms,
    push: pushed.ms,
    pull: pulled.ms,
    'push of what was pulled': again.ms,
  };
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const began = performance.now();
  const result = await work();
  return { ms: performance.now() - began, result };
}

async function importRootfs({ api, name }: EnginePeer, rootfs: string): Promise<string> {
  const { body } = await api.call('POST', '/images/create?fromSrc=-&repo=imported', createReadStream(rootfs));
  const id = /"status":\s*"(sha256:[0-9a-f]{64})/.exec(body.toString())?.[1];
  if (id === undefined && name !== 'podman') throw new Error(`${name}: ${body.toString().slice(-300)}`);
  return id ?? 'imported:latest';
}

async function load(peer: EnginePeer, { file, imageId }: Archive): Promise<void> {
  refuseFailure(peer, await peer.api.call('POST', '/images/load', createReadStream(file)));
  await mustBe(peer, `${NAME}:latest`, imageId);
}

async function save({ api, name }: EnginePeer, { config }: Archive): Promise<void> {
  const { body } = await api.call('GET', `/images/${NAME}:latest/get`);
  if (!body.includes(config) || body.length < 150e6) throw new Error(`${name}: the archive lacks its image`);
}

async function push(peer: EnginePeer, { host }: Registry): Promise<void> {
  await peer.api.call('POST', `/images/${NAME}:latest/tag?repo=${host}/${NAME}&tag=latest`);
  await pushBack(peer, { host });
  await answered(200, fetch(manifestUrl(host), { headers: { Accept: `${MANIFEST}, ${OCI_MANIFEST}` } }));
  await peer.api.call('DELETE', `/images/${host}/${NAME}:latest`);
}

async function pushBack(peer: EnginePeer, { host }: Pick<Registry, 'host'>): Promise<void> {
  const path = `/images/${host}/${NAME}/push?tag=latest&tlsVerify=false`;
  refuseFailure(peer, await peer.api.call('POST', path, undefined, ANONYMOUS));
}

async function pull(peer: EnginePeer, { host }: Registry, { imageId }: Archive): Promise<void> {
  const path =
    peer.name === 'podman'
      ? `/libpod/images/pull?reference=${host}/${NAME}:latest&tlsVerify=false`
      : `/images/create?fromImage=${host}/${NAME}&tag=latest`;
  refuseFailure(peer, await peer.api.call('POST', path));
  await mustBe(peer, `${host}/${NAME}:latest`, imageId);
}

function refuseFailure({ name }: EnginePeer, { body }: { readonly body: Buffer }): void {
  const text = body.toString();
  if (/"error(Detail)?":\s*[{"]/.test(text)) throw new Error(`${name}: ${text.slice(-300)}`);
}

async function mustBe({ api, name }: EnginePeer, image: string, id: string): Promise<void> {
  const { Id } = await api.json<{ Id: string }>('GET', `/images/${image}/json`);
  if (Id !== id) throw new Error(`${name}: ${image} is ${Id}, not ${id}`);
}

/** Removes an image and looks that it is gone: the next step must not find its layers. */
async function forget({ api }: EnginePeer, image: string, id = image): Promise<void> {
  await api.call('DELETE', `/images/${image}?force=true`);
  const left = await api.json<{ Id: string }[]>('GET', '/images/json?all=true');
  if (left.some(({ Id }) => Id === id)) await api.call('DELETE', `/images/${id}?force=true`);
  await settled();
}

const LOOK_MS = 250;
const LOOKS_MAX = 80;

/** Some engines delete after they have answered: that is not to be charged to the next step. */
async function settled(): Promise<void> {
  let before = -1;
  for (let look = 0; look < LOOKS_MAX; look++) {
    const { ffree } = await statfs(tmpdir());
    if (ffree === before) return;
    before = ffree;
    await sleep(LOOK_MS);
  }
}

const digestOf = (bytes: Buffer | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const CONFIG = 'application/vnd.docker.container.image.v1+json';
const LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/** Puts the image into a registry without any engine: every peer pulls the same bytes. */
async function upload({ host }: Registry, { archive, compressed }: Material): Promise<void> {
  const config = Buffer.from(archive.config);
  for (const blob of [config, compressed]) await uploadBlob(host, blob);
  const describe = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    size: bytes.length,
    digest: digestOf(bytes),
  });
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: describe(CONFIG, config),
    layers: [describe(LAYER, compressed)],
  });
  const headers = { 'Content-Type': MANIFEST };
  await answered(201, fetch(manifestUrl(host), { method: 'PUT', headers, body }));
}

async function uploadBlob(host: string, blob: Buffer): Promise<void> {
  const begun = await answered(202, fetch(`http://${host}/v2/${NAME}/blobs/uploads/`, { method: 'POST' }));
  const at = new URL(begun.headers.get('Location') ?? '');
  at.searchParams.set('digest', digestOf(blob));
  const headers = { 'Content-Type': 'application/octet-stream' };
  await answered(201, fetch(at, { method: 'PUT', headers, body: new Uint8Array(blob) }));
}

const manifestUrl = (host: string): string => `http://${host}/v2/${NAME}/manifests/latest`;

/** @throws when the registry says something else */
async function answered(status: number, asked: Promise<Response>): Promise<Response> {
  const answer = await asked;
  if (answer.status !== status) throw new Error(`the registry says ${answer.status}: ${await answer.text()}`);
  return answer;
}
