/** What an engine tells while things happen: events of memory, sizes and reloads, and the ends that clients wait for. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fileScope } from '../harness/file-scope.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

let gantry: Gantry;
const scope = fileScope();
before(async () => {
  gantry = await startGantry(scope);
});

async function make(name: string, script: string, host: object = {}, config: object = {}): Promise<string> {
  const made = await gantry.api().post(`/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: ['sh', '-c', script],
    ...config,
    HostConfig: { NetworkMode: 'none', ...host },
  });
  assert.equal(made.status, 201, made.text);
  return made.json<{ Id: string }>().Id;
}
async function start(name: string): Promise<void> {
  const { status, text } = await gantry.api().post(`/containers/${name}/start`);
  assert.equal(status, 204, text);
}
const wait = async (name: string, condition: string): Promise<number> =>
  (await gantry.api().post(`/containers/${name}/wait?condition=${condition}`)).json<{ StatusCode: number }>()
    .StatusCode;

/** Events until now, by filters. */
async function happened(filters: Readonly<Record<string, readonly string[]>>): Promise<Event[]> {
  const query = `until=${Math.ceil(Date.now() / 1000) + 1}&since=1&filters=${encodeURIComponent(JSON.stringify(filters))}`;
  const { text } = await gantry.api().get(`/events?${query}`);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event);
}

test('a container that memory killed tells oom before it dies', async () => {
  await make('greedy', 'x=x; while :; do x="$x$x"; done', { Memory: 8 << 20, MemorySwap: 8 << 20 });
  await start('greedy');
  assert.equal(await wait('greedy', 'not-running'), 137);
  const told = (await happened({ container: ['greedy'] })).map(({ Action }) => Action);
  assert.deepEqual(told, ['create', 'start', 'oom', 'die']);
});

test('a resize is told with what it became; an exec has the size that it was started with', async () => {
  await make('sized', 'sleep 1000', { ConsoleSize: [31, 97] }, { Tty: true });
  await start('sized');
  assert.equal((await gantry.api().post('/containers/sized/resize?h=20&w=60')).status, 200);
  const [resize] = await happened({ container: ['sized'], event: ['resize'] });
  assert.deepEqual([resize?.Actor.Attributes.height, resize?.Actor.Attributes.width], ['20', '60']);
  const exec = { AttachStdout: true, Tty: true, Cmd: ['stty', 'size'] };
  const { Id } = (await gantry.api().post('/containers/sized/exec', exec)).json<{ Id: string }>();
  const ran = await gantry.api().post(`/exec/${Id}/start`, { Tty: true, ConsoleSize: [41, 99] });
  assert.equal(ran.text.trim(), '41 99');
  const [died] = await happened({ container: ['sized'], event: ['exec_die'] });
  assert.deepEqual([died?.Actor.Attributes.execID, died?.Actor.Attributes.exitCode], [Id, '0']);
  await gantry.api().delete('/containers/sized?force=1');
});

test('an exec finds its size also when many begin at once, and is scheduled as every process', async () => {
  await make('many', 'sleep 1000');
  await start('many');
  const size = async (): Promise<string> => {
    const script = "stty size; cut -d' ' -f18,19,41 /proc/self/stat";
    const exec = { AttachStdout: true, Tty: true, Cmd: ['sh', '-c', script] };
    const { Id } = (await gantry.api().post('/containers/many/exec', exec)).json<{ Id: string }>();
    const ran = await gantry.api().post(`/exec/${Id}/start`, { Tty: true, ConsoleSize: [41, 99] });
    return ran.text.trim();
  };
  const found = new Set<string>();
  for (let round = 0; round < 10; round++)
    for (const text of await Promise.all(Array.from({ length: 4 }, size))) found.add(text);
  // Priority, nice value and policy of any process.
  assert.deepEqual([...found], ['41 99\r\n20 0 0']);
  await gantry.api().delete('/containers/many?force=1');
});

test('a terminal begins with the size that its container was made with', async () => {
  await make('begun', 'stty size', { ConsoleSize: [31, 97] }, { Tty: true });
  await start('begun');
  assert.equal(await wait('begun', 'not-running'), 0);
  assert.equal((await gantry.api().get('/containers/begun/logs?stdout=1')).text.trim(), '31 97');
});

test('who waits for a container that starts again hears of its next end; who waits for its removal, of the last', async () => {
  await make('again', 'sleep 0.2; exit 3', { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } });
  const removed = wait('again', 'removed');
  await start('again');
  assert.equal(await wait('again', 'next-exit'), 3);
  assert.equal(await wait('again', 'not-running'), 3);
  await until(
    async () =>
      (await gantry.api().get('/containers/again/json')).json<{ State: { Status: string } }>().State.Status,
    (status) => status === 'exited',
  );
  assert.equal(await wait('again', 'not-running'), 3, 'it has ended for good: nobody waits');
  await gantry.api().delete('/containers/again');
  assert.equal(await removed, 3);
});

test('a container that removes itself tells its code to whoever waits, in every way', async () => {
  await make('once', 'sleep 0.5; exit 4', { AutoRemove: true });
  const waits = ['next-exit', 'removed'].map((condition) => wait('once', condition));
  await start('once');
  waits.push(wait('once', 'not-running'));
  assert.deepEqual(await Promise.all(waits), [4, 4, 4]);
  assert.equal((await gantry.api().post('/containers/once/wait?condition=removed')).status, 404);
});

test('prunes are told, also when nothing was there to go', async () => {
  const calls = ['/containers/prune', '/images/prune', '/networks/prune', '/volumes/prune', '/build/prune'];
  for (const path of calls) assert.equal((await gantry.api().post(path)).status, 200, path);
  const told = (await happened({ event: ['prune'] })).map(({ Type }) => Type);
  assert.deepEqual(told.sort(), ['builder', 'container', 'image', 'network', 'volume']);
});

test('what is read again by SIGHUP is told as an event of the daemon', async () => {
  process.kill(gantry.pid, 'SIGHUP');
  const [reload] = await until(
    () => happened({ type: ['daemon'] }),
    (events) => events.length > 0,
  );
  const { ID } = (await gantry.api().get('/info')).json<{ ID: string }>();
  assert.deepEqual([reload?.Action, reload?.Actor.ID], ['reload', ID]);
  assert.equal(reload?.Actor.Attributes.debug, 'false');
});
