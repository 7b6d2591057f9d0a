import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../../base/log.ts';
import { mount, unmount } from '../../linux/index.ts';
import { openStorage } from '../open.ts';
import type { LayerInfo, Storage } from '../storage.ts';
import { tar, testContainer } from '../test-storage.ts';

async function opened(t: TestContext, name = 'root'): Promise<{ root: string; storage: Storage }> {
  const home = mkdtempSync(join(tmpdir(), 'gantry-writable-'));
  const root = join(home, name);
  const storage = await openStorage({ root, log: silentLog });
  t.after(async () => {
    for (const id of await storage.layers.writable()) await storage.layers.unmount(id);
    await storage.close();
    rmSync(home, { recursive: true, force: true });
  });
  return { root, storage };
}

test('a writable layer keeps its files over unmount and mount, and removal leaves nothing', async (t) => {
  const { root, storage } = await opened(t);
  const { layers } = storage;
  await layers.prepare('c1', undefined);
  const merged = layers.mount('c1');
  assert.equal(layers.mount('c1'), merged);
  writeFileSync(join(merged, 'file'), 'hello');
  assert.equal(await layers.writableBytes('c1'), 5);
  await layers.unmount('c1');
  await layers.unmount('c1');
  assert.deepEqual(readdirSync(merged), []);
  assert.equal(readFileSync(join(layers.mount('c1'), 'file'), 'utf8'), 'hello');
  assert.deepEqual(await layers.writable(), ['c1']);
  await layers.removeWritable('c1');
  await layers.removeWritable('c1');
  assert.deepEqual(await layers.writable(), []);
  assert.equal(existsSync(join(root, 'w', 'c1')), false);
  assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes(root), false);
});

test('a data root with commas, colons, backslashes and spaces in its path mounts', async (t) => {
  const { storage } = await opened(t, 'a,b:c\\d e');
  await storage.layers.prepare('c1', undefined);
  writeFileSync(join(storage.layers.mount('c1'), 'file'), 'x');
  assert.equal(await storage.layers.writableBytes('c1'), 1);
});

test('a layer that a crash left half-made is not listed and goes away', async (t) => {
  const { root, storage } = await opened(t);
  mkdirSync(join(root, 'w', 'half', 'diff'), { recursive: true });
  mkdirSync(join(root, 'w', 'torn'));
  writeFileSync(join(root, 'w', 'torn', 'lower'), 'sha256:12');
  assert.deepEqual(await storage.layers.writable(), []);
  assert.deepEqual(readdirSync(join(root, 'w')), []);
});

test('other users cannot look below the data root', async (t) => {
  const { root, storage } = await opened(t);
  await storage.layers.prepare('c1', undefined);
  for (const path of [root, join(root, 'w'), join(root, 'l'), join(root, 'content'), join(root, 'w', 'c1')])
    assert.equal(statSync(path).mode & 0o007, 0, path);
});

test('an id that is not one never becomes a path', async (t) => {
  const { storage } = await opened(t);
  await assert.rejects(storage.layers.prepare('../x', undefined), /not a container id/);
});

test('what a killed engine left mounted among its half-made things is detached and deleted', async (t) => {
  const { root, storage } = await opened(t, 'with blank');
  await storage.close();
  mkdirSync(join(root, 'staging', 'probe', 'merged'), { recursive: true });
  mount('gantry-test', join(root, 'staging', 'probe', 'merged'), 'tmpfs', 0, null);
  const again = await openStorage({ root, log: silentLog });
  for (let i = 0; i < 200 && readdirSync(join(root, 'trash')).length > 0; i++) await sleep(10);
  await again.close();
  assert.deepEqual([readdirSync(join(root, 'staging')), readdirSync(join(root, 'trash'))], [[], []]);
});

test('a data root whose overlays cannot be mounted any more is refused, and nothing runs on', async (t) => {
  const { root, storage } = await opened(t);
  await storage.close();
  const inner = join(root, '..', 'inner');
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(inner, name), { recursive: true });
  // An overlay can be no overlay's upper directory.
  const options = `lowerdir=${inner}/lower,upperdir=${inner}/upper,workdir=${inner}/work`;
  mount('overlay', join(inner, 'merged'), 'overlay', 0, options);
  copyFileSync(join(root, 'records.sqlite'), join(inner, 'merged', 'records.sqlite'));
  try {
    await assert.rejects(
      openStorage({ root: join(inner, 'merged'), log: silentLog }),
      /overlays cannot be mounted there/,
    );
  } finally {
    unmount(join(inner, 'merged'));
  }
});

test('with a latest time, the same changes make the same layer', async (t) => {
  const { storage } = await opened(t);
  await using lease = storage.lease('test');
  const atMost = 1_700_000_000n * 1_000_000_000n;
  const committed = async (id: string): Promise<LayerInfo> => {
    await testContainer(
      storage,
      id,
      tar([{ path: 'etc/', type: 'directory' }], [{ path: 'etc/old' }, 'old']),
    );
    const root = storage.layers.mount(id);
    writeFileSync(join(root, 'etc/new'), 'new');
    appendFileSync(join(root, 'etc/old'), 'er');
    mkdirSync(join(root, 'made'));
    const options = { lease, signal: new AbortController().signal, timesAtMost: atMost };
    const layer = await storage.layers.commit(id, options);
    assert(layer);
    await storage.layers.removeLayer(layer.chainId);
    return layer;
  };
  const first = await committed('first');
  await sleep(20);
  assert.equal((await committed('second')).diffId, first.diffId);
});
