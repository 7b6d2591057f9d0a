/** BuildKit's services and clients that lie, stall, or speak nonsense: each is its own loss. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GrpcClient, grpcClient } from '../../src/api/buildkit/grpc/client.ts';
import { framed } from '../../src/api/buildkit/grpc/frames.ts';
import {
  Exporter,
  InfoRequest,
  InfoResponse,
  SolveRequest,
  SolveResponse,
} from '../../src/api/buildkit/messages/control.ts';
import { BridgeSolveRequest, BridgeSolveResponse } from '../../src/api/buildkit/messages/gateway.ts';
import { GetSecretResponse } from '../../src/api/buildkit/messages/session.ts';
import { clientOf, failed, offer, upgraded, withBuild } from './buildkit-peer.ts';
import { dial, readUntil, serve, until } from './serve.ts';

const CONTROL = '/moby.buildkit.v1.Control/';
const SECRETS = '/moby.buildkit.secrets.v1.Secrets/GetSecret';
const forever = new AbortController().signal;

const info = (client: GrpcClient) => client.one(`${CONTROL}Info`, [InfoRequest, InfoResponse], {}, forever);
const solve = (client: GrpcClient, said: Partial<ReturnType<typeof SolveRequest.create>>, signal = forever) =>
  client.one(
    `${CONTROL}Solve`,
    [SolveRequest, SolveResponse],
    { ref: 'r', session: 's', frontend: 'dockerfile.v0', ...said },
    signal,
  );

test('what is no HTTP/2 ends its connection, and no other', async () => {
  await using served = await serve();
  const good = await clientOf(served.path);
  for (let seed = 1; seed <= 50; seed++) {
    const socket = await upgraded(served.path, seed % 2 ? '/grpc' : '/session', [
      `X-Docker-Expose-Session-Uuid: u${seed}`,
    ]);
    socket.end(randomBytes(seed, 400));
    await readUntil(socket, () => socket.readableEnded || socket.destroyed);
    socket.destroy();
  }
  assert.match((await info(good)).version?.version ?? '', /^v0\./);
  good.close();
});

test('messages that are none are refused one by one', async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  const paths = [
    'Solve',
    'Status',
    'DiskUsage',
    'Prune',
    'ListWorkers',
    'ListenBuildHistory',
    'UpdateBuildHistory',
  ];
  let refused = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const ending = AbortSignal.timeout(200);
    const talk = client.talk(`${CONTROL}${paths[seed % paths.length]}`, {}, ending);
    await talk.send(randomBytes(seed, 60));
    const over = talk.end();
    over.catch(() => undefined);
    try {
      for await (const _ of talk.incoming);
      await over;
    } catch {
      refused++;
    }
  }
  assert(refused > 20, `${refused}`);
  assert.match((await info(client)).version?.version ?? '', /^v0\./);
  client.close();
});

/** The same for the same seed (xorshift). */
function randomBytes(seed: number, most: number): Buffer {
  let state = seed * 2654435761;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  next();
  return Buffer.from(Array.from({ length: 1 + (next() % most) }, () => next() & 0xff));
}

test('a session that ends in the middle ends its build, whatever it was asked for', async () => {
  await using served = await serve();
  let asked = false;
  const session = await offer(served.path, 's', {
    [SECRETS]: async () => {
      asked = true;
      await new Promise(() => undefined); // it never answers
    },
  });
  const client = await clientOf(served.path);
  const ended = failed(solve(client, {}));
  await until(() => asked);
  session.close();
  // Cancelled, or unavailable: the build and its connection end side by side.
  assert([1, 14].includes((await ended).code));
  assert.match((await info(client)).version?.version ?? '', /^v0\./);
  client.close();
});

test('a client that cancels its call ends its build, though its session stalls', async () => {
  await using served = await serve();
  let asked = false;
  const session = await offer(served.path, 's', {
    [SECRETS]: async () => {
      asked = true;
      await new Promise(() => undefined);
    },
  });
  const client = await clientOf(served.path);
  const ending = new AbortController();
  const ended = assert.rejects(solve(client, {}, ending.signal));
  await until(() => asked);
  ending.abort(new Error('enough'));
  await ended;
  // Its name is free again when the build has ended.
  await until(() => served.calls.length > 0);
  session.close();
  client.close();
});

test('a secret that is larger than any is refused, and a message larger than any ends its call', async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  const large = await offer(served.path, 's', {
    [SECRETS]: async (_messages, send) => send(GetSecretResponse.encode({ data: Buffer.alloc(600 << 10) })),
  });
  assert.match((await failed(solve(client, {}))).message, /^secret a secret is larger than 512000 bytes$/);
  large.close();
  const endless = await offer(served.path, 't', {
    [SECRETS]: async (_messages, send) => {
      const head = framed(Buffer.alloc(0));
      head.writeUInt32BE(0x7fffffff, 1);
      send(head.subarray(0, 0)); // nothing, then a length without its bytes
      throw new Error('no bytes come');
    },
  });
  assert.match((await failed(solve(client, { session: 't' }))).message, /no bytes come/);
  endless.close();
  client.close();
});

test('a session that never comes is waited for a while, and the build refused', async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  const ending = AbortSignal.timeout(50);
  await assert.rejects(solve(client, { session: 'nobody' }, ending));
  assert.equal(served.calls.length, 0);
  client.close();
});

test("a client's own function is told at once that its build was refused", async () => {
  await using served = await serve();
  const client = await clientOf(served.path);
  await failed(solve(client, { session: '', frontend: '', exporters: [Exporter.create({ type: 'x' })] }));
  const begun = performance.now();
  const kinds = [BridgeSolveRequest, BridgeSolveResponse] as const;
  const { message } = await failed(
    withBuild(client, `/moby.buildkit.v1.frontend.LLBBridge/Solve`, kinds, {}, 'r'),
  );
  assert.equal(message, 'no such job r');
  assert(performance.now() - begun < 2000);
  client.close();
});

test('a client that takes nothing of what is exported holds its own build up, and leaving ends it', async () => {
  await using served = await serve();
  const session = await offer(served.path, 's', {
    '/moby.filesync.v1.FileSend/DiffCopy': async () => await new Promise(() => undefined),
  });
  const client = await clientOf(served.path);
  const ended = solve(client, { exporters: [Exporter.create({ type: 'tar' })] });
  ended.catch(() => undefined);
  await until(() => served.calls.some(([verb]) => verb === 'export'));
  const other = await clientOf(served.path);
  assert.match((await info(other)).version?.version ?? '', /^v0\./);
  session.close();
  await assert.rejects(ended);
  other.close();
  client.close();
});

test('answers that a client has not read yet are sent before HTTP/2 begins', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  const before = 'GET /images/json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(500);
  socket.write(`${before}POST /grpc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`);
  // Nothing is read for a while: what is answered waits in the connection.
  await until(() => served.calls.filter(([verb]) => verb === 'images').length === 500);
  const said = await readUntil(socket, (bytes) => bytes.includes('HTTP/1.1 101 '));
  assert.equal(said.toString('latin1').match(/HTTP\/1\.1 200 OK/g)?.length, 500);
  const end = said.indexOf('\r\n\r\n', said.indexOf('HTTP/1.1 101 ')) + 4;
  if (end < said.length) socket.unshift(said.subarray(end));
  const client = grpcClient(socket);
  assert.match((await info(client)).version?.version ?? '', /^v0\./);
  client.close();
});
