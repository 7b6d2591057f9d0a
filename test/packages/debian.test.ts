/**
 * The Debian package on a bare Debian: installed, run, upgraded over a running container, removed, purged. There is no
 * systemd, so the daemon is started by hand as its unit would. Debian 12; with GANTRY_SCENES=all Debian 13 too.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  createReadStream,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { debianPackages, debianRootfs, debianWith } from '../harness/debian.ts';
import { type DebianRoot, debianRoot } from '../harness/debian-root.ts';
import { runDocker } from '../harness/docker.ts';
import { Api } from '../harness/http.ts';
import { busyboxArchive } from '../harness/image.ts';
import { until } from '../harness/until.ts';

const ROOT = join(import.meta.dirname, '../..');
const NEEDED = ['crun', 'xz-utils', 'bzip2', 'kmod', 'ca-certificates'];
/** It tells how far it has come, and never misses a number. */
const COUNTS = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done';

const directory = mkdtempSync(join(tmpdir(), 'gantry-deb-test-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const made = new Map<string, string>();
/** The package in that version, not compressed. */
function deb(version: string): string {
  const before = made.get(version);
  if (before !== undefined) return before;
  const argv = [join(ROOT, 'tools/node'), join(ROOT, 'tools/deb/main.ts')];
  const options = ['--plain', '--version', version, '--out', directory];
  const file = execFileSync('sh', [...argv, ...options], { encoding: 'utf8' }).trim();
  made.set(version, file);
  return file;
}

/** A bare system with what the package depends on. */
async function bare(t: TestContext, suite: string): Promise<DebianRoot> {
  if (suite !== 'bookworm') return debianRoot(t, await debianWith(suite, NEEDED));
  const root = await debianRoot(t, await debianRootfs(suite));
  const debs = await debianPackages(NEEDED);
  const files = globSync('*.deb', { cwd: debs });
  mkdirSync(join(root.path, 'debs'));
  for (const name of files) execFileSync('cp', [join(debs, name), join(root.path, 'debs')]);
  root.ok('sh', '-c', 'dpkg --install /debs/*.deb && rm -r /debs');
  return root;
}

function install(root: DebianRoot, version: string): string {
  const file = deb(version);
  execFileSync('cp', [file, root.path]);
  const output = root.ok('dpkg', '--install', `/${basename(file)}`);
  rmSync(join(root.path, basename(file)));
  return output;
}

/** What dpkg writes for itself, and backups of files that it keeps. */
const DPKGS =
  /^\/(var\/(lib\/dpkg|log|cache)\/|etc\/(passwd|shadow|group|gshadow|subuid|subgid)-$|run\/|tmp\/)/;
/** Every file with what it holds, for comparison. */
function files(root: DebianRoot): string[] {
  const list = String.raw`find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /mnt \) -prune -o -type f -exec md5sum {} + -o -printf '%y  %p %l\n' | sort -k2`;
  return root
    .ok('sh', '-c', list)
    .split('\n')
    .filter((line) => !DPKGS.test(line.replace(/^\S+ {2}/, '')));
}

/** The daemon as its unit starts it, on the unit's socket; it answers when this resolves. */
async function startDaemon(root: DebianRoot): Promise<Api> {
  const unit = readFileSync(join(root.path, 'usr/lib/systemd/system/gantry.service'), 'utf8');
  const socket = readFileSync(join(root.path, 'usr/lib/systemd/system/gantry.socket'), 'utf8');
  const path = /^ListenStream=(.*)$/m.exec(socket)?.[1] ?? '';
  const line = /^ExecStart=(.*)$/m.exec(unit)?.[1]?.replace('fd://', `unix://${path}`) ?? '';
  const log = openSync(join(directory, 'daemon.log'), 'a');
  root.start(log, 'sh', '-c', `set -a; . /etc/default/gantry; exec ${line}`);
  const api = new Api(join(root.path, path), undefined);
  const answers = (): Promise<boolean> =>
    api.get('/_ping').then(
      ({ status }) => status === 200,
      () => false,
    );
  assert.ok(await until(answers), readFileSync(join(directory, 'daemon.log'), 'utf8'));
  return api;
}

async function stopDaemon(root: DebianRoot): Promise<void> {
  const pid = Number(readFileSync(join(root.path, 'run/gantry.pid'), 'utf8'));
  process.kill(pid, 'SIGTERM');
  await until(() => !root.processes().includes(pid));
}

const docker = async (api: Api, ...argv: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runDocker(`unix://${api.socketPath}`, directory, argv);
  assert.equal(code, 0, `docker ${argv.join(' ')}: ${stderr}`);
  return stdout.trim();
};

/** The numbers that the container has told; each once and in order, whatever happened to the daemon. */
async function told(api: Api, id: string): Promise<number> {
  const numbers = (await docker(api, 'logs', id)).split('\n').map(Number);
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 1),
  );
  return numbers.length;
}

