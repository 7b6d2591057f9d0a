/** What `system df` says of images, containers and volumes, against the files of the store themselves. */
import assert from 'node:assert/strict';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, loadLayered } from '../harness/layered.ts';

/** Bytes of all files below, each once however many names it has, as `du --apparent-size` has them without directories. */
function bytesBelow(path: string, seen = new Set<number>()): number {
  let bytes = 0;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) bytes += bytesBelow(inner, seen);
    else {
      const { ino, size } = lstatSync(inner);
      if (!seen.has(ino)) bytes += size;
      seen.add(ino);
    }
  }
  return bytes;
}

interface Usage {
  readonly TotalCount: number;
  readonly ActiveCount: number;
  readonly TotalSize: number;
  readonly Reclaimable: number;
}

async function usage(gantry: Gantry): Promise<{ images: Usage; containers: Usage; volumes: Usage }> {
  const told = (await gantry.api().get('/system/df')).json<Record<string, Usage>>();
  const { ImageUsage: images, ContainerUsage: containers, VolumeUsage: volumes } = told;
  assert.ok(images && containers && volumes, JSON.stringify(told));
  const sums = ({ ActiveCount, TotalCount, TotalSize, Reclaimable }: Usage): Usage => ({
    ActiveCount,
    TotalCount,
    TotalSize,
    Reclaimable,
  });
  return { images: sums(images), containers: sums(containers), volumes: sums(volumes) };
}

const stored = (gantry: Gantry): number =>
  bytesBelow(join(gantry.dataRoot, 'l')) + bytesBelow(join(gantry.dataRoot, 'content/blobs'));

test('what images take is what lies in the store, and what a prune says it freed is what is gone', async (t) => {
  const gantry = await startGantry(t);
  for (const name of ['one', 'two'])
    await loadLayered(gantry.api(), `${name}:1`, [
      file('data', Buffer.alloc(100_000, name)),
      file('same', Buffer.alloc(5_000, 's')),
      [{ path: 'again', type: 'hardlink', linkPath: 'data' }],
    ]);
  const before = await usage(gantry);
  assert.equal(before.images.TotalSize, stored(gantry));
  assert.deepEqual([before.images.TotalCount, before.images.ActiveCount], [3, 0]);
  assert.equal(before.images.Reclaimable, before.images.TotalSize, 'no container needs anything');

  await gantry.dockerOk('create', '--name', 'user', '--network', 'none', 'one:1', 'true');
  const used = await usage(gantry);
  assert.equal(used.images.ActiveCount, 1);
  const pruned = (await gantry.api().post('/images/prune?filters={"dangling":["false"]}')).json<{
    SpaceReclaimed: number;
    ImagesDeleted: { Deleted?: string; Untagged?: string }[];
  }>();
  assert.equal(pruned.SpaceReclaimed, used.images.Reclaimable, 'what was said to be reclaimable');
  assert.ok(pruned.SpaceReclaimed > 200_000, `${pruned.SpaceReclaimed}`);
  assert.deepEqual(pruned.ImagesDeleted.flatMap(({ Untagged = [] }) => Untagged).sort(), [
    'busybox:latest',
    'two:1',
  ]);
  const after = await usage(gantry);
  assert.equal(after.images.TotalSize, stored(gantry));
  assert.equal(after.images.TotalSize, used.images.TotalSize - pruned.SpaceReclaimed);
  assert.equal(after.images.Reclaimable, 0);

  await gantry.dockerOk('rm', 'user');
  await gantry.dockerOk('image', 'prune', '-af');
  assert.equal(stored(gantry), 0);
  assert.equal((await usage(gantry)).images.TotalSize, 0);
});

test('containers are told by what they wrote, volumes by what is in them, and who uses them', async (t) => {
  const gantry = await startGantry(t);
  const write = ['sh', '-c', 'head -c 3000 /dev/zero >/x; head -c 500 /dev/zero >/v/y'];
  await gantry.dockerOk('run', '--name', 'wrote', '--network', 'none', '-v', 'kept:/v', 'busybox', ...write);
  await gantry.dockerOk('volume', 'create', 'idle');
  const told = await usage(gantry);
  assert.deepEqual(told.containers, { TotalCount: 1, ActiveCount: 0, TotalSize: 3000, Reclaimable: 3000 });
  assert.deepEqual(told.volumes, { TotalCount: 2, ActiveCount: 1, TotalSize: 500, Reclaimable: 0 });
  assert.equal(bytesBelow(join(gantry.dataRoot, 'volumes/kept')), 500);
  const old = (await gantry.api('1.41').get('/system/df')).json<{
    Containers: { SizeRw: number; SizeRootFs: number }[];
    Volumes: { Name: string; UsageData: object }[];
    Images: { Containers: number; Size: number }[];
  }>();
  assert.deepEqual(
    old.Containers.map(({ SizeRw, SizeRootFs }) => [SizeRw, SizeRootFs - 3000]),
    [[3000, old.Images[0]?.Size]],
  );
  assert.equal(old.Images[0]?.Containers, 1);
  assert.deepEqual(Object.fromEntries(old.Volumes.map(({ Name, UsageData }) => [Name, UsageData])), {
    idle: { RefCount: 0, Size: 0 },
    kept: { RefCount: 1, Size: 500 },
  });
});
