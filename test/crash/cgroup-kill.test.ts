import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Gantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

/** Where processes are ended together: version 2 has one hierarchy. */
const ROOT =
  ['/sys/fs/cgroup', '/sys/fs/cgroup/memory'].find((path) => existsSync(`${path}/cgroup.procs`)) ?? '';

/** A launcher that starts the engine in a cgroup, which ends with the test. */
function launcherIn(cgroup: string, directory: string): string {
  const file = join(directory, 'launcher');
  const program = join(import.meta.dirname, '../../bin/gantry');
  writeFileSync(file, `#!/bin/sh\necho $$ >${cgroup}/cgroup.procs\nexec ${program} "$@"\n`, { mode: 0o755 });
  return file;
}

const pidsIn = (cgroup: string): number[] =>
  readFileSync(`${cgroup}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number);

test('RC-S03: when everything in the daemon’s cgroup is killed at once, a terminal stays, an open stdin waits, and what ends meanwhile is read', async (t) => {
  const cgroup = `${ROOT}/gantry-test-${process.pid}`;
  mkdirSync(cgroup);
  const home = mkdtempSync(join(tmpdir(), 'gantry-launcher-'));
  const gantry = new Gantry({ program: launcherIn(cgroup, home) });
  t.after(async () => {
    await gantry.end();
    rmSync(home, { recursive: true });
    rmdirSync(cgroup);
  });
  await gantry.start();
  await gantry.loadBusybox();
  const run = (name: string, ...more: readonly string[]) =>
    gantry.dockerOk('run', '-d', '--name', name, '--net', 'none', ...more);
  await run(
    'tty',
    '-t',
    'busybox',
    'sh',
    '-c',
    'i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo $i; sleep 0.1; done; exit 7',
  );
  await run('reads', '-i', 'busybox', 'sh', '-c', 'read line; echo "got $line"; exit 8');
  await run('ends', 'busybox', 'sh', '-c', 'sleep 1; echo last; exit 9');
  const holders = ['keeper', 'keeper-2'].map((name) =>
    parseInt(readFileSync(join(gantry.execRoot, name), 'utf8'), 10),
  );
  await until(() => !pidsIn(cgroup).includes(holders[1] ?? 0)); // it has been moved
  const pids = pidsIn(cgroup);
  assert.ok(pids.includes(gantry.pid) && pids.includes(holders[0] ?? 0), String(pids));
  process.kill(gantry.pid, 'SIGSTOP');
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await gantry.kill9();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await gantry.start();
  const told = await gantry.docker(['attach', 'reads'], { input: 'hello\n' });
  assert.deepEqual([told.code, told.stdout], [8, 'got hello\n'], told.stderr);
  assert.equal(await gantry.dockerOk('wait', 'tty', 'ends'), '7\n9');
  const lines = Array.from({ length: 30 }, (_, i) => `${i + 1}`);
  assert.deepEqual((await gantry.dockerOk('logs', 'tty')).split(/\s+/).filter(Boolean), lines);
  assert.equal(await gantry.dockerOk('logs', 'ends'), 'last');
});