/** Nothing of the engine runs, and nothing of it is in the kernel. */
function assertQuiet(root: DebianRoot): void {
  assert.deepEqual(root.processes(), []);
  const links = root.network('ip', '-o', 'link').split('\n').filter(Boolean);
  assert.deepEqual(
    links.filter((line) => !/^\d+: lo:/.test(line)),
    [],
  );
  assert.equal(root.network('nft', 'list', 'ruleset'), '');
  assert.doesNotMatch(root.ok('cat', '/proc/self/mountinfo'), / \/(var\/lib|run)\/gantry\//);
}

/** Without any runtime the daemon ends at once, and says what to install. */
async function assertTellsOfMissingRuntime(root: DebianRoot): Promise<void> {
  const [crun, away] = ['usr/bin/crun', 'usr/bin/crun.away'].map((path) => join(root.path, path));
  renameSync(crun ?? '', away ?? '');
  const { status, output } = root.run('gantry', 'daemon');
  assert.equal(status, 1);
  assert.match(output, /this host cannot run the engine:[\s\S]*crun[\s\S]*apt-get install crun/);
  renameSync(away ?? '', crun ?? '');
}

/** A life of the package on that release, from the bare system to the bare system. */
async function live(t: TestContext, suite: string): Promise<void> {
  const root = await bare(t, suite);
  const before = files(root);
  install(root, '0.1.0-1');
  assert.match(root.ok('gantry', 'version'), /^Gantry: +0\.1\.0$/m);
  assert.match(root.ok('getent', 'group', 'docker'), /^docker:/);
  assert.deepEqual(root.processes(), [], 'nothing is started where systemd does not run');
  await assertTellsOfMissingRuntime(root);
  let api = await startDaemon(root);
  const log = join(directory, 'daemon.log');
  await until(
    () => readFileSync(log, 'utf8'),
    (text) => /^ {2}gantry make-image busybox$/m.test(text),
  );
  assert.equal((await api.post('/images/load', createReadStream(busyboxArchive().file))).status, 200);
  assert.equal(await docker(api, 'run', '--rm', 'busybox', 'echo', 'installed'), 'installed');
  const id = await docker(
    api,
    'run',
    '-d',
    '--name',
    'counter',
    '-p',
    '8080:80',
    'busybox',
    'sh',
    '-c',
    COUNTS,
  );
  const pid = await docker(api, 'inspect', '-f', '{{.State.Pid}}', id);
  const early = await told(api, id);

  install(root, '0.1.0-2');
  await stopDaemon(root);
  api = await startDaemon(root);
  assert.equal(await docker(api, 'inspect', '-f', '{{.State.Pid}} {{.State.Running}}', id), `${pid} true`);
  assert.ok(
    (await until(
      () => told(api, id),
      (count) => count > early,
    )) > early,
  );

  root.ok('dpkg', '--remove', 'gantry');
  await until(() => root.processes().length === 0);
  assertQuiet(root);
  assert.ok(files(root).some((line) => line.endsWith('  /etc/default/gantry')));

  install(root, '0.1.0-2');
  api = await startDaemon(root);
  assert.equal(await docker(api, 'ps', '-a', '--format', '{{.Names}}'), 'counter');
  assert.ok((await told(api, id)) >= early, 'its log is data, and is kept');

  root.ok('dpkg', '--purge', 'gantry');
  assertQuiet(root);
  assert.deepEqual(
    files(root).filter((line) => !/ \/var\/lib\/gantry(\/| $)/.test(line)),
    before,
  );
  assert.ok(files(root).some((line) => line.includes(' /var/lib/gantry/')));
}

test('Debian 12: installed, run, upgraded over a running container, removed; only data is left', (t) =>
  live(t, 'bookworm'));

const skip = process.env.GANTRY_SCENES === 'all' ? false : 'only with GANTRY_SCENES=all';
test('Debian 13: the same', { skip }, (t) => live(t, 'trixie'));

test('made twice, the package has the same bytes', { skip }, (t) => {
  const first = readFileSync(deb('0.1.0-1'));
  made.clear();
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  assert.ok(readFileSync(deb('0.1.0-1')).equals(first));
});

test('units are enabled and started by way of policy-rc.d, and Docker is not pushed aside', {
  skip,
}, async (t) => {
  const root = await bare(t, 'bookworm');
  install(root, '0.1.0-1');
  mkdirSync(join(root.path, 'run/systemd/system'), { recursive: true });
  const program = (path: string, script: string): void => {
    writeFileSync(join(root.path, path), `#!/bin/sh\n${script}\n`);
    chmodSync(join(root.path, path), 0o755);
  };
  const configure = (...argv: string[]): string[] => {
    writeFileSync(join(root.path, 'asked'), '');
    root.ok('/var/lib/dpkg/info/gantry.postinst', 'configure', ...argv);
    return readFileSync(join(root.path, 'asked'), 'utf8')
      .split('\n')
      .filter((line) => / (start|restart) /.test(line));
  };
  const enabled = 'case "$*" in *is-enabled*) echo enabled ;; *is-active*docker*) exit 3 ;; esac';
  program('usr/bin/systemctl', `echo "$@" >>/asked\n${enabled}`);
  assert.deepEqual(configure(), [
    '--quiet --system start gantry.socket',
    '--quiet --system start gantry.service',
  ]);
  assert.deepEqual(configure('0.0.9'), [
    '--quiet --system start gantry.socket',
    '--quiet --system restart gantry.service',
  ]);
  program('usr/sbin/policy-rc.d', 'exit 101');
  assert.deepEqual(configure(), []);
  rmSync(join(root.path, 'usr/sbin/policy-rc.d'));
  program('usr/bin/systemctl', 'echo "$@" >>/asked\ncase "$*" in *is-enabled*) exit 1 ;; esac');
  assert.deepEqual(configure(), []);
});
