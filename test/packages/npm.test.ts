/** The npm package: packed from this checkout, installed as a user does, run. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';

const ROOT = join(import.meta.dirname, '../..');
const directory = mkdtempSync(join(tmpdir(), 'gantry-npm-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const npm = (...argv: string[]): string =>
  execFileSync('npm', argv, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

let packed: Packed | undefined;
/** The package's file and what is in it. */
function pack(): Packed {
  packed ??= (JSON.parse(npm('pack', '--json', '--pack-destination', directory)) as Packed[])[0];
  assert.ok(packed !== undefined);
  return packed;
}

test('the package has what runs and what tells of it, and neither sources nor tests', () => {
  const paths = pack().files.map(({ path }) => path);
  for (const path of ['bin/gantry', 'dist/gantry.js', 'dist/records.worker.js', 'LICENSE', 'docs/install.md'])
    assert.ok(paths.includes(path), path);
  assert.deepEqual(
    paths.filter((path) => /^(src|test|tools|bench|conformance|node_modules)\/|\.test\.|\.map$/.test(path)),
    [],
  );
});

test('installed by npm, its gantry tells its version, starts, and runs a container', async (t) => {
  const prefix = join(directory, 'prefix');
  const file = join(directory, pack().filename);
  npm('install', '--global', '--prefix', prefix, '--prefer-offline', '--ignore-scripts', '--no-audit', file);
  const program = join(prefix, 'bin/gantry');
  const { stdout, stderr } = spawnSync(program, ['version'], { encoding: 'utf8', cwd: '/' });
  assert.equal(stderr, '');
  assert.doesNotMatch(stdout, /running from source/);
  const gantry = await startGantry(t, { program });
  assert.equal(await gantry.dockerOk('run', '--rm', 'busybox', 'echo', 'packed'), 'packed');
});
