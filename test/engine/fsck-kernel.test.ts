/** `gantry fsck` on what runs: the kernel lacks something of a running container, or has something of none. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { mountsBelow, networkMarks } from '../harness/leaks.ts';
import { unmountLazily } from '../harness/unmount.ts';
import { until } from '../harness/until.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/gantry');

const fsck = ({ dataRoot }: Gantry): Promise<{ code: number; text: string }> =>
  new Promise((resolve) =>
    execFile(
      PROGRAM,
      ['fsck', '--data-root', dataRoot],
      { timeout: 60_000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr }),
    ),
  );

async function assertSound(gantry: Gantry, running: number): Promise<void> {
  const { code, text } = await fsck(gantry);
  assert.deepEqual([code, text.split('\n')[0]?.replace(/.*, /, '')], [0, `${running} running: sound`], text);
}

/** Each expected line once, and no other. */
function assertLines(text: string, expected: readonly RegExp[]): void {
  const lines = text.split('\n').filter((line) => /^(damage|leftover): /.test(line));
  for (const each of expected)
    assert.equal(lines.filter((line) => each.test(line)).length, 1, `${each}\n${text}`);
  assert.equal(lines.length, expected.length, text);
}

const run = (gantry: Gantry, name: string, ...more: readonly string[]): Promise<string> =>
  gantry.dockerOk('run', '-d', '--name', name, ...more, 'busybox', 'sleep', '1000');
const tool = (...argv: readonly [string, ...string[]]): string =>
  execFileSync(argv[0], argv.slice(1), { encoding: 'utf8' });

const HIERARCHIES = '/sys/fs/cgroup';
/** The directories of a running container's control group in all hierarchies. */
function cgroupsOf({ execRoot }: Gantry, id: string): string[] {
  const run = JSON.parse(readFileSync(join(execRoot, 'tasks', id, 'task.json'), 'utf8'));
  const roots = [HIERARCHIES, ...readdirSync(HIERARCHIES).map((name) => join(HIERARCHIES, name))];
  const there = roots.map((root) => `${root}${run.cgroupPath}`).filter((path) => existsSync(path));
  return [...new Set(there.map((path) => realpathSync(path)))];
}

const theOnly = (found: readonly string[]): string => {
  assert.equal(found.length, 1, found.join(' '));
  return found[0] ?? '';
};

test('fsck tells what the kernel lacks of running containers', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', 'backend');
  const web = await run(gantry, 'web', '--network', 'backend', '-p', '127.0.0.1::80', '-p', '8080');
  const bare = await run(gantry, 'bare', '--network', 'none');
  await assertSound(gantry, 2);
  const [bridge = ''] = [...networkMarks(gantry.root).bridges].filter((name) => name.startsWith('br-'));
  const [table = ''] = networkMarks(gantry.root).tables;
  await gantry.kill9();
  await assertSound(gantry, 2);

  const link = theOnly(readdirSync(`/sys/class/net/${bridge}/brif`));
  tool('ip', 'link', 'set', link, 'nomaster');
  tool('nft', 'flush', 'map', 'ip', table, 'published_at');
  const mounted = (name: string): string =>
    theOnly(mountsBelow(gantry.root).filter((point) => point.includes(name) && !point.endsWith('pidfd')));
  unmountLazily(mounted(`/netns/${web}`));
  unmountLazily(mounted(`/w/${bare}`));
  for (const directory of cgroupsOf(gantry, bare)) {
    for (const pid of readFileSync(`${directory}/cgroup.procs`, 'utf8').split('\n').filter(Boolean))
      writeFileSync(`${directory}/../cgroup.procs`, pid);
    rmdirSync(directory);
  }
  for (const file of ['keeper', 'keeper-2']) {
    const [pid] = readFileSync(join(gantry.execRoot, file), 'utf8').split(' ');
    process.kill(Number(pid), 'SIGKILL');
  }
  const { code, text } = await fsck(gantry);
  assert.equal(code, 1, text);
  assertLines(text, [
    new RegExp(`^damage: container ${web}: its network namespace ${web} is not kept$`),
    new RegExp(`^damage: container ${web}: its interface ${link} is on no bridge$`),
    new RegExp(
      `^damage: container ${web}: the firewall does not have its published port 127.0.0.1:\\d+/tcp to [\\d.]+$`,
    ),
    new RegExp(`^damage: container ${bare}: its layer ${bare} is not mounted$`),
    new RegExp(`^damage: container ${bare}: its control group \\S+${bare} is missing$`),
    /^damage: keeper: no process holds the streams of running containers$/,
  ]);

  tool('ip', 'link', 'delete', link);
  assert.match((await fsck(gantry)).text, new RegExp(`container ${web}: its interface ${link} is missing\n`));
  await gantry.start();
  await gantry.recovered();
  await gantry.dockerOk('restart', '-t', '0', 'web', 'bare');
  await assertSound(gantry, 2);
});

