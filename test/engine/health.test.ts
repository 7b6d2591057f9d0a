/** Health checks over the ends of their containers and of the daemon, and what is restarted for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';
import { execInside } from '../security/inside.ts';

const ROUNDS = 25;

test('a probe that the end of its container cuts off says nothing of its health', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api();
  const made = await api.post('/containers/create?name=probed', {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    HostConfig: { NetworkMode: 'none' },
    Healthcheck: { Test: ['CMD-SHELL', 'sleep 0.02'], Interval: 1e6, Retries: 1 },
  });
  assert.equal(made.status, 201, made.text);
  const since = Date.now() / 1000;
  for (let round = 0; round < ROUNDS; round++) {
    const started = await api.post('/containers/probed/start');
    assert.equal(started.status, 204, started.text);
    await until(
      async () =>
        (await api.get('/containers/probed/json')).json<{ State: { Health: { Status: string } } }>(),
      ({ State }) => State.Health.Status === 'healthy',
    );
    assert.equal((await api.post('/containers/probed/kill')).status, 204);
    assert.equal((await api.post('/containers/probed/wait')).status, 200);
  }
  const filters = encodeURIComponent(JSON.stringify({ event: ['health_status'] }));
  const told = await api.get(`/events?since=${since}&until=${Date.now() / 1000 + 1}&filters=${filters}`);
  const changes = told.text
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { Action: string }).Action);
  assert.deepEqual(changes, Array(ROUNDS).fill('health_status: healthy'));
});

interface Inspected {
  readonly State: {
    readonly StartedAt: string;
    readonly Health: {
      readonly Status: string;
      readonly FailingStreak: number;
      readonly Log: readonly Probe[];
    };
  };
}
interface Probe {
  readonly ExitCode: number;
  readonly Output: string;
}

const inspect = async (gantry: Gantry, name: string): Promise<Inspected> =>
  (await gantry.api().get(`/containers/${name}/json`)).json<Inspected>();
const becomes = (gantry: Gantry, name: string, status: string): Promise<Inspected> =>
  until(
    () => inspect(gantry, name),
    ({ State }) => State.Health.Status === status,
  );

/** Runs until it is removed; unhealthy while it has the file. */
async function start(gantry: Gantry, name: string, more: object = {}): Promise<void> {
  const made = await gantry.api().post(`/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: ['sh', '-c', 'rm -f /sick; exec sleep 1000'],
    StopSignal: 'SIGKILL',
    HostConfig: { NetworkMode: 'none' },
    Healthcheck: {
      Test: ['CMD-SHELL', 'head -c 5000 /dev/zero | tr "\\0" x; test ! -f /sick'],
      Interval: 1e8,
      Retries: 2,
    },
    ...more,
  });
  assert.equal(made.status, 201, made.text);
  assert.equal((await gantry.api().post(`/containers/${name}/start`)).status, 204);
  await becomes(gantry, name, 'healthy');
}

const sicken = (gantry: Gantry, name: string) => execInside(gantry, name, { Cmd: ['touch', '/sick'] });

test('what probes found is kept over the death of the daemon, and lists show it', async (t) => {
  const gantry = await startGantry(t);
  await start(gantry, 'kept');
  await sicken(gantry, 'kept');
  await becomes(gantry, 'kept', 'unhealthy');
  await gantry.kill9();
  await gantry.start();
  const { State } = await inspect(gantry, 'kept');
  assert.equal(State.Health.Status, 'unhealthy');
  assert.ok(State.Health.FailingStreak >= 2 && State.Health.Log.length > 0, JSON.stringify(State.Health));
  const shown = async (health: string) =>
    await gantry.dockerOk('ps', '--filter', `health=${health}`, '--format', '{{.Names}} {{.Status}}');
  assert.match(await shown('unhealthy'), /^kept Up .* \(unhealthy\)$/);
  await execInside(gantry, 'kept', { Cmd: ['rm', '/sick'] });
  await becomes(gantry, 'kept', 'healthy');
  assert.match(await shown('healthy'), /^kept Up .* \(healthy\)$/);
  const { Log } = (
    await until(
      () => inspect(gantry, 'kept'),
      (now) => now.State.Health.Log.length === 5,
    )
  ).State.Health;
  assert.equal(Log.at(-1)?.Output, `${'x'.repeat(4096)}...`);
});

test('what is unhealthy is restarted where its label asks for it, and not where it does not', async (t) => {
  const gantry = await startGantry(t);
  await start(gantry, 'watched', { Labels: { 'io.gantry.restart-on-unhealthy': 'true' } });
  await start(gantry, 'alone');
  const before = await Promise.all(['watched', 'alone'].map((name) => inspect(gantry, name)));
  await Promise.all(['watched', 'alone'].map((name) => sicken(gantry, name)));
  await until(
    () => inspect(gantry, 'watched'),
    ({ State }) => State.StartedAt !== before[0]?.State.StartedAt && State.Health.Status === 'healthy',
  );
  const alone = await becomes(gantry, 'alone', 'unhealthy');
  assert.equal(alone.State.StartedAt, before[1]?.State.StartedAt);
  const filters = encodeURIComponent(JSON.stringify({ container: ['watched'], type: ['container'] }));
  const told = await gantry.api().get(`/events?since=1&until=${Date.now() / 1000 + 1}&filters=${filters}`);
  const actions = told.text
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { Action: string }).Action)
    .filter((action) => !action.startsWith('exec_'));
  assert.deepEqual(actions, [
    ...['create', 'start', 'health_status: healthy', 'health_status: unhealthy'],
    ...['kill', 'die', 'stop', 'start', 'restart', 'health_status: healthy'],
  ]);
});
