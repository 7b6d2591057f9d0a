/** Archives that come and go (SC-LOAD): what load, import, save, export and commit may not be talked into. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import {
  layer,
  layouts,
  legacyArchive,
  legacyArchives,
  linkArchives,
  mismatchedArchives,
  outsideFiles,
  pathArchives,
  wrongNames,
} from '../../src/engine/images/hostile-archives.ts';
import { dockerArchive, file, hardLink, link, sha, tarOf } from '../../src/engine/images/test-host.ts';
import type { TarEntry } from '../../src/formats/tar/entry.ts';
import { TarReader } from '../../src/formats/tar/reader.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import type { Answer } from '../harness/http.ts';
import { Canary, execInside, runInside } from './inside.ts';

let gantry: Gantry;
let canary: Canary;
let busybox: string;
let kept: string[];
const ends: (() => Promise<void>)[] = [];
before(async () => {
  canary = new Canary(outsideFiles());
  gantry = await startGantry({ after: (end) => void ends.push(end) });
  busybox = (await gantry.api().get('/images/busybox/json')).json<{ Id: string }>().Id;
  kept = onDisk();
});
after(async () => {
  await Promise.all(ends.map((end) => end()));
  canary.remove();
});

/** What the host and the store look like is the same after each case. */
afterEach(async () => {
  assert.equal(canary.changed, false, 'a file of the host was touched');
  const images = (await gantry.api().get('/images/json?all=1')).json<{ Id: string }[]>();
  assert.deepEqual(
    images.map(({ Id }) => Id),
    [busybox],
  );
  assert.deepEqual(onDisk(), kept, 'something is left in the store');
});

const onDisk = (): string[] =>
  ['l', 'staging', 'unfinished', 'content/blobs/sha256'].flatMap((directory) =>
    readdirSync(join(gantry.dataRoot, directory)).map((name) => `${directory}/${name}`),
  );

const load = (archive: Buffer): Promise<Answer> =>
  gantry.api().post('/images/load', archive, { headers: { 'content-type': 'application/x-tar' } });
const importing = (query: string, archive?: Buffer): Promise<Answer> =>
  gantry.api().post(`/images/create?repo=imported&${query}`, archive);
const remove = async (image: string): Promise<void> =>
  assert.equal((await gantry.api().delete(`/images/${encodeURIComponent(image)}?force=1`)).status, 200);

const failed = ({ status, text }: Answer): boolean => status >= 400 || text.includes('errorDetail');

/** @throws when it was taken, or told what is not the client's to know */
function assertRefused(answer: Answer, what: string): void {
  assert(failed(answer), `${what} was taken: ${answer.text}`);
  assert(!answer.text.includes('CANARY'), `${what}: the answer tells a secret`);
}

/** A harmless archive is taken: what was refused was refused for what it is. */
async function assertTaken(archive: Buffer, name: string): Promise<void> {
  const answer = await load(archive);
  assert(!failed(answer), answer.text);
  await remove(name);
}

for (const [name, archives] of [
  ['SC-LOAD-01: documents of an archive name no file outside', pathArchives],
  ['SC-LOAD-02: a member that is a link out leads nowhere', linkArchives],
  ['SC-LOAD-03: ids of old archives are ids and make chains', legacyArchives],
  ['SC-LOAD-05: layers are what their configuration says', mismatchedArchives],
  ['SC-LOAD-08: a layout that contradicts itself is refused', layouts],
] as const)
  test(name, async () => {
    for (const [what, make] of archives) assertRefused(await load(make(canary.path)), what);
    await assertTaken(dockerArchive([layer], { tags: ['good:1'] }), 'good:1');
  });

test('SC-LOAD-02: links inside of an archive are followed, as old archives have them', async () => {
  const item = { Config: 'c.json', RepoTags: ['inner:1'], Layers: ['a/layer.tar', 'b/layer.tar'] };
  const diffId = `sha256:${sha(layer)}`;
  const config = JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: [diffId, diffId] },
  });
  const members = [file('config', config), link('c.json', 'config'), file('a/layer.tar', layer)];
  const manifest = file('manifest.json', JSON.stringify([item]));
  await assertTaken(tarOf(...members, link('b/layer.tar', '../a/layer.tar'), manifest), 'inner:1');
  await assertTaken(tarOf(...members, hardLink('b/layer.tar', 'a/layer.tar'), manifest), 'inner:1');
});

