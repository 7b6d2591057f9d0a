/** Records that cannot be read: the engine starts, serves the others, and touches nothing of what they stand for. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { mountsBelow } from '../harness/leaks.ts';
import { until } from '../harness/until.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/gantry');

const fsck = (gantry: Gantry, ...more: string[]): Promise<string> =>
  new Promise((resolve) =>
    execFile(PROGRAM, ['fsck', '--data-root', gantry.dataRoot, ...more], (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    ),
  );

type Row = Record<string, unknown>;

/** Rewrites a container's row while no daemon runs; `to` undefined: torn in the middle. */
function rewrite(gantry: Gantry, id: string, to: ((row: Row) => unknown) | undefined): void {
  const database = new DatabaseSync(join(gantry.dataRoot, 'records.sqlite'));
  const { text } = database.prepare('SELECT text FROM rows WHERE key = ?').get(id) as { text: string };
  const changed = to ? JSON.stringify(to(JSON.parse(text))) : text.slice(0, text.length - 100);
  const sum = crc32(`containers\0${id}\0${changed}`);
  database.prepare('UPDATE rows SET text = ?, sum = ? WHERE key = ?').run(changed, sum, id);
  database.close();
}

/** Makes the set-aside row readable again, as a release does that knows its layout. */
function mend(gantry: Gantry, id: string, mended: (text: string) => string): void {
  const database = new DatabaseSync(join(gantry.dataRoot, 'records.sqlite'));
  const { text } = database.prepare('SELECT text FROM damaged WHERE key = ?').get(id) as { text: string };
  const sum = crc32(`containers\0${id}\0${mended(text)}`);
  database.prepare('UPDATE damaged SET text = ?, sum = ? WHERE key = ?').run(mended(text), sum, id);
  database.close();
}

const alive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(status(pid));
const status = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8');

async function run(gantry: Gantry, name: string, ...options: string[]): Promise<{ id: string; pid: number }> {
  const id = await gantry.dockerOk('run', '-d', '--name', name, ...options);
  return { id, pid: Number(await gantry.dockerOk('inspect', '-f', '{{.State.Pid}}', name)) };
}

const COUNTING = ['busybox', 'sh', '-c', 'i=0; while :; do echo line $i; i=$((i+1)); sleep 0.1; done'];

for (const [what, spoil] of [
  ['torn', undefined],
  [
    'of wrong types',
    ({ row, ...wrapping }: Row) => ({ ...wrapping, row: { ...(row as Row), hostConfig: 'none', pid: [] } }),
  ],
  ['of a newer layout', (row: Row) => ({ layout: 99, row: { ...row, endpoint: 'somewhere else' } })],
] as const)
  test(`RC-S06, RC-M01: a running container whose record is ${what} runs on unseen, and is back when the record is`, async (t) => {
    const gantry = await startGantry(t);
    const good = await run(gantry, 'good', ...COUNTING);
    const bad = await run(gantry, 'bad', '-v', 'precious:/data', ...COUNTING);
    await gantry.dockerOk('exec', 'bad', 'sh', '-c', 'echo mine > /written; echo kept > /data/file');
    const address = await gantry.dockerOk('exec', 'bad', 'hostname', '-i');
    await gantry.kill9();
    let whole: Row = {};
    rewrite(gantry, bad.id, (row) => {
      whole = row;
      return row;
    });
    rewrite(gantry, bad.id, spoil);

    const before = await fsck(gantry);
    assert.match(before, new RegExp(`^damage: record containers ${bad.id}: `, 'm'));
    assert.doesNotMatch(before, /leftover/);
    await gantry.start();
    assert.match(gantry.log(), /records\.row\.set-aside/);
    assert.ok(gantry.log().includes(bad.id));
    assert.equal(await gantry.dockerOk('ps', '-a', '--format', '{{.Names}}'), 'good');
    assert.match((await gantry.docker(['logs', 'bad'])).stderr, /No such container/);
    await gantry.dockerOk('exec', 'good', 'true');
    await gantry.dockerOk('system', 'prune', '-af', '--volumes');
    assert.equal((await gantry.docker(['volume', 'rm', 'precious'])).code, 1);
    // What another start takes for litter would be gone now.
    await gantry.restart();
    assert.match(await fsck(gantry), /set aside at an earlier start/);
    assert.ok(alive(bad.pid) && alive(good.pid));
    assert.ok(existsSync(join(gantry.dataRoot, 'containers', bad.id)));
    assert.ok(mountsBelow(gantry.dataRoot).some((point) => point.includes(bad.id)));

    await gantry.stop();
    mend(gantry, bad.id, () => JSON.stringify(whole));
    await gantry.start();
    assert.match(gantry.log(), /records\.row\.restored/);
    assert.equal(
      await gantry.dockerOk('inspect', '-f', '{{.State.Running}} {{.State.Pid}}', 'bad'),
      `true ${bad.pid}`,
    );
    assert.equal(await gantry.dockerOk('exec', 'bad', 'cat', '/written', '/data/file'), 'mine\nkept');
    assert.equal(await gantry.dockerOk('exec', 'bad', 'hostname', '-i'), address);
    const lines = (await gantry.dockerOk('logs', 'bad')).split('\n');
    assert.deepEqual(
      lines,
      [...lines.keys()].map((i) => `line ${i}`),
    );
    const gateway = await gantry.dockerOk('exec', 'good', 'sh', '-c', "ip route | awk '/default/{print $3}'");
    await gantry.dockerOk('exec', 'bad', 'ping', '-c', '1', '-W', '5', gateway);
    await until(async () => (await gantry.dockerOk('logs', 'bad')).split('\n').length > lines.length);
    assert.doesNotMatch(await fsck(gantry), /damage/);
  });

