/**
 * Security cases SC-DOS-04 and 12 to 14: trees too deep for paths, execs by the thousand, times and ranges that
 * overflow. SC-DOS-08 to 10 are in streams.test.ts, SC-DOS-11 in test/images/full.test.ts and test/engine/output.test.ts.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

const ping = async () => assert.equal((await gantry.api().get('/_ping')).status, 200);

async function create(body: object): Promise<string> {
  const HostConfig = { NetworkMode: 'none' };
  const made = await gantry.api().post('/containers/create', { Image: 'busybox', HostConfig, ...body });
  assert.equal(made.status, 201, made.text);
  return made.json<{ Id: string }>().Id;
}

async function run(script: string, more: object = {}): Promise<string> {
  const id = await create({ Cmd: ['sh', '-c', script], ...more });
  assert.equal((await gantry.api().post(`/containers/${id}/start`)).status, 204);
  return id;
}

async function remove(id: string): Promise<void> {
  assert.equal((await gantry.api().delete(`/containers/${id}?force=1`)).status, 204);
}

const PATIENCE_MS = 60_000;

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await holds()); ) {
    assert.ok(Date.now() < end, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until the container has said `word`. */
const said = (id: string, word: string): Promise<void> =>
  until(word, async () => (await gantry.api().get(`/containers/${id}/logs?stdout=1`)).text.includes(word));

/** Moves trees of a thousand directories below each other: 8,000 of them, in paths of 16,000 bytes. */
const DIG = `cd /tmp; chain=$(printf 'd/%.0s' $(seq 1000)); mkdir -p "new0/$chain"
for i in $(seq 7); do mkdir -p "new$i/$chain"; mv "new$((i - 1))" "new$i/$chain" || exit 1; done
echo 0123456789 > /outside`;

test('SC-DOS-04: a container with directories deeper than a path can say is listed, measured and removed like others', async () => {
  const api = gantry.api();
  const id = await run(`mkdir -p /tmp; ${DIG}`);
  assert.deepEqual((await api.post(`/containers/${id}/wait`)).json(), { StatusCode: 0 });
  const size = (await api.get(`/containers/${id}/json?size=1`)).json<{ SizeRw: number }>().SizeRw;
  assert.equal(size, 11);
  const list = (await api.get('/containers/json?all=1&size=1')).json<{ SizeRw: number }[]>();
  assert.deepEqual(
    list.map(({ SizeRw }) => SizeRw),
    [11],
  );
  assert.equal((await api.get('/system/df')).status, 200);
  // What has no path that could be said cannot be told, and what says so is no page long.
  for (const asked of [api.get(`/containers/${id}/changes`), api.post(`/commit?container=${id}`)]) {
    const { status, text } = await asked;
    assert.ok(status >= 400 && text.length < 1000, text.slice(0, 1000));
  }
  await remove(id);
  await ping();
});

test('SC-DOS-12: more execs than a container may have are refused until some have ended, and no other container is', async () => {
  const api = gantry.api();
  const [full, other] = [await run('sleep 1000'), await run('sleep 1000')];
  const exec = (id: string, Cmd: readonly string[]) => api.post(`/containers/${id}/exec`, { Cmd });
  const ids: string[] = [];
  while (ids.length < 1024)
    for (const made of await Promise.all(Array.from({ length: 32 }, () => exec(full, ['sleep', '1000'])))) {
      assert.equal(made.status, 201, made.text);
      ids.push(made.json<{ Id: string }>().Id);
    }
  const starts = ids.slice(0, 128).map((id) => api.post(`/exec/${id}/start`, { Detach: true }));
  const refused = await exec(full, ['true']);
  assert.deepEqual([refused.status, /has 1024 exec commands/.test(refused.text)], [503, true], refused.text);
  assert.equal((await exec(other, ['true'])).status, 201);
  for (const started of await Promise.all(starts)) assert.equal(started.status, 200, started.text);
  await ping();
  // A detached exec that ends makes room.
  const [, ...rest] = ids.slice(128);
  const pid = (await api.get(`/exec/${ids[0]}/json`)).json<{ Pid: number }>().Pid;
  process.kill(pid, 'SIGKILL');
  await until('room', async () => (await exec(full, ['true'])).status === 201);
  assert.equal((await exec(full, ['true'])).status, 503);
  assert.equal((await api.get(`/exec/${rest[0]}/json`)).status, 200);
  for (const id of [full, other]) await remove(id);
});

