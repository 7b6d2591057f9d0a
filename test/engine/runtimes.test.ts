import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';

const skip = existsSync('/usr/sbin/runc') || existsSync('/usr/bin/runc') ? false : 'runc is not installed';

test('runc, chosen by name, runs containers that outlive the daemon as crun does', { skip }, async (t) => {
  const gantry = await startGantry(t);
  const body = {
    Image: 'busybox',
    Cmd: ['sh', '-c', 'echo from runc; sleep 2; exit 9'],
    HostConfig: { Runtime: 'runc', NetworkMode: 'none' },
  };
  const { Id } = (await gantry.api().post('/containers/create', body)).json<{ Id: string }>();
  const started = await gantry.api().post(`/containers/${Id}/start`);
  assert.equal(started.status, 204, started.text);
  await gantry.kill9();
  await gantry.start();
  assert.equal(
    (await gantry.api().post(`/containers/${Id}/wait`)).json<{ StatusCode: number }>().StatusCode,
    9,
  );
  assert.match((await gantry.api().get(`/containers/${Id}/logs?stdout=1`)).text, /from runc/);
});

test('RC-O01: an unknown runtime is refused by name', async (t) => {
  const gantry = await startGantry(t);
  const answer = await gantry
    .api()
    .post('/containers/create', { Image: 'busybox', Cmd: ['true'], HostConfig: { Runtime: 'nosuch' } });
  assert.deepEqual(
    [answer.status, answer.json<{ message: string }>().message],
    [400, 'unknown or invalid runtime name: nosuch'],
  );
});
