/** Drivers that have the log elsewhere: complete when the end is told, and each line once over deaths of the daemon. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

interface Asked {
  readonly config?: object;
  readonly host?: object;
}

async function begin(
  gantry: Gantry,
  script: string,
  logConfig: object,
  { config, host }: Asked = {},
): Promise<string> {
  const made = await gantry.api().post('/containers/create', {
    Image: 'busybox',
    Cmd: ['sh', '-c', script],
    HostConfig: { NetworkMode: 'none', LogConfig: logConfig, ...host },
    ...config,
  });
  assert.equal(made.status, 201, made.text);
  const { Id } = made.json<{ Id: string }>();
  const started = await gantry.api().post(`/containers/${Id}/start`);
  assert.equal(started.status, 204, started.text);
  return Id;
}
const waited = async (gantry: Gantry, id: string) =>
  (await gantry.api().post(`/containers/${id}/wait`)).json<{ StatusCode: number }>().StatusCode;

const logPathOf = async (gantry: Gantry, id: string) =>
  (await gantry.api().get(`/containers/${id}/json`)).json<{ LogPath: string }>().LogPath;

const logConfigOf = async (gantry: Gantry, id: string) =>
  (await gantry.api().get(`/containers/${id}/json`)).json<{ HostConfig: { LogConfig: object } }>().HostConfig
    .LogConfig;

interface Line {
  readonly log: string;
  readonly stream: string;
  readonly time: string;
}
/** The lines of the file and of those that were rotated away, oldest first. */
function linesAt(path: string): Line[] {
  const name = path.slice(dirname(path).length + 1);
  const numberOf = (file: string) => Number(/\.(\d+)(\.gz)?$/.exec(file)?.[1] ?? 0);
  return readdirSync(dirname(path))
    .filter((file) => file.startsWith(name))
    .sort((a, b) => numberOf(b) - numberOf(a))
    .flatMap((file) => {
      const bytes = readFileSync(join(dirname(path), file));
      return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n').slice(0, -1);
    })
    .map((line) => JSON.parse(line) as Line);
}

/** Equal, or told where they part: a difference of tens of thousands of lines, spelled out, takes gigabytes. */
function assertSameLines(got: readonly string[], wanted: readonly string[]): void {
  const parted = wanted.findIndex((line, i) => got[i] !== line);
  const at = parted < 0 ? wanted.length : parted;
  assert.deepEqual(
    { at, lines: got.length, there: got.slice(at, at + 3) },
    { at: wanted.length, lines: wanted.length, there: [] },
  );
}

