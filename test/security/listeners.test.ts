/** Security cases SC-WEB-08 to 12: what the daemon opens on its host, and what it leaves alone there. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { freePort } from '../harness/registry.ts';
import { subnetAt } from '../harness/subnets.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/gantry');

function directory(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'gantry-web-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A daemon that is expected to refuse: its exit code and its last words. */
function refused(root: string, ...argv: string[]): { status: number | null; stderr: string } {
  const roots = ['--data-root', `${root}/data`, '--exec-root', `${root}/exec`, '--bridge', 'none'];
  const pid = argv.includes('--pidfile') ? [] : ['--pidfile', `${root}/pid`];
  return spawnSync(PROGRAM, ['daemon', ...roots, ...pid, ...argv], { encoding: 'utf8', timeout: 30_000 });
}

/** TCP sockets that a process listens on, as `ADDRESS:PORT` in hex. */
function listening(pid: number): string[] {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const link = spawnSync('readlink', [`/proc/${pid}/fd/${fd}`], { encoding: 'utf8' }).stdout;
      const inode = /^socket:\[(\d+)\]/.exec(link)?.[1];
      if (inode) inodes.add(inode);
    } catch {
      // closed meanwhile
    }
  }
  return ['tcp', 'tcp6'].flatMap((family) =>
    readFileSync(`/proc/${pid}/net/${family}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((cells) => cells[3] === '0A' && inodes.has(cells[9] ?? ''))
      .map((cells) => cells[1] ?? ''),
  );
}

test('SC-WEB-08: nothing listens on the network unless it was asked for', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  assert.deepEqual(listening(gantry.pid), []);
  const { Warnings } = (await gantry.api('1.41').get('/info')).json<{ Warnings: string[] }>();
  assert.equal(Warnings.filter((each) => each.includes('accessible')).length, 0);
});

test('SC-WEB-08: plain addresses are warned of at the start and in info, the open ones by who reaches them', async (t) => {
  const [one, two] = [await freePort(), await freePort()];
  const hosts = ['-H', `tcp://127.0.0.1:${one}`, '-H', `tcp://0.0.0.0:${two}`];
  const gantry = await startGantry(t, { busybox: false, args: hosts });
  assert.equal(listening(gantry.pid).length, 2);
  const { Warnings } = (await gantry.api('1.41').get('/info')).json<{ Warnings: string[] }>();
  const doors = Warnings.filter((each) => each.includes('accessible'));
  assert.equal(doors.length, 2);
  assert.match(
    doors[0] ?? '',
    new RegExp(
      `^WARNING: API is accessible on http://127\\.0\\.0\\.1:${one} without encryption\\. .*of this host`,
    ),
  );
  assert.match(
    doors[1] ?? '',
    new RegExp(
      `^WARNING: API is accessible on http://0\\.0\\.0\\.0:${two} without encryption\\. Every machine`,
    ),
  );
  assert.equal((await gantry.api('1.38').get('/info')).json().Warnings, undefined, 'new in 1.39');
  const shown = await gantry.docker(['info']);
  for (const door of doors)
    assert.ok(shown.stderr.includes(door) || shown.stdout.includes(door), shown.stderr);
  for (const door of doors) assert.ok(gantry.log().includes(door), 'in the log');
  for (const port of [one, two]) {
    const { code, stderr } = await gantry.docker(['-H', `tcp://127.0.0.1:${port}`, 'ps']);
    assert.equal(code, 0, stderr);
  }
});

/**
 * What a container is told when it asks the engine at addresses, one after the other: an answer, or how it failed. A name
 * of its hosts file is looked up there: the static busybox has no resolver.
 */
const askedFrom = (
  gantry: Gantry,
  network: string,
  hosts: readonly string[],
  port: number,
): Promise<string> => {
  const ask = `for host in ${hosts.join(' ')}; do
    address=$(awk -v name=$host '$2 == name { print $1; exit }' /etc/hosts)
    printf 'GET /_ping HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nConnection: close\\r\\n\\r\\n' | nc -w 3 \${address:-$host} ${port} 2>&1 | head -n 1
  done`;
  const alias = ['--add-host', 'host.docker.internal:host-gateway'];
  return gantry.dockerOk('run', '--rm', '--net', network, ...alias, 'busybox', 'sh', '-c', ask);
};

