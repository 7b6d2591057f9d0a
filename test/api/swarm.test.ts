/** What an engine says that is in no swarm and has no plugins: recorded from dockerd 20.10, but for what we have not at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, serve } from './serve.ts';

const NOT_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const send = (path: string, method: string, url: string, body: string) =>
  ask(path, url, {
    method,
    ...(body !== '' && { body, headers: { 'Content-Type': 'application/json' } }),
  });
const NO_STREAM = 'Bad parameters: you must choose at least one stream';
const version = (noun: string, said: string) =>
  `invalid ${noun} version '${said}': strconv.ParseUint: parsing "${said}": invalid syntax`;

/** `since`: the minor version that brought it. */
const table: readonly (readonly [
  since: number,
  call: string,
  body: string,
  status: number,
  message: string,
])[] = [
  [24, 'GET /swarm', '', 503, NOT_MANAGER],
  [24, 'POST /swarm/leave', '', 503, 'This node is not part of a swarm'],
  [24, 'POST /swarm/leave?force=1', '', 503, 'This node is not part of a swarm'],
  [24, 'POST /swarm/update?version=1', '{}', 503, NOT_MANAGER],
  [24, 'POST /swarm/update', '{}', 400, version('swarm', '')],
  [24, 'POST /swarm/update?version=x', '{}', 400, version('swarm', 'x')],
  [25, 'GET /swarm/unlockkey', '', 503, NOT_MANAGER],
  [25, 'POST /swarm/unlock', '{}', 503, NOT_MANAGER],
  [24, 'GET /swarm/nothing', '', 404, 'page not found'],
  [24, 'GET /nodes', '', 503, NOT_MANAGER],
  [24, 'GET /nodes/x', '', 503, NOT_MANAGER],
  [24, 'DELETE /nodes/x', '', 503, NOT_MANAGER],
  [24, 'POST /nodes/x/update', '{}', 400, version('node', '')],
  [24, 'POST /nodes/x/update?version=1', '{}', 503, NOT_MANAGER],
  [24, 'GET /services', '', 503, NOT_MANAGER],
  [24, 'POST /services/create', '{"Name":"x"}', 503, NOT_MANAGER],
  [24, 'GET /services/x', '', 503, NOT_MANAGER],
  [24, 'DELETE /services/x', '', 503, NOT_MANAGER],
  [24, 'POST /services/x/update?version=1', '{}', 503, NOT_MANAGER],
  [25, 'GET /services/x/logs?stdout=1', '', 503, NOT_MANAGER],
  [25, 'GET /services/x/logs', '', 400, NO_STREAM],
  [24, 'GET /tasks', '', 503, NOT_MANAGER],
  [24, 'GET /tasks/x', '', 503, NOT_MANAGER],
  [29, 'GET /tasks/x/logs?stderr=1', '', 503, NOT_MANAGER],
  [25, 'GET /secrets', '', 503, NOT_MANAGER],
  [25, 'POST /secrets/create', '{}', 503, NOT_MANAGER],
  [25, 'GET /secrets/x', '', 503, NOT_MANAGER],
  [25, 'DELETE /secrets/x', '', 503, NOT_MANAGER],
  [26, 'POST /secrets/x/update', '{}', 400, 'invalid secret version'],
  [26, 'POST /secrets/x/update?version=1', '{}', 503, NOT_MANAGER],
  [30, 'GET /configs', '', 503, NOT_MANAGER],
  [30, 'POST /configs/create', '{}', 503, NOT_MANAGER],
  [30, 'GET /configs/x', '', 503, NOT_MANAGER],
  [30, 'DELETE /configs/x', '', 503, NOT_MANAGER],
  [30, 'POST /configs/x/update?version=1', '{}', 503, NOT_MANAGER],
  [25, 'GET /plugins/a/b/json', '', 404, 'plugin "a/b" not found'],
  [24, 'DELETE /plugins/a/b:latest', '', 404, 'plugin "a/b:latest" not found'],
  [24, 'POST /plugins/x/enable?timeout=3', '', 404, 'plugin "x" not found'],
  [24, 'POST /plugins/x/disable', '', 404, 'plugin "x" not found'],
  [25, 'POST /plugins/x/push', '', 404, 'plugin "x" not found'],
  [25, 'POST /plugins/x/set', '["a=b"]', 404, 'plugin "x" not found'],
  // Ours alone: dockerd begins a swarm, and asks registries for plugins.
  [
    24,
    'POST /swarm/init',
    '{"ListenAddr":"127.0.0.1"}',
    501,
    'swarm mode is not supported: this engine runs containers on its own host alone',
  ],
  [
    24,
    'POST /swarm/join',
    '{}',
    501,
    'swarm mode is not supported: this engine runs containers on its own host alone',
  ],
  [25, 'GET /plugins/privileges?remote=x', '', 501, 'managed plugins are not supported by this engine'],
  [24, 'POST /plugins/pull?remote=x', '[]', 501, 'managed plugins are not supported by this engine'],
  [25, 'POST /plugins/create?name=x', '', 501, 'managed plugins are not supported by this engine'],
];

for (const minor of [25, 30, 41, 55])
  test(`1.${minor} hears that there is no swarm and no plugin`, async () => {
    await using served = await serve();
    for (const [since, call, body, status, message] of table) {
      const [method = '', path = ''] = call.split(' ');
      const reply = await send(served.path, method, encodeURI(`/v1.${minor}${path}`), body);
      const { message: said } = JSON.parse(reply.text) as { message: string };
      const wanted = since <= minor ? [status, message] : [404, 'page not found'];
      assert.deepEqual([reply.status, said], wanted, `${call} ${body}`);
    }
  });

test('in 1.24 what needs a swarm was "not acceptable"; before, there was no such page', async () => {
  await using served = await serve();
  for (const path of ['/swarm', '/nodes', '/services', '/tasks']) {
    const { status, text } = await send(served.path, 'GET', `/v1.24${path}`, '');
    assert.deepEqual([status, (JSON.parse(text) as { message: string }).message], [406, NOT_MANAGER], path);
    assert.equal((await send(served.path, 'GET', `/v1.23${path}`, '')).status, 404);
  }
});

test('bodies must be there and be what they ought to be', async () => {
  await using served = await serve();
  for (const path of ['/swarm/init', '/services/create', '/secrets/create', '/configs/x/update?version=1'])
    for (const body of ['', '[]', 'bad'])
      assert.equal((await send(served.path, 'POST', path, body)).status, 400, `${path} ${body}`);
});

test('the list of plugins is empty, whatever is looked for; what cannot be is refused', async () => {
  await using served = await serve();
  for (const [filters, status, text] of [
    ['{}', 200, '[]'],
    ['{"enabled":["true"]}', 200, '[]'],
    ['{"capability":["volumedriver"]}', 200, '[]'],
    ['{"nope":["x"]}', 400, JSON.stringify({ message: "invalid filter 'nope'" })],
    ['{"enabled":["zz"]}', 400, JSON.stringify({ message: "invalid filter 'enabled=[zz]'" })],
  ] as const) {
    const reply = await send(served.path, 'GET', encodeURI(`/plugins?filters=${filters}`), '');
    assert.deepEqual([reply.status, reply.text.trim()], [status, text]);
  }
});
