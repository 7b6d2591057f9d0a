import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { Reactor } from '../../linux/index.ts';
import { capabilitiesFor, hostCapabilities } from '../oci/capabilities.ts';
import { defaultSeccomp } from '../oci/seccomp.ts';
import { bundleSpec } from '../oci/spec.ts';
import { readLines } from '../output/lines.ts';
import { OutputWriter } from '../output/writer.ts';
import { startExec } from './exec.ts';
import { RunDirectory } from './run-directory.ts';
import { Supervisor } from './supervisor.ts';

const CRUN = '/usr/bin/crun';
const BUSYBOX = '/bin/busybox';
const skip =
  existsSync(CRUN) && existsSync(BUSYBOX) && process.getuid?.() === 0
    ? false
    : 'needs root, crun and busybox-static';

function place(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'gantry-runtime-'));
  const rootfs = join(root, 'rootfs');
  for (const name of ['bin', 'proc', 'dev', 'sys', 'tmp']) mkdirSync(join(rootfs, name), { recursive: true });
  copyFileSync(BUSYBOX, join(rootfs, 'bin/busybox'));
  for (const name of ['sh', 'cat', 'grep', 'sleep', 'unshare'])
    symlinkSync('busybox', join(rootfs, 'bin', name));
  const reactor = new Reactor((error) => assert.fail(String(error)));
  const cgroup = `gantry-unit-${process.pid}`;
  const supervisor = new Supervisor({
    cgroup,
    cgroupDriver: 'cgroupfs',
    realtime: { periodMicros: 0, runtimeMicros: 0 },
    execRoot: join(root, 'exec'),
    runtimes: [{ name: 'crun', path: CRUN, args: [] }],
    reactor,
    log: silentLog,
  });
  t.after(async () => {
    await supervisor.close();
    reactor.close();
    for (const directory of readdirSync('/sys/fs/cgroup'))
      rmdirQuietly(`/sys/fs/cgroup/${directory}/${cgroup}`);
    rmSync(root, { recursive: true, force: true });
  });
  return { root, rootfs, supervisor, cgroup };
}
function rmdirQuietly(path: string): void {
  if (existsSync(path)) execFileSync('rmdir', [path]);
}

function plan(
  { root, rootfs, cgroup }: ReturnType<typeof place>,
  id: string,
  script: string,
  options: { terminal?: boolean; stdin?: boolean } = {},
) {
  const { set } = capabilitiesFor({ add: [], drop: [], privileged: false }, hostCapabilities());
  const spec = bundleSpec({
    rootfs,
    readonlyRootfs: false,
    args: ['sh', '-c', script],
    env: ['PATH=/bin'],
    cwd: '/',
    user: { uid: 0, gid: 0, additionalGids: [] },
    terminal: options.terminal ?? false,
    capabilities: set,
    noNewPrivileges: false,
    rlimits: [],
    seccomp: defaultSeccomp(set),
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: [] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666'],
      },
    ],
    namespaces: {
      pid: 'private',
      network: 'private',
      ipc: 'private',
      uts: 'private',
      cgroup: 'host',
      user: 'host',
    },
    privileged: false,
    devices: [],
    deviceRules: [],
    limits: {},
    cgroupsPath: `/${cgroup}/${id}`,
    sysctls: {},
    maskedPaths: [],
    readonlyPaths: [],
    annotations: {},
    hooks: {},
  });
  const writer = new OutputWriter(join(root, 'log', id));
  return {
    id,
    runtime: 'crun',
    spec,
    terminal: options.terminal ?? false,
    openStdin: options.stdin ?? false,
    cgroupPath: `/${cgroup}/${id}`,
    writer,
  };
}

async function output(root: string, id: string): Promise<string> {
  const found: string[] = [];
  const options = {
    streams: new Set(['stdout', 'stderr'] as const),
    since: undefined,
    until: undefined,
    tail: undefined,
    follow: undefined,
    signal: new AbortController().signal,
  };
  for await (const batch of readLines(join(root, 'log', id), options))
    for (const line of batch) found.push(line.bytes.toString());
  return found.join('');
}

test('a process runs, its output and exit code are kept, and nothing of it is left', { skip }, async (t) => {
  const here = place(t);
  for (const terminal of [false, true]) {
    const id = `plain-${terminal}`;
    const launch = await here.supervisor.launch(plan(here, id, 'echo hello; exit 7', { terminal }));
    await launch.go();
    assert.deepEqual((await launch.task.ended).status, { code: 7, signal: 0 });
    await launch.task.release();
    assert.equal(await output(here.root, id), terminal ? 'hello\r\n' : 'hello\n');
  }
  assert.deepEqual(here.supervisor.leftIds(), []);
  assert.ok(!readFileSync('/proc/self/mounts', 'utf8').includes(`${here.root}/exec`));
});

