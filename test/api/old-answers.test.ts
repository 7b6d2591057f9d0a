/** Old answers as the daemons of their time sent them, told by moby's source at its tags; over a fake engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ID } from './fake/documents.ts';
import { ask, post, serve } from './serve.ts';

/** What an object of JSON says. */
type Said = Record<string, unknown>;

async function get(url: string): Promise<Said> {
  await using served = await serve();
  const reply = await ask(served.path, url);
  assert.equal(reply.status, 200, reply.text);
  return JSON.parse(reply.text) as Said;
}

// moby's execConfig, Container and execdriver.ProcessConfig at v1.4.1 (1.16) … v1.9.1 (1.21).
for (const [minor, more, less] of [
  [16, ['RestartCount'], ['MountPoints', 'UpdateDns', 'HasBeenStartedBefore', 'LogPath']],
  [17, ['Volumes', 'VolumesRW', 'RestartCount'], ['MountPoints', 'UpdateDns', 'LogPath']],
  [18, ['Volumes', 'UpdateDns', 'LogPath'], ['MountPoints', 'HasBeenStartedBefore']],
  [19, ['Volumes', 'UpdateDns', 'MountPoints', 'LogPath'], ['HasBeenStartedBefore']],
  [20, ['Volumes', 'UpdateDns', 'MountPoints', 'HasBeenStartedBefore'], []],
  [21, ['Volumes', 'MountPoints', 'HasBeenStartedBefore'], ['UpdateDns']],
] as const)
  test(`an exec at 1.${minor} brings the container that it is in`, async () => {
    const exec = await get(`/v1.${minor}/exec/e/json`);
    assert.ok(!('ContainerID' in exec));
    const container = exec.Container as Said;
    const { State, Config, NetworkSettings, Image, MountPoints } = container as Record<string, Said>;
    assert.deepEqual([container.ID, container.Id, container.HostConfig], [ID, undefined, undefined]);
    assert.deepEqual([container.Path, container.Args, container.Name], ['sh', ['-c', 'true'], '/web']);
    assert.deepEqual([State?.Running, State?.Pid, Config?.Image], [true, 42, 'busybox']);
    assert.equal(NetworkSettings?.IPAddress, '172.17.0.2');
    assert.equal(Image, 'b'.repeat(64));
    for (const name of ['ResolvConfPath', 'HostnamePath', 'HostsPath', 'Driver', 'ExecDriver', ...more])
      assert.ok(name in container, `${name} is there`);
    for (const name of less) assert.ok(!(name in container), `${name} came later`);
    assert.equal('Status' in (State ?? {}), minor >= 21);
    if (MountPoints)
      assert.deepEqual(MountPoints['/dst'], {
        ...{ Name: '', Destination: '/dst', Driver: '', RW: false, Source: '/src', Relabel: 'ro' },
      });
  });

test('an exec of 1.22 and later names its container', async () => {
  for (const version of ['1.22', '1.41']) {
    const exec = await get(`/v${version}/exec/e/json`);
    assert.deepEqual([exec.ContainerID, exec.Container], [ID, undefined]);
  }
});

test('the address of the index is one text at every version that told it', async () => {
  for (const minor of [4, 10, 11, 12, 17, 18, 24, 41])
    assert.equal(typeof (await get(`/v1.${minor}/info`)).IndexServerAddress, 'string', `1.${minor}`);
});

// moby's runconfig.Config at v0.9.1 and runconfig.HostConfig at v0.10.0: both are 1.10.
test('name servers and volumes of others stand in both places at 1.10', async () => {
  const at = async (version: string) => {
    const { Config, HostConfig } = (await get(`/v${version}/containers/web/json`)) as Record<string, Said>;
    return [Config?.Dns, Config?.VolumesFrom, HostConfig?.Dns, HostConfig?.VolumesFrom];
  };
  assert.deepEqual(await at('1.9'), [['9.9.9.9'], 'other', undefined, undefined]);
  assert.deepEqual(await at('1.10'), [['9.9.9.9'], 'other', ['9.9.9.9'], ['other']]);
  assert.deepEqual(await at('1.11'), [undefined, undefined, ['9.9.9.9'], ['other']]);
});

// moby's runconfig.Config at v1.3.0; v1.3.2 has it in HostConfig.
test('security options stand in Config at 1.15 alone', async () => {
  for (const [version, isThere] of [
    ['1.14', false],
    ['1.15', true],
    ['1.16', false],
  ] as const) {
    const { Config } = (await get(`/v${version}/containers/web/json`)) as Record<string, Said>;
    assert.equal('SecurityOpt' in (Config ?? {}), isThere, version);
  }
});

// moby's postContainersCopy: v1.2.0 sets no type, v1.3.3 does.
for (const [version, type] of [
  ['1.4', 'application/octet-stream'],
  ['1.11', 'application/octet-stream'],
  ['1.14', 'application/octet-stream'],
  ['1.15', 'application/x-tar'],
  ['1.23', 'application/x-tar'],
] as const)
  test(`a copy out of a container is ${type} at ${version}`, async () => {
    await using served = await serve();
    const body = JSON.stringify({ Resource: '/etc' });
    const reply = await post(served.path, `/v${version}/containers/web/copy`, { body });
    assert.deepEqual([reply.status, reply.headers['content-type']], [200, type]);
  });