test('SC-LOAD-04: an archive that calls its layer by the id of an image changes nothing of that image', async () => {
  const tree = 'find /bin /etc/passwd /etc/group -type f | sort | xargs sha256sum | sha256sum';
  const look = async () => (await runInside(gantry, { Image: busybox, Cmd: ['sh', '-c', tree] })).output;
  const before = await look();
  const mine = busybox.slice('sha256:'.length);
  const answer = await load(legacyArchive({ [mine]: {} }, { claimed: { t: mine } }));
  assert(!failed(answer), answer.text);
  const claimed = (await gantry.api().get('/images/claimed:t/json')).json<{ Id: string }>();
  assert.notEqual(claimed.Id, busybox);
  assert.equal(await look(), before);
  await remove('claimed:t');
});

test('SC-LOAD-06: names that an archive may not give are refused, and ids stay ids', async () => {
  for (const tag of [...wrongNames, busybox.slice('sha256:'.length), `${busybox.slice(7)}:latest`, busybox])
    assertRefused(await load(dockerArchive([layer], { tags: [tag] })), JSON.stringify(tag.slice(0, 40)));
  const { Id } = (await gantry.api().get(`/images/${busybox.slice(7)}/json`)).json<{ Id: string }>();
  assert.equal(Id, busybox);
});

test('SC-LOAD-07: a tag that moves leaves the old image untagged and its container running', async () => {
  const api = gantry.api();
  const { Id } = (
    await api.post('/containers/create', {
      Image: 'busybox',
      Cmd: ['sleep', '1000'],
      HostConfig: { NetworkMode: 'none' },
    })
  ).json<{ Id: string }>();
  assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
  const answer = await load(dockerArchive([layer], { tags: ['busybox:latest'] }));
  assert(answer.text.includes(`renaming the old one with ID ${busybox}`), answer.text);
  const old = (await api.get(`/images/${busybox}/json`)).json<{ RepoTags: string[] }>();
  assert.deepEqual(old.RepoTags, []);
  const container = (await api.get(`/containers/${Id}/json`)).json<{
    Image: string;
    State: { Running: boolean };
  }>();
  assert.deepEqual([container.Image, container.State.Running], [busybox, true]);
  assert.equal((await execInside(gantry, Id, { Cmd: ['true'] })).exitCode, 0);
  assert.equal((await api.delete(`/containers/${Id}?force=1`)).status, 204);
  assert.equal((await api.post(`/images/${busybox}/tag?repo=busybox&tag=latest`)).status, 201);
  for (const image of (await api.get('/images/json?all=1')).json<{ Id: string }[]>())
    if (image.Id !== busybox) await remove(image.Id);
});

test('SC-LOAD-09: an import unpacks nothing outside, whatever its names, links and whiteouts say', async () => {
  const { path, relative } = canary;
  const cases: Readonly<Record<string, Buffer>> = {
    climbing: tarOf(file(`${relative}/d/pwn`), file(`ok/${relative}/d/pwn`)),
    absolute: tarOf(file(`${path}/d/pwn`), file(`/${path}/d/pwn`)),
    'through a link': tarOf(
      link('a', `${path}/d`),
      file('a/pwn'),
      link('f', `${path}/secret`),
      file('f', 'x'),
    ),
    'through a climbing link': tarOf(link('b', `${relative}/d`), link('c', 'b'), file('c/pwn')),
    'a hard link out': tarOf(hardLink('h', `${path}/secret`), file('h', 'overwritten')),
    'a climbing hard link': tarOf(hardLink('h', `${relative}/secret`)),
    'a hard link through a link': tarOf(link('s', path), hardLink('h', 's/secret')),
    whiteouts: tarOf(file(`.wh.${relative}/f`), link('x', path), file('x/.wh.f'), file('x/d/.wh..wh..opq')),
    'a whiteout of nothing': tarOf(file('q/.wh...'), file('.wh..'), file('.wh.')),
  };
  for (const [what, archive] of Object.entries(cases)) {
    const answer = await importing('fromSrc=-', archive);
    assert(!answer.text.includes('CANARY'), what);
    if (failed(answer)) continue;
    // Taken: then all of it lies inside.
    const api = gantry.api();
    const made = await api.post('/containers/create?name=confined', { Image: 'imported', Cmd: ['x'] });
    assert.equal(made.status, 201, made.text);
    const exported = await api.get('/containers/confined/export');
    assert(!exported.bytes.includes(canary.secret), `${what}: the image has the host's file`);
    await api.delete('/containers/confined?force=1');
    await remove('imported');
  }
  const good = await importing('fromSrc=-', tarOf(file('a', 'x')));
  assert(!failed(good), good.text);
  await remove('imported');
});

