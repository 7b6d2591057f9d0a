/** Answers that come in pieces: logs, events, progress, wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from '../../src/formats/frames.ts';
import { events, ID } from './fake/documents.ts';
import { ask, dial, hasHead, lastCall, linesOf, post, readReply, readUntil, serve, until } from './serve.ts';

test('logs come in frames, with their content type from 1.42', async () => {
  await using served = await serve();
  for (const [version, type] of [
    ['1.41', 'raw'],
    ['1.42', 'multiplexed'],
  ]) {
    const { headers, body } = await ask(served.path, `/v${version}/containers/web/logs?stdout=1&stderr=1`);
    assert.equal(headers['content-type'], `application/vnd.docker.${type}-stream`);
    assert.deepEqual(
      new FrameReader().push(body).map((frame) => [frame.stream, frame.payload.toString()]),
      [
        ['stdout', 'out\n'],
        ['stderr', 'err\n'],
      ],
    );
  }
});

test('logs of a terminal, and of anything below 1.6, are not framed', async () => {
  await using served = await serve();
  assert.equal((await ask(served.path, '/v1.5/containers/web/logs?stdout=1')).text, 'out\nerr\n');
  served.terminal = true;
  assert.equal((await ask(served.path, '/containers/web/logs?stdout=1')).text, 'out\nerr\n');
});

test('times before log lines have the form of the version', async () => {
  await using served = await serve();
  served.terminal = true;
  const at = async (version: string) =>
    (await ask(served.path, `/v${version}/containers/web/logs?stdout=1&timestamps=1`)).text.split('\n')[0];
  assert.equal(await at('1.14'), '2026-01-02T03:04:05.678901234Z out');
  assert.equal(await at('1.13'), '[Jan  2 03:04:05.678] out');
});

for (const [version, status, text] of [
  ['1.55', 400, `{"message":"must specify at least one of 'stdout' or 'stderr'"}\n`],
  ['1.41', 400, '{"message":"Bad parameters: you must choose at least one stream"}\n'],
  ['1.13', 400, 'Bad parameters: you must choose at least one stream\n'],
  ['1.12', 200, 'Error: You must choose at least one stream\n'],
] as const)
  test(`logs of no stream at v${version} are ${status}`, async () => {
    await using served = await serve();
    const reply = await ask(served.path, `/v${version}/containers/web/logs`);
    assert.deepEqual([reply.status, reply.text], [status, text]);
  });

test('parameters of logs reach the engine in its units', async () => {
  await using served = await serve();
  await ask(served.path, '/containers/web/logs?stdout=1&since=1700000000.5&until=0&tail=all&details=1');
  const { signal: _signal, ...options } = lastCall(served, 2);
  assert.deepEqual(options, {
    follow: false,
    stdout: true,
    stderr: false,
    since: 1_700_000_000_500_000_000n,
    until: undefined,
    tail: undefined,
    timestamps: false,
    details: true,
  });
  await ask(served.path, '/containers/web/logs?stdout=1&tail=7');
  assert.equal(lastCall(served, 2).tail, 7);
  assert.equal((await ask(served.path, '/containers/web/logs?stdout=1&since=yesterday')).status, 400);
});

const [start] = events;
for (const [version, expected] of [
  ['1.52', ['Type', 'Action', 'Actor', 'scope', 'time', 'timeNano']],
  ['1.51', ['status', 'id', 'from', 'Type', 'Action', 'Actor', 'scope', 'time', 'timeNano']],
  ['1.21', ['status', 'id', 'from', 'Type', 'Action', 'Actor', 'time', 'timeNano']],
  ['1.19', ['status', 'id', 'from', 'Type', 'Action', 'Actor', 'time']],
  ['1.11', ['status', 'id', 'from', 'time']],
  ['1.3', ['status', 'id', 'time']],
] as const)
  test(`an event at v${version} has ${expected.join(', ')}`, async () => {
    await using served = await serve();
    const socket = dial(served.path);
    socket.write(`GET /v${version}/events?since=0 HTTP/1.1\r\nHost: x\r\n\r\n`);
    const text = readReply(
      await readUntil(socket, (bytes) => /"time":\d+[^}]*\}/.test(bytes.toString())),
    ).text;
    socket.destroy();
    const first = text.slice(0, text.indexOf('}', text.indexOf('"time"')) + 1);
    const event = JSON.parse(first) as Record<string, unknown>;
    assert.deepEqual(Object.keys(event).toSorted(), [...expected].toSorted());
    const id = version === '1.3' ? ID.slice(0, 12) : ID;
    if ('status' in event) assert.deepEqual([event.status, event.id], ['start', id]);
    if ('timeNano' in event) assert.match(first, new RegExp(`"timeNano":${start?.timeNano}\\b`));
  });

test('below 1.22 networks have no events, below 1.19 nothing stands between events', async () => {
  await using served = await serve();
  const of = async (version: string) => (await ask(served.path, `/v${version}/events?until=1700000009`)).text;
  assert.equal(linesOf(await of('1.22')).length, 2);
  assert.equal(linesOf(await of('1.21')).length, 1);
});

test('events take the form that the client accepts', async () => {
  await using served = await serve();
  const at = async (version: string, accept?: string) => {
    const { headers, text } = await ask(served.path, `/v${version}/events?until=1700000009`, {
      headers: accept ? { Accept: accept } : {},
    });
    return [headers['content-type'], text.startsWith('\u001e')];
  };
  assert.deepEqual(await at('1.51'), ['application/json', false]);
  assert.deepEqual(await at('1.52'), ['application/jsonl', false]);
  assert.deepEqual(await at('1.55', 'application/x-ndjson'), ['application/x-ndjson', false]);
  assert.deepEqual(await at('1.55', 'application/json-seq'), ['application/json-seq', true]);
});

test('times that are none, or the wrong way round, are 400', async () => {
  await using served = await serve();
  assert.equal((await ask(served.path, '/events?since=x')).status, 400);
  assert.equal((await ask(served.path, '/events?since=9&until=3')).status, 400);
});

for (const url of ['/events', '/containers/web/logs?stdout=1&follow=1'])
  for (const how of ['destroy', 'end'] as const)
    test(`${url}: the engine hears of it when the client goes by ${how}`, async () => {
      await using served = await serve();
      const socket = dial(served.path);
      socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await readUntil(socket, hasHead);
      const [signal] = served.signals;
      assert.equal(signal?.aborted, false);
      if (how === 'destroy') socket.destroy();
      else socket.end();
      await until(() => signal?.aborted === true);
      socket.destroy();
    });

for (const [version, early] of [
  ['1.29', false],
  ['1.30', true],
] as const)
  test(`wait at v${version} sends its head ${early ? 'at once' : 'with the answer'}`, async () => {
    await using served = await serve();
    const socket = dial(served.path);
    socket.write(`POST /v${version}/containers/web/wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await until(() => served.signals.length === 1);
    if (early) assert.equal(readReply(await readUntil(socket, hasHead)).status, 200);
    else {
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.equal(socket.bytesRead, 0);
    }
    served.exit(7);
    const text = (await readUntil(socket, (bytes) => bytes.includes('StatusCode'))).toString();
    assert.match(text, /\{"StatusCode":7\}/);
    socket.destroy();
  });

for (const [version, condition, expected] of [
  ['1.29', 'removed', 'not-running'],
  ['1.30', 'removed', 'removed'],
  ['1.41', 'nonsense', 'not-running'],
] as const)
  test(`wait for ${condition} at v${version} waits for ${expected}`, async () => {
    await using served = await serve();
    served.exit(0);
    await post(served.path, `/v${version}/containers/web/wait?condition=${condition}`);
    assert.deepEqual(served.calls.at(-1), ['wait', 'web', expected]);
  });

test('wait for an unknown condition is 400 from 1.42', async () => {
  await using served = await serve();
  const reply = await post(served.path, '/v1.42/containers/web/wait?condition=nonsense');
  assert.deepEqual(
    [reply.status, JSON.parse(reply.text)],
    [400, { message: 'invalid condition: "nonsense"' }],
  );
});

test('a pull that fails at once has a status; one that fails later says so at its end', async () => {
  await using served = await serve();
  const missing = await post(served.path, '/images/create?fromImage=missing');
  assert.deepEqual(
    [missing.status, JSON.parse(missing.text)],
    [404, { message: 'pull access denied for missing' }],
  );
  const torn = await post(served.path, '/images/create?fromImage=torn&tag=latest');
  assert.equal(torn.status, 200);
  assert.deepEqual(linesOf(torn.text).at(-1), {
    error: 'manifest unknown',
    errorDetail: { message: 'manifest unknown' },
  });
});

for (const [version, progress] of [
  ['1.55', { status: 'Downloading', id: 'layer', progressDetail: { current: 50, total: 100 } }],
  ['1.7', { status: 'Downloading', id: 'layer', progress: /^\[=+> +\] {5}50 B\/100 B$/ }],
  ['1.3', { status: 'Downloading', progress: /^\[/ }],
] as const)
  test(`progress of a pull at v${version}`, async () => {
    await using served = await serve();
    const { text } = await post(served.path, `/v${version}/images/create?fromImage=busybox`);
    const message = linesOf(text)[1] ?? {};
    assert.deepEqual(Object.keys(message).toSorted(), Object.keys(progress).toSorted());
    if ('progress' in progress) assert.match(String(message.progress), progress.progress);
    else assert.deepEqual(message, progress);
  });

test('below 1.1 progress is text', async () => {
  await using served = await serve();
  const { text, headers } = await post(served.path, '/v1.0/images/create?fromImage=torn');
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
  assert.match(text, /^Pulling from torn\r\nDownloading \[.*\r/);
  assert.match(text, /Error: manifest unknown\r\n$/);
});

test('a pull outlives its client below 1.22 only', async () => {
  await using served = await serve();
  for (const version of ['1.21', '1.22'])
    await post(served.path, `/v${version}/images/create?fromImage=busybox`);
  await until(() => served.signals[1]?.aborted === true);
  assert.deepEqual(
    served.signals.map((signal) => signal.aborted),
    [false, true],
  );
});

test('an archive reaches the engine as it comes', async () => {
  await using served = await serve();
  const body = Buffer.alloc(3_000_000, 7);
  const loaded = await post(served.path, '/images/load', {
    body,
    headers: { 'Content-Type': 'application/x-tar' },
  });
  assert.deepEqual(linesOf(loaded.text), [{ status: '3000000 bytes' }]);
  const imported = await post(
    served.path,
    '/images/create?fromSrc=-&repo=a&tag=b&changes=ENV%20X%3D1&changes=CMD%20y',
    { body },
  );
  assert.deepEqual(linesOf(imported.text), [{ status: '3000000 bytes' }]);
  assert.deepEqual(served.calls.at(-1), [
    'import',
    {
      repo: 'a',
      tag: 'b',
      message: 'Imported from -',
      changes: ['ENV X=1', 'CMD y'],
      platform: undefined,
      signal: undefined,
    },
  ]);
});
