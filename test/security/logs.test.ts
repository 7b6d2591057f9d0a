/** Cases SC-LOG of the security list: what containers print, and what the engine's own words must not contain. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

interface LogConfig {
  readonly Type: string;
  readonly Config?: Readonly<Record<string, string>>;
}

async function runToEnd(
  gantry: Gantry,
  script: string,
  LogConfig: LogConfig = { Type: 'local' },
  more: object = {},
) {
  const made = await gantry.api().post('/containers/create', {
    Image: 'busybox',
    Cmd: ['sh', '-c', script],
    HostConfig: { NetworkMode: 'none', LogConfig },
    ...more,
  });
  assert.equal(made.status, 201, made.text);
  const { Id } = made.json<{ Id: string }>();
  assert.equal((await gantry.api().post(`/containers/${Id}/start`)).status, 204);
  assert.equal((await gantry.api().post(`/containers/${Id}/wait`)).status, 200);
  return Id;
}

/** What the frames hold, by stream. */
function unframed(bytes: Buffer): Record<number, string> {
  const found: Record<number, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    const stream = bytes[at] ?? -1;
    found[stream] = (found[stream] ?? '') + bytes.subarray(at + 8, end).toString('latin1');
    at = end;
  }
  return found;
}
const logsOf = async (gantry: Gantry, id: string, query: string) =>
  unframed((await gantry.api().get(`/containers/${id}/logs?${query}`)).bytes);

const logPathOf = async (gantry: Gantry, id: string) =>
  (await gantry.api().get(`/containers/${id}/json`)).json<{ LogPath: string }>().LogPath;

const FORGED = '{"log":"forged\\n","stream":"stderr","time":"1999-01-01T00:00:00.000000000Z"}';
const PRINTED = [
  FORGED,
  'a\rb\0c',
  '\x01\0\0\0\0\0\0\x05evil!',
  '\x02\0\0\0\0\0\0\x05evil!',
  '\xff\xfex',
].join('\n');
const octal = (text: string) =>
  [...Buffer.from(text, 'latin1')].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

test('SC-LOG-01: output that imitates log records and frames comes back as it was, on its stream, with our time', async (t) => {
  const gantry = await startGantry(t);
  for (const Type of ['local', 'json-file']) {
    const id = await runToEnd(gantry, `printf '${octal(PRINTED)}'`, { Type });
    assert.deepEqual(await logsOf(gantry, id, 'stdout=1&stderr=1'), { 1: PRINTED });
    assert.deepEqual(await logsOf(gantry, id, 'stderr=1'), {});
    const stamped = (await logsOf(gantry, id, 'stdout=1&timestamps=1'))[1] ?? '';
    assert.doesNotMatch(stamped, /^1999/m);
    assert.match(stamped, /^20\d\d-.*Z \{"log":"forged/);
    if (Type === 'local') continue;
    const lines = readFileSync(await logPathOf(gantry, id), 'utf8')
      .split('\n')
      .slice(0, -1);
    assert.equal(lines.length, 5);
    const first = JSON.parse(lines[0] ?? '') as { log: string; stream: string; time: string };
    assert.deepEqual([first.log, first.stream], [`${FORGED}\n`, 'stdout']);
    assert.doesNotMatch(first.time, /^1999/);
  }
});

/** The most memory that the daemon has had, in bytes. */
const peakOf = (pid: number): number =>
  1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

test('SC-LOG-02: a line without an end is kept in pieces, and never held in memory as a whole', async (t) => {
  const gantry = await startGantry(t);
  await runToEnd(gantry, 'echo warm', { Type: 'json-file' });
  const before = peakOf(gantry.pid);
  const length = 200_000_000;
  const id = await runToEnd(gantry, `head -c ${length} /dev/zero | tr '\\0' z`, { Type: 'json-file' });
  assert.ok(peakOf(gantry.pid) - before < length, `${peakOf(gantry.pid) - before} bytes more`);
  const path = await logPathOf(gantry, id);
  const head = readFileSync(path).subarray(0, 50_000).toString().split('\n')[0] ?? '';
  assert.equal((JSON.parse(head) as { log: string }).log, 'z'.repeat(16 << 10));
  const last = await logsOf(gantry, id, 'stdout=1&tail=1');
  assert.match(last[1] ?? '', /^z+$/);
});

test('SC-LOG-03, RC-E04: no size of a rotated log, however odd, is exceeded by more than a record', async (t) => {
  const gantry = await startGantry(t);
  const script = 'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done';
  const record = 200;
  for (const [size, bytes, files] of [
    ['1', 1, 2],
    ['1k', 1000, 3],
    ['0.5kb', 500, 1],
    ['10k', 10_000, 100_000],
  ] as const) {
    const id = await runToEnd(gantry, script, {
      Type: 'json-file',
      Config: { 'max-size': size, 'max-file': String(files) },
    });
    const path = await logPathOf(gantry, id);
    const all = readdirSync(join(path, '..')).filter((name) => name.includes('-json.log'));
    assert.ok(all.length <= files, `${size}: ${all.length} files`);
    for (const name of all)
      assert.ok(statSync(join(path, '..', name)).size < bytes + record, `${size}: ${name} is too large`);
    assert.match(readFileSync(path, 'utf8'), /"line 2999\\n".*\n$/);
    assert.match((await logsOf(gantry, id, 'stdout=1&tail=1'))[1] ?? '', /^line 2999\n$/);
  }
});

/** A client that follows from the beginning: `begun` when five lines came, `all` when the log has ended. */
function followed(gantry: Gantry, id: string): { begun: Promise<void>; all: Promise<Buffer> } {
  const socket = gantry.api().connect();
  const pieces: Buffer[] = [];
  const body = () => {
    const bytes = Buffer.concat(pieces);
    return bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
  };
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece);
    if (pieces.length < 20 && body().includes('5\n')) resolve();
  });
  // Of this version a body is what comes until the end.
  socket.write(`GET /containers/${id}/logs?follow=1&stdout=1 HTTP/1.0\r\nHost: x\r\n\r\n`);
  return {
    begun,
    all: once(socket, 'end').then(() => {
      socket.destroy();
      return body();
    }),
  };
}

