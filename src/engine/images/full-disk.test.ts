import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { nowNanos } from '../../base/time.ts';
import { mount, unmount } from '../../linux/index.ts';
import { Registries } from '../../registry/index.ts';
import { openStorage } from '../../storage/index.ts';
import { createImages } from './images.ts';
import { configOf, dockerArchive, file, said, tarOf } from './test-host.ts';

const DISK_BYTES = 8 << 20;

/** A store on a disk of its own. `before`: what an earlier daemon left there. */
async function onSmallDisk(t: TestContext, before: (root: string) => void = () => undefined) {
  const root = mkdtempSync(join(tmpdir(), 'gantry-full-'));
  mount('gantry-test', root, 'tmpfs', 0, `size=${DISK_BYTES}`);
  before(root);
  const storage = await openStorage({ root, log: silentLog });
  t.after(async () => {
    await storage.close();
    unmount(root);
    rmdirSync(root);
  });
  const images = await createImages({
    storage,
    events: { emit: () => undefined },
    now: nowNanos,
    usedBy: () => [],
    log: silentLog,
    registries: new Registries({ mirrors: [], insecure: [], certificates: [] }),
    transfers: { down: 3, up: 5 },
  });
  const load = (data: Buffer, tag: string) => {
    const layer = tarOf(file('data', data));
    const archive = dockerArchive([layer], { tags: [tag], config: configOf([layer]) });
    return said(images.load(Readable.from([archive]), { quiet: true, platforms: [], signal: t.signal }));
  };
  return { root, storage, images, load };
}

test('RC-D02: a load for which the disk is too small fails clearly, leaves nothing, and smaller ones work on', async (t) => {
  const { root, storage, images, load } = await onSmallDisk(t);
  await load(randomBytes(1 << 20), 'small:1');
  await assert.rejects(load(randomBytes(5 << 20), 'large:1'), {
    name: 'Failed',
    systemCode: 'ENOSPC',
    message: /ENOSPC|no space/,
  });
  await assert.rejects(load(randomBytes(20 << 20), 'larger:1'), { name: 'Failed', systemCode: 'ENOSPC' });
  await load(randomBytes(1 << 20), 'small:2');
  const list = await images.list({ all: true, filters: new Map(), sharedSize: false });
  assert.deepEqual(list.flatMap(({ RepoTags }) => RepoTags).sort(), ['small:1', 'small:2']);
  writeFileSync(join(root, 'filler'), Buffer.alloc(1 << 20));
  await images.remove('small:1', { force: false, prune: true });
  await images.remove('small:2', { force: false, prune: true });
  assert.deepEqual(storage.layers.all(), []);
});

test('room that is kept for unfinished pulls is there for the next try of what found the disk full', async (t) => {
  const name = 'a'.repeat(64);
  const { root, images, load } = await onSmallDisk(t, (path) => {
    mkdirSync(join(path, 'unfinished'));
    writeFileSync(join(path, 'unfinished', name), Buffer.alloc(5 << 20));
  });
  await images.collected;
  assert.deepEqual(readdirSync(join(root, 'unfinished')), [name]);
  await assert.rejects(load(randomBytes(2 << 20), 'some:1'), { name: 'Failed', systemCode: 'ENOSPC' });
  assert.deepEqual(readdirSync(join(root, 'unfinished')), []);
  await load(randomBytes(2 << 20), 'some:1');
  assert.ok(images.resolve('some:1').id);
});
