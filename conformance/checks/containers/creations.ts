/** Containers are made, in the words of each version. */
import assert from 'node:assert/strict';
import { type Check, check } from '../../probe.ts';
import { takenTexts } from '../../texts.ts';
import { type Doc, published } from './rows.ts';

export const creations: readonly Check[] = [
  check('ContainerCreate', 'tells the id and warnings of its version', async (probe) => {
    const answer = await probe.api.post('/containers/create', { Image: probe.here.image, Cmd: ['true'] });
    const { Id, Warnings } = probe.succeeded<{ Id: string; Warnings?: unknown }>('ContainerCreate', answer);
    assert.equal(Id.length, probe.since([0, 12], [6, 64]));
    assert.deepEqual(Warnings, probe.since<unknown>([0, null], [1, undefined], [8, null]));
    await probe.newest.delete(`/containers/${Id}`);
  }),
  check('ContainerCreate', 'an image that is not here', async (probe) => {
    const answer = await probe.api.post('/containers/create', { Image: 'nobody', Cmd: ['true'] });
    probe.failed('ContainerCreate', answer, 404, [
      [0, 'No such image: nobody'],
      [9, 'No such image: nobody (tag: latest)'],
      [21, 'No such image: nobody:latest'],
    ]);
  }),
  check(
    'ContainerCreate',
    'a name that is taken',
    async (probe) => {
      const name = probe.name('taken');
      const short = (await probe.create({}, {}, `?name=${name}`)).slice(0, 12);
      const answer = await probe.api.post(`/containers/create?name=${name}`, {
        Image: probe.here.image,
        Cmd: ['true'],
      });
      probe.failed('ContainerCreate', answer, 409, takenTexts(name, short));
    },
    { from: 6 },
  ),
  check(
    'ContainerCreate',
    'a name that may not be',
    async (probe) => {
      const answer = await probe.api.post('/containers/create?name=a%20b', {
        Image: probe.here.image,
        Cmd: ['true'],
      });
      const rule = 'only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed';
      probe.failed('ContainerCreate', answer, 500, `Invalid container name (a b), ${rule}`);
    },
    { from: 6 },
  ),
  check('ContainerCreate', 'no command anywhere', async (probe) => {
    const loaded = await probe.newest.post('/images/create?fromSrc=-&repo=cf-bare', Buffer.alloc(1024));
    assert.equal(loaded.status, 200, loaded.text);
    const answer = await probe.api.post('/containers/create', { Image: 'cf-bare' });
    probe.failed('ContainerCreate', answer, probe.since([0, 500], [24, 400]), /^No command specified$/i);
  }),
  check('ContainerCreate', 'a body that is no JSON', async (probe) => {
    const answer = await probe.api.post('/containers/create', 'xyz');
    const words = "invalid character 'x' looking for beginning of value";
    probe.failed('ContainerCreate', answer, probe.since([0, 500], [24, 400]), words);
  }),
  check(
    'ContainerCreate',
    'another content type is refused',
    async (probe) => {
      const answer = await probe.api.post('/containers/create', '{"Image":"x"}', {
        headers: { 'content-type': 'text/plain' },
      });
      const words = "Content-Type specified (text/plain) must be 'application/json'";
      probe.failed('ContainerCreate', answer, probe.since([0, 500], [24, 400]), words);
    },
    { from: 15 },
  ),
  check('ContainerCreate', 'limits at the top level are the container’s', async (probe) => {
    const id = await probe.running({ Memory: 64 << 20, CpuShares: 512 });
    const { HostConfig } = (await probe.newest.get(`/containers/${id}/json`)).json<{ HostConfig: Doc }>();
    assert.deepEqual([HostConfig.Memory, HostConfig.CpuShares], [64 << 20, 512]);
  }),
  check(
    'ContainerCreate',
    'a port, a mount and an entry of the host configuration come into force',
    async (probe) => {
      const { config, host } = published(probe);
      const binds = probe.minor >= 3 ? { Binds: ['/etc:/bound:ro'] } : {};
      const id = await probe.running({ ...config, WorkingDir: '/tmp' }, { ...host, ...binds });
      const now = (await probe.newest.get(`/containers/${id}/json`)).json<{
        Mounts: Doc[];
        Config: Doc;
        NetworkSettings: { Ports: Record<string, unknown[] | null> };
      }>();
      assert.ok((now.NetworkSettings.Ports['80/tcp'] ?? []).length > 0, 'the port is not published');
      assert.deepEqual(
        now.Mounts.map(({ Source, Destination, RW }) => [Source, Destination, RW]),
        probe.minor >= 3 ? [['/etc', '/bound', false]] : [],
      );
      assert.equal(now.Config.WorkingDir, probe.since([0, ''], [4, '/tmp']));
    },
  ),
];