test('json-file is complete when the end is told, and its path is known', async (t) => {
  const gantry = await startGantry(t);
  const id = await begin(
    gantry,
    'i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done; echo end >&2',
    {
      Type: 'json-file',
    },
  );
  await waited(gantry, id);
  const path = await logPathOf(gantry, id);
  assert.equal(path, `${gantry.dataRoot}/containers/${id}/${id}-json.log`);
  assert.equal(statSync(path).mode & 0o777, 0o640);
  const lines = linesAt(path);
  assert.deepEqual(
    lines.filter(({ stream }) => stream === 'stdout').map(({ log }) => log),
    Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`),
  );
  assert.deepEqual(
    lines.filter(({ stream }) => stream === 'stderr').map(({ log }) => log),
    ['end\n'],
  );
});

test('RC-E04: each line is in json-file once and in its order, though the daemon is killed again and again', async (t) => {
  const gantry = await startGantry(t);
  const config = { 'max-size': '300k', 'max-file': '100', compress: 'true' };
  const script =
    'i=0; while [ $i -lt 60000 ]; do echo "line $i"; echo "error $i" >&2; i=$((i+1)); [ $((i%100)) = 0 ] && usleep 20000; done';
  const id = await begin(gantry, script, { Type: 'json-file', Config: config });
  for (let kill = 0; kill < 8; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 40 * (kill % 4)));
    await gantry.kill9();
    await gantry.start();
  }
  assert.equal(await waited(gantry, id), 0);
  const path = await logPathOf(gantry, id);
  const lines = linesAt(path);
  for (const [stream, word] of [
    ['stdout', 'line'],
    ['stderr', 'error'],
  ])
    assertSameLines(
      lines.filter((line) => line.stream === stream).map(({ log }) => log),
      Array.from({ length: 60_000 }, (_, i) => `${word} ${i}\n`),
    );
  assert.ok(existsSync(`${path}.1.gz`), 'it was rotated');
});

test('what a dead daemon had not put into json-file is there when the next has started', async (t) => {
  const gantry = await startGantry(t);
  const id = await begin(
    gantry,
    'echo first; sleep 0.3; i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done',
    {
      Type: 'json-file',
    },
  );
  const path = await logPathOf(gantry, id);
  await gantry.kill9();
  await new Promise((resolve) => setTimeout(resolve, 600));
  await gantry.start();
  await waited(gantry, id);
  assert.deepEqual(
    linesAt(path).map(({ log }) => log),
    ['first\n', ...Array.from({ length: 2000 }, (_, i) => `line ${i}\n`)],
  );
});

test('a container that ends while no daemon lives has its last lines in json-file once', async (t) => {
  const gantry = await startGantry(t);
  // As much as the pipe holds: it ends though nobody reads.
  const script = 'echo first; sleep 0.5; i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done';
  for (let round = 0; round < 4; round++) {
    const id = await begin(gantry, script, {
      Type: 'json-file',
      Config: { 'max-size': '30k', 'max-file': '100', compress: 'true' },
    });
    const path = await logPathOf(gantry, id);
    await gantry.kill9();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await gantry.start();
    await waited(gantry, id);
    const logged = linesAt(path).map(({ log }) => log);
    assert.equal(logged.length, 20001, `round ${round}: ${logged.length} lines`);
    assert.equal(new Set(logged).size, 20001);
  }
});

/** A syslog daemon on a unix socket: all that it was sent. */
async function syslogFor(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-syslog-'));
  const path = join(directory, 's');
  let text = '';
  const sockets = new Set<Socket>();
  const server = createServer((one) => {
    sockets.add(one);
    one.on('error', () => undefined);
    one.on('data', (bytes) => {
      text += bytes;
    });
  });
  await new Promise<void>((resolve) => server.listen(path, () => resolve()));
  t.after(() => {
    for (const one of sockets) one.destroy();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return { address: `unix://${path}`, text: () => text };
}

test('syslog gets each line with its tag; logs reads them from the copy; all was sent when a container is gone', async (t) => {
  const daemon = await syslogFor(t);
  const gantry = await startGantry(t);
  const options = {
    'syslog-address': daemon.address,
    'syslog-facility': 'local1',
    'syslog-format': 'rfc3164',
    tag: '{{.Name}}',
  };
  const logConfig = { Type: 'syslog', Config: options };
  const id = await begin(gantry, 'echo said; echo oops >&2', logConfig);
  await waited(gantry, id);
  const { Name } = (await gantry.api().get(`/containers/${id}/json`)).json<{ Name: string }>();
  const tag = `${Name.slice(1)}\\[${gantry.pid}\\]`;
  assert.match(
    daemon.text(),
    new RegExp(`^<142>\\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\S+ ${tag}: said\n`, 'm'),
  );
  assert.match(daemon.text(), new RegExp(`^<139>.* ${tag}: oops\n`, 'm'));
  const logs = await gantry.api().get(`/containers/${id}/logs?stdout=1&tail=1`);
  assert.equal(logs.bytes.subarray(8).toString(), 'said\n');
  assert.equal(await logPathOf(gantry, id), '');
  const short = await begin(gantry, 'echo short-lived', logConfig, { host: { AutoRemove: true } });
  while ((await gantry.api().get(`/containers/${short}/json`)).status !== 404)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.match(daemon.text(), /: short-lived\n/);
});

test('without its copy syslog cannot be read; without a daemon nothing starts, and nothing is left', async (t) => {
  const { address } = await syslogFor(t);
  const gantry = await startGantry(t);
  const options = { 'syslog-address': address, 'cache-disabled': 'true' };
  const id = await begin(gantry, 'echo said', { Type: 'syslog', Config: options });
  await waited(gantry, id);
  const logs = await gantry.api().get(`/containers/${id}/logs?stdout=1`);
  assert.equal(logs.status, 501);
  assert.match(logs.text, /configured logging driver does not support reading/);
  const body = {
    Image: 'busybox',
    Cmd: ['true'],
    HostConfig: {
      NetworkMode: 'none',
      LogConfig: { Type: 'syslog', Config: { 'syslog-address': 'tcp://127.0.0.1:1' } },
    },
  };
  const made = (await gantry.api().post('/containers/create', body)).json<{ Id: string }>();
  const started = await gantry.api().post(`/containers/${made.Id}/start`);
  assert.equal(started.status, 500);
  assert.match(started.text, /failed to initialize logging driver: .*ECONNREFUSED/);
  const inspected = (await gantry.api().get(`/containers/${made.Id}/json`)).json<{
    State: { Status: string };
  }>();
  assert.equal(inspected.State.Status, 'created');
});

/** The bytes of stdout as a client that follows the log gets them, with their sum. */
function follow(gantry: Gantry, id: string, onFirst: () => void): Promise<{ bytes: number; sum: string }> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    let bytes = 0;
    let rest = Buffer.alloc(0);
    get({ socketPath: gantry.socket, path: `/containers/${id}/logs?stdout=1&follow=1` }, (answer) => {
      answer.once('data', onFirst);
      answer.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
          const end = 8 + rest.readUInt32BE(4);
          hash.update(rest.subarray(8, end));
          bytes += end - 8;
          rest = rest.subarray(end);
        }
      });
      answer.on('end', () => resolve({ bytes, sum: hash.digest('hex') }));
      answer.on('error', reject);
    }).on('error', reject);
  });
}

