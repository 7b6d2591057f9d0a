/** BuildKit's services over a fake engine: who asks in which way, and what is told of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GrpcClient } from '../../src/api/buildkit/grpc/client.ts';
import { grpcClient } from '../../src/api/buildkit/grpc/client.ts';
import { BytesMessage } from '../../src/api/buildkit/messages/common.ts';
import {
  BuildHistoryRequest,
  DiskUsageRequest,
  DiskUsageResponse,
  Exporter,
  InfoRequest,
  InfoResponse,
  ListWorkersRequest,
  ListWorkersResponse,
  Nothing,
  SolveRequest,
  SolveResponse,
  StatusRequest,
  StatusResponse,
  UpdateBuildHistoryRequest,
} from '../../src/api/buildkit/messages/control.ts';
import {
  BridgeSolveRequest,
  BridgeSolveResponse,
  PongResponse,
  ReadFileRequest,
  ReadFileResponse,
  ReturnRequest,
} from '../../src/api/buildkit/messages/gateway.ts';
import { GetSecretRequest, GetSecretResponse } from '../../src/api/buildkit/messages/session.ts';
import type { Message } from '../../src/api/buildkit/wire/message.ts';
import { all, clientOf, failed, offer, upgraded, withBuild } from './buildkit-peer.ts';
import { dial, linesOf, post, readUntil, serve, until } from './serve.ts';

const CONTROL = '/moby.buildkit.v1.Control/';
const BRIDGE = '/moby.buildkit.v1.frontend.LLBBridge/';
const forever = new AbortController().signal;

const info = (client: GrpcClient) => client.one(`${CONTROL}Info`, [InfoRequest, InfoResponse], {}, forever);
const solve = (client: GrpcClient, said: Partial<ReturnType<typeof SolveRequest.create>>) =>
  client.one(`${CONTROL}Solve`, [SolveRequest, SolveResponse], { ref: 'r', ...said }, forever);

test('a connection that asks for it speaks gRPC, many calls at a time', async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  const answers = await Promise.all(Array.from({ length: 20 }, () => info(client)));
  assert(answers.every(({ version }) => version?.package === 'github.com/moby/buildkit'));
  const { record } = await client.one(
    `${CONTROL}ListWorkers`,
    [ListWorkersRequest, ListWorkersResponse],
    {},
    forever,
  );
  assert.equal(record[0]?.platforms[0]?.os, 'linux');
  client.close();
});

test('an empty body in chunks, as Node.js sends it with a request to upgrade, is not a part of HTTP/2', async () => {
  await using served = await serve();
  const client = grpcClient(await upgraded(served.path, '/grpc', ['Transfer-Encoding: chunked']));
  assert.match((await info(client)).version?.version ?? '', /^v0\./);
  client.close();
});

test('a client that knows that HTTP/2 is spoken need not ask', async () => {
  await using served = await serve();
  const client = grpcClient(dial(served.path));
  assert.match((await info(client)).version?.version ?? '', /^v0\./);
  client.close();
});

test('the preface of HTTP/2 in pieces is understood too, and behind a request it is nonsense', async () => {
  await using served = await serve();
  const slow = dial(served.path);
  for (const piece of ['PRI * H', 'TTP/2.0\r\n', '\r\nSM\r\n\r\n', '\0\0\0\x04\0\0\0\0\0']) {
    slow.write(piece, 'latin1');
    await new Promise((resolve) => setImmediate(resolve));
  }
  // The server's settings: a frame of type 4.
  const frame = await readUntil(slow, (bytes) => bytes.length >= 9);
  assert.equal(frame[3], 4);
  slow.destroy();
  const late = dial(served.path);
  late.write('GET /_ping HTTP/1.1\r\nHost: x\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const answers = await readUntil(late, (bytes) => bytes.includes('400'));
  assert.match(answers.toString(), /^HTTP\/1.1 400 /m);
  late.destroy();
});

test('without a protocol to upgrade to, or with another one, both routes refuse', async () => {
  await using served = await serve();
  for (const url of ['/grpc', '/session']) {
    const bare = await post(served.path, url);
    assert.deepEqual([bare.status, JSON.parse(bare.text)], [400, { message: 'no upgrade proto in request' }]);
    const other = await post(served.path, url, { headers: { Connection: 'Upgrade', Upgrade: 'websocket' } });
    assert.equal(JSON.parse(other.text).message, 'protocol websocket not supported');
  }
});

test('a method or service that is not there is said to be not there, and so is health', async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  const nothing = [Nothing, Nothing] as const;
  const method = await failed(client.one(`${CONTROL}Nonsense`, nothing, {}, forever));
  assert.deepEqual(
    [method.code, method.message],
    [12, 'unknown method Nonsense for service moby.buildkit.v1.Control'],
  );
  const service = await failed(client.one('/a.B/C', nothing, {}, forever));
  assert.deepEqual([service.code, service.message], [12, 'unknown service a.B']);
  const health = client.talk('/grpc.health.v1.Health/Check', {}, forever);
  await health.send(Buffer.alloc(0));
  await health.end();
  client.close();
});

const DIGEST = `sha256:${'0'.repeat(64)}`;

test('a frontend builds, its status is told, and the exporters answer', async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  const status = all(client, `${CONTROL}Status`, [StatusRequest, StatusResponse], { ref: 'r' });
  const { exporterResponse } = await solve(client, {
    frontend: 'dockerfile.v0',
    frontendAttrs: new Map([
      ['target', 't'],
      ['build-arg:a', 'b'],
      ['no-cache', 'x,y'],
      ['platform', 'linux/amd64'],
      ['add-hosts', 'a=1.2.3.4'],
      ['ulimit', 'nofile=1:2'],
      ['context:base', 'docker-image://busybox'],
      ['context:laid', `oci-layout://store:tag@${DIGEST}`],
    ]),
    exporters: [Exporter.create({ type: 'moby', attrs: new Map([['name', 'a:b,c']]) })],
  });
  assert.equal(exporterResponse.size, 1);
  const told = await status;
  assert.deepEqual(
    told.flatMap(({ vertexes }) => vertexes.map(({ name }) => name)),
    ['[1/1] RUN true', '[1/1] RUN true'],
  );
  assert.deepEqual(told.flatMap(({ logs }) => logs.map(({ msg }) => msg.toString())).join(''), 'hello\n');
  const [, options] = served.calls.find(([verb]) => verb === 'solve') ?? [];
  const { target, buildArgs, noCache, hostConfig, contexts } = options as Record<string, unknown>;
  assert.deepEqual(
    { target, buildArgs, noCache, hostConfig, contexts },
    {
      target: 't',
      buildArgs: new Map([['a', 'b']]),
      noCache: ['x', 'y'],
      hostConfig: { ExtraHosts: ['a:1.2.3.4'], Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] },
      contexts: new Map([
        ['base', { is: 'image', name: 'busybox' }],
        ['laid', { is: 'layout', store: 'store', digest: DIGEST }],
      ]),
    },
  );
  const [, outputs] = served.calls.find(([verb]) => verb === 'export') ?? [];
  assert.deepEqual(outputs, [
    { is: 'image', names: ['a:b', 'c'], push: false, attributes: { name: 'a:b,c' } },
  ]);
  assert(served.calls.some(([verb]) => verb === 'disposed'));
  client.close();
});

test('a build that fails tells its vertex and the lines of the Dockerfile in details', async () => {
  await using served = await serve();
  served.failingBuilds = true;
  const client = await clientOf(served.path);
  const { code, message, details } = await failed(solve(client, { frontend: 'dockerfile.v0' }));
  assert.deepEqual(
    [code, message],
    [2, 'process "/bin/sh -c false" did not complete successfully: exit code: 1'],
  );
  assert.deepEqual(
    details.map(({ type }) => type),
    ['github.com/moby/buildkit/errdefs.Vertex+json', 'github.com/moby/buildkit/errdefs.Source+json'],
  );
  const place = details[1]?.json as { ranges: unknown } | undefined;
  assert.deepEqual(place?.ranges, [{ start: { line: 2, character: 0 }, end: { line: 2, character: 0 } }]);
  client.close();
});

test('what nobody builds is refused in words', async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  for (const [said, words] of [
    [{ frontend: 'nonsense' }, /^frontend nonsense is not there/],
    [
      { frontend: 'dockerfile.v0', exporters: [Exporter.create({ type: 'x' })] },
      /^exporter "x" could not be found/,
    ],
    [
      { frontend: 'dockerfile.v0', frontendAttrs: new Map([['shm-size', 'x']]) },
      /^invalid value for shm-size/,
    ],
    [
      { frontend: 'dockerfile.v0', frontendAttrs: new Map([['context:a', 'x']]) },
      /^invalid value for context:a/,
    ],
    [
      { frontend: 'dockerfile.v0', frontendAttrs: new Map([['context:a', 'oci-layout://store:tag']]) },
      /^invalid value for context:a "oci-layout:\/\/store:tag": oci-layout reference .* has no digest$/,
    ],
    [{ definition: { def: [Buffer.from('x')], metadata: new Map() } }, /LLB/],
  ] as const)
    assert.match((await failed(solve(client, said))).message, words);
  client.close();
});

test("a client's own function solves, reads of the result, and returns it", async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  const ended = solve(client, { ref: 'build', exporters: [Exporter.create({ type: 'image' })] });
  const bridge = <Q, A>(method: string, of: readonly [Message<Q>, Message<A>], said: Partial<Q>) =>
    withBuild(client, `${BRIDGE}${method}`, of, said, 'build');
  const pong = await bridge('Ping', [Nothing, PongResponse], {});
  assert(pong.frontendCaps.some(({ id, enabled }) => id === 'readfile' && enabled));
  const { result } = await bridge('Solve', [BridgeSolveRequest, BridgeSolveResponse], {
    frontend: 'dockerfile.v0',
    allowResultReturn: true,
    allowResultArrayRef: true,
  });
  const ref = result?.ref;
  assert.equal(ref?.id, 'token-1');
  assert.equal(result?.metadata.get('containerimage.config')?.toString(), '{}');
  const { data } = await bridge('ReadFile', [ReadFileRequest, ReadFileResponse], {
    ref: 'token-1',
    path: '/f',
  });
  assert.equal(data.toString(), 'what is in /f');
  // The result of one build is what another one stands on.
  await bridge('Solve', [BridgeSolveRequest, BridgeSolveResponse], {
    frontend: 'dockerfile.v0',
    frontendOpt: new Map([['context:base', 'input:base']]),
    frontendInputs: new Map([['base', ref?.def]]),
  });
  const [, options] = served.calls.findLast(([verb]) => verb === 'solve') ?? [];
  assert.deepEqual(
    (options as { contexts: unknown }).contexts,
    new Map([['base', { is: 'solved', token: 'token-1' }]]),
  );
  await bridge('Return', [ReturnRequest, Nothing], { result });
  assert.equal((await ended).exporterResponse.size, 1);
  assert.equal(served.calls.filter(([verb]) => verb === 'disposed').length, 2);
  client.close();
});

test("a client's own function that fails ends its build with its words", async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  const ended = failed(solve(client, { ref: 'build' }));
  await withBuild(
    client,
    `${BRIDGE}Return`,
    [ReturnRequest, Nothing],
    { error: { code: 2, message: 'no!', details: [] } },
    'build',
  );
  assert.equal((await ended).message, 'no!');
  client.close();
});

test('the session of a client lends its secrets, and takes what is exported', async () => {
  await using served = await serve();
  let got = '';
  const session = await offer(served.path, 's', {
    '/moby.buildkit.secrets.v1.Secrets/GetSecret': async (messages, send) => {
      for await (const message of messages) {
        assert.equal(GetSecretRequest.decode(message).id, 'a secret');
        send(GetSecretResponse.encode({ data: Buffer.from('hush') }));
      }
    },
    '/moby.filesync.v1.FileSend/DiffCopy': async (messages, _send, headers) => {
      assert.equal(headers['buildkit-attachable-exporter-id'], '0');
      for await (const message of messages) got += BytesMessage.decode(message).data.toString();
    },
  });
  const client = await clientOf(served.path);
  await solve(client, {
    session: 's',
    frontend: 'dockerfile.v0',
    exporters: [Exporter.create({ type: 'tar' })],
  });
  assert.deepEqual(
    served.calls.find(([verb]) => verb === 'secret'),
    ['secret', 'hush'],
  );
  assert.equal(got, 'an archive');
  session.close();
  client.close();
});

test('a session of a name that is taken is refused', async () => {
  await using served = await serve();
  const session = await offer(served.path, 's', {});
  const again = await post(served.path, '/session', {
    headers: { Connection: 'Upgrade', Upgrade: 'h2c', 'X-Docker-Expose-Session-Uuid': 's' },
  });
  assert.deepEqual([again.status, JSON.parse(again.text).message], [400, 'session s already exists']);
  session.close();
});

test('a session can be inside of a call too, as clients without routes of their own have it', async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  const inner = client.talk(`${CONTROL}Session`, { 'x-docker-expose-session-uuid': 'inner' }, forever);
  // The engine speaks first there: the preface of HTTP/2, as a client.
  const [[first] = []] = await firstOf(inner.incoming);
  assert.match(BytesMessage.decode(first ?? Buffer.alloc(0)).data.toString('latin1'), /^PRI \* HTTP\/2\.0/);
  inner.abort(undefined);
  client.close();
});

async function firstOf<T>(all: AsyncIterable<T>): Promise<[T] | []> {
  for await (const each of all) return [each];
  return [];
}

test('a client that leaves ends its build', async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  const ended = solve(client, { ref: 'build' });
  ended.catch(() => undefined);
  await until(() => served.engine.builds.history.list().length === 1);
  client.close();
  await assert.rejects(ended);
  await served.close(1000);
});

test('the history is listed, told of one that is missing, and the cache is told', async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  await solve(client, { frontend: 'dockerfile.v0' });
  const told = await all(client, `${CONTROL}ListenBuildHistory`, [BuildHistoryRequest, StatusResponse], {
    earlyExit: true,
  });
  assert.equal(told.length, 1);
  const update = [UpdateBuildHistoryRequest, Nothing] as const;
  await client.one(`${CONTROL}UpdateBuildHistory`, update, { ref: 'r', delete: true }, forever);
  const { code, message } = await failed(
    client.one(`${CONTROL}UpdateBuildHistory`, update, { ref: 'r', delete: true }, forever),
  );
  assert.deepEqual([code, message], [2, 'no build r is known']);
  const usage = await client.one(`${CONTROL}DiskUsage`, [DiskUsageRequest, DiskUsageResponse], {}, forever);
  assert.deepEqual(usage.record, []);
  client.close();
});

test('a conversation that the other side ends badly tells why to who reads it, though our side is open', async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  const talk = client.talk(`${CONTROL}UpdateBuildHistory`, {}, forever);
  await talk.send(UpdateBuildHistoryRequest.encode({ ref: 'none', delete: true }));
  talk.end().catch(() => undefined);
  await assert.rejects(async () => {
    for await (const _ of talk.incoming);
  }, /no build none is known/);
  client.close();
});

test('POST /build with version 2 builds from its body, and tells the same as messages', async () => {
  await using served = await serve();
  const { status, text } = await post(served.path, '/build?version=2&t=a:b&target=t&nocache=1&ulimits=null', {
    body: 'tar',
  });
  assert.equal(status, 200);
  const messages = linesOf(text);
  const trace = messages.filter(({ id }) => id === 'moby.buildkit.trace');
  const vertices = trace.flatMap(
    ({ aux }) => StatusResponse.decode(Buffer.from(aux as string, 'base64')).vertexes,
  );
  assert.equal(vertices[0]?.name, '[1/1] RUN true');
  assert.equal(messages.at(-1)?.id, 'moby.image.id');
  const [, options] = served.calls.find(([verb]) => verb === 'solve') ?? [];
  const { context, dockerfile, target, noCache } = options as Record<string, unknown>;
  assert.deepEqual(
    { context, dockerfile, target, noCache },
    {
      context: { is: 'upload', id: 'body of the request' },
      dockerfile: { from: { is: 'upload', id: 'body of the request' }, name: undefined },
      target: 't',
      noCache: 'all',
    },
  );
  served.failingBuilds = true;
  const refused = linesOf((await post(served.path, '/build?version=2', { body: 'tar' })).text).at(-1);
  assert.match(String(refused?.error), /did not complete successfully: exit code: 1$/);
  served.failingBuilds = false;
  assert.match(
    (await post(served.path, '/build?version=2&q=1', { body: 'tar' })).text,
    /^\{"stream":"sha256:1+\\n"\}/,
  );
});
