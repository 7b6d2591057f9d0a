import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import type { TarEntry } from '../../formats/tar/entry.ts';
import { tarEnd, tarEntry, tarMember } from '../../formats/tar/writer.ts';
import { mount, unmount } from '../../linux/index.ts';
import type { Driver } from '../driver.ts';
import { openStorage } from '../open.ts';
import type { Storage } from '../storage.ts';
import { snapshot } from '../unpack/test-tree.ts';

interface Home {
  readonly path: string;
  /** Runs before everything that was deferred earlier, and before the directory goes. */
  readonly defer: (undo: () => unknown) => void;
}

function home(t: TestContext): Home {
  const path = mkdtempSync(join(tmpdir(), 'gantry-vfs-'));
  const undo = new AsyncDisposableStack();
  undo.defer(() => rmSync(path, { recursive: true, force: true }));
  t.after(() => undo.disposeAsync());
  return { path, defer: (step) => undo.defer(async () => void (await step())) };
}

const tar = (...members: [entry: Partial<TarEntry> & { readonly path: string }, data?: string][]) =>
  Buffer.concat([
    ...members.map(([entry, data]) => tarMember(tarEntry(entry), Buffer.from(data ?? ''))),
    tarEnd(),
  ]);

const layers = [
  tar(
    [{ path: 'd', type: 'directory', mode: 0o1777, mtimeNanos: 5n }],
    [
      {
        path: 'd/kept',
        mode: 0o4711,
        uid: 7,
        mtimeNanos: 1_600_000_000_123_456_789n,
        xattrs: new Map([['user.a', Buffer.from([0x80])]]),
      },
      'kept',
    ],
    [{ path: 'd/gone' }, 'gone'],
    [{ path: 'hidden/deep/file' }, 'hidden'],
    [{ path: 'not-utf8-\xff' }, 'bytes'],
    [{ path: 'z-second', type: 'hardlink', linkPath: 'd/kept' }],
    [{ path: 'link', type: 'symlink', linkPath: '/etc' }],
    [{ path: 'null', type: 'char', major: 1, minor: 3, mode: 0o666 }],
  ),
  tar(
    [{ path: 'd/.wh.gone' }],
    [{ path: 'hidden/.wh..wh..opq' }],
    [{ path: 'hidden/new' }, 'new'],
    [{ path: 'link/inside' }, 'x'],
    [{ path: '.wh.null' }],
  ),
];

async function merged(
  { path, defer }: Home,
  name: string,
  driver: Driver,
): Promise<{ storage: Storage; tree: string }> {
  const storage = await openStorage({ root: join(path, name), log: silentLog, driver });
  const infos = await storage.layers.apply(
    layers.map((bytes) => ({ from: Readable.from([bytes]) })),
    { parent: undefined, lease: storage.lease('t') },
  );
  await storage.layers.prepare('c', infos.at(-1)!.chainId);
  const tree = storage.layers.mount('c');
  defer(async () => {
    await storage.layers.unmount('c');
    await storage.close();
  });
  return { storage, tree };
}

test('without overlays a container sees the same tree', async (t) => {
  const at = home(t);
  const [copied, overlaid] = [await merged(at, 'vfs', 'vfs'), await merged(at, 'overlay', 'overlay2')];
  assert.deepEqual([copied.storage.driver, overlaid.storage.driver], ['vfs', 'overlay2']);
  const timeless = (tree: string) => snapshot(tree, { times: false });
  assert.deepEqual(timeless(copied.tree), timeless(overlaid.tree));
  assert.equal(snapshot(copied.tree)['./d/kept'], snapshot(overlaid.tree)['./d/kept']);
  assert.deepEqual(readdirSync(join(copied.tree, 'hidden')), ['new']);
});

test('a copy is its own: what a container writes no other sees', async (t) => {
  const { storage, tree } = await merged(home(t), 'vfs', 'vfs');
  writeFileSync(join(tree, 'd/kept'), 'changed by c');
  await storage.layers.prepare('other', storage.layers.all().at(-1)!.chainId);
  assert.equal(readFileSync(join(storage.layers.mount('other'), 'd/kept'), 'utf8'), 'kept');
  assert.equal(storage.layers.describe('c').Name, 'vfs');
  await storage.layers.removeWritable('c');
  assert.deepEqual(await storage.layers.writable(), ['other']);
});

test('a data root on a file system that takes no overlay is served by copies', async (t) => {
  const { path, defer } = home(t);
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(path, name));
  // An overlay can be no overlay's upper directory: the usual case of an engine inside of a container.
  const options = `lowerdir=${path}/lower,upperdir=${path}/upper,workdir=${path}/work`;
  mount('overlay', join(path, 'merged'), 'overlay', 0, options);
  defer(() => unmount(join(path, 'merged')));
  const root = join(path, 'merged', 'root');
  const storage = await openStorage({ root, log: silentLog });
  defer(() => storage.close());
  assert.equal(storage.driver, 'vfs');
  const [info] = await storage.layers.apply([{ from: Readable.from([layers[1]!]) }], {
    parent: undefined,
    lease: storage.lease('t'),
  });
  await storage.layers.prepare('c', info!.chainId);
  assert.equal(readFileSync(join(storage.layers.mount('c'), 'hidden/new'), 'utf8'), 'new');
});

test('a data root keeps the driver that it was begun with', async (t) => {
  const { path, defer } = home(t);
  const root = join(path, 'root');
  await (await openStorage({ root, log: silentLog, driver: 'vfs' })).close();
  const again = await openStorage({ root, log: silentLog, driver: 'overlay2' });
  defer(() => again.close());
  assert.equal(again.driver, 'vfs');
});