test('RC-E04: a follower loses and repeats nothing though the log is rotated many times under it', async (t) => {
  const gantry = await startGantry(t);
  const bytes = 60_000_000;
  const script = `echo; while [ ! -e /go ]; do usleep 10000; done; seq 1 100000000 | head -c ${bytes}`;
  const id = await begin(gantry, script, { Type: 'local', Config: { 'max-size': '1m', 'max-file': '2' } });
  const reading = Promise.withResolvers<void>();
  const following = follow(gantry, id, reading.resolve);
  await reading.promise;
  await gantry.dockerOk('exec', id, 'touch', '/go');
  await waited(gantry, id);
  const hash = createHash('sha256').update('\n');
  let [left, next] = [bytes, 1];
  while (left > 0) {
    const text = Buffer.from(Array.from({ length: 10_000 }, () => `${next++}\n`).join(''));
    hash.update(text.subarray(0, left));
    left -= Math.min(left, text.length);
  }
  assert.deepEqual(await following, { bytes: bytes + 1, sum: hash.digest('hex') });
});

test('gelf gets a document a line, which says whose it is; logs reads them from the copy', async (t) => {
  const gantry = await startGantry(t);
  const udp = createSocket('udp4');
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', () => resolve()));
  t.after(() => udp.close());
  const documents: Record<string, unknown>[] = [];
  udp.on('message', (packed) => void documents.push(JSON.parse(gunzipSync(packed).toString())));
  const { port } = udp.address() as AddressInfo;
  const id = await begin(
    gantry,
    'echo one; echo; echo two >&2',
    { Type: 'gelf', Config: { 'gelf-address': `udp://127.0.0.1:${port}`, labels: 'stage', tag: 'here' } },
    { config: { Labels: { stage: 'test' } } },
  );
  await waited(gantry, id);
  await until(
    async () => documents.length,
    (length) => length >= 2,
  );
  const told = documents.map(({ short_message, level, _container_id, _stage, _tag }) =>
    [short_message, level, _container_id === id, _stage, _tag].join(),
  );
  assert.deepEqual(told.sort(), ['one,6,true,test,here', 'two,3,true,test,here']);
  const { text } = await gantry.api().get(`/containers/${id}/logs?stdout=1&stderr=1`);
  for (const line of ['one\n', 'two\n']) assert.ok(text.includes(line), text);
});

test('a daemon that is left alone has no thread for logs, however many containers run', async (t) => {
  const gantry = await startGantry(t);
  const threads = () =>
    readdirSync(`/proc/${gantry.pid}/task`).map((id) =>
      readFileSync(`/proc/${gantry.pid}/task/${id}/comm`, 'utf8').trim(),
    );
  const before = threads().length;
  const quiet = await begin(gantry, 'echo hello; sleep 1000', {});
  assert.deepEqual(await logConfigOf(gantry, quiet), {
    Type: 'json-file',
    Config: { 'max-size': '20m', 'max-file': '5' },
  });
  const path = await logPathOf(gantry, quiet);
  await until(
    async () => linesAt(path).map(({ log }) => log),
    (lines) => lines.join('') === 'hello\n',
  );
  assert.equal(threads().length, before, 'a line was no work for a thread');
  const loud = await begin(gantry, 'seq 1 100000', {});
  await waited(gantry, loud);
  assert.equal(linesAt(await logPathOf(gantry, loud)).length, 100_000);
  assert.equal(threads().length, before + 1);
  await until(
    async () => threads().length,
    (length) => length === before,
  );
});

test('options that mean nothing are refused when a container is made, and leave nothing', async (t) => {
  const gantry = await startGantry(t);
  for (const [Type, Config, message] of [
    ['json-file', { 'max-sise': '1' }, "unknown log opt 'max-sise' for json-file log driver"],
    [
      'json-file',
      { tag: '{{.X}}' },
      'failed to initialize logging driver: template: log-tag:1:2: executing "log-tag" at <.X>: can\'t evaluate field X in type *logger.Info',
    ],
    [
      'json-file',
      { 'env-regex': '(' },
      'failed to initialize logging driver: error parsing regexp: missing closing ): `(`',
    ],
    ['syslog', { 'syslog-address': 'unix:///nowhere/s' }, 'stat /nowhere/s: no such file or directory'],
    ['gelf', {}, 'gelf-address is a required parameter'],
    ['fluentd', {}, 'error looking up logging plugin fluentd: plugin "fluentd" not found'],
    ['splunk', {}, 'error looking up logging plugin splunk: plugin "splunk" not found'],
  ] as const) {
    const made = await gantry
      .api()
      .post('/containers/create', { Image: 'busybox', HostConfig: { LogConfig: { Type, Config } } });
    assert.deepEqual([made.status, made.json<{ message: string }>().message], [400, message]);
  }
  assert.deepEqual(readdirSync(`${gantry.dataRoot}/containers`), []);
});
