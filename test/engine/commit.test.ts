/** A commit that the daemon does not live to finish. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';

test('a container that was paused for a commit runs on when the daemon is killed in its middle', async (t) => {
  const gantry = await startGantry(t);
  const script = 'head -c 100000000 /dev/urandom > /big; mkdir /tmp/done; exec sleep 1000';
  const id = await gantry.dockerOk('run', '-d', '--network', 'none', 'busybox', 'sh', '-c', script);
  while ((await gantry.docker(['exec', id, 'test', '-d', '/tmp/done'])).code !== 0);
  const status = async () =>
    (await gantry.api().get(`/containers/${id}/json`)).json<{ State: { Status: string } }>().State.Status;
  // Usually at the first try: writing 100 MB takes a hundred times longer than asking.
  for (let seen = ''; seen !== 'paused'; ) {
    const commit = gantry.api().post(`/commit?container=${id}&repo=half`);
    const over = commit.then(
      () => 'over',
      () => 'over',
    );
    do seen = await Promise.race([status(), over]);
    while (seen === 'running');
    if (seen === 'paused') await gantry.kill9();
    await over;
  }
  await gantry.start();
  await gantry.recovered();
  assert.equal(await status(), 'running');
  assert.equal(await gantry.dockerOk('exec', id, 'echo', 'alive'), 'alive');
  assert.deepEqual(readdirSync(join(gantry.dataRoot, 'staging')), []);
  await gantry.dockerOk('commit', id, 'whole');
  const size = await gantry.dockerOk('run', '--rm', '--network', 'none', 'whole', 'stat', '-c', '%s', '/big');
  assert.equal(size, '100000000');
});

test('an image of a container tells older clients which one it was, and how that ran', async (t) => {
  const gantry = await startGantry(t);
  const made = await gantry.api().post('/containers/create', { Image: 'busybox', Cmd: ['touch', '/x'] });
  const { Id } = made.json<{ Id: string }>();
  const image = (await gantry.api().post(`/commit?container=${Id}`)).json<{ Id: string }>().Id;
  const at = async (version?: string) =>
    (await gantry.api(version).get(`/images/${image}/json`)).json<Record<string, unknown>>();
  for (const [version, container, config] of [
    ['1.44', 'Container', 'ContainerConfig'],
    ['1.12', 'Container', 'ContainerConfig'],
    ['1.11', 'container', 'container_config'],
  ] as const) {
    const told = await at(version);
    assert.equal(told[container], Id, version);
    assert.deepEqual((told[config] as { Cmd?: unknown }).Cmd, ['touch', '/x'], version);
  }
  assert.deepEqual(
    Object.keys(await at()).filter((name) => /^container/i.test(name)),
    [],
  );
});
