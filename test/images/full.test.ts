/** A data root that runs full under a real engine: pull, load, import, commit and create fail clearly and leave nothing. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { examineDataRoot } from '../../src/engine/index.ts';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { fill, smallDisk } from '../harness/full-disk.ts';
import { Gantry } from '../harness/gantry.ts';
import { dockerArchiveOf, file, loadError, tarOf } from '../harness/layered.ts';

const FULL = /no space left|ENOSPC|disk is full/i;

async function names(gantry: Gantry): Promise<string[]> {
  const list = (await gantry.api().get('/images/json?all=1')).json<{ RepoTags: string[] }[]>();
  return list.flatMap(({ RepoTags }) => RepoTags).sort();
}

/** Layers and half-made things on the disk. */
const there = (root: string) => ({
  layers: readdirSync(join(root, 'l')).length,
  blobs: readdirSync(join(root, 'content/blobs/sha256')).length,
  staged: ['staging', 'unfinished'].flatMap((name) => readdirSync(join(root, name))),
});

test('SC-DOS-11, RC-D02: on a full disk pull, load, import, commit and create say so and leave nothing; with room again they work', (t) =>
  smallDisk(async (root) => {
    const gantry = new Gantry({ args: ['--data-root', root] });
    try {
      await gantry.start();
      await gantry.loadBusybox();
      const registry = await FakeRegistry.start(t);
      const large = tarOf([file('large', randomBytes(20 << 20))]);
      const small = tarOf([file('small', 's'.repeat(1000))]);
      registry.putImage('large', 'v1', { layers: [large] });
      registry.putImage('small', 'v1', { layers: [small] });
      const api = gantry.api();
      const pull = async (name: string) =>
        (await api.post(`/images/create?fromImage=${registry.host}/${name}&tag=v1`)).text;
      const before = there(root);

      assert.match(await pull('large'), FULL);
      assert.deepEqual(there(root), before, 'after a pull');
      assert.match(
        (await loadError(api, dockerArchiveOf([{ tags: ['large:1'], layers: [large] }]))) ?? '',
        FULL,
      );
      assert.deepEqual(there(root), before, 'after a load');
      const headers = { 'content-type': 'application/x-tar' };
      assert.match((await api.post('/images/create?fromSrc=-&repo=large', large, { headers })).text, FULL);
      assert.deepEqual(there(root), before, 'after an import');
      assert.deepEqual(await names(gantry), ['busybox:latest']);

      const write = ['sh', '-c', 'dd if=/dev/urandom of=/mine bs=1M count=12 2>/dev/null'];
      await gantry.dockerOk('run', '--name', 'wrote', '--network', 'none', 'busybox', ...write);
      const committed = await api.post('/commit?container=wrote&repo=committed');
      assert.ok(committed.status >= 500, committed.text);
      assert.match(committed.text, FULL);
      assert.deepEqual(there(root), before, 'after a commit');
      await gantry.dockerOk('rm', 'wrote');

      while (readdirSync(join(root, 'trash')).length > 0)
        await new Promise((resolve) => setTimeout(resolve, 10));
      const filler = join(root, 'filler');
      fill(filler);
      const made = await api.post('/containers/create?name=made', { Image: 'busybox' });
      assert.ok(made.status >= 500, `${made.status} ${made.text}`);
      assert.deepEqual((await api.get('/containers/json?all=1')).json(), []);
      assert.equal((await api.get('/_ping')).status, 200);
      rmSync(filler);

      await gantry.dockerOk('create', '--name', 'made', '--network', 'none', 'busybox', 'true');
      assert.ok(!(await pull('small')).includes('errorDetail'));
      assert.deepEqual(await names(gantry), [`${registry.host}/small:v1`, 'busybox:latest']);
      await gantry.dockerOk('rm', 'made');
      await gantry.stop();
      assert.deepEqual(
        (await examineDataRoot(root)).findings.filter(({ is }) => is === 'damage'),
        [],
      );
    } finally {
      await gantry.end();
    }
  }));