test('RC-M01, RC-M02: a stopped container whose record cannot be read keeps its files, and its name may be given again', async (t) => {
  const gantry = await startGantry(t);
  const id = await gantry.dockerOk('create', '--name', 'once', '--network', 'none', 'busybox', 'true');
  await gantry.kill9();
  rewrite(gantry, id, (row) => ({ layout: 99, row }));
  await gantry.start();
  await gantry.dockerOk('create', '--name', 'once', '--network', 'none', 'busybox', 'true');
  await gantry.stop();
  mend(gantry, id, (text) => JSON.stringify((JSON.parse(text) as { row: unknown }).row));
  await gantry.start();
  const names = (await gantry.dockerOk('ps', '-a', '--format', '{{.Names}}')).split('\n').sort();
  assert.deepEqual(names, ['once', `once-${id.slice(0, 12)}`]);
});

test('what was set aside is given up by a person, and the next start clears it away', async (t) => {
  const gantry = await startGantry(t);
  const { id, pid } = await run(gantry, 'gone', '--network', 'none', ...COUNTING);
  await gantry.kill9();
  rewrite(gantry, id, undefined);
  await gantry.start();
  assert.match(await fsck(gantry, '--give-up'), /a daemon is running/);
  await gantry.stop();
  assert.match(await fsck(gantry, '--give-up'), new RegExp(`given up: record containers ${id}`));
  await gantry.start();
  await until(() => readdirSync(join(gantry.execRoot, 'tasks')).length === 0);
  assert.ok(!alive(pid));
  for (const place of ['containers', 'w'])
    await until(() => readdirSync(join(gantry.dataRoot, place)).length === 0);
  assert.doesNotMatch(await fsck(gantry), /damage/);
});

for (const [what, spoil] of [
  [
    'a damaged records file',
    (file: string) => {
      for (const end of ['-wal', '-shm']) rmSync(file + end, { force: true });
      writeFileSync(file, 'no database '.repeat(1000));
    },
  ],
  ['the log of the records cut off', (file: string) => truncateSync(`${file}-wal`)],
] as const)
  test(`RC-M01: with ${what}, what cannot be named any more is not swept away`, async (t) => {
    const gantry = await startGantry(t);
    const { id, pid } = await run(gantry, 'lost', '--network', 'none', '-v', 'data:/data', ...COUNTING);
    await gantry.kill9();
    spoil(join(gantry.dataRoot, 'records.sqlite'));
    await gantry.start();
    await gantry.restart();
    assert.ok(alive(pid));
    for (const place of ['containers', 'w'])
      assert.deepEqual(readdirSync(join(gantry.dataRoot, place)), [id]);
    assert.equal(await gantry.dockerOk('volume', 'ls', '-q'), 'data');
    await gantry.stop();
    assert.match(await fsck(gantry, '--give-up'), /given up: records /);
    await gantry.start();
    await until(() => readdirSync(join(gantry.execRoot, 'tasks')).length === 0);
    assert.ok(!alive(pid));
    await until(() => readdirSync(join(gantry.dataRoot, 'containers')).length === 0);
  });
