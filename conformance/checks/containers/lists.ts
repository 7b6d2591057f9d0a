/** Lists and inspections of containers. */
import assert from 'node:assert/strict';
import { type Check, check } from '../../probe.ts';
import { type Doc, listed, published } from './rows.ts';

const lists: readonly Check[] = [
  check('ContainerList', 'a running container with a port is listed', async (probe) => {
    const { config, host } = published(probe);
    const id = await probe.running(config, host);
    const row = await listed(probe, id, 'all=1&size=1');
    assert.match(String(row.Status), /^Up /);
    assert.equal(row.Command, probe.since([0, 'sleep 600'], [11, '"sleep 600"'], [19, 'sleep 600']));
    if (probe.minor < 5) assert.match(String(row.Ports), /^\d+->80$/);
    else {
      const [port] = row.Ports as Doc[];
      assert.equal(port?.PrivatePort, 80);
      assert.ok(Number(port?.PublicPort) > 0);
      assert.equal(port?.Type, 'tcp');
    }
    if (probe.minor >= 23) assert.equal(row.State, 'running');
  }),
  check('ContainerList', 'an ended one is listed with all=1 alone, with its exit code', async (probe) => {
    const id = await probe.ended('exit 3');
    const running = (await probe.api.get('/containers/json')).text;
    assert.ok(!running.includes(id), 'an ended container is listed as running');
    const { Status } = await listed(probe, id);
    assert.match(String(Status), probe.since([0, /^Exit 3$/], [11, /^Exited \(3\) .+ ago$/]));
  }),
  check('ContainerList', 'one that never ran has the status of its version', async (probe) => {
    const id = await probe.create();
    const { Status } = await listed(probe, id);
    assert.equal(Status, probe.since([0, 'Exit 0'], [11, ''], [20, 'Created']));
  }),
  check('ContainerList', 'sizes stand where the version has them', async (probe) => {
    const id = await probe.create();
    const has = (row: Doc) => 'SizeRw' in row;
    assert.equal(has(await listed(probe, id)), probe.minor >= 2 && probe.minor < 9);
    if (probe.minor >= 3) assert.ok(has(await listed(probe, id, 'all=1&size=1')));
  }),
  check('ContainerList', 'limit counts the newest, since and before cut', async (probe) => {
    const first = await probe.create();
    const second = await probe.create();
    const ids = async (query: string) =>
      (await probe.api.get(`/containers/json?${query}`))
        .json<{ Id: string }[]>()
        .map(({ Id }) => Id.slice(0, 12));
    assert.deepEqual(await ids('limit=1'), [second.slice(0, 12)]);
    assert.deepEqual(await ids(`all=1&since=${first}`), [second.slice(0, 12)]);
    assert.ok((await ids(`all=1&before=${second}`)).includes(first.slice(0, 12)));
  }),
  check('ContainerList', 'since of an unknown container', async (probe) => {
    const answer = await probe.api.get('/containers/json?since=nobody');
    if (probe.minor < 13) return void probe.succeeded('ContainerList', answer);
    const status = probe.minor < 18 ? 500 : 404;
    probe.failed('ContainerList', answer, status, [
      [13, 'Could not find container with name or id nobody'],
      [18, 'no such id: nobody'],
      [22, 'No such container: nobody'],
    ]);
  }),
  check('ContainerList', 'a malformed boolean is refused while booleans are strict', async (probe) => {
    const answer = await probe.api.get('/containers/json?all=perhaps');
    if (probe.minor < 9) probe.failed('ContainerList', answer, 400, 'Bad parameter');
    else probe.succeeded('ContainerList', answer);
  }),
  check(
    'ContainerList',
    'filters by exit code and status',
    async (probe) => {
      const id = await probe.ended('exit 7');
      const filters = encodeURIComponent(JSON.stringify({ exited: ['7'], status: ['exited'] }));
      await listed(probe, id, `all=1&filters=${filters}`);
      const none = encodeURIComponent(JSON.stringify({ exited: ['9'] }));
      const answer = await probe.api.get(`/containers/json?all=1&filters=${none}`);
      assert.ok(!answer.text.includes(id));
    },
    { from: 14 },
  ),
  check(
    'ContainerList',
    'an unknown status in filters is refused',
    async (probe) => {
      const filters = encodeURIComponent(JSON.stringify({ status: ['asleep'] }));
      const answer = await probe.api.get(`/containers/json?filters=${filters}`);
      probe.failed('ContainerList', answer, 500, [
        [20, 'Unrecognised filter value for status'],
        [22, 'Unrecognised filter value for status: asleep'],
      ]);
    },
    { from: 20, until: 23 },
  ),
];

const inspections: readonly Check[] = [
  check('ContainerInspect', 'a running container has every member of its version', async (probe) => {
    const { config, host } = published(probe);
    const binds = probe.minor >= 3 ? { Binds: ['/etc:/bound:ro'] } : {};
    const id = await probe.running(config, { ...host, ...binds });
    const told = probe.succeeded<Doc>('ContainerInspect', await probe.api.get(`/containers/${id}/json`));
    const full = String(told.Id ?? told.ID);
    assert.equal(full.length, 64);
    assert.equal((told.State as Doc).Running, true);
    assert.ok(Number((told.State as Doc).Pid) > 0);
    assert.equal('ID' in told, probe.minor >= 2 && probe.minor < 12);
    if (probe.minor >= 3 && probe.minor < 20)
      assert.deepEqual([told.Volumes, told.VolumesRW], [{ '/bound': '/etc' }, { '/bound': false }]);
  }),
  check('ContainerInspect', 'an ended one tells its exit code and times', async (probe) => {
    const id = await probe.ended('exit 5');
    const { State } = probe.succeeded<{ State: Doc }>(
      'ContainerInspect',
      await probe.api.get(`/containers/${id}/json`),
    );
    assert.deepEqual([State.Running, State.ExitCode, State.Pid], [false, 5, 0]);
    assert.match(String(State.StartedAt), /^20\d\d-/);
  }),
  check(
    'ContainerInspect',
    'a name that is a container’s and an image’s',
    async (probe) => {
      const name = probe.name('both');
      await probe.create({}, {}, `?name=${name}`);
      assert.equal((await probe.newest.post(`/images/${probe.here.image}/tag?repo=${name}`)).status, 201);
      for (const [endpoint, path] of [
        ['ContainerInspect', `/containers/${name}/json`],
        ['ImageInspect', `/images/${name}/json`],
      ] as const) {
        const answer = await probe.api.get(path);
        if (probe.minor < 12) probe.failed(endpoint, answer, 409, 'Conflict between containers and images');
        else probe.succeeded(endpoint, answer);
      }
      await probe.newest.delete(`/images/${name}`);
    },
    { from: 6 },
  ),
];

export const listsOfContainers: readonly Check[] = [...lists, ...inspections];
