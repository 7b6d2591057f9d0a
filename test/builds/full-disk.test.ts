/** Builds on a disk that runs full: each says so, leaves nothing, and the next one is right when there is room again. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { examineDataRoot } from '../../src/engine/index.ts';
import { build } from '../harness/building.ts';
import { fill, smallDisk } from '../harness/full-disk.ts';
import { Gantry } from '../harness/gantry.ts';
import { file } from '../harness/layered.ts';
import { until } from '../harness/until.ts';

const FULL = /no space left|ENOSPC|disk is full/i;

const there = (root: string) => ({
  layers: readdirSync(join(root, 'l')).length,
  blobs: readdirSync(join(root, 'content/blobs/sha256')).length,
  left: ['staging', 'trash', 'w'].flatMap((name) => readdirSync(join(root, name))),
});

test('SC-DOS-11, RC-D02: a build for which the disk is too small says so and leaves nothing, wherever it was', (t) =>
  smallDisk(async (root) => {
    const gantry = new Gantry({ args: ['--data-root', root] });
    const prune = async (): Promise<void> => {
      await gantry.api().post('/images/prune');
      await gantry.api().post('/build/prune?all=1');
    };
    try {
      await gantry.start();
      await gantry.loadBusybox();
      const before = await until(
        () => there(root),
        ({ left }) => left.length === 0,
      );
      const large = file('large', randomBytes(12 << 20));
      for (const [where, dockerfile, members] of [
        ['while the context comes', 'FROM busybox\n', [file('huge', randomBytes(40 << 20))]],
        ['in COPY', 'FROM busybox\nCOPY large /a\nCOPY large /b\n', [large]],
        ['in RUN', 'FROM busybox\nRUN cat /dev/urandom >/x\n', []],
        ['after RUN', 'FROM busybox\nRUN dd if=/dev/urandom of=/x bs=1M count=16\n', []],
      ] as const) {
        const { error } = await build(gantry, dockerfile, members);
        t.diagnostic(`${where}: ${error.slice(0, 200)}`);
        // What a command prints then has no room in its log: its status is all that is told.
        assert.match(error, where === 'in RUN' ? /returned a non-zero code: 1$/ : FULL, where);
        await prune();
        await until(
          () => there(root),
          (seen) => JSON.stringify(seen) === JSON.stringify(before),
        );
      }
      fill(join(root, 'filler'));
      const { error } = await build(gantry, 'FROM busybox\nLABEL a=b\nRUN true\n');
      t.diagnostic(`full: ${error.slice(0, 200)}`);
      assert.match(error, FULL);
      rmSync(join(root, 'filler'));
      const next = await build(gantry, 'FROM busybox\nCOPY f /f\nRUN cat /f; echo\n', [file('f', 'right')]);
      assert.match(next.said, /\nright\n/);
      await prune();
      await until(
        () => there(root).left,
        (left) => left.length === 0,
      );
      assert.deepEqual((await examineDataRoot(root)).findings, []);
    } finally {
      await gantry.end();
    }
  }));