test('SC-LOAD-09: changes of an import are the documented instructions', async () => {
  for (const change of [
    'RUN touch /x',
    'FROM scratch',
    'ADD a b',
    'COPY a b',
    'BOGUS x',
    'ENV A=1\nRUN x',
    'ONBUILD ONBUILD RUN x',
    'ONBUILD FROM x',
    'ENV',
    'constructor x',
  ])
    assertRefused(
      await importing(`fromSrc=-&changes=${encodeURIComponent(change)}`, tarOf(file('a'))),
      change,
    );
});

test('SC-LOAD-09: an import comes from the web alone, wherever a server points', async () => {
  const asked: string[] = [];
  const targets = [
    'file:///etc/passwd',
    `file://${canary.path}/layer.tar`,
    `unix://${gantry.socket}`,
    'gopher://x',
  ];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const location = targets[Number(request.url?.slice(1))];
    if (location === undefined) response.end(tarOf(file('a', 'x')));
    else response.writeHead(302, { location }).end('a page with CANARY in it');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const source of [
      ...targets,
      ...targets.map((_, index) => `${base}/${index}`),
      `${canary.path}/layer.tar`,
    ])
      assertRefused(await importing(`fromSrc=${encodeURIComponent(source)}`), source);
    assert.deepEqual(asked, ['/0', '/1', '/2', '/3']);
    const good = await importing(`fromSrc=${encodeURIComponent(`${base}/good`)}`);
    assert(!failed(good), good.text);
    await remove('imported');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

interface Seen {
  readonly entry: TarEntry;
  readonly data: Buffer;
}

/** Members by name; data of up to a megabyte. */
class Members {
  readonly seen = new Map<string, Seen>();
  #open: TarEntry | undefined;
  #chunks: Buffer[] = [];
  readonly #reader = new TarReader({
    entry: (entry) => {
      this.#open = entry;
      this.#chunks = [];
      this.seen.set(entry.path, { entry, data: Buffer.alloc(0) });
    },
    data: (bytes, offset) => {
      if (offset < 1 << 20 || this.#open?.path.startsWith('blobs/')) this.#chunks.push(Buffer.from(bytes));
    },
    end: () => {
      if (this.#open)
        this.seen.set(this.#open.path, { entry: this.#open, data: Buffer.concat(this.#chunks) });
    },
  });
  push = (bytes: Buffer): void => this.#reader.push(bytes);
  finish = (): void => this.#reader.finish();
}

const SPARSE_BYTES = 1 << 30;
/** The daemon's own buffers, and what the collector has not come to; far from the file's size. */
const MEMORY_MAX = 256 << 20;

function assertKept(seen: ReadonlyMap<string, Seen>): void {
  const at = (path: string) => seen.get(path) ?? seen.get(`./${path}`);
  assert.equal(at('w/out')?.entry.linkPath, `${canary.path}/secret`);
  assert.equal(at('w/climb')?.entry.linkPath, `${canary.relative}/secret`);
  assert.deepEqual(
    [at('w/loop')?.entry.type, at('w/loop')?.entry.linkPath],
    ['symlink', '/proc/self/root/w'],
  );
  for (const name of ['w/-rf', 'w/new\nline', 'w/--checkpoint-action=exec=x']) assert(at(name), name);
  for (const { data } of seen.values()) assert(!data.includes(canary.secret), 'the secret is in the archive');
}

test('SC-LOAD-10: export and save store links as links and names as names, with bounded memory', async () => {
  const api = gantry.api();
  const script = [
    `mkdir /w; cd /w; ln -s ${canary.path}/secret out; ln -s ${canary.relative}/secret climb`,
    'ln -s /proc/self/root/w loop; touch -- -rf --checkpoint-action=exec=x "$(printf "new\\nline")"',
    `dd if=/dev/null of=sparse bs=1 seek=${SPARSE_BYTES} 2>/dev/null`,
  ].join('; ');
  const { id, exitCode } = await runInside(gantry, { Cmd: ['sh', '-c', script] }, true);
  assert.equal(exitCode, 0);
  const memory = () =>
    Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${gantry.pid}/status`, 'utf8'))?.[1]) << 10;
  const before = memory();
  const exported = new Members();
  const child = gantry.dockerProcess(['export', id], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) exported.push(chunk);
  exported.finish();
  assert(memory() - before < MEMORY_MAX, `the export took ${(memory() - before) >> 20} MiB`);
  assertKept(exported.seen);
  assert.equal(exported.seen.get('w/sparse')?.entry.size, SPARSE_BYTES);
  const emptied = await api.put(`/containers/${id}/archive?path=/w`, tarOf(file('sparse', 'small')), {
    headers: { 'content-type': 'application/x-tar' },
  });
  assert.equal(emptied.status, 200, emptied.text);
  assert.equal((await api.post(`/commit?container=${id}&repo=kept`)).status, 201);
  const saved = new Members();
  saved.push((await api.get('/images/kept/get')).bytes);
  saved.finish();
  const [{ Layers = [] } = {}] = JSON.parse(saved.seen.get('manifest.json')?.data.toString() ?? '[]') as {
    Layers?: string[];
  }[];
  const top = new Members();
  top.push(saved.seen.get(Layers.at(-1) ?? '')?.data ?? Buffer.alloc(0));
  top.finish();
  assertKept(top.seen);
  await api.delete(`/containers/${id}?force=1`);
  await remove('kept');
});

test('SC-LOAD-11: a commit keeps text as text, and refuses what no image may be called', async () => {
  const api = gantry.api();
  const { id } = await runInside(gantry, { Cmd: ['true'] }, true);
  const commit = (query: Readonly<Record<string, string>>) =>
    api.post(`/commit?container=${id}&${new URLSearchParams(query)}`);
  for (const repo of ['a'.repeat(64), 'UPPER', '../../x', 'x\ny', 'sha256', `${'a'.repeat(300)}`, 'x@y'])
    assertRefused(await commit({ repo }), repo.slice(0, 20));
  for (const tag of ['..', 'a b', 'x'.repeat(200), 'a/b', '-x'])
    assertRefused(await commit({ repo: 'a', tag }), tag);
  const doubling = ['ENV A=xx', ...Array.from({ length: 60 }, () => 'ENV A=$A$A')].join('\n');
  for (const changes of [doubling, 'RUN x', 'LABEL a="never ended', 'USER'])
    assertRefused(await commit({ repo: 'a', changes }), changes.slice(0, 20));
  // dockerd takes it too: the whole text is one name, which no image knows.
  const spaced = await commit({ repo: 'spaced', changes: 'USER a b' });
  assert.equal(spaced.status, 201, spaced.text);
  const { Config: said } = (await api.get('/images/spaced/json')).json<{ Config: { User: string } }>();
  assert.equal(said.User, 'a b');
  const nobody = await api.post('/containers/create', { Image: 'spaced', Cmd: ['true'] });
  const { Id } = nobody.json<{ Id: string }>();
  const start = await api.post(`/containers/${Id}/start`);
  assertRefused(start, 'a user with a space');
  assert.match(start.text, /unable to find user a b: no matching entries in passwd file/);
  await api.delete(`/containers/${Id}?force=1`);
  await remove('spaced');
  // Its sender may lose the connection before it can read why.
  const long = await commit({ repo: 'a', author: 'x'.repeat(10 << 20) }).catch(() => undefined);
  assert(long === undefined || failed(long), 'an author of 10 MB');
  const changes = String.raw`LABEL text="a\"b'$(touch /x);{}" other='<script>'`;
  const made = await commit({ repo: 'kept', changes, comment: '"},{"a":"\n', author: "'; rm -rf /\u0000" });
  assert.equal(made.status, 201, made.text);
  const { Config, Comment, Author } = (await api.get('/images/kept/json')).json<{
    Config: { Labels: Record<string, string> };
    Comment: string;
    Author: string;
  }>();
  assert.deepEqual(Config.Labels, { text: `a"b'$(touch /x);{}`, other: '<script>' });
  assert.deepEqual([Comment, Author], ['"},{"a":"\n', "'; rm -rf /\u0000"]);
  await api.delete(`/containers/${id}?force=1`);
  await remove('kept');
});
