/** Daemons that are killed again and again: at their starts, at their ends, and under clients. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examineDataRoot } from '../../src/engine/index.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';
import { randomFrom } from './workload.ts';

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
const seedOf = (): number => Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);

const COUNTING = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done'];
/** Numbers from 1 on, each once. */
async function whole(gantry: Gantry, name: string): Promise<void> {
  const lines = (await gantry.dockerOk('logs', name)).split('\n');
  assert.deepEqual(
    lines,
    lines.map((_, i) => String(i + 1)),
  );
}

test('RC-K12: daemons that are killed while they start or stop, five in a row, leave what the next one makes whole', async (t) => {
  const gantry = await startGantry(t);
  const random = randomFrom(seedOf());
  await gantry.dockerOk('run', '-d', '--name', 'counts', 'busybox', ...COUNTING);
  await gantry.dockerOk('run', '-d', '--name', 'back', '--restart', 'always', 'busybox', 'sleep', '0.3');
  await gantry.dockerOk('create', '--name', 'made', 'busybox', 'true');
  const before = await gantry.dockerOk('inspect', '-f', '{{.State.Pid}}', 'counts');
  for (let i = 0; i < 5; i++) {
    await gantry.dockerOk('run', '-d', '--name', `short-${i}`, 'busybox', 'sh', '-c', `exit ${i}`);
    if (i % 2 === 0) await gantry.kill9();
    else {
      process.kill(gantry.pid, 'SIGTERM'); // it stops, and is killed at that
      await pause(random() * 60);
      await gantry.kill9();
    }
    for (let n = 0; n < 2; n++) {
      const starting = gantry.start().catch(() => undefined); // it ends at its start
      await pause(random() * 500);
      await gantry.kill9();
      await starting;
    }
    await gantry.start();
    const waited = await gantry.api().post(`/containers/short-${i}/wait`);
    assert.equal(waited.json<{ StatusCode: number }>().StatusCode, i);
  }
  await gantry.recovered();
  assert.equal(await gantry.dockerOk('inspect', '-f', '{{.State.Pid}}', 'counts'), before);
  await whole(gantry, 'counts');
  await gantry.dockerOk('start', '-a', 'made');
  await until(async () => (await gantry.dockerOk('inspect', '-f', '{{.RestartCount}}', 'back')) !== '0');
  await gantry.dockerOk('rm', '-f', 'back');
  await until(
    async () => (await examineDataRoot(gantry.dataRoot)).findings,
    (findings) => findings.length === 0,
  );
});

test('RC-K14: under clients that go on, daemons killed one after the other lose nothing that was answered', async (t) => {
  const gantry = await startGantry(t);
  const seed = seedOf();
  const random = randomFrom(seed);
  await gantry.dockerOk('run', '-d', '--name', 'counts', '--net', 'none', 'busybox', ...COUNTING);
  const counts = { answered: 0, refused: 0 };
  const known = new Set<string>();
  let going = true;
  const client = async (which: number): Promise<void> => {
    for (let n = 0; going; n++) {
      const name = `made-${which}-${n}`;
      try {
        const made = await gantry.api().post(`/containers/create?name=${name}`, {
          Image: 'busybox',
          Cmd: ['true'],
          HostConfig: { NetworkMode: 'none' },
        });
        assert.equal(made.status, 201, made.text);
        known.add(name);
        counts.answered += 1;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        counts.refused += 1; // the daemon is away
        await pause(10);
      }
    }
  };
  const clients = [0, 1, 2].map(client);
  for (let i = 0; i < 10; i++) {
    await pause(random() * 400);
    await gantry.kill9();
    await gantry.start();
  }
  going = false;
  await Promise.all(clients);
  const all = (await gantry.api().get('/containers/json?all=1')).json<{ Names: string[] }[]>();
  const names = new Set(all.map(({ Names }) => Names[0]?.slice(1)));
  for (const name of known) assert.ok(names.has(name), `seed ${seed}: ${name} was answered and is not there`);
  assert.ok(known.size >= 10, `seed ${seed}: only ${known.size} were made`);
  await whole(gantry, 'counts');
  t.diagnostic(JSON.stringify({ ...counts, seed }));
});
