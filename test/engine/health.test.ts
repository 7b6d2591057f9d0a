/** Health checks over the ends of their containers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

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
