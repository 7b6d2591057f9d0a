import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';

test('RC-K12: a daemon killed between recording an end and cleaning up leaves the log alone, and the container can run again', async (t) => {
  const gantry = await startGantry(t);
  const made = await gantry.api().post('/containers/create', {
    Image: 'busybox',
    Cmd: ['sh', '-c', 'echo once; sleep 1; exit 4'],
    HostConfig: { NetworkMode: 'none' },
  });
  const { Id } = made.json<{ Id: string }>();
  await gantry.api().post(`/containers/${Id}/start`);
  const task = `${gantry.execRoot}/tasks/${Id}`;
  const copy = `${gantry.root}/task`;
  // What the next daemon finds when the last one died before it removed the run's directory.
  cpSync(task, copy, { recursive: true, filter: (path) => !/\/(pidfd)$/.test(path) });
  assert.equal(
    (await gantry.api().post(`/containers/${Id}/wait`)).json<{ StatusCode: number }>().StatusCode,
    4,
  );
  while (existsSync(task)) await new Promise((resolve) => setTimeout(resolve, 10));
  await gantry.kill9();
  mkdirSync(task);
  cpSync(copy, task, { recursive: true });
  rmSync(copy, { recursive: true });
  await gantry.start();
  const logs = async () =>
    (await gantry.api().get(`/containers/${Id}/logs?stdout=1&tail=all`)).bytes.toString();
  assert.match(await logs(), /once/);
  const again = await gantry.api().post(`/containers/${Id}/start`);
  assert.equal(again.status, 204, again.text);
  assert.equal(
    (await gantry.api().post(`/containers/${Id}/wait`)).json<{ StatusCode: number }>().StatusCode,
    4,
  );
  assert.match(await logs(), /once\n[\s\S]*once\n/);
});
