/** Connections that become the streams of a process: heads, frames, half-close, large transfers, vanishing clients. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { FrameReader } from '../../src/formats/frames.ts';
import { dial, hasHead, lastCall, post, readReply, readToEnd, readUntil, serve, until } from './serve.ts';

const ALL = 'stream=1&stdin=1&stdout=1&stderr=1';
const attach = (version: string, headers = '', query = ALL): string =>
  `POST ${version}/containers/web/attach?${query} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';

interface Said {
  readonly head: string;
  readonly stdout: string;
  readonly stderr: string;
}

function heard(bytes: Buffer): Said {
  const end = bytes.indexOf('\r\n\r\n') + 4;
  const frames = new FrameReader().push(bytes.subarray(end));
  const of = (stream: string) =>
    Buffer.concat(frames.filter((frame) => frame.stream === stream).map((frame) => frame.payload)).toString();
  return { head: bytes.toString('latin1', 0, end), stdout: of('stdout'), stderr: of('stderr') };
}

const plainHead = 'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n';
const upgradedHead = (type: string) =>
  `HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.${type}-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;

for (const [version, headers, head] of [
  ['/v1.6', '', plainHead],
  ['/v1.12', '', plainHead],
  ['/v1.16', UPGRADE, plainHead],
  ['/v1.17', UPGRADE, upgradedHead('raw')],
  ['/v1.41', UPGRADE, upgradedHead('raw')],
  ['/v1.42', UPGRADE, upgradedHead('multiplexed')],
  ['', UPGRADE, upgradedHead('multiplexed')],
  ['', '', plainHead],
  ['', 'Upgrade: tcp\r\n', upgradedHead('multiplexed')],
  ['', 'Connection: keep-alive\r\n', plainHead],
] as const)
  test(`attach at ${version || 'no version'} with "${headers.replaceAll('\r\n', ' ').trim()}" frames both streams and ends with its input`, async () => {
    await using served = await serve();
    const socket = dial(served.path);
    socket.end(`${attach(version, headers)}hello`);
    assert.deepEqual(heard(await readToEnd(socket)), { head, stdout: 'hello', stderr: '[5 bytes]' });
    await until(() => served.open.size === 0);
  });

test('below 1.6 the streams of a container come mixed', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.end(`${attach('/v1.5')}hello`);
  assert.equal((await readToEnd(socket)).toString(), `${plainHead}hello[5 bytes]`);
});

for (const apart of [false, true])
  test(`the body of an attach is no input of the process${apart ? ', also when it comes later' : ''}`, async () => {
    await using served = await serve();
    const socket = dial(served.path);
    const body = '{"stream":true,"stdin":true}';
    const head = attach('', `${UPGRADE}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`);
    socket.write(apart ? head : `${head}${body}`);
    if (apart) setTimeout(() => socket.write(body), 20);
    setTimeout(() => socket.end('hello'), 50);
    assert.equal(heard(await readToEnd(socket)).stdout, 'hello');
  });

test('a terminal is never framed', async () => {
  await using served = await serve();
  served.terminal = true;
  const socket = dial(served.path);
  socket.end(`${attach('', UPGRADE)}hello`);
  assert.equal((await readToEnd(socket)).toString(), `${upgradedHead('raw')}hello[5 bytes]`);
});

test('attach works on a connection that served requests before, with input in the same packet', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  for (let i = 0; i < 3; i++) {
    socket.write('GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n');
    await readUntil(socket, (bytes) => bytes.toString().endsWith('OK'));
  }
  socket.write(
    'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"Image":"x"}',
  );
  await readUntil(socket, (bytes) => bytes.toString().includes('Warnings'));
  socket.write(`${attach('/v1.12')}GET /not HTTP/1.1\r\n\r\n`);
  socket.end('more');
  assert.deepEqual(heard(await readToEnd(socket)), {
    head: plainHead,
    stdout: 'GET /not HTTP/1.1\r\n\r\nmore',
    stderr: '[25 bytes]',
  });
});

test('an attach that is pipelined behind another request waits for its answer', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.write(`GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n${attach('/v1.12')}typed`);
  const bytes = await readUntil(socket, (got) => got.includes('typed'));
  const text = bytes.toString();
  assert.ok(text.indexOf('OK') < text.indexOf(plainHead));
  socket.end();
  await readToEnd(socket);
});

test('a head that comes byte by byte is understood', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  for (const byte of attach('/v1.12')) {
    socket.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end('x');
  assert.equal(heard(await readToEnd(socket)).stdout, 'x');
});

test('an unknown container is 404 before anything is taken over', async () => {
  await using served = await serve();
  for (const headers of ['', UPGRADE]) {
    const socket = dial(served.path);
    socket.write(`POST /containers/nope/attach?${ALL} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
    const reply = readReply(await readToEnd(socket));
    assert.deepEqual([reply.status, JSON.parse(reply.text)], [404, { message: 'No such container: nope' }]);
  }
});

test('what is asked for reaches the engine, and no stdin is no input', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.write(attach('', '', 'stdout=1&logs=1&detachKeys=ctrl-a'));
  assert.equal(heard(await readToEnd(socket)).stdout, 'nobody types');
  assert.deepEqual(served.calls.at(-1), [
    'attach',
    'web',
    { detachKeys: 'ctrl-a', logs: true, stream: false, stdin: false, stdout: true, stderr: false },
  ]);
});

/** Sends `size` random bytes, collects what comes back, and gives both hashes. */
async function roundTrip(
  socket: Socket,
  size: number,
): Promise<{ sent: string; got: string; bytes: number }> {
  const block = randomBytes(1 << 20);
  const sent = createHash('sha256');
  const got = createHash('sha256');
  const reader = new FrameReader();
  let bytes = 0;
  const back = (async () => {
    for await (const chunk of socket as AsyncIterable<Buffer>)
      for (const frame of reader.push(chunk)) {
        if (frame.stream !== 'stdout') continue;
        got.update(frame.payload);
        bytes += frame.payload.length;
      }
  })();
  for (let left = size; left > 0; left -= block.length) {
    const part = block.subarray(0, Math.min(left, block.length));
    part.writeUInt32LE(left >>> 0, 0);
    const copy = Buffer.from(part);
    sent.update(copy);
    if (!socket.write(copy)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  socket.end();
  await back;
  return { sent: sent.digest('hex'), got: got.digest('hex'), bytes };
}

for (const headers of ['', UPGRADE])
  test(`100 MB go both ways unharmed ${headers ? 'with' : 'without'} an upgrade`, async () => {
    await using served = await serve();
    const socket = dial(served.path);
    socket.write(attach('', headers));
    await readUntil(socket, hasHead);
    const { sent, got, bytes } = await roundTrip(socket, 100_000_000);
    assert.equal(bytes, 100_000_000);
    assert.equal(got, sent);
    await until(() => served.open.size === 0);
  });

test('a client that does not read does not make the engine read ahead', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.write(attach(''));
  await readUntil(socket, hasHead);
  socket.pause();
  let written = 0;
  const block = Buffer.alloc(1 << 20);
  // With nobody reading the echo, the pipes fill and the writing stops: buffers are bounded on the way.
  while (written < 64 && socket.write(block)) written++;
  while (written < 64) {
    const drained = await Promise.race([
      new Promise<boolean>((resolve) => socket.once('drain', () => resolve(true))),
      new Promise<boolean>((resolve) => setTimeout(resolve, 300, false)),
    ]);
    if (!drained) break;
    socket.write(block);
    written++;
  }
  assert.ok(written < 32, `${written} MiB were taken`);
  socket.destroy();
  await until(() => served.open.size === 0);
});

test('a client that vanishes ends its conversation', async () => {
  await using served = await serve();
  for (const headers of ['', UPGRADE]) {
    const socket = dial(served.path);
    socket.write(attach('', headers));
    await readUntil(socket, hasHead);
    assert.equal(served.open.size, 1);
    socket.destroy();
    await until(() => served.open.size === 0);
  }
});

test('exec start reads its JSON body and takes what follows for input', async () => {
  await using served = await serve();
  for (const headers of ['', UPGRADE]) {
    const socket = dial(served.path);
    const body = '{"Detach":false,"Tty":false}';
    socket.write(
      `POST /exec/e/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body.slice(0, 5)}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.write(`${body.slice(5)}typed`);
    socket.end(' more');
    assert.deepEqual(heard(await readToEnd(socket)), {
      head: headers ? upgradedHead('multiplexed') : plainHead,
      stdout: 'typed more',
      stderr: '[10 bytes]',
    });
  }
  assert.deepEqual(served.calls.at(-1), [
    'execStart',
    'e',
    { detach: false, tty: false, consoleSize: undefined },
  ]);
});

test('exec start with a chunked body', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.write(
    'POST /exec/e/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  );
  socket.end('typed');
  assert.equal(heard(await readToEnd(socket)).stdout, 'typed');
});

test('an exec with a terminal has a size from 1.42 on', async () => {
  await using served = await serve();
  for (const [version, size] of [
    ['1.42', [40, 80]],
    ['1.41', undefined],
  ] as const) {
    const body = JSON.stringify({ Tty: true, ConsoleSize: [40, 80] });
    const socket = dial(served.path);
    socket.end(
      `POST /v${version}/exec/e/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}typed`,
    );
    assert.equal((await readToEnd(socket)).toString(), `${plainHead}typed[5 bytes]`);
    assert.deepEqual(lastCall(served, 2).consoleSize, size);
  }
});

for (const [version, status] of [
  ['1.20', 204],
  ['1.21', 200],
  ['1.55', 200],
] as const)
  test(`a detached exec start answers ${status} at v${version}`, async () => {
    await using served = await serve();
    const reply = await post(served.path, `/v${version}/exec/e/start`, { body: { Detach: true } });
    assert.deepEqual([reply.status, reply.text], [status, '']);
  });

test('an exec that cannot run says so in the stream, and with a status when detached', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.write(`POST /exec/broken/start HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`);
  const said = heard(await readToEnd(socket));
  assert.deepEqual(
    [said.head, said.stdout],
    [upgradedHead('multiplexed'), 'OCI runtime exec failed: no such file\r\n'],
  );
  const detached = await post(served.path, '/exec/broken/start', { body: { Detach: true } });
  assert.equal(detached.status, 500);
  assert.equal((await post(served.path, '/exec/unknown/start', { body: {} })).status, 404);
});

test('the head of an exec’s start is there before its process: a client that reads ahead loses nothing', async () => {
  await using served = await serve();
  const gate = Promise.withResolvers<void>();
  served.gate = gate.promise;
  const socket = dial(served.path);
  socket.write(`POST /exec/e/start HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`);
  const head = await readUntil(socket, hasHead);
  assert.equal(head.toString(), upgradedHead('multiplexed'));
  gate.resolve();
  socket.end('typed');
  const frames = new FrameReader().push(await readToEnd(socket));
  assert.equal(frames[0]?.payload.toString(), 'typed');
});

test('exec start refuses a body that is no JSON before anything is taken over', async () => {
  await using served = await serve();
  const reply = await post(served.path, '/exec/e/start', { body: '{x' });
  assert.equal(reply.status, 400);
  assert.equal(
    (await post(served.path, '/exec/e/start', { body: {}, headers: { 'Content-Type': 'text/plain' } }))
      .status,
    400,
  );
});
