/** The leak scan finds each kind of thing that an engine could leave; a scan that finds nothing proves nothing. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MNT_DETACH, mkfifo, mount, unmount } from '../../src/linux/index.ts';
import { findLeaks, leaksAfter, type Marks, networkMarks } from './leaks.ts';

const ID = 'f00d'.repeat(16);

function marksOf(t: TestContext): Marks {
  const root = mkdtempSync(join(tmpdir(), 'gantry-leaks-'));
  t.after(() => rmSync(root, { recursive: true }));
  return { root, ids: new Set([ID]), bridges: new Set(), vethPrefixes: new Set(), tables: new Set() };
}
const kinds = (marks: Marks): string[] => findLeaks(marks).map((leak) => `${leak.what} ${leak.which}`);

test('an engine that left nothing has no leaks', (t) => assert.deepEqual(findLeaks(marksOf(t)), []));

test('a mount below the root is a leak', (t) => {
  const marks = marksOf(t);
  mount('none', marks.root, 'tmpfs', 0, null);
  const found = kinds(marks);
  unmount(marks.root, MNT_DETACH); // before the hook that removes the directory
  assert.deepEqual(found, [`mount ${marks.root}`]);
});

test('FIFOs and sockets are leaks, other files are not', async (t) => {
  const marks = marksOf(t);
  mkdirSync(join(marks.root, 'exec'));
  mkfifo(join(marks.root, 'exec/stdout'), 0o600);
  writeFileSync(join(marks.root, 'exec/record'), 'x');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(marks.root, 's'), resolve));
  t.after(() => server.close());
  assert.deepEqual(kinds(marks).sort(), [`fifo ${marks.root}/exec/stdout`, `socket ${marks.root}/s`]);
});

test('a process that has the root in its arguments, or stands in a keeper file, is a leak', async (t) => {
  const marks = marksOf(t);
  writeFileSync(join(marks.root, 'x'), '');
  const named = spawn('tail', ['-f', join(marks.root, 'x')]);
  const keeper = spawn('sleep', ['60']);
  t.after(() => [named, keeper].map((child) => child.kill('SIGKILL')));
  await Promise.all([named, keeper].map((child) => new Promise((resolve) => child.once('spawn', resolve))));
  const stat = execFileSync('cat', [`/proc/${keeper.pid}/stat`], { encoding: 'utf8' });
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  writeFileSync(join(marks.root, 'keeper'), `${keeper.pid} ${started}\n`);
  const found = findLeaks(marks).map((leak) => leak.pid);
  assert.deepEqual(found.sort(), [named.pid, keeper.pid].sort());
  writeFileSync(join(marks.root, 'keeper'), `${keeper.pid} 1\n`); // the pid of an earlier process
  assert.deepEqual(
    findLeaks(marks).map((leak) => leak.pid),
    [named.pid],
  );
});

/** A process in a mount namespace of its own that runs `script` there and then sleeps. */
function apart(t: TestContext, script: string): ChildProcess {
  const child = spawn('unshare', ['-m', 'sh'], { stdio: ['pipe', 'ignore', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  child.stdin?.end(`${script}\n`);
  return child;
}

/** Waits until a process has become the `sleep` that its script ends with. */
async function asleep(child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!/^\/?sleep/.test(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

test('a process whose root is a tree of the engine is a leak, in whatever mount namespace', async (t) => {
  const marks = marksOf(t);
  for (const name of ['merged', 'lower', 'empty']) mkdirSync(join(marks.root, name));
  const program = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  copyFileSync(program, join(marks.root, 'lower/sleep')); // by its name busybox knows what to be
  // As a container's: an overlay, and the options of the mount at `/` name a directory of the engine.
  const options = `lowerdir=${marks.root}/lower:${marks.root}/empty`;
  const merged = `${marks.root}/merged`;
  const child = apart(t, `mount -t overlay -o ${options} none ${merged} && exec chroot ${merged} /sleep 60`);
  await asleep(child);
  assert.deepEqual(
    findLeaks(marks).map((leak) => leak.pid),
    [child.pid],
  );
});

test('a process that only sees a mount of the engine is none: other engines see copies of all mounts', async (t) => {
  const marks = marksOf(t);
  mkdirSync(join(marks.root, 'merged'));
  const child = apart(t, `mount -t tmpfs none ${marks.root}/merged && exec sleep 60`);
  await asleep(child);
  assert.match(readFileSync(`/proc/${child.pid}/mountinfo`, 'utf8'), new RegExp(`${marks.root}/merged`));
  assert.deepEqual(findLeaks(marks), []);
});

test("a cgroup that carries a container's id is a leak", (t) => {
  const base = execFileSync('sh', ['-c', 'ls -d /sys/fs/cgroup/pids /sys/fs/cgroup 2>/dev/null | head -1'], {
    encoding: 'utf8',
  });
  const dir = `${base.trim()}/gantry-leaks-${process.pid}`;
  mkdirSync(`${dir}/${ID}`, { recursive: true });
  t.after(() => [`${dir}/${ID}`, dir].map((each) => rmdirSync(each)));
  assert.deepEqual(kinds(marksOf(t)), [`cgroup ${dir}/${ID}`]);
});

test('the network marks are read from the bridge, and bridge, veth and table are leaks', (t) => {
  const marks = marksOf(t);
  const [bridge, veth, table] = [`gtl${process.pid}`, `vethab12${process.pid % 1000}`, `gtl_${process.pid}`];
  const undo = [`ip link del ${bridge}`, `ip link del ${veth}`, `nft delete table inet ${table}`];
  t.after(() => execFileSync('sh', ['-c', undo.join('; ')], { stdio: 'ignore' }));
  execFileSync('sh', ['-ec', `
    ip link add ${bridge} type bridge
    ip link set ${bridge} alias 'gantry ${table} ${marks.root}/exec'
    ip link add ${veth} type veth peer name p${veth}
    ip link set ${veth} master ${bridge}
    nft add table inet ${table}`]); // biome-ignore format: a script
  const network = networkMarks(marks.root);
  assert.deepEqual(network, {
    bridges: new Set([bridge]),
    vethPrefixes: new Set(['vethab12']),
    tables: new Set([table]),
  });
  assert.deepEqual(kinds({ ...marks, ...network }).sort(), [
    `firewall table inet ${table}`,
    `interface ${bridge}`,
    `interface ${veth}`,
  ]);
});

test('what goes within the time of grace is no leak', async (t) => {
  const marks = marksOf(t);
  mkfifo(join(marks.root, 'late'), 0o600);
  setTimeout(() => rmSync(join(marks.root, 'late')), 100);
  assert.deepEqual(await leaksAfter(marks, 5_000), []);
});
