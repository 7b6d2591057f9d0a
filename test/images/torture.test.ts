/** The same layers, unpacked by Gantry and by dockerd, are the same files to the last attribute. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TarEntry } from '../../src/formats/tar/entry.ts';
import { TarReader } from '../../src/formats/tar/reader.ts';
import { snapshot } from '../../src/storage/unpack/test-tree.ts';
import { debianRootfs } from '../harness/debian.ts';
import { Dockerd, type Engine, removeContainers, startDockerd } from '../harness/dockerd.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { busyboxRootfs } from '../harness/image.ts';
import { dockerArchiveOf, imageIdOf, loadArchive, type MadeImage } from '../harness/layered.ts';
import { tortureLayers } from './torture-layers.ts';

let gantry: Gantry;
let dockerd: Dockerd;
let torture: MadeImage;
let withOldestSparse: MadeImage;
const ends: (() => Promise<void>)[] = [];
const scope = { after: (end: () => Promise<void>) => void ends.push(end) };

before(async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'torture-'));
  scope.after(async () => rmSync(scratch, { recursive: true, force: true }));
  const made = (oldestSparse: boolean): MadeImage => ({
    tags: ['torture:1'],
    layers: [readFileSync(busyboxRootfs()), ...tortureLayers(scratch, oldestSparse)],
  });
  torture = made(false);
  withOldestSparse = made(true);
  const started = await startDockerd(scope);
  assert(started instanceof Dockerd, String(started));
  dockerd = started;
  gantry = await startGantry(scope, { busybox: false });
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

/** What the engines themselves put into a container, and where: those directories have times of their own. */
const OWN = ['proc', 'sys', 'dev', 'etc/hosts', 'etc/hostname', 'etc/resolv.conf', 'etc/mtab', '.dockerenv'];
const without = new Set(OWN.map((path) => `./${path}`));
const WRITTEN = ['.', './etc'];
const untimed = (facts: string | undefined): string | undefined =>
  facts?.split(' | ').toSpliced(3, 1).join(' | ');

/** Runs a container of the image and looks at its root from outside. */
async function treeOf(engine: Engine, image: string): Promise<Record<string, string>> {
  const api = engine.api('1.41');
  const body = { Image: image, Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'none' } };
  const made = await api.post('/containers/create', body);
  assert.equal(made.status, 201, made.text);
  const { Id } = made.json<{ Id: string }>();
  const started = await api.post(`/containers/${Id}/start`);
  assert.equal(started.status, 204, started.text);
  const { State } = (await api.get(`/containers/${Id}/json`)).json<{ State: { Pid: number } }>();
  const tree = snapshot(`/proc/${State.Pid}/root/.`, { without });
  await removeContainers(engine);
  const written = WRITTEN.map((path) => [path, untimed(tree[path]) ?? '']);
  return { ...tree, ...Object.fromEntries(written) };
}

/** @throws with the paths that differ, and how */
function assertSame(ours: Record<string, string>, theirs: Record<string, string>): void {
  const differing = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
    .filter((path) => ours[path] !== theirs[path])
    .map((path) => `${JSON.stringify(path)}\n  gantry:  ${ours[path]}\n  dockerd: ${theirs[path]}`);
  assert.equal(differing.length, 0, `${differing.length} paths differ:\n${differing.join('\n')}`);
}

test('a torture archive has no difference in dockerd and in Gantry', async () => {
  await loadArchive(dockerd.api(), dockerArchiveOf([torture]));
  const theirs = await treeOf(dockerd, 'torture:1');
  for (const image of [torture, withOldestSparse]) {
    await loadArchive(gantry.api(), dockerArchiveOf([image]));
    const ours = await treeOf(gantry, 'torture:1');
    assert(Object.keys(ours).length > 100, 'the archive is there');
    assertSame(ours, theirs);
  }
});

/** Members of a container's export by name, with what dockerd tells of them: whole seconds, capabilities alone. */
async function exportOf({ api }: Engine, image: string): Promise<Record<string, string>> {
  const made = await api().post('/containers/create?name=exported', { Image: image, Cmd: ['x'] });
  assert.equal(made.status, 201, made.text);
  const { bytes } = await api().get('/containers/exported/export');
  assert.equal((await api().delete('/containers/exported')).status, 204);
  const found: Record<string, string> = {};
  let open: TarEntry | undefined;
  let hash = createHash('sha256');
  const reader = new TarReader({
    entry(entry) {
      open = entry;
      hash = createHash('sha256');
    },
    // Holes are not handed on: what is in between is.
    data: (data, offset) => void hash.update(`${offset}`).update(data),
    end() {
      if (open) found[`./${open.path.replace(/\/$/, '')}`] = factsOf(open, hash.digest('hex'));
      open = undefined;
    },
  });
  reader.push(bytes);
  reader.finish();
  return found;
}

function factsOf(entry: TarEntry, content: string): string {
  const { type, mode, uid, gid, linkPath, major, minor, size, mtimeNanos, xattrs } = entry;
  const capability = xattrs.get('security.capability')?.toString('hex') ?? '';
  const device = type === 'char' || type === 'block' ? `${major}:${minor}` : '';
  const kept =
    type === 'hardlink'
      ? [linkPath]
      : [mode.toString(8), uid, gid, linkPath, device, size, content, capability];
  return [type, mtimeNanos / 1_000_000_000n, ...kept].join(' | ');
}

test('an export of a torture archive has the same members in dockerd and in Gantry', async () => {
  for (const engine of [gantry, dockerd]) await loadArchive(engine.api(), dockerArchiveOf([torture]));
  const [ours, theirs] = [await exportOf(gantry, 'torture:1'), await exportOf(dockerd, 'torture:1')];
  const isOwn = (path: string): boolean =>
    without.has(path) || WRITTEN.includes(path) || /^\.\/(dev|proc|sys)\//.test(path);
  for (const found of [ours, theirs])
    for (const path of Object.keys(found)) if (isOwn(path)) delete found[path];
  assert(Object.keys(ours).length > 100, 'there is an export');
  assertSame(ours, theirs);
});

// Not what dockerd saves of it: Debian's refuses to save layers with sparse files.
test('what Gantry saves of it loads again under the same id, in both engines', async () => {
  for (const image of [withOldestSparse, torture]) {
    await loadArchive(gantry.api(), dockerArchiveOf([image]));
    const before = await treeOf(gantry, 'torture:1');
    const { bytes } = await gantry.api().get('/images/torture:1/get');
    for (const engine of image === torture ? [gantry, dockerd] : [gantry]) {
      await engine.api().delete('/images/torture:1?force=1');
      await loadArchive(engine.api(), bytes);
      const { Id } = (await engine.api().get('/images/torture:1/json')).json<{ Id: string }>();
      assert.equal(Id, imageIdOf(image));
      assertSame(before, await treeOf(engine, 'torture:1'));
    }
  }
});

test('a Debian has no difference in dockerd and in Gantry', async () => {
  const rootfs = await debianRootfs();
  for (const { api } of [gantry, dockerd]) {
    const answer = await api().post('/images/create?fromSrc=-&repo=debian', createReadStream(rootfs));
    assert.equal(answer.status, 200, answer.text);
    assert(!answer.text.includes('errorDetail'), answer.text);
  }
  const [ours, theirs] = [await treeOf(gantry, 'debian'), await treeOf(dockerd, 'debian')];
  assert(Object.keys(ours).length > 1000, 'the archive is there');
  assertSame(ours, theirs);
});
