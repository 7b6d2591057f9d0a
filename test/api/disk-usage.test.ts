/** Disk usage, and prunes of images, networks and builds, in the words of each version. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, lastCall, post, serve } from './serve.ts';

const NEW = ['ImageUsage', 'ContainerUsage', 'VolumeUsage', 'BuildCacheUsage'];
const OLD = ['LayersSize', 'Images', 'Containers', 'Volumes', 'BuildCache'];

for (const [url, members] of [
  ['/system/df', [...NEW, ...OLD]],
  ['/v1.53/system/df', [...NEW, ...OLD]],
  ['/v1.53/system/df?verbose=1', NEW],
  ['/v1.52/system/df', [...NEW, ...OLD]],
  ['/v1.52/system/df?verbose=0', [...NEW, ...OLD]],
  ['/v1.52/system/df?verbose=1', NEW],
  ['/v1.52/system/df?type=volume', ['VolumeUsage', 'LayersSize', 'Volumes']],
  ['/v1.51/system/df?verbose=1', OLD],
  ['/v1.42/system/df?type=image&type=container', ['LayersSize', 'Images', 'Containers']],
  ['/v1.41/system/df?type=image', [...OLD, 'BuilderSize']],
  ['/v1.25/system/df', ['LayersSize', 'Images', 'Containers', 'Volumes']],
] as const)
  test(`GET ${url} has ${members.join(', ')}`, async () => {
    await using served = await serve();
    const { status, text } = await ask(served.path, url);
    assert.equal(status, 200, text);
    assert.deepEqual(Object.keys(JSON.parse(text) as object).sort(), [...members].sort());
  });

test('things are listed when asked for, with the members that each version knows', async () => {
  await using served = await serve();
  const at = async (url: string) => JSON.parse((await ask(served.path, url)).text);
  assert.equal((await at('/system/df?verbose=1')).ImageUsage.Items.length, 1);
  assert.equal((await at('/v1.52/system/df')).ImageUsage.Items.length, 1);
  assert.deepEqual((await at('/v1.44/system/df')).Images[0].RepoTags, []);
  assert.equal((await at('/v1.44/system/df')).Images[0].VirtualSize, undefined);
  const [image] = (await at('/v1.42/system/df')).Images;
  assert.equal(image.VirtualSize, image.Size);
  assert.deepEqual([image.RepoTags, image.RepoDigests], [['<none>:<none>'], ['<none>@<none>']]);
  const [volume] = (await at('/v1.30/system/df')).Volumes;
  assert.deepEqual(volume.UsageData, { RefCount: 1, Size: 9 });
  assert.equal(volume.CreatedAt, undefined);
  assert.equal((await at('/v1.31/system/df')).LayersSize, 9);
});

test('an unknown kind of thing is refused, where kinds can be said', async () => {
  await using served = await serve();
  const { status, text } = await ask(served.path, '/v1.42/system/df?type=image&type=network');
  assert.deepEqual([status, text], [400, '{"message":"unknown object type: network"}\n']);
  assert.equal((await ask(served.path, '/v1.41/system/df?type=network')).status, 200);
});

for (const [route, since, call, body] of [
  ['/images/prune', 25, 'imagesPrune', { ImagesDeleted: null, SpaceReclaimed: 0 }],
  ['/networks/prune', 25, 'networksPrune', { NetworksDeleted: null }],
  ['/build/prune', 31, 'buildPrune', { CachesDeleted: null, SpaceReclaimed: 0 }],
] as const)
  test(`POST ${route} of 1.${since} passes its filters on, and says null when nothing went`, async () => {
    await using served = await serve();
    const filters = encodeURIComponent('{"until":{"1h":true}}');
    const { status, text } = await post(served.path, `/v1.${since}${route}?filters=${filters}`);
    assert.deepEqual([status, JSON.parse(text)], [200, body]);
    assert.equal(served.calls.at(-1)?.[0], call);
    assert.deepEqual(lastCall(served, 1), new Map([['until', ['1h']]]));
  });
