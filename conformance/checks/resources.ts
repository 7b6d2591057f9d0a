/** Volumes and networks, which came with 1.21. */
import assert from 'node:assert/strict';
import { type Check, check, type Probe } from '../probe.ts';

type Doc = Record<string, unknown>;

const volume = async (probe: Probe, more: Doc = {}): Promise<string> => {
  const Name = probe.name('volume');
  const answer = await probe.api.post('/volumes/create', { Name, Driver: 'local', ...more });
  assert.equal(probe.succeeded<{ Name: string }>('VolumeCreate', answer).Name, Name);
  return Name;
};

const volumes: readonly Check[] = [
  check('VolumeCreate', 'tells the volume, and the same again', async (probe) => {
    const Name = await volume(probe);
    const again = await probe.api.post('/volumes/create', { Name });
    assert.equal(probe.succeeded<{ Name: string }>('VolumeCreate', again).Name, Name);
    await probe.api.delete(`/volumes/${Name}`);
  }),
  check('VolumeCreate', 'a name that may not be', async (probe) => {
    const answer = await probe.api.post('/volumes/create', { Name: '/bad' });
    assert.ok([400, 500].includes(answer.status), `${answer.status}`);
    probe.says(answer, /includes invalid characters for a local volume name|volume name invalid/);
  }),
  check('VolumeList', 'has it', async (probe) => {
    const name = await volume(probe);
    const { Volumes } = probe.succeeded<{ Volumes: { Name: string }[] }>(
      'VolumeList',
      await probe.api.get('/volumes'),
    );
    assert.ok(Volumes.some(({ Name }) => Name === name));
    await probe.api.delete(`/volumes/${name}`);
  }),
  check('VolumeInspect', 'tells it, or that there is none', async (probe) => {
    const name = await volume(probe);
    probe.succeeded('VolumeInspect', await probe.api.get(`/volumes/${name}`));
    await probe.api.delete(`/volumes/${name}`);
    probe.failed('VolumeInspect', await probe.api.get(`/volumes/${name}`), 404, [
      [21, 'no such volume'],
      [22, `get ${name}: no such volume`],
    ]);
  }),
  check('VolumeDelete', 'removes, and refuses one that is used or unknown', async (probe) => {
    const name = await volume(probe);
    const id = await probe.create({}, { Binds: [`${name}:/v`] });
    const used = await probe.api.delete(`/volumes/${name}`);
    probe.failed('VolumeDelete', used, 409, [
      [21, /^Conflict: volume is in use/],
      [22, /(volume is (still )?in use)/i],
    ]);
    await probe.api.delete(`/containers/${id}`);
    probe.succeeded('VolumeDelete', await probe.api.delete(`/volumes/${name}`));
    probe.failed('VolumeDelete', await probe.api.delete(`/volumes/${name}`), 404, /no such volume$/);
  }),
];

const network = async (probe: Probe, more: Doc = {}): Promise<string> => {
  const answer = await probe.api.post('/networks/create', {
    Name: probe.name('net'),
    CheckDuplicate: true,
    ...more,
  });
  return probe.succeeded<{ Id: string }>('NetworkCreate', answer).Id;
};