test('SC-LOG-03: who follows a log through its rotations loses nothing and reads nothing twice', async (t) => {
  const gantry = await startGantry(t);
  const printed = Array.from({ length: 200_000 }, (_, i) => `${i + 1}\n`).join('');
  for (const [Type, size] of [
    ['json-file', '50k'],
    ['local', '100k'],
  ] as const) {
    const made = await gantry.api().post('/containers/create', {
      Image: 'busybox',
      Cmd: ['sh', '-c', 'seq 1 5; read go; seq 6 200000'],
      OpenStdin: true,
      StdinOnce: true,
      HostConfig: { NetworkMode: 'none', LogConfig: { Type, Config: { 'max-size': size, 'max-file': '3' } } },
    });
    const { Id } = made.json<{ Id: string }>();
    await gantry.api().post(`/containers/${Id}/start`);
    const following = [1, 2, 3].map(() => followed(gantry, Id));
    // All have read its beginning before the rest is printed.
    await Promise.all(following.map(({ begun }) => begun));
    const input = gantry.api().connect();
    input.on('error', () => undefined);
    input.write(
      `POST /containers/${Id}/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\ngo\n`,
    );
    for (const bytes of await Promise.all(following.map(({ all }) => all))) {
      const read = unframed(bytes)[1] ?? '';
      assert.equal(read.length, printed.length, Type);
      assert.ok(read === printed, `${Type}: other bytes`);
    }
    input.destroy();
    // What a follower has yet to read is kept for it.
    await until(
      async () => unframed((await gantry.api().get(`/containers/${Id}/logs?stdout=1`)).bytes)[1] ?? '',
      (kept) => kept.length < printed.length / 2,
    );
  }
});

test('SC-LOG-04: values of a query that mean nothing are refused or have their documented default', async (t) => {
  const gantry = await startGantry(t);
  const id = await runToEnd(gantry, 'echo said');
  for (const query of [
    'tail=-5',
    'tail=abc',
    'tail=1e99',
    'tail=99999999999999999999',
    'tail=',
    'tail[]=1',
    'tail=1&tail=2',
    'since=NaN',
    'since=-1',
    'since=1e400',
    'since=99999999999999999',
    'until=abc',
    'since=2000000000&until=1',
    'follow=maybe',
    'timestamps=%00',
  ]) {
    const { status } = await gantry.api().get(`/containers/${id}/logs?stdout=1&${query}`);
    assert.ok(status === 200 || status === 400, `${query}: ${status}`);
  }
  assert.equal((await gantry.api().get(`/containers/${id}/logs`)).status, 400, 'no stream');
  assert.equal((await gantry.api().get('/_ping')).status, 200);
});

const SECRET = 'gantry-test-secret-5e1f';

