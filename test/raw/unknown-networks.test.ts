/** Networks that are not there: what becomes of a stopped container that is to join one, or was on it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startDockerd } from '../harness/dockerd.ts';
import { startGantry } from '../harness/gantry.ts';
import type { Answer, Api } from '../harness/http.ts';

type Row = Record<string, unknown>;

const gantry = await startGantry({ after });
const dockerd = await startDockerd({ after }, { bridge: true });

const post = (path: string, body: Row) => (api: Api) => api.post(path, body);
const create = (body: Row) => post('/networks/create', body);

/** What Compose 1 asks of a container whose network was removed: dockerd's answers, from 1.24 on. */
const UNKNOWN: readonly (readonly [ask: (api: Api) => Promise<Answer>, status: number, words?: string])[] = [
  [post('/containers/strayed/start', {}), 404, 'network <id> not found'],
  [post('/networks/gone/disconnect', { Container: 'strayed' }), 200],
  [
    post('/networks/gone/disconnect', { Container: 'strayed' }),
    500,
    'container <id> is not connected to the network gone',
  ],
  [post('/networks/gone/connect', { Container: 'strayed', EndpointConfig: { Aliases: ['first'] } }), 200],
  [post('/networks/gone/connect', { Container: 'strayed', EndpointConfig: { Aliases: ['second'] } }), 200],
  [post('/containers/strayed/start', {}), 404, 'network gone not found'],
  [create({ Name: 'gone' }), 201],
  [post('/containers/strayed/start', {}), 204],
  [post('/networks/never/connect', { Container: 'strayed' }), 404, 'network never not found'],
  [post('/networks/never/disconnect', { Container: 'strayed' }), 404, 'network never not found'],
  [
    post('/networks/never/disconnect', { Container: 'strayed', Force: true }),
    500,
    'container <id> is not connected to the network never',
  ],
  [post('/networks/never/connect', { Container: 'nobody' }), 404, 'No such container: nobody'],
  [post('/networks/never/disconnect', { Container: 'nobody' }), 404, 'No such container: nobody'],
  [post('/networks/never/disconnect', { Container: 'nobody', Force: true }), 404, 'network never not found'],
];

test('a container that does not run joins and leaves networks that are not there, from 1.24 on', async () => {
  const both = typeof dockerd === 'string' ? [gantry] : [gantry, dockerd];
  for (const [engine, version] of both.flatMap((each) => [
    [each, '1.24'] as const,
    [each, '1.41'] as const,
  ])) {
    const api = engine.api(version);
    const { Id: left } = (await create({ Name: 'gone' })(api)).json<{ Id: string }>();
    const body = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'gone' } };
    assert.equal((await api.post('/containers/create?name=strayed', body)).status, 201);
    assert.equal((await api.post('/containers/strayed/start')).status, 204);
    assert.equal((await api.post('/containers/strayed/stop?t=0')).status, 204);
    assert.equal((await api.delete('/networks/gone')).status, 204);
    type Shown = { NetworkSettings: { Networks: Record<string, { Aliases: string[]; NetworkID: string }> } };
    const networks = async () =>
      (await api.get('/containers/strayed/json')).json<Shown>().NetworkSettings.Networks;
    assert.deepEqual(Object.keys(await networks()), ['gone']);
    assert.equal((await networks()).gone?.NetworkID, left);
    for (const [ask, status, words] of UNKNOWN) {
      const answer = await ask(api);
      const said = words && answer.json<{ message: string }>().message.replace(/[0-9a-f]{64}/, '<id>');
      assert.deepEqual([answer.status, said], [status, words]);
    }
    const { gone } = await networks();
    assert.equal(gone?.Aliases[0], 'second');
    assert.notEqual(gone?.NetworkID, left);
    assert.equal((await api.delete('/containers/strayed?force=1')).status, 204);
    assert.equal((await api.delete('/networks/gone')).status, 204);
  }
});

test('before 1.24 nobody joins or leaves a network that is not there', async () => {
  const api = gantry.api('1.23');
  const idle = { Image: 'busybox', Cmd: ['true'] };
  assert.equal((await api.post('/containers/create?name=idle', idle)).status, 201);
  for (const path of ['/networks/gone/connect', '/networks/gone/disconnect'])
    for (const Container of ['idle', 'nobody']) {
      const answer = await api.post(path, { Container });
      assert.deepEqual([answer.status, answer.text], [404, 'network gone not found\n']);
    }
});

test('a container that was left without its network joins the one that has its name now', async () => {
  const api = gantry.api();
  const settle = async (path: string, body?: Row) => {
    const { status, text } = await api.post(path, body);
    assert(status < 300, `${path}: ${status} ${text}`);
  };
  await settle('/networks/create', { Name: 'five' });
  const body = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'five' } };
  await settle('/containers/create?name=returned', body);
  await settle('/containers/returned/start');
  await settle('/containers/returned/stop?t=0');
  assert.equal((await api.delete('/networks/five')).status, 204);
  await settle('/networks/create', { Name: 'five' });
  await settle('/networks/five/connect', { Container: 'returned' });
  await settle('/containers/returned/start');
  assert.equal((await api.delete('/containers/returned?force=1')).status, 204);
  assert.equal((await api.delete('/networks/five')).status, 204);
});
