/** Looks at containers in the words of each version: top, stats, prune, lists by filters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ID } from './fake/documents.ts';
import { ask, dial, hasHead, lastCall, post, readUntil, serve, until } from './serve.ts';

type Row = Record<string, unknown>;

test('top passes what ps is asked for, and is a table', async () => {
  await using served = await serve();
  const { status, text } = await ask(served.path, '/containers/web/top?ps_args=aux%20-f');
  assert.deepEqual(served.calls.at(-1), ['top', 'web', 'aux -f']);
  const row = ['root', '42', 'pts/0', '00:00:00', 'sh -c true'];
  assert.deepEqual(
    [status, JSON.parse(text)],
    [200, { Titles: ['UID', 'PID', 'TTY', 'TIME', 'CMD'], Processes: [row] }],
  );
});

test('below 1.4 top is a list of four columns, and takes no arguments', async () => {
  await using served = await serve();
  const { text } = await ask(served.path, '/v1.3/containers/web/top?ps_args=aux');
  assert.deepEqual(served.calls.at(-1), ['top', 'web', undefined]);
  assert.deepEqual(JSON.parse(text), [{ PID: '42', Tty: 'pts/0', Time: '00:00:00', Cmd: 'sh -c true' }]);
});

for (const [version, has, lacks] of [
  [
    '',
    ['id', 'name', 'os_type', 'networks', 'pids_stats', 'preread', 'precpu_stats', 'storage_stats'],
    ['network'],
  ],
  ['/v1.51', ['id', 'num_procs', 'cpu_stats.online_cpus', 'precpu_stats.online_cpus'], ['os_type']],
  ['/v1.26', ['id', 'preread'], ['cpu_stats.online_cpus', 'precpu_stats.online_cpus']],
  [
    '/v1.24',
    ['memory_stats.failcnt', 'memory_stats.limit', 'pids_stats.limit'],
    ['id', 'name', 'num_procs', 'preread'],
  ],
  ['/v1.23', ['pids_stats.current', 'networks.eth1'], ['pids_stats.limit']],
  ['/v1.21', ['networks.eth0.rx_bytes', 'precpu_stats'], ['pids_stats', 'network']],
  ['/v1.20', ['network.rx_bytes', 'precpu_stats'], ['networks']],
] as const)
  test(`a sample at ${version || 'no version'} has ${has.join(', ')} and not ${lacks.join(', ')}`, async () => {
    await using served = await serve();
    const { status, text, headers } = await ask(served.path, `${version}/containers/web/stats?stream=0`);
    assert.deepEqual([status, headers['content-type']], [200, 'application/json']);
    const sample = JSON.parse(text) as Row;
    const at = (path: string) =>
      path.split('.').reduce<unknown>((here, name) => (here as Row | undefined)?.[name], sample);
    for (const path of has) assert.notEqual(at(path), undefined, path);
    for (const path of lacks) assert.equal(at(path), undefined, path);
    assert.match(text, /9223372036854771712/, 'all digits');
  });

test('below 1.21 the interfaces are summed up', async () => {
  await using served = await serve();
  const { text } = await ask(served.path, '/v1.20/containers/web/stats?stream=0');
  const { network } = JSON.parse(text) as { network: Row };
  assert.deepEqual([network.rx_bytes, network.tx_dropped], [2, 16]);
});

for (const [url, options] of [
  ['/containers/web/stats?stream=0', { stream: false, oneShot: false }],
  ['/containers/web/stats?stream=0&one-shot=1', { stream: false, oneShot: true }],
  ['/v1.40/containers/web/stats?stream=0&one-shot=1', { stream: false, oneShot: false }],
  ['/containers/web/stats?one-shot=1', { stream: true, oneShot: false }],
  ['/v1.18/containers/web/stats?stream=0', { stream: true, oneShot: false }],
] as const)
  test(`${url} asks for ${JSON.stringify(options)}`, async () => {
    await using served = await serve();
    const socket = dial(served.path);
    socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await readUntil(socket, hasHead);
    assert.deepEqual(lastCall(served, 2), options);
    socket.destroy();
  });

test('a stream of samples ends with its client, also one that ends only its side', async () => {
  await using served = await serve();
  for (const leave of ['end', 'destroy'] as const) {
    const socket = dial(served.path);
    socket.write('GET /containers/web/stats HTTP/1.1\r\nHost: x\r\n\r\n');
    await readUntil(socket, (bytes) => bytes.includes('"read"'));
    socket[leave]();
    await until(() => served.signals.at(-1)?.aborted === true);
    socket.destroy();
  }
});

test('prune passes its filters on, and tells what it removed', async () => {
  await using served = await serve();
  const filters = encodeURIComponent('{"until":["1h"],"label!":{"keep":true}}');
  const { status, text } = await post(served.path, `/v1.25/containers/prune?filters=${filters}`);
  assert.deepEqual([status, JSON.parse(text)], [200, { ContainersDeleted: [ID], SpaceReclaimed: 5 }]);
  assert.deepEqual(
    [...((served.calls.at(-1) ?? [])[1] as Map<string, string[]>)],
    [
      ['until', ['1h']],
      ['label!', ['keep']],
    ],
  );
});

interface Listed {
  readonly all: boolean;
  readonly filters: ReadonlyMap<string, readonly string[]>;
  readonly unknownAnchors: string;
}

for (const [url, all, filters, unknownAnchors] of [
  ['/v1.23/containers/json?before=web', true, [['before', ['web']]], 'refused'],
  [
    '/v1.12/containers/json?since=web&before=x',
    true,
    [
      ['before', ['x']],
      ['since', ['web']],
    ],
    'ignored',
  ],
  ['/v1.24/containers/json?before=web', true, [['before', ['web']]], 'refused'],
  ['/v1.25/containers/json?before=web', false, [], 'refused'],
  [
    `/v1.22/containers/json?filters=${encodeURIComponent('{"odd":["1"],"name":["a"]}')}`,
    false,
    [['name', ['a']]],
    'refused',
  ],
  [
    `/v1.23/containers/json?filters=${encodeURIComponent('{"odd":["1"]}')}`,
    false,
    [['odd', ['1']]],
    'refused',
  ],
  [`/v1.11/containers/json?filters=${encodeURIComponent('{"status":["exited"]}')}`, false, [], 'ignored'],
] as const)
  test(`${decodeURIComponent(url)} lists by ${JSON.stringify(filters)}`, async () => {
    await using served = await serve();
    assert.equal((await ask(served.path, url)).status, 200);
    const listed = lastCall(served, 1) as unknown as Listed;
    assert.deepEqual(
      [listed.all, [...listed.filters], listed.unknownAnchors],
      [all, filters, unknownAnchors],
    );
  });

for (const [version, said, status, words] of [
  ['/v1.23', '{', 500, 'unexpected EOF\n'],
  ['/v1.23', '{"status":5}', 500, 'json: cannot unmarshal number into Go value of type []string\n'],
  ['/v1.24', '{', 400, '{"message":"invalid filter"}\n'],
  ['', '[]', 400, '{"message":"invalid filter"}\n'],
] as const)
  test(`filters ${said} at ${version || 'no version'} are refused with ${status}`, async () => {
    await using served = await serve();
    const reply = await ask(served.path, `${version}/containers/json?filters=${encodeURIComponent(said)}`);
    assert.deepEqual([reply.status, reply.text], [status, words]);
  });
