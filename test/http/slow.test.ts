/** SC-HTTP-01, 02 and 06: clients that send or read slowly, or too much, and those beside them. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { contract } from '../../src/api/contract/index.ts';
import type { Operation } from '../../src/api/contract/operation.ts';
import { INCOMPLETE_BYTES_MAX } from '../../src/api/http/limits.ts';
import { ask, dial, hasHead, post, readReply, readUntil, type Served, serve, until } from '../api/serve.ts';

const MIB = 1 << 20;
const JSON_HEAD = 'POST /containers/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

/** So many connections that have sent `bytes`, and wait. */
async function crowd({ path }: Served, count: number, bytes: string): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => dial(path));
  await Promise.all(
    sockets.map(
      (socket) => new Promise<void>((sent) => void socket.on('close', sent).write(bytes, () => sent())),
    ),
  );
  return sockets;
}

const leave = (sockets: readonly Socket[]): void => {
  for (const socket of sockets) socket.destroy();
};

/** Others get what they ask for, of any size. */
async function assertOthersServed({ path }: Served): Promise<void> {
  assert.equal((await ask(path, '/_ping')).status, 200);
  const body = { Image: 'busybox', Env: ['x'.repeat(3 * MIB)] };
  assert.equal((await post(path, '/containers/create', { body })).status, 201);
  assert.equal((await ask(path, '/version', { headers: { 'X-Long': 'x'.repeat(MIB / 2) } })).status, 200);
}

for (const [what, bytes] of [
  ['half a head', 'GET /version HTTP/1.1\r\nHost: localhost\r\nX: '],
  ['half a body', `${JSON_HEAD}Content-Length: 1000\r\n\r\n{"Image":`],
  ['nothing', ''],
] as const)
  test(`SC-HTTP-06, RC-L04: a thousand connections that send ${what} hinder nobody, and go without a trace`, async () => {
    await using served = await serve();
    const before = readdirSync('/proc/self/fd').length;
    const sockets = await crowd(served, 1000, bytes);
    await assertOthersServed(served);
    leave(sockets);
    // Those who asked beside them are of this process too.
    await until(() => readdirSync('/proc/self/fd').length < before + 20);
  });

for (const [what, bytes, count] of [
  ['heads', `GET /version HTTP/1.1\r\nX: ${'x'.repeat(MIB * 0.9)}`, 220],
  ['bodies', `${JSON_HEAD}Content-Length: ${4 * MIB}\r\n\r\n${' '.repeat(4 * MIB - 1)}`, 50],
] as const)
  test(`SC-HTTP-06: incomplete ${what} hold a bounded amount of memory together`, async () => {
    await using served = await serve();
    const sockets = await crowd(served, count, bytes);
    const most = Math.ceil(INCOMPLETE_BYTES_MAX / bytes.length);
    const left = () => sockets.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded).length;
    for (const socket of sockets) socket.resume();
    await until(() => left() <= most);
    assert.ok(left() > most / 2, `${left()} of ${count} are left`);
    await assertOthersServed(served);
    leave(sockets);
  });

test('SC-HTTP-06, RC-L04: who reads no answers is asked for no more requests', async () => {
  await using served = await serve();
  const socket = dial(served.path).pause();
  const count = 100_000;
  socket.write('GET /containers/json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count));
  let before = -1;
  while (served.calls.length !== before) {
    before = served.calls.length;
    await sleep(200);
  }
  assert.ok(before > 0 && before < count / 10, `${before} were done`);
  assert.equal((await ask(served.path, '/_ping')).status, 200);
  socket.destroy();
});

test('SC-HTTP-06, RC-L03: who ends its side after its request still gets the answer', async () => {
  await using served = await serve({ tcp: true });
  const socket = dial(served.port);
  socket.end('GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.equal(readReply(await readUntil(socket, hasHead)).status, 200);
  socket.destroy();
});

/** Calls that take a body of JSON. */
const posts = Object.values(contract).flatMap((operation) => {
  const { route, body, lastMinor } = operation as Operation;
  const takesJson =
    route.startsWith('POST ') && body.kind === 'json' && !body.legacy && lastMinor === undefined;
  return takesJson ? [route.slice(5).replace(/\{\w+\}/g, 'web')] : [];
});

test('SC-HTTP-01: no call reads a body of 96 megabytes', async () => {
  await using served = await serve();
  assert.ok(posts.length > 8);
  for (const url of posts) {
    const socket = dial(served.path);
    socket.write(
      `POST ${url} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${96 * MIB}\r\n\r\n{"Image":"`,
    );
    const block = Buffer.alloc(MIB, 'A');
    const reply = readUntil(socket, hasHead);
    let answered = false;
    reply.then(() => {
      answered = true;
    });
    for (let i = 0; i < 96 && !answered && !socket.destroyed; i++)
      await Promise.race([new Promise<void>((taken) => void socket.write(block, () => taken())), reply]);
    assert.equal(readReply(await reply).status, 413, url);
    assert.ok(socket.bytesWritten < 32 * MIB, `${url}: ${socket.bytesWritten}`);
    socket.destroy();
  }
  assert.deepEqual(served.calls, []);
});

test('SC-HTTP-02: bodies that are costly to read are refused, and others are served meanwhile', async () => {
  await using served = await serve();
  const keys = `{${Array.from({ length: 300_000 }, (_, i) => `"k${i}":1`).join()}}`;
  for (const [what, body, status] of [
    ['brackets', '['.repeat(2e6), 400],
    ['braces', '{"a":'.repeat(4e5), 400],
    ['a number of a megabyte', `{"Image":"busybox","StopTimeout":${'9'.repeat(MIB)}}`, 400],
    ['an exponent', '{"Image":"busybox","StopTimeout":1e999}', 400],
    ['very many keys', `{"Image":"busybox","Labels":${keys}}`, 400],
    ['an unknown key of very many', `{"Image":"busybox","x":${keys}}`, 201],
    ['a key twice: the last one counts', '{"Image":"a","Image":"busybox"}', 201],
  ] as const) {
    const [reply, ping] = await Promise.all([
      post(served.path, '/containers/create', { body }),
      ask(served.path, '/_ping'),
    ]);
    assert.deepEqual([reply.status, ping.status], [status, 200], `${what}: ${reply.text.slice(0, 200)}`);
    assert.ok(reply.text.length < 2000, `${what}: an answer of ${reply.text.length} characters`);
  }
});