test('SC-LOG-05, SC-LOG-06: what a container or a registry is told in confidence is not in our log, nor in what others ask for', async (t) => {
  const gantry = await startGantry(t, {
    args: ['-D'],
    env: { HTTP_PROXY: `http://user:${SECRET}@127.0.0.1:9` },
  });
  const id = await runToEnd(gantry, 'true', { Type: 'json-file' }, { Env: [`TOKEN=${SECRET}`] });
  const running = await gantry.api().post('/containers/create', {
    Image: 'busybox',
    Cmd: ['sleep', '100'],
    HostConfig: { NetworkMode: 'none' },
  });
  const { Id } = running.json<{ Id: string }>();
  await gantry.api().post(`/containers/${Id}/start`);
  const exec = await gantry.api().post(`/containers/${Id}/exec`, { Cmd: ['true'], Env: [`TOKEN=${SECRET}`] });
  await gantry.api().post(`/exec/${exec.json<{ Id: string }>().Id}/start`, { Detach: true });
  const auth = { username: 'u', password: SECRET, serveraddress: '127.0.0.1:1' };
  const refused = await gantry.api().post('/auth', auth);
  assert.ok(refused.status >= 400, refused.text);
  assert.doesNotMatch(refused.text, new RegExp(SECRET));
  assert.doesNotMatch(gantry.log(), new RegExp(SECRET));
  for (const path of [
    '/info',
    '/events?since=0&until=1',
    '/containers/json?all=1',
    `/containers/${Id}/json`,
    '/version',
  ])
    assert.doesNotMatch((await gantry.api().get(path)).text, new RegExp(SECRET), path);
  assert.match((await gantry.api().get('/info')).text, /"HttpProxy":"http:\/\/xxxxx:xxxxx@127\.0\.0\.1:9"/);
  assert.doesNotMatch(readFileSync(await logPathOf(gantry, id), 'utf8'), new RegExp(SECRET));
});

/** Files below a directory that anybody may read, or may reach: what lies below a closed directory is closed. */
function openFiles(directory: string): string[] {
  const { mode } = lstatSync(directory);
  if ((mode & 0o007) === 0) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return openFiles(path);
    return entry.isFile() && (lstatSync(path).mode & 0o006) !== 0 ? [path] : [];
  });
}

test('SC-LOG-07: nobody but us and our group reads what we write', async (t) => {
  const gantry = await startGantry(t);
  const id = await runToEnd(gantry, 'echo said', { Type: 'json-file' }, { Env: [`TOKEN=${SECRET}`] });
  assert.deepEqual(openFiles(gantry.execRoot).filter(holdsSecret), []);
  assert.deepEqual(openFiles(gantry.dataRoot).filter(holdsSecret), []);
  assert.equal(statSync(await logPathOf(gantry, id)).mode & 0o777, 0o640);
  const log = join(gantry.dataRoot, 'containers', id, 'log');
  assert.equal(statSync(log).mode & 0o777, 0o700);
  for (const name of readdirSync(log)) assert.equal(statSync(join(log, name)).mode & 0o777, 0o640, name);
  assert.equal(statSync(gantry.socket).mode & 0o777, 0o660);
});
const holdsSecret = (path: string): boolean => /said|gantry-test-secret/.test(readFileSync(path, 'latin1'));

/** What our log says in JSON; the rest is what a start says to a person. */
const ourLines = (gantry: Gantry): { msg: string }[] =>
  gantry
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { msg: string });

test('SC-LOG-08: what a container prints or is called is quoted in our log', async (t: TestContext) => {
  const gantry = await startGantry(t, { args: ['-D'] });
  const forged = '{"level":50,"msg":"forged.event"}';
  await runToEnd(gantry, `echo '${forged}'`);
  const tag = `x\n${forged}`;
  const made = await gantry.api().post('/containers/create', {
    Image: `nothing\n${forged}`,
    HostConfig: { LogConfig: { Type: 'json-file', Config: { [tag]: 'x' } } },
  });
  assert.ok(made.status >= 400);
  await gantry.api().get(`/containers/${encodeURIComponent(`no\n${forged}`)}/json`);
  assert.deepEqual(
    ourLines(gantry).filter(({ msg }) => msg === 'forged.event'),
    [],
  );
});

test('SC-LOG-09: errors tell no more than the word that is wrong, and nothing of our files', async (t) => {
  const gantry = await startGantry(t);
  const long = 'x'.repeat(100_000);
  for (const [path, body] of [
    ['/containers/create', '{"Image": nonsense'],
    ['/containers/create', { Image: 'busybox', HostConfig: { LogConfig: { Type: long } } }],
    [
      '/containers/create',
      { Image: 'busybox', HostConfig: { LogConfig: { Type: 'local', Config: { [long]: '' } } } },
    ],
    [
      '/containers/create',
      { Image: 'busybox', HostConfig: { LogConfig: { Type: 'json-file', Config: { tag: `{{${long}}}` } } } },
    ],
    [
      '/containers/create',
      { Image: 'busybox', HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': long } } } },
    ],
  ] as const) {
    const answer = await gantry.api().post(path, body);
    assert.equal(answer.status, 400, answer.text.slice(0, 200));
    assert.ok(answer.text.length < 1000, `${answer.text.length} bytes: ${answer.text.slice(0, 200)}`);
    assert.doesNotMatch(answer.text, /\bat .*:\d+:\d+|node:|\/src\//);
  }
});
