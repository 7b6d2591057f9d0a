/**
 * SC-DOS-04 through the engine: archives of very many members, loaded as an image and put into a container. A million is
 * `npm run many-entries`; how the work grows is measured in src/storage/unpack/counts.test.ts, where little else is.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { tarEnd, tarEntry, tarHeader, tarMember } from '../../src/formats/tar/writer.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { grownBy } from '../harness/memory.ts';

const ENTRIES = Number(process.env.GANTRY_ENTRIES ?? 15_000);
/** Whatever the archive holds: a million members need no more. */
const GROWN_MIB_MAX = 150;
/** ext4 takes 65,000 names of one file. */
const NAMES = 60_000;

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

/** Files, directories and names of one file in turns: an archive of `ENTRIES` members, a block each. */
function* members(): Generator<Buffer> {
  let pieces: Buffer[] = [];
  for (let i = 0; i < ENTRIES; i++) {
    pieces.push(tarHeader(tarEntry(member(i))));
    if (pieces.length < 1024) continue;
    yield Buffer.concat(pieces);
    pieces = [];
  }
  yield Buffer.concat([...pieces, tarEnd()]);
}

function member(i: number): Parameters<typeof tarEntry>[0] {
  const path = `many/${i % 100}/${i}`;
  if (i % 3 === 1) return { path: `${path}/`, type: 'directory' };
  const target = i - (i % (3 * NAMES));
  return i % 3 === 2 ? { path, type: 'hardlink', linkPath: `many/${target % 100}/${target}` } : { path };
}

/** The same as the only layer of an image that `docker save` could have written. */
function* image(): Generator<Buffer> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const piece of members()) {
    hash.update(piece);
    bytes += piece.length;
  }
  const config = Buffer.from(
    JSON.stringify({
      ...{ architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux', config: {} },
      rootfs: { type: 'layers', diff_ids: [`sha256:${hash.digest('hex')}`] },
    }),
  );
  const manifest = [{ Config: 'config.json', RepoTags: ['many:latest'], Layers: ['layer.tar'] }];
  yield tarMember(tarEntry({ path: 'config.json' }), config);
  yield tarMember(tarEntry({ path: 'manifest.json' }), Buffer.from(JSON.stringify(manifest)));
  yield tarHeader(tarEntry({ path: 'layer.tar', size: bytes }));
  yield* members(); // whole blocks
  yield tarEnd();
}

/** Whether the container has the last of the members that are files. */
async function hasLast(id: string): Promise<void> {
  const last = ENTRIES - 1 - ((ENTRIES - 1) % 3);
  const path = `/many/${last % 100}/${last}`;
  assert.equal((await gantry.api().head(`/containers/${id}/archive?path=${path}`)).status, 200, path);
}

async function create(Image: string): Promise<string> {
  const made = await gantry.api().post('/containers/create', { Image, Cmd: ['x'] });
  assert.equal(made.status, 201, made.text);
  return made.json<{ Id: string }>().Id;
}

test('SC-DOS-04: an image of very many members is loaded in little memory', async (t) => {
  const api = gantry.api();
  const loaded = api.post('/images/load', Readable.from(image(), { highWaterMark: 4 }));
  const grown = await grownBy(gantry, loaded);
  t.diagnostic(`${ENTRIES} members, ${grown} MiB`);
  assert.match((await loaded).text, /Loaded image: many:latest/);
  assert.ok(grown < GROWN_MIB_MAX, `${grown} MiB more`);
  const id = await create('many');
  await hasLast(id);
  assert.equal((await api.delete(`/containers/${id}`)).status, 204);
  assert.equal((await api.delete('/images/many')).status, 200);
});

test('SC-DOS-04: very many members are put into a container, and are removed with it, in little memory', async (t) => {
  const api = gantry.api();
  const id = await create('busybox');
  const put = api.put(`/containers/${id}/archive?path=/`, Readable.from(members(), { highWaterMark: 4 }));
  const grown = await grownBy(gantry, put);
  t.diagnostic(`${ENTRIES} members, ${grown} MiB`);
  assert.equal((await put).status, 200, (await put).text);
  assert.ok(grown < GROWN_MIB_MAX, `${grown} MiB more`);
  await hasLast(id);
  const sized = await api.get(`/containers/${id}/json?size=1`);
  assert.equal(sized.json<{ SizeRw: number }>().SizeRw, 0);
  assert.equal((await api.delete(`/containers/${id}`)).status, 204);
});
