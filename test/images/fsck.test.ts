/** `gantry fsck` on the data root of a real engine: beside it, after its death, and when something was damaged. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/gantry');

const fsck = (dataRoot: string): Promise<{ code: number; text: string }> =>
  new Promise((resolve) =>
    execFile(
      PROGRAM,
      ['fsck', '--data-root', dataRoot],
      { timeout: 60_000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr }),
    ),
  );

const made = (gantry: Gantry) =>
  gantry.dockerOk('create', '--name', 'kept', '--network', 'none', '-v', 'data:/data', 'busybox', 'true');

test('fsck finds a store sound beside its daemon and after its death, and tells what is damaged', async (t) => {
  const gantry = await startGantry(t);
  await made(gantry);
  const beside = await fsck(gantry.dataRoot);
  assert.equal(beside.code, 0, beside.text);
  assert.equal(
    beside.text,
    'looked at 2 blobs, 1 layers, 1 images, 1 names, 1 containers, 1 volumes, 0 running: sound\na daemon is running: what is under way was not looked at\n',
  );
  await gantry.kill9();
  const after = await fsck(gantry.dataRoot);
  assert.deepEqual([after.code, after.text.split('\n').length], [0, 2], after.text);
  await gantry.start();
  await gantry.dockerOk('rm', 'kept');
  await gantry.stop();
  rmSync(join(gantry.dataRoot, 'volumes/data'), { recursive: true });
  const damaged = await fsck(gantry.dataRoot);
  assert.equal(damaged.code, 1);
  assert.match(
    damaged.text,
    /^damage: volume data: its directory .*volumes\/data\/_data is missing\n.*: 1 damaged\n$/,
  );
});

test('what is no data root is not looked at', async () => {
  const { code, text } = await fsck('/proc/self');
  assert.deepEqual([code, text], [1, 'gantry: /proc/self is no data root of Gantry\n']);
});
