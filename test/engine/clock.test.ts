/** Clocks that are set, and a daemon that stands still: nothing fires at once or never, and nobody is called unhealthy for it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** An engine whose wall clock, and nothing else, goes wrong by as much as it is told. */
async function startedWithClock(t: TestContext): Promise<{ gantry: Gantry; set: (offMs: number) => void }> {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-clock-'));
  const off = join(directory, 'off');
  writeFileSync(off, '0');
  const skew = join(directory, 'skew.mjs');
  const source = `
    import { readFileSync } from 'node:fs';
    const now = Date.now;
    Date.now = () => now() + Number(readFileSync(${JSON.stringify(off)}, 'utf8') || 0);
    globalThis.Date = new Proxy(Date, {
      construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [Date.now()] : args, made),
    });`;
  writeFileSync(skew, source);
  const env = { NODE_OPTIONS: `--import=${pathToFileURL(skew)}` };
  const gantry = await startGantry(t, { env });
  t.after(() => rmSync(directory, { recursive: true })); // behind the engine, which reads it to its end
  return { gantry, set: (offMs) => writeFileSync(off, String(offMs)) };
}

/** Sets the clock, and sets it right again whatever happens: the engine's end asks for what was until now. */
async function during(wrong: () => void, right: () => void, work: () => Promise<void>): Promise<void> {
  wrong();
  try {
    await work();
  } finally {
    right();
  }
}

interface Inspected {
  readonly RestartCount: number;
  readonly State: {
    readonly Running: boolean;
    readonly Health: {
      readonly Status: string;
      readonly FailingStreak: number;
      readonly Log: readonly unknown[];
    };
  };
}

const inspect = async (gantry: Gantry, name: string): Promise<Inspected> =>
  (await gantry.api().get(`/containers/${name}/json`)).json<Inspected>();

async function run(
  gantry: Gantry,
  name: string,
  script: string,
  more: Record<string, unknown>,
): Promise<void> {
  const { HostConfig = {}, ...config } = more as { HostConfig?: object };
  const made = await gantry.api().post(`/containers/create?name=${name}`, {
    ...{ Image: 'busybox', Cmd: ['sh', '-c', script] },
    ...config,
    HostConfig: { NetworkMode: 'none', ...HostConfig },
  });
  assert.equal(made.status, 201, made.text);
  assert.equal((await gantry.api().post(`/containers/${name}/start`)).status, 204);
}

for (const [what, offMs] of [
  ['an hour on', HOUR_MS],
  ['an hour back', -HOUR_MS],
  ['ten years on', 10 * YEAR_MS],
  ['ten years back', -10 * YEAR_MS],
] as const)
  test(`RC-T01: when the wall clock is set ${what}, health, grace, restarts, waits and logs go on as before`, async (t) => {
    const { gantry, set } = await startedWithClock(t);
    // In its start period it may fail for long, and no longer than that.
    await run(gantry, 'starting', 'sleep 1000', {
      Healthcheck: {
        Test: ['CMD', 'false'],
        Interval: 2e8,
        StartPeriod: 600e9,
        StartInterval: 2e8,
        Retries: 1,
      },
    });
    await run(gantry, 'ill', 'sleep 1000', {
      Healthcheck: {
        Test: ['CMD', 'false'],
        Interval: 2e8,
        StartPeriod: 1e9,
        StartInterval: 2e8,
        Retries: 2,
      },
    });
    await run(gantry, 'failing', 'exit 1', { HostConfig: { RestartPolicy: { Name: 'always' } } });
    await run(gantry, 'deaf', "trap '' TERM; while :; do echo said; sleep 0.2; done", {});
    await during(
      () => set(offMs),
      () => set(0),
      async () => {
        const results = (await inspect(gantry, 'starting')).State.Health.Log.length;
        await until(
          () => inspect(gantry, 'ill'),
          ({ State }) => State.Health.Status === 'unhealthy',
        );
        const { State } = await inspect(gantry, 'starting');
        assert.equal(State.Health.Status, 'starting');
        assert.ok(State.Health.Log.length >= results);
        const { RestartCount } = await inspect(gantry, 'failing');
        await until(
          () => inspect(gantry, 'failing'),
          (seen) => seen.RestartCount > RestartCount,
        );
        const stopped = performance.now();
        assert.equal((await gantry.api().post('/containers/deaf/stop?t=1')).status, 204);
        assert.ok(performance.now() - stopped >= 1000, 'the grace was cut short');
        const lines = (await gantry.api().get('/containers/deaf/logs?stdout=1&since=1')).bytes.length;
        assert.ok(lines > 0);
        // What is asked for until now comes to an end.
        const events = await gantry.api().get(`/events?since=1&until=${(Date.now() + offMs) / 1000}`);
        assert.equal(events.status, 200);
      },
    );
  });

test('RC-T02: a daemon that stood still probes once when it goes on, and calls nobody unhealthy for it', async (t) => {
  const gantry = await startGantry(t);
  await run(gantry, 'well', 'sleep 1000', {
    Healthcheck: { Test: ['CMD-SHELL', 'echo x >> /probes'], Interval: 5e8, Timeout: 1e9, Retries: 1 },
  });
  await until(
    () => inspect(gantry, 'well'),
    ({ State }) => State.Health.Status === 'healthy',
  );
  const since = Date.now() / 1000;
  const probes = async () => (await gantry.dockerOk('exec', 'well', 'cat', '/probes')).split('\n').length;
  const before = await probes();
  process.kill(gantry.pid, 'SIGSTOP');
  await sleep(5000);
  process.kill(gantry.pid, 'SIGCONT');
  const began = performance.now();
  const after = await probes();
  // At the pace of before: not the ten that were left out as well.
  const most = Math.ceil((performance.now() - began) / 500) + 2;
  assert.ok(after - before <= most, `${after - before} probes where ${most} were due`);
  await until(probes, (seen) => seen >= after + 2);
  assert.equal((await inspect(gantry, 'well')).State.Health.Status, 'healthy');
  const filters = encodeURIComponent(JSON.stringify({ event: ['health_status'] }));
  const told = await gantry.api().get(`/events?since=${since}&until=${Date.now() / 1000}&filters=${filters}`);
  assert.doesNotMatch(told.text, /unhealthy/);
});

test('RC-T03: spans longer than a timer or a double can hold are as long as can be, or refused; none runs off at once', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api();
  const longest = 2 ** 63 - 1024;
  await run(gantry, 'long', "trap '' TERM; while :; do sleep 0.1; done", {
    Healthcheck: {
      Test: ['CMD', 'true'],
      Interval: longest,
      Timeout: longest,
      StartPeriod: longest,
      Retries: 1,
    },
    StopTimeout: 2 ** 53,
  });
  const stopping = ['', '?t=2147484', '?t=9007199254740993'].map((query) =>
    api.post(`/containers/long/stop${query}`).then(({ status, text }) => ({ query, status, text })),
  );
  const early = await Promise.race([
    Promise.any(
      stopping.map(async (each) => {
        const answer = await each;
        assert.equal(answer.status, 204);
        return answer;
      }),
    ).catch(() => undefined),
    sleep(1500, 'waiting'),
  ]);
  assert.ok(early === 'waiting' || early === undefined, JSON.stringify(early));
  assert.equal((await inspect(gantry, 'long')).State.Running, true);
  assert.equal((await inspect(gantry, 'long')).State.Health.Log.length, 0);
  assert.equal((await api.get(`/events?since=${2 ** 53}&until=${2 ** 53}`)).status, 400);
  assert.equal((await api.post('/containers/long/kill')).status, 204);
  await Promise.all(stopping);
});
