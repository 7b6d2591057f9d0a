import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';

async function runToEnd(gantry: Gantry, script: string, hostConfig: object = {}): Promise<string> {
  const body = {
    Image: 'busybox',
    Cmd: ['sh', '-c', script],
    HostConfig: { NetworkMode: 'none', ...hostConfig },
  };
  const { Id } = (await gantry.api().post('/containers/create', body)).json<{ Id: string }>();
  assert.equal((await gantry.api().post(`/containers/${Id}/start`)).status, 204);
  assert.equal((await gantry.api().post(`/containers/${Id}/wait`)).status, 200);
  return Id;
}

test('a log of 60 MB comes back whole, and its last lines without reading it all', async (t) => {
  const gantry = await startGantry(t);
  const id = await runToEnd(gantry, 'yes 0123456789 | head -c 60000000; echo; echo the end');
  const all = await gantry.api().get(`/containers/${id}/logs?stdout=1`);
  let bytes = 0;
  for (let at = 0; at < all.bytes.length; at += 8 + all.bytes.readUInt32BE(at + 4))
    bytes += all.bytes.readUInt32BE(at + 4);
  assert.equal(bytes, 60_000_000 + '\nthe end\n'.length);
  assert.match((await gantry.api().get(`/containers/${id}/logs?stdout=1&tail=1`)).text, /^.{8}the end\n$/s);
  const stamped = await gantry.api().get(`/containers/${id}/logs?stdout=1&tail=2&timestamps=1`);
  assert.match(stamped.bytes.subarray(8).toString(), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z .*\n/);
});

test('SC-DOS-11: max-size and max-file bound what is kept, and the newest is kept', async (t) => {
  const gantry = await startGantry(t);
  const logConfig = { Type: 'local', Config: { 'max-size': '1m', 'max-file': '2' } };
  const id = await runToEnd(gantry, 'yes 0123456789 | head -c 20000000; echo; echo the end', {
    LogConfig: logConfig,
  });
  const directory = `${gantry.dataRoot}/containers/${id}/log`;
  const bytes = readdirSync(directory).reduce((sum, name) => sum + statSync(`${directory}/${name}`).size, 0);
  assert.ok(bytes > 1_500_000 && bytes <= 2_000_000 + 65_536, String(bytes));
  assert.match((await gantry.api().get(`/containers/${id}/logs?stdout=1&tail=1`)).text, /the end\n$/);
});

test('a container without a log driver gives its output to attached clients and keeps none', async (t) => {
  const gantry = await startGantry(t);
  assert.equal(
    await gantry.dockerOk(
      'run',
      '--rm',
      '--network',
      'none',
      '--log-driver',
      'none',
      'busybox',
      'echo',
      'seen',
    ),
    'seen',
  );
  const id = await runToEnd(gantry, 'echo unseen', { LogConfig: { Type: 'none', Config: {} } });
  const logs = await gantry.api().get(`/containers/${id}/logs?stdout=1`);
  const directory = `${gantry.dataRoot}/containers/${id}/log`;
  while (existsSync(directory)) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual([logs.status, /does not support reading/.test(logs.text)], [501, true]);
});