const networks: readonly Check[] = [
  check('NetworkCreate', 'tells its id', async (probe) => {
    const id = await network(probe);
    assert.match(id, /^[0-9a-f]{64}$/);
    await probe.api.delete(`/networks/${id}`);
  }),
  check('NetworkCreate', 'a name of the engine’s own, and one that is taken', async (probe) => {
    const own = await probe.api.post('/networks/create', { Name: 'host' });
    assert.equal(own.status, 403);
    assert.match(own.text, /pre-defined network/);
    const Name = probe.name('taken');
    const id = await network(probe, { Name });
    const taken = await probe.api.post('/networks/create', { Name, CheckDuplicate: true });
    probe.failed('NetworkCreate', taken, 500, `network with name ${Name} already exists`);
    await probe.api.delete(`/networks/${id}`);
  }),
  check('NetworkCreate', 'a driver that is not there', async (probe) => {
    const answer = await probe.api.post('/networks/create', { Name: probe.name('net'), Driver: 'nobody' });
    assert.equal(answer.status, 404, answer.text);
    probe.says(answer, /not found/);
  }),
  check('NetworkList', 'has the predefined ones', async (probe) => {
    const all = probe.succeeded<{ Name: string }[]>('NetworkList', await probe.api.get('/networks'));
    const names = all.map(({ Name }) => Name);
    for (const name of ['host', 'none']) assert.ok(names.includes(name), `${name} is missing`);
    const filters = encodeURIComponent(JSON.stringify({ name: ['none'] }));
    const some = (await probe.api.get(`/networks?filters=${filters}`)).json<{ Name: string }[]>();
    assert.deepEqual(
      some.map(({ Name }) => Name),
      ['none'],
    );
  }),
  check('NetworkInspect', 'tells of its containers, or that there is none', async (probe) => {
    const id = await network(probe);
    const container = await probe.running({}, { NetworkMode: id });
    const { Containers } = probe.succeeded<{ Containers: Doc }>(
      'NetworkInspect',
      await probe.api.get(`/networks/${id}`),
    );
    assert.deepEqual(Object.keys(Containers), [container]);
    await probe.newest.delete(`/containers/${container}?force=1`);
    await probe.api.delete(`/networks/${id}`);
    const answer = await probe.api.get(`/networks/${id}`);
    assert.equal(answer.status, 404);
    probe.says(answer, new RegExp(`${id} not found$|no such network`, 'i'));
  }),
  check('NetworkConnect', 'connects a running container, and disconnects it', async (probe) => {
    const id = await network(probe);
    const container = await probe.running();
    const connected = await probe.api.post(`/networks/${id}/connect`, { Container: container });
    probe.succeeded('NetworkConnect', connected);
    const inspected = (await probe.newest.get(`/networks/${id}`)).json<{ Containers: Doc }>();
    assert.deepEqual(Object.keys(inspected.Containers), [container]);
    const answer = await probe.api.post(`/networks/${id}/disconnect`, { Container: container });
    probe.succeeded('NetworkDisconnect', answer);
    await probe.api.delete(`/networks/${id}`);
  }),
  check('NetworkConnect', 'an unknown network, an unknown container', async (probe) => {
    const answer = await probe.api.post('/networks/nobody/connect', { Container: 'x' });
    assert.equal(answer.status, 404, answer.text);
    const id = await network(probe);
    const unknown = await probe.api.post(`/networks/${id}/connect`, { Container: 'nobody' });
    assert.equal(unknown.status, 404, unknown.text);
    await probe.api.delete(`/networks/${id}`);
  }),
  check('NetworkDisconnect', 'an unknown network', async (probe) => {
    const answer = await probe.api.post('/networks/nobody/disconnect', { Container: 'x' });
    assert.equal(answer.status, 404, answer.text);
  }),
  check('NetworkDelete', 'removes, and refuses what is the engine’s own or in use', async (probe) => {
    const id = await network(probe);
    const container = await probe.running({}, { NetworkMode: id });
    const used = await probe.api.delete(`/networks/${id}`);
    assert.ok([403, 500].includes(used.status), `${used.status}`);
    assert.match(used.text, /has active endpoints/);
    await probe.newest.delete(`/containers/${container}?force=1`);
    const answer = await probe.api.delete(`/networks/${id}`);
    assert.equal(answer.status, probe.since([21, 200], [23, 204]), answer.text);
    const own = await probe.api.delete('/networks/host');
    assert.equal(own.status, 403);
    assert.match(own.text, /pre-defined network and cannot be removed/);
  }),
];

export const resources: readonly Check[] = [...volumes, ...networks];
