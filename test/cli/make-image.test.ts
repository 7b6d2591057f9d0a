/** `gantry make-image`: base images from Debian's packages, that run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/gantry');
const makeImage = (gantry: Gantry, ...argv: string[]) =>
  spawnSync(PROGRAM, ['make-image', ...argv], {
    encoding: 'utf8',
    env: { ...process.env, DOCKER_HOST: gantry.host },
  });

test('busybox is made under the name that was asked for, and runs', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  const { status, stdout, stderr } = makeImage(gantry, 'busybox', 'tools/bb:v1');
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^tools\/bb:v1 is sha256:[0-9a-f]{64}\n$/);
  assert.equal(
    await gantry.dockerOk('run', '--rm', 'tools/bb:v1', 'sh', '-c', 'id -un; ls -ld /tmp | cut -c1-10'),
    'root\ndrwxrwxrwt',
  );
});

test('Debian is made from its own packages, and its programs run', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  const { status, stdout, stderr } = makeImage(gantry, 'debian');
  assert.equal(status, 0, stderr);
  const suite = /VERSION_CODENAME=(\w+)/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  assert.ok(stdout.startsWith(`debian:${suite} is sha256:`), stdout);
  const run = (...argv: string[]) => gantry.dockerOk('run', '--rm', `debian:${suite}`, ...argv);
  assert.match(await run('cat', '/etc/os-release'), /^ID=debian$/m);
  assert.equal(await run('dpkg', '--audit'), '');
});

test('a maker that fails leaves no image', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  const { status, stderr } = makeImage(
    gantry,
    'debian',
    '--suite',
    'no-such-suite',
    '--mirror',
    'http://127.0.0.1:9/',
  );
  assert.equal(status, 1);
  assert.match(stderr, /gantry: .*mmdebstrap failed \(exit code \d+\)\n$/);
  assert.equal(await gantry.dockerOk('images', '-q'), '');
});