test('RC-M03: fsck tells what the kernel has of no container, and a start clears away what is the engine’s own', async (t) => {
  const digits = process.pid.toString(16).padStart(8, '0');
  const [own, others] = [`br-000a${digits}`, `br-000b${digits}`];
  t.after(() => {
    for (const name of [own, others]) spawnSync('ip', ['link', 'delete', name]);
  });
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', 'backend');
  const options = ['--network', 'backend', '-p', '80'];
  const kept = await run(gantry, 'kept', ...options);
  const lost = await run(gantry, 'lost', '-v', 'data:/data', ...options);
  const marks = networkMarks(gantry.root);
  const [table = ''] = marks.tables;
  const [bridge = ''] = [...marks.bridges].filter((name) => name.startsWith('br-'));
  gantry.expectGone({ ids: new Set([kept, lost]), ...marks });
  await gantry.kill9();
  // As if the container had been removed, and the daemon killed before it did anything about it.
  const records = new DatabaseSync(join(gantry.dataRoot, 'records.sqlite'));
  records.prepare("DELETE FROM rows WHERE tbl = 'containers' AND key = ?").run(lost);
  records.close();
  const alias = readFileSync(`/sys/class/net/${bridge}/ifalias`, 'utf8').trim();
  for (const [name, mark] of [
    [own, alias],
    [others, alias.replace('gantry_', 'gantry_0')],
  ] as const) {
    tool('ip', 'link', 'add', name, 'type', 'bridge');
    tool('ip', 'link', 'set', name, 'alias', mark);
  }
  tool('nft', 'add', 'element', 'ip', table, 'published', '{ tcp . 9 : 10.9.9.9 . 99 }');
  const { code, text } = await fsck(gantry);
  assert.equal(code, 0, text);
  assertLines(text, [
    new RegExp(`^leftover: run ${lost}: of no container that runs, and its process lives$`),
    new RegExp(`^leftover: \\S+/data/w/${lost}: a writable layer of no container$`),
    new RegExp(`^leftover: \\S+/data/containers/${lost}: files of no container$`),
    new RegExp(`^leftover: \\S+/data/w/${lost}: mounted for no container that runs$`),
    new RegExp(`^leftover: control group \\S+/${lost}: of no container that runs, with 1 processes in it$`),
    new RegExp(`^leftover: network namespace ${lost}: of no container that runs$`),
    /^leftover: interface veth\S+: of no container that runs$/,
    /^leftover: firewall: published port 0.0.0.0:\d+\/tcp to 172[\d.]+: of no container that runs$/,
    /^leftover: firewall: published port 0.0.0.0:9\/tcp to 10.9.9.9: of no container that runs$/,
    new RegExp(`^leftover: interface ${own}: of a network that is not on record$`),
  ]);
  await gantry.start();
  await gantry.recovered();
  await until(() => readdirSync(join(gantry.dataRoot, 'trash')).length === 0);
  await gantry.kill9();
  await assertSound(gantry, 1);
  tool('ip', 'link', 'delete', others);
});