test('SC-WEB-09: no container reaches the engine at an address that it does not listen on for containers', async (t) => {
  const [loopback, everywhere] = [await freePort(), await freePort()];
  const doors = ['-H', `tcp://127.0.0.1:${loopback}`, '-H', `tcp://0.0.0.0:${everywhere}`];
  const gantry = await startGantry(t, { args: doors });
  await gantry.dockerOk('network', 'create', '--subnet', subnetAt(0), 'own');
  await gantry.dockerOk('network', 'create', '--internal', '--subnet', subnetAt(1), 'inner');
  for (const network of ['bridge', 'own', 'inner']) {
    const gateway = await gantry.dockerOk(
      'network',
      'inspect',
      '-f',
      '{{(index .IPAM.Config 0).Gateway}}',
      network,
    );
    const hosts = ['127.0.0.1', gateway, 'host.docker.internal', 'localhost'];
    const failures = (await askedFrom(gantry, network, hosts, loopback)).split('\n');
    assert.equal(failures.length, hosts.length, failures.join());
    for (const failure of failures) assert.match(failure, /can't connect .*: Connection refused/, network);
    // What was bound for everybody is reached: the attack above was delivered.
    assert.match(await askedFrom(gantry, network, [gateway], everywhere), /^HTTP\/1\.1 200/, network);
  }
});

test('SC-WEB-10: the socket is for root and its group alone, whatever the umask and the directory', async (t) => {
  const open = directory(t);
  chmodSync(open, 0o777);
  const path = join(open, 's');
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const gantry = await startGantry(t, { busybox: false, args: ['-H', `unix://${path}`, '-G', 'root'] });
  const { mode, uid, gid } = statSync(path);
  assert.deepEqual([mode & 0o777, uid, gid], [0o660, 0, 0]);
  const connect = `require('net').connect(${JSON.stringify(path)}).on('error', (e) => console.log(e.code)).on('connect', () => process.exit(9))`;
  const other = spawnSync(process.execPath, ['-e', connect], { uid: 65534, gid: 65534, encoding: 'utf8' });
  assert.deepEqual([other.status, other.stdout.trim()], [0, 'EACCES']);
  assert.equal(gantry.running, true);
});

test('SC-WEB-10: what is no socket, and a link, is left alone', (t) => {
  const root = directory(t);
  const file = join(root, 'precious');
  writeFileSync(file, 'precious');
  for (const made of ['file', 'link', 'dangling', 'directory'] as const) {
    const path = join(root, made);
    if (made === 'file') writeFileSync(path, 'mine');
    else if (made === 'directory') mkdirSync(path);
    else symlinkSync(made === 'link' ? file : join(root, 'nowhere'), path);
    const before = lstatSync(path);
    const { status, stderr } = refused(root, '-H', `unix://${path}`);
    assert.equal(status, 1, made);
    assert.match(stderr.split('\n').find((line) => line.startsWith('gantry: ')) ?? '', /is no socket$/, made);
    assert.deepEqual([lstatSync(path).ino, lstatSync(path).mode], [before.ino, before.mode]);
  }
  assert.equal(readFileSync(file, 'utf8'), 'precious');
  assert.equal(existsSync(join(root, 'nowhere')), false);
});

test('SC-WEB-10: a link to the socket of somebody else is no way to take it away', async (t) => {
  const root = directory(t);
  const server = createServer().listen(join(root, 'other'));
  await once(server, 'listening');
  t.after(() => server.close());
  symlinkSync(join(root, 'other'), join(root, 'link'));
  assert.match(refused(root, '-H', `unix://${root}/link`).stderr, /is no socket/);
  assert.match(refused(root, '-H', `unix://${root}/other`).stderr, /another engine is listening there/);
  assert.equal(lstatSync(join(root, 'other')).isSocket(), true);
});

test('SC-WEB-11: a pid file that is a link is refused, and nothing is written where it leads', (t) => {
  const root = directory(t);
  const witness = join(root, 'witness');
  writeFileSync(witness, 'precious');
  for (const target of [witness, join(root, 'nowhere')]) {
    const link = join(root, 'linked.pid');
    symlinkSync(target, link);
    const { status, stderr } = refused(root, '-H', `unix://${root}/s`, '--pidfile', link);
    assert.equal(status, 1);
    assert.match(stderr, /^gantry: \S+linked\.pid is no plain file: it is left as it is/m);
    assert.equal(lstatSync(link).isSymbolicLink(), true);
    rmSync(link);
  }
  assert.equal(readFileSync(witness, 'utf8'), 'precious');
  assert.equal(existsSync(join(root, 'nowhere')), false);
});

test('SC-WEB-11: a pid file that names an unrelated process does not keep the engine from starting', async (t) => {
  // Its command line speaks of gantry, as an editor's of its configuration would.
  const stranger = spawn('sleep', ['60'], { argv0: '/etc/gantry/daemon.json', stdio: 'ignore' });
  t.after(() => stranger.kill('SIGKILL'));
  const pidFile = join(directory(t), 'pid');
  writeFileSync(pidFile, `${stranger.pid}\n`, { mode: 0o666 });
  const gantry = await startGantry(t, { busybox: false, args: ['--pidfile', pidFile] });
  assert.equal(Number(readFileSync(pidFile, 'utf8')), gantry.pid);
  assert.equal(statSync(pidFile).mode & 0o777, 0o644);
  assert.equal(stranger.exitCode, null);
  const { status, stderr } = refused(directory(t), '-H', 'unix:///nonexistent/s', '--pidfile', pidFile);
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`process ${gantry.pid} is on record in ${pidFile} and runs`));
});

test('SC-WEB-12: SIGUSR1 opens no inspector and ends nothing, and no debug pages are there', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  for (let times = 0; times < 3; times++) {
    process.kill(gantry.pid, 'SIGUSR1');
    // Node opens its inspector in a thread of its own: it has had its time when requests were answered.
    assert.equal((await gantry.api().get('/info')).status, 200);
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual(listening(gantry.pid), []);
  assert.doesNotMatch(gantry.log(), /Debugger listening/);
  for (const path of ['/debug/pprof/', '/debug/vars', '/json/list', '/v1.41/debug/pprof/heap'])
    assert.equal((await gantry.api().get(path)).status, 404, path);
});
