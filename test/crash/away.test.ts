/** What happens to containers while no daemon runs, or nobody of ours. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { unmountLazily } from '../harness/unmount.ts';
import { until } from '../harness/until.ts';

const run = (gantry: Gantry, name: string, ...more: readonly string[]): Promise<string> =>
  gantry.dockerOk('run', '-d', '--name', name, '--net', 'none', ...more);
const script = (text: string): readonly string[] => ['busybox', 'sh', '-c', text];
const holdersOf = ({ execRoot }: Gantry): number[] =>
  ['keeper', 'keeper-2'].map((name) => Number(readFileSync(join(execRoot, name), 'utf8').split(' ')[0]));

interface State {
  readonly Status: string;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly FinishedAt: string;
}
const stateOf = async (gantry: Gantry, name: string): Promise<State> =>
  (await gantry.api().get(`/containers/${name}/json`)).json<{ State: State }>().State;

test('RC-K04: what ends while no daemon runs has its code and its time, restart policies act on it, and what is to be removed is', async (t) => {
  const gantry = await startGantry(t);
  for (const code of [0, 1, 42]) await run(gantry, `code-${code}`, ...script(`sleep 1; exit ${code}`));
  await run(gantry, 'segv', ...script('sleep 1; sh -c "kill -SEGV \\$\\$"; exit $?'));
  await run(gantry, 'killed', 'busybox', 'sleep', '1000');
  await run(gantry, 'removed', '--rm', ...script('sleep 1'));
  await run(gantry, 'again', '--restart', 'always', ...script('date +%s >>/runs; sleep 1; exit 3'));
  const { Pid } = await stateOf(gantry, 'killed');
  await gantry.kill9();
  process.kill(Pid, 'SIGKILL');
  const killedAt = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const begun = Date.now();
  await gantry.start();
  for (const [name, code] of [
    ...([0, 1, 42] as const).map((code) => [`code-${code}`, code] as const),
    ['killed', 137],
    ['segv', 139],
  ] as const) {
    const waited = await gantry.api().post(`/containers/${name}/wait`);
    assert.equal(waited.json<{ StatusCode: number }>().StatusCode, code, name);
  }
  const { FinishedAt } = await stateOf(gantry, 'killed');
  const finishedAt = Date.parse(FinishedAt);
  assert.ok(finishedAt >= killedAt - 100 && finishedAt <= begun + 30_000, FinishedAt);
  await until(async () => (await gantry.api().get('/containers/removed/json')).status === 404);
  await until(async () => (await gantry.docker(['exec', 'again', 'wc', '-l', '/runs'])).stdout > '1');
});

test('RC-S02: a process of the keeper that is killed while no daemon runs takes nothing with it', async (t) => {
  const gantry = await startGantry(t);
  for (const which of [0, 1]) {
    const name = `reads-${which}`;
    await run(gantry, name, '-i', ...script('read line; echo "got $line"; exit 8'));
    await run(gantry, `ends-${which}`, '-t', ...script('sleep 0.5; echo last; exit 9'));
    await gantry.kill9();
    process.kill(holdersOf(gantry)[which] ?? assert.fail(), 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await gantry.start();
    const told = await gantry.docker(['attach', name], { input: 'hello\n' });
    assert.deepEqual([told.code, told.stdout], [8, 'got hello\n'], told.stderr);
    assert.equal(await gantry.dockerOk('wait', `ends-${which}`), '9');
    assert.match(await gantry.dockerOk('logs', `ends-${which}`), /^last\r?$/);
    const holders = holdersOf(gantry);
    assert.equal(new Set(holders).size, 2);
    for (const pid of holders) process.kill(pid, 0); // both are there again
  }
});

test('RC-S04: a keeper and a container that are stopped (SIGSTOP) hold nobody up, and such a container can be ended', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'still', 'busybox', 'sleep', '1000');
  const pids = [...holdersOf(gantry), (await stateOf(gantry, 'still')).Pid];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await run(gantry, 'other', '-i', ...script('read line; echo "got $line"'));
  assert.equal((await gantry.docker(['attach', 'other'], { input: 'hello\n' })).stdout, 'got hello\n');
  assert.equal((await stateOf(gantry, 'still')).Status, 'running');
  await gantry.kill9();
  await gantry.start();
  assert.equal((await stateOf(gantry, 'still')).Status, 'running');
  await gantry.dockerOk('stop', '-t', '1', 'still');
  assert.equal((await stateOf(gantry, 'still')).ExitCode, 137);
});

test('RC-S05: a process that has got the number of a container’s is not taken for it, and gets no signal', async (t) => {
  const canary = spawn('sleep', ['1000'], { stdio: 'ignore' });
  const ended = once(canary, 'exit');
  t.after(async () => {
    canary.kill('SIGKILL');
    await ended;
  });
  const gantry = await startGantry(t);
  const id = await run(gantry, 'gone', 'busybox', 'sleep', '1000');
  const { Pid } = await stateOf(gantry, 'gone');
  await gantry.kill9();
  const task = join(gantry.execRoot, 'tasks', id);
  process.kill(Pid, 'SIGKILL');
  unmountLazily(join(task, 'pidfd')); // on a kernel that binds none there is only the number
  // Without its checksum, as daemons of before wrote it: with a wrong one it would be damaged.
  const { sum: _sum, ...record } = JSON.parse(readFileSync(join(task, 'task.json'), 'utf8'));
  assert.equal(record.pid, Pid);
  writeFileSync(join(task, 'task.json'), JSON.stringify({ ...record, pid: canary.pid }));
  await gantry.start();
  await gantry.recovered();
  const seen = Date.now();
  await until(async () => (await stateOf(gantry, 'gone')).Status === 'exited');
  t.diagnostic(`it was said to run for another ${Date.now() - seen} ms`);
  await gantry.dockerOk('rm', '-f', 'gone');
  assert.deepEqual([canary.exitCode, canary.signalCode], [null, null]);
  assert.match(readFileSync(`/proc/${canary.pid}/stat`, 'utf8'), /\) S /);
});
