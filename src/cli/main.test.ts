/** The command line as a user meets it: one line on stderr and exit code 1 for every mistake. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { settings } from '../daemon/settings.ts';
import { daemonCommand, daemonOptions } from './daemon.ts';
import { modernArguments } from './main.ts';

const root = join(import.meta.dirname, '../..');
const gantry = (...argv: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...argv], { encoding: 'utf8' });

/** Parses flags as `gantry daemon` does, without running anything. */
function optionsOf(...argv: string[]) {
  const command = daemonCommand(() => undefined)
    .exitOverride()
    .action(() => undefined);
  command.parse(argv, { from: 'user' });
  return daemonOptions(command.opts());
}

const same: readonly [string[], string[]][] = [
  [
    ['-d', '-H', 'unix:///x'],
    ['daemon', '-H', 'unix:///x'],
  ],
  [
    ['-H', 'unix:///x', '-d'],
    ['daemon', '-H', 'unix:///x'],
  ],
  [
    ['-D', '--daemon', '-g', '/x'],
    ['daemon', '-D', '-g', '/x'],
  ],
  [
    ['daemon', '-d'],
    ['daemon', '-d'],
  ],
  [['version'], ['version']],
  [['system', 'dial-stdio'], ['dial-stdio']],
  [
    ['--host', 'unix:///x', 'system', 'dial-stdio'],
    ['dial-stdio', '--host', 'unix:///x'],
  ],
  [
    ['system', 'df'],
    ['system', 'df'],
  ],
];
for (const [given, modern] of same)
  test(`gantry ${given.join(' ')} means gantry ${modern.join(' ')}`, () =>
    assert.deepEqual(modernArguments(given), modern));

test('flags that repeat are collected, old spellings count, the last of a single value wins', () => {
  const options = optionsOf(
    '-H', 'unix:///a', '--host=tcp://127.0.0.1:1', '--label', 'a=1', '--label', 'b=2', '-g', '/old', '-D', '-l', 'warn',
    '--add-runtime', 'mine=/opt/mine', '--default-ulimit', 'nofile=5:6', '--log-opt', 'max-size=1m', '--mtu', '1400', '--mtu', '1300',
  ); // biome-ignore format: pairs
  assert.equal(options.hosts.length, 2);
  assert.deepEqual(options.labels, ['a=1', 'b=2']);
  assert.equal(options.dataRoot, '/old');
  assert.equal(options.logLevel, 'debug');
  assert.equal(options.runtimes.get('mine')?.path, '/opt/mine');
  assert.deepEqual(options.defaultUlimits.get('nofile'), { soft: 5, hard: 6 });
  assert.deepEqual(options.logOptions, { 'max-size': '1m' });
  assert.equal(options.mtu, 1300);
});
for (const [argv, level] of [
  [[], 'info'],
  [['-D'], 'debug'],
  [['--debug=false'], 'info'],
  [['--debug', 'true'], 'debug'],
  [['-D=false'], 'info'],
  [['-D', '--debug=0'], 'info'],
] as const)
  test(`switches: ${argv.join(' ') || 'nothing'} means level ${level}`, () =>
    assert.equal(optionsOf(...argv).logLevel, level));

const mistakes: readonly [string[], RegExp][] = [
  [['daemon', '--no-such-flag'], /unknown option '--no-such-flag'/],
  [['daemon', '--host'], /argument missing/],
  [['daemon', 'stray'], /too many arguments/],
  [['-d', '--log-level', 'loud'], /log-level: unknown "loud"/],
  [['daemon', '--config-file', '/nonexistent/daemon.json'], /\/nonexistent\/daemon\.json: ENOENT/],
  [['daemon', '--default-ulimit', 'nofile=x'], /--default-ulimit nofile=x: not SOFT/],
  [['daemon', '--label', 'x'], /label x: not KEY=VALUE/],
  [['nonsense'], /unknown command 'nonsense'/],
  [['make-image', 'fedora'], /unknown kind of image fedora/],
  [
    ['make-image', 'busybox', '-H', 'unix:///nonexistent/s'],
    /no engine answers at unix:\/\/\/nonexistent\/s/,
  ],
  [['dial-stdio', '-H', 'unix:///nonexistent/s'], /no engine answers at unix:\/\/\/nonexistent\/s/],
  [['system', 'dial-stdio', '-H', 'ssh://x'], /host ssh:\/\/x: not unix/],
  [['system', 'df'], /unknown command 'system'/],
  [['make-image', 'busybox', '-H', 'ssh://x'], /host ssh:\/\/x: not unix/],
];
for (const [argv, message] of mistakes)
  test(`gantry ${argv.join(' ')} says one line and exits with 1`, () => {
    const { status, stdout, stderr } = gantry(...argv);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, message);
    assert.match(stderr, /^gantry: [^\n]*\n$/);
  });

test('gantry version tells the Node.js that runs it', () => {
  const { status, stdout } = gantry('version');
  assert.equal(status, 0);
  assert.ok(stdout.includes(process.version) && stdout.includes(process.execPath));
});

test('the help names every flag, and the page on options every key and flag', () => {
  const help = daemonCommand(() => undefined).helpInformation();
  const page = readFileSync(join(root, 'docs/daemon-options.md'), 'utf8');
  for (const { key, flags = '' } of settings) {
    const long = /--[a-z-]+/.exec(flags)?.[0] ?? '';
    assert.ok(help.includes(long), `help lacks ${long}`);
    assert.ok(page.includes(`\`${long}`), `docs/daemon-options.md lacks ${long}`);
    assert.ok(page.includes(`\`${key}\``), `docs/daemon-options.md lacks the key ${key}`);
  }
});
