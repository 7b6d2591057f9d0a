/** An engine where mounts are shared, as systemd makes them on most hosts: some system calls refuse what is shared. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';

const ROOT = join(import.meta.dirname, '../..');

/** A launcher of an engine in a namespace of its own, with a mount at `tree/below`. */
function launcherIn(directory: string): string {
  const program = join(directory, 'launcher');
  mkdirSync(join(directory, 'tree/below'), { recursive: true });
  const inside = `mount -t tmpfs below ${directory}/tree/below && exec "$0" "$@"`;
  writeFileSync(
    program,
    `#!/bin/sh\nexec sh '${ROOT}/tools/on-shared-mounts.sh' sh -c '${inside}' '${ROOT}/bin/gantry' "$@"\n`,
  );
  chmodSync(program, 0o755);
  return program;
}

test('files are copied in and out, and containers committed and exported, where mounts are shared', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-shared-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const gantry = await startGantry(t, { program: launcherIn(directory) });
  const [here, there] = [join(directory, 'here'), join(directory, 'there')];
  writeFileSync(here, 'hello');
  const run = ['run', '-d', '--name', 'box', '--network', 'none', '-v', 'kept:/kept', '--tmpfs', '/memory'];
  await gantry.dockerOk(...run, 'busybox', 'sleep', '1000');
  for (const place of ['/tmp/x', '/kept/x', '/memory/x']) {
    await gantry.dockerOk('cp', here, `box:${place}`);
    await gantry.dockerOk('cp', `box:${place}`, there);
    assert.equal(readFileSync(there, 'utf8'), 'hello', place);
  }
  await gantry.dockerOk('kill', 'box');
  await gantry.dockerOk('cp', here, 'box:/kept/y');
  await gantry.dockerOk('commit', 'box', 'boxed');
  await gantry.dockerOk('export', '-o', there, 'box');
  const seen = ['run', '--rm', '--network', 'none', '-v', 'kept:/kept', 'boxed', 'cat', '/tmp/x', '/kept/y'];
  assert.equal(await gantry.dockerOk(...seen), 'hellohello');
});

test('what is mounted below a directory stays when a second container has it from the host too', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-shared-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const gantry = await startGantry(t, { program: launcherIn(directory) });
  const isThere = () =>
    readFileSync(`/proc/${gantry.pid}/mounts`, 'utf8').includes(`${directory}/tree/below`);
  assert.ok(isThere());
  const run = ['run', '-d', '--network', 'none', '-v', `${directory}/tree:/tree`, 'busybox', 'sleep', '1000'];
  // The first could exchange names in it, so that the second gets a copy of the mounts.
  for (const _ of [1, 2]) await gantry.dockerOk(...run);
  assert.ok(isThere());
});