test('SC-DOS-13: a time that is no number is refused', async () => {
  const id = await run('sleep 1000');
  for (const t of ['1e300', 'NaN', 'Infinity', '1.5', '0x10', '99999999999999999999'])
    for (const verb of ['stop', 'restart'])
      assert.equal((await gantry.api().post(`/containers/${id}/${verb}?t=${t}`)).status, 400, `${verb} ${t}`);
  for (const query of ['since=1e300&until=1', 'until=NaN', 'until=99999999999999'])
    assert.equal((await gantry.api().get(`/events?${query}`)).status, 400, query);
  for (const what of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'])
    for (const nanos of [1, -1, 999_999]) {
      const Healthcheck = { Test: ['CMD', 'true'], [what]: nanos };
      const made = await gantry.api().post('/containers/create', { Image: 'busybox', Healthcheck });
      assert.deepEqual([made.status, /less than 1ms/.test(made.text)], [400, true], `${what} ${nanos}`);
    }
  await remove(id);
});

/** Hears SIGTERM and goes on; ends with 7 at the next signal. */
const PATIENT = 'trap "echo asked" TERM; trap "exit 7" USR1; echo ready; while :; do sleep 0.05; done';

for (const [t, more] of [
  ['?t=2147484', {}],
  ['?t=9007199254740991', {}],
  ['?t=-1', {}],
  ['', { StopTimeout: 2147484 }],
] as const)
  test(`SC-DOS-13: a stop of ${JSON.stringify(more)} with ${JSON.stringify(t)} waits, and kills nobody at once`, async () => {
    const id = await run(PATIENT, more);
    await said(id, 'ready');
    const stopped = gantry.api().post(`/containers/${id}/stop${t}`);
    await said(id, 'asked');
    assert.equal((await gantry.api().post(`/containers/${id}/kill?signal=USR1`)).status, 204);
    assert.equal((await stopped).status, 204);
    const { State } = (await gantry.api().get(`/containers/${id}/json`)).json<{
      State: { ExitCode: number };
    }>();
    assert.equal(State.ExitCode, 7);
    await remove(id);
  });

test('SC-DOS-13: who waits without limit hinders no kill and no forced removal', async () => {
  const api = gantry.api();
  const killed = await run(PATIENT);
  await said(killed, 'ready');
  const stopped = api.post(`/containers/${killed}/stop?t=-1`);
  await said(killed, 'asked');
  assert.equal((await api.post(`/containers/${killed}/kill`)).status, 204);
  assert.equal((await stopped).status, 204);
  await remove(killed);
  const removed = await run(PATIENT);
  await said(removed, 'ready');
  const restarted = api.post(`/containers/${removed}/restart?t=-1`);
  await said(removed, 'asked');
  await remove(removed);
  assert.equal((await restarted).status, 204);
  assert.equal((await api.get(`/containers/${removed}/json`)).status, 404);
});

test('SC-DOS-14: lists of processors and memory nodes are read without being expanded', async () => {
  for (const list of [
    '1-2147483647',
    '0-8191,'.repeat(140_000),
    `${'0-1,'.repeat(250_000)}0`,
    ','.repeat(1_000_000),
    `0${' '.repeat(1_000_000)}`,
    '0-99999999999999999999',
    '-1',
    '1-',
    '0-0x7',
    '8193',
  ])
    for (const which of ['CpusetCpus', 'CpusetMems']) {
      const HostConfig = { NetworkMode: 'none', [which]: list };
      const made = await gantry.api().post('/containers/create', { Image: 'busybox', HostConfig });
      assert.equal(made.status, 400, `${which} ${list.slice(0, 30)}`);
      assert.ok(made.text.length < 300, made.text.slice(0, 400));
    }
  await remove(await create({ HostConfig: { NetworkMode: 'none', CpusetCpus: `${'0,'.repeat(2000)}0` } }));
});

test('SC-DOS-14: long ranges of ports are not expanded, and a container has so many at most', async (t) => {
  const api = gantry.api();
  const post = (body: object) => api.post('/containers/create', { Image: 'busybox', ...body });
  for (const port of ['1-65535/tcp', '1-99999999999/udp', '1-65535/sctp', '70000/tcp', '-1/tcp'])
    for (const body of [
      { ExposedPorts: { [port]: {} } },
      { HostConfig: { PortBindings: { [port]: [{ HostPort: '' }] } } },
    ])
      assert.equal((await post(body)).status, 400, port);
  for (const HostPort of ['1-4000000000', '65536', '-1', '9-1'])
    assert.equal((await post({ HostConfig: { PortBindings: { '80/tcp': [{ HostPort }] } } })).status, 400);
  const numbers = Array.from({ length: 65_535 }, (_, i) => i + 1);
  const ExposedPorts = Object.fromEntries(numbers.map((number) => [`${number}/tcp`, {}]));
  const many = numbers.map((number) => ({ HostPort: `${number}` }));
  const held = net.createServer().listen(0, '0.0.0.0'); // a row is tried as one, and is whole or not there
  await once(held, 'listening');
  t.after(() => held.close());
  for (const [body, status, message] of [
    [{ ExposedPorts, HostConfig: { PublishAllPorts: true } }, 400, /4096 are the most/],
    [
      { HostConfig: { PortBindings: { '80/tcp': many } } },
      500,
      /Bind for 0\.0\.0\.0:\d+ failed: port is already allocated/,
    ],
  ] as const) {
    const id = await create(body);
    assert.equal((await api.get(`/containers/${id}/json`)).status, 200);
    const started = await api.post(`/containers/${id}/start`);
    assert.deepEqual([started.status, message.test(started.text)], [status, true], started.text);
    await ping();
    await remove(id);
  }
});
