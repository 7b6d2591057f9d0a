/** Clients that leave in the middle of a save: nothing stays open, and nothing is kept for them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { configOf, file, tarOf } from '../../src/engine/images/test-host.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { dockerArchiveOf, loadArchive } from '../harness/layered.ts';

/** Incompressible, so that there is something to leave in the middle of, kept compressed as well. */
const large = (seed: number, megabytes: number): Buffer => {
  const bytes = Buffer.alloc(megabytes << 20);
  for (let i = 0, state = seed; i < bytes.length; i += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes.writeInt32LE(state, i);
  }
  return tarOf(file('large', bytes));
};

const blobsOpen = (gantry: Gantry): string[] =>
  readdirSync(`/proc/${gantry.pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${gantry.pid}/fd/${fd}`)].filter((path) =>
        path.includes('/content/blobs/'),
      );
    } catch {
      return []; // closed meanwhile
    }
  });
const onDisk = (gantry: Gantry): string[] =>
  ['l', 'staging', 'unfinished', 'content/blobs/sha256'].flatMap((directory) =>
    readdirSync(join(gantry.dataRoot, directory)),
  );

/** Waits for what comes when the daemon has seen that the client is gone; the test's own limit ends a wait for nothing. */
async function settled(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('clients that leave in the middle of a save leave nothing open, and nothing on the disk', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  const api = gantry.api();
  const [plain, zipped] = [large(1, 4), large(2, 4)];
  await loadArchive(api, dockerArchiveOf([{ tags: ['plain:1'], layers: [plain] }]));
  const item = { Config: 'c', RepoTags: ['zipped:1'], Layers: ['layer'] };
  const members = [file('c', configOf([zipped])), file('layer', gzipSync(zipped, { level: 1 }))];
  await loadArchive(api, tarOf(...members, file('manifest.json', JSON.stringify([item]))));
  const whole = (await api.get('/images/get?names=plain&names=zipped')).bytes.length;
  for (let i = 0; i < 20; i++) {
    const socket = api.connect();
    socket.write('GET /images/get?names=plain&names=zipped HTTP/1.1\r\nHost: docker\r\n\r\n');
    for (let read = 0; read < (whole * i) / 20; read += (socket.read() as Buffer | null)?.length ?? 0)
      await once(socket, 'readable');
    socket.destroy();
  }
  await settled(() => blobsOpen(gantry).length === 0);
  for (const name of ['plain:1', 'zipped:1']) assert.equal((await api.delete(`/images/${name}`)).status, 200);
  await settled(() => onDisk(gantry).length === 0);
  assert.equal((await api.get('/_ping')).status, 200);
});

test('an image that is removed while a client reads it slowly arrives whole, and goes then', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  const api = gantry.api();
  await loadArchive(api, dockerArchiveOf([{ tags: ['plain:1'], layers: [large(3, 32)] }]));
  const wanted = (await api.get('/images/plain:1/get')).bytes;
  const socket = api.connect();
  socket.write('GET /images/plain:1/get HTTP/1.0\r\nHost: docker\r\n\r\n');
  await once(socket, 'readable'); // the head is there, the rest is more than pipes and buffers hold
  assert.equal((await api.delete('/images/plain:1')).status, 200);
  assert.notDeepEqual(onDisk(gantry), []);
  const answer = Buffer.concat(await socket.toArray());
  assert(answer.subarray(answer.indexOf('\r\n\r\n') + 4).equals(wanted));
  await settled(() => onDisk(gantry).length === 0);
});