test('the ready-made filter of a second start refuses the same calls as the compiled one of the first', {
  skip,
}, async (t) => {
  const here = place(t);
  for (const id of ['first', 'second']) {
    const launch = await here.supervisor.launch(
      plan(here, id, 'grep Seccomp: /proc/self/status; unshare -m true 2>/dev/null; echo $?'),
    );
    await launch.go();
    await launch.task.ended;
    await launch.task.release();
    assert.match(await output(here.root, id), /Seccomp:\s+2\n1\n/);
  }
});

test('whoever waited for the start finds the program itself, not the runtime', { skip }, async (t) => {
  const here = place(t);
  const found: string[] = [];
  for (let i = 0; i < 5; i++) {
    const launch = await here.supervisor.launch(plan(here, `program-${i}`, 'sleep 100'));
    await launch.go();
    found.push(readlinkSync(`/proc/${launch.task.pid}/exe`));
    launch.task.signal(9);
    await launch.task.ended;
    await launch.task.release();
  }
  for (const program of found) assert.match(program, /\/busybox$/);
});

test('stdin is held open until it is closed, and then ends for the process', { skip }, async (t) => {
  const here = place(t);
  const launch = await here.supervisor.launch(plan(here, 'input', 'cat; echo end', { stdin: true }));
  await launch.go();
  const stream = launch.task.input?.writable(() => launch.task.closeInput());
  stream?.write('first\n');
  await new Promise((resolve) => setTimeout(resolve, 50));
  stream?.end('last\n');
  await launch.task.ended;
  await launch.task.release();
  assert.equal(await output(here.root, 'input'), 'first\nlast\nend\n');
});

test('a command that does not exist is refused with its name, and nothing is left', { skip }, async (t) => {
  const here = place(t);
  const bad = plan(here, 'bad', '');
  (bad.spec as { process: { args: string[] } }).process.args = ['nosuch'];
  await assert.rejects(here.supervisor.launch(bad), /executable file `nosuch` not found/);
  bad.writer.finish();
  assert.deepEqual(here.supervisor.leftIds(), []);
});

test('what a refused exec leaves is reaped, so that the container can end', { skip }, async (t) => {
  const here = place(t);
  const launch = await here.supervisor.launch(plan(here, 'host', 'sleep 100'));
  await launch.go();
  const refused = startExec(here.supervisor, launch.task, {
    execId: 'e'.repeat(64),
    process: { args: ['nosuch'], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } },
    terminal: false,
    stdin: false,
    stdout: true,
    stderr: true,
  });
  await assert.rejects(refused, /nosuch/);
  launch.task.signal(9);
  // Its init is not reported as ended while a process of its namespace is unreaped.
  assert.equal((await launch.task.ended).status?.code, 137);
  await launch.task.release();
});

test('RC-K02: a prepared process that was never let go is found and taken back by the next supervisor', {
  skip,
}, async (t) => {
  const here = place(t);
  const launch = await here.supervisor.launch(plan(here, 'half', 'echo never'));
  const found = here.supervisor.look('half');
  assert(found.is === 'cut-off');
  here.supervisor.forget('half', found);
  await launch.task.ended;
  await launch.task.release();
  assert.equal(await output(here.root, 'half'), '');
  assert.deepEqual(here.supervisor.leftIds(), []);
});

test('RC-S07: of a task of another boot nothing is left, also where the exec root is on a disk', {
  skip,
}, (t) => {
  const here = place(t);
  const directory = new RunDirectory(join(here.root, 'exec'), 'before');
  const runtimeState = join(here.root, 'exec/runtimes/crun/before');
  directory.create();
  directory.save({
    id: 'before',
    pid: 1,
    startTime: '0',
    bootId: `not ${here.supervisor.boot}`,
    runtime: 'crun',
    terminal: false,
    openStdin: false,
    pipes: undefined,
    cgroupPath: `/${here.cgroup}/before`,
    logDirectory: join(here.root, 'log'),
  });
  mkdirSync(runtimeState, { recursive: true });
  const found = here.supervisor.look('before');
  assert(found.is === 'gone');
  here.supervisor.forget('before', found);
  assert.deepEqual(here.supervisor.leftIds(), []);
  assert.equal(existsSync(runtimeState), false);
});
