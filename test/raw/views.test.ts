/** Real containers looked at in the words of old and new versions: top, stats, lists, waits, WebSockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

type Row = Record<string, unknown>;

const gantry = await startGantry({ after });
const newest = gantry.api();

async function started(name: string, more: Row = {}): Promise<string> {
  const body = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'none' }, ...more };
  const made = await newest.post(`/containers/create?name=${name}`, body);
  assert.equal(made.status, 201, made.text);
  assert.equal((await newest.post(`/containers/${name}/start`)).status, 204);
  return made.json<{ Id: string }>().Id;
}

const id = await started('web', { HostConfig: {} });
const { Pid } = (await newest.get(`/containers/${id}/json`)).json<{ State: { Pid: number } }>().State;

test('top in the words of 1.3 is a list of processes, in those of 1.4 and today a table', async () => {
  // For a moment after its start the process is the runtime's own still.
  const [first] = await until(
    async () => (await gantry.api('1.3').get('/containers/web/top')).json<Row[]>(),
    ([row]) => !String(row?.Cmd).includes('crun'),
  );
  assert.deepEqual([first?.PID, first?.Cmd], [String(Pid), 'sleep 1000']);
  for (const version of ['1.4', '1.24', undefined]) {
    const answer = await gantry.api(version).get('/containers/web/top?ps_args=-eo%20pid,comm');
    assert.deepEqual(answer.json(), { Titles: ['PID', 'COMMAND'], Processes: [[String(Pid), 'sleep']] });
  }
});

test('top of what does not run has the status and words of its time', async () => {
  const { Id } = (await newest.post('/containers/create?name=off', { Image: 'busybox' })).json<{
    Id: string;
  }>();
  for (const [version, status, words] of [
    ['1.12', 500, 'Container off is not running\n'],
    ['1.24', 500, '{"message":"Container off is not running"}\n'],
    ['1.31', 500, `{"message":"Container ${Id} is not running"}\n`],
    ['1.41', 409, `{"message":"Container ${Id} is not running"}\n`],
    [undefined, 409, `{"message":"container ${Id} is not running"}\n`],
  ] as const) {
    const answer = await gantry.api(version).get('/containers/off/top');
    assert.deepEqual([answer.status, answer.text], [status, words]);
  }
  assert.equal((await newest.delete('/containers/off')).status, 204);
});

test('a sample tells what the container used, in every version that has it', async () => {
  for (const version of ['1.19', '1.20', '1.21', '1.24', '1.30', '1.41', undefined]) {
    const answer = await gantry.api(version).get('/containers/web/stats?stream=0');
    assert.equal(answer.status, 200, answer.text);
    const sample = answer.json<{
      cpu_stats: { cpu_usage: { total_usage: number }; system_cpu_usage: number };
      precpu_stats: { system_cpu_usage: number };
      memory_stats: { usage: number; limit: number; stats: Row };
      networks?: Record<string, Row>;
      network?: Row;
    }>();
    assert(sample.cpu_stats.cpu_usage.total_usage > 0);
    assert(sample.cpu_stats.system_cpu_usage > sample.precpu_stats.system_cpu_usage, 'time went on');
    assert(sample.memory_stats.usage > 0 && sample.memory_stats.limit >= sample.memory_stats.usage);
    assert(Object.keys(sample.memory_stats.stats).length > 10);
    const old = version === '1.19' || version === '1.20';
    const counters = old ? sample.network : sample.networks?.eth0;
    assert.equal(typeof counters?.rx_bytes, 'number');
  }
});

test('two clients of one container share its samples, and a removed one ends them', async () => {
  await started('brief');
  const clients = [1, 2].map(() => newest.get('/containers/brief/stats'));
  // Each has heard something before the end.
  await newest.get('/containers/brief/stats?stream=0');
  assert.equal((await newest.delete('/containers/brief?force=1')).status, 204);
  const heard = await Promise.all(clients);
  for (const { status, text } of heard) {
    assert.equal(status, 200);
    assert.match(text.split('\n')[0] ?? '', /"name":"\/brief"/);
  }
});

test('before and since are parameters up to 1.24 and filters from 1.25 on; unknown names were ignored first', async () => {
  await started('later');
  const names = async (version: string | undefined, query: string) => {
    const answer = await gantry.api(version).get(`/containers/json?${query}`);
    if (answer.status !== 200) return [answer.status, answer.text.trim()];
    return answer.json<{ Id: string }[]>().map(({ Id }) => (Id === id ? 'web' : 'later'));
  };
  for (const version of ['1.0', '1.12', '1.17', '1.24'])
    assert.deepEqual(await names(version, 'before=later'), ['web']);
  assert.deepEqual(await names('1.24', 'since=web'), ['later']);
  assert.deepEqual(await names('1.25', 'since=web'), ['later', 'web']);
  const since = encodeURIComponent('{"since":["web"]}');
  assert.deepEqual(await names(undefined, `filters=${since}`), ['later']);
  assert.deepEqual(await names('1.12', 'since=nobody'), ['later', 'web']);
  assert.deepEqual(await names('1.13', 'since=nobody'), [
    500,
    'Could not find container with name or id nobody',
  ]);
  assert.deepEqual(await names('1.18', 'before=nobody'), [404, 'no such id: nobody']);
  assert.deepEqual(await names('1.22', 'before=nobody'), [404, 'No such container: nobody']);
  assert.equal((await newest.delete('/containers/later?force=1')).status, 204);
});

test('wait knows its conditions from 1.30 on, and before waits for the end of the run', async () => {
  await started('waited', { Cmd: ['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.05; done'] });
  const waits = [
    gantry.api('1.12').post('/containers/waited/wait'),
    gantry.api('1.29').post('/containers/waited/wait?condition=removed'),
    gantry.api('1.30').post('/containers/waited/wait?condition=not-running'),
    newest.post('/containers/waited/wait?condition=next-exit'),
    newest.post('/containers/waited/wait?condition=removed'),
  ];
  // They are on their way before the stop is: on connections of their own, answered in order of arrival.
  await newest.get('/containers/waited/stats?stream=0');
  assert.equal((await newest.post('/containers/waited/stop')).status, 204);
  for (const wait of waits.slice(0, 4)) assert.deepEqual((await wait).json(), { StatusCode: 5 });
  assert.equal((await newest.delete('/containers/waited')).status, 204);
  assert.deepEqual((await waits[4])?.json(), { StatusCode: 5 });
  assert.equal((await newest.post('/containers/web/wait?condition=odd')).status, 400);
});

for (const [version, binary] of [
  ['1.4', false],
  ['1.27', false],
  ['1.41', true],
  ['1.55', true],
] as const)
  test(`attach by WebSocket in the words of ${version}: input, output and the end`, async () => {
    const name = `typed-${version}`;
    await started(name, {
      Cmd: ['sh', '-c', 'read x; echo "got $x"; echo err >&2'],
      OpenStdin: true,
      StdinOnce: true,
    });
    const url = `ws+unix://${gantry.socket}:/v${version}/containers/${name}/attach/ws`;
    const socket = new WebSocket(`${url}?stream=1&stdin=1&stdout=1&stderr=1`);
    const said: string[] = [];
    socket.on('message', (bytes: Buffer, isBinary) => {
      assert.equal(isBinary, binary);
      said.push(bytes.toString());
    });
    const closed = once(socket, 'close');
    await once(socket, 'open');
    socket.send('€ 1\n');
    const [code] = await closed;
    assert.equal(code, 1000);
    assert.deepEqual(said.join('').split('\n').sort(), ['', 'err', 'got € 1']);
    assert.equal((await newest.delete(`/containers/${name}?force=1`)).status, 204);
  });

test('prune is told from 1.25 on as today; its event is told from 1.41 on', async () => {
  const from = Math.floor(Date.now() / 1000);
  const { Id } = (await newest.post('/containers/create?name=idle', { Image: 'busybox' })).json<{
    Id: string;
  }>();
  const pruned = (await gantry.api('1.25').post('/containers/prune')).json<Row>();
  assert.deepEqual(pruned.ContainersDeleted, [Id]);
  assert.equal(typeof pruned.SpaceReclaimed, 'number');
  assert.equal((await newest.post('/containers/prune')).json<Row>().ContainersDeleted, null);
  const filters = encodeURIComponent('{"event":["prune"]}');
  const told = async (version: string) => {
    const until = Math.floor(Date.now() / 1000) + 1;
    const { text } = await gantry.api(version).get(`/events?since=${from}&until=${until}&filters=${filters}`);
    return text.split('\n').filter(Boolean).length;
  };
  assert.equal(await told('1.41'), 2);
  assert.equal(await told('1.40'), 0);
});
