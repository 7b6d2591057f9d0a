/** An exec that has none of its streams attached, and is started without being detached. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';

test('an exec without streams has its answer once it runs, and runs on', async (t) => {
  const gantry = await startGantry(t);
  const container = await gantry.dockerOk('run', '-d', 'busybox', 'sleep', '100');
  for (const version of ['1.16', '1.24', undefined]) {
    const api = gantry.api(version);
    const made = await api.post(`/containers/${container}/exec`, { Cmd: ['sleep', '100'] });
    const { Id } = made.json<{ Id: string }>();
    const started = await api.post(`/exec/${Id}/start`, { Detach: false, Tty: false });
    assert.deepEqual([started.status, started.text], [200, '']);
    assert.equal((await api.get(`/exec/${Id}/json`)).json<{ Running: boolean }>().Running, true);
  }
});
