/** SC-HTTP-04 and 05: heads that are too large, ambiguous or none, on real connections. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { ask, dial, readReply, readToEnd, serve } from '../api/serve.ts';

const MIB = 1 << 20;

/** Everything that comes until the engine ends the connection, and how it was ended. */
async function said(place: string | number, bytes: string | Buffer): Promise<string> {
  const socket = dial(place);
  const broken = new Promise<never>((_, reject) => socket.once('error', reject));
  broken.catch(() => undefined);
  socket.write(bytes);
  return (await Promise.race([readToEnd(socket), broken])).toString('latin1');
}

const statuses = (text: string): string[] => text.match(/^HTTP\/1\.1 \d+/gm) ?? [];
const get = (headers: string) => `GET /version HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;

for (const [what, bytes] of [
  ['four megabytes of headers', get(`X-A: ${'b'.repeat(1000)}\r\n`.repeat(4000))],
  ['one header of two megabytes', get(`X-A: ${'b'.repeat(2 * MIB)}\r\n`)],
  ['a target of two megabytes', `GET /${'a'.repeat(2 * MIB)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
  ['fifteen megabytes of headers', get(`X-A: ${'b'.repeat(1000)}\r\n`.repeat(15_000))],
  ['ten thousand headers', get(`X-A: b\r\nConnection: close\r\n`.repeat(5000))],
  ['a head that never ends', `GET /version HTTP/1.1\r\nX: ${'x'.repeat(3 * MIB)}`],
] as const)
  test(`SC-HTTP-05: ${what}: 431, and the client reads it`, async () => {
    await using served = await serve({ tcp: true });
    for (const place of [served.port, served.path]) {
      const text = await said(place, bytes);
      assert.deepEqual(statuses(text), ['HTTP/1.1 431']);
      assert.doesNotMatch(text, /<html|at .*\.ts:/);
    }
    assert.deepEqual(served.calls, []);
  });

test('SC-HTTP-05: a client that sends without end is cut off', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  const block = Buffer.alloc(MIB, 'a');
  socket.write('GET /version HTTP/1.1\r\nX: ');
  const closed = once(socket, 'close');
  let sent = 0;
  for (; sent < 200 && !socket.destroyed; sent++)
    await Promise.race([new Promise<void>((taken) => void socket.write(block, () => taken())), closed]);
  assert.ok(sent < 40, `${sent} MiB were taken`);
  assert.equal((await ask(served.path, '/_ping')).status, 200);
});

test('a thousand headers, and one of a megabyte, are served', async () => {
  await using served = await serve();
  const close = 'Connection: close\r\n';
  for (const headers of [`${close}${'X-A: b\r\n'.repeat(990)}`, `${close}X-A: ${'b'.repeat(MIB - 2000)}\r\n`])
    assert.deepEqual(statuses(await said(served.path, get(headers))), ['HTTP/1.1 200']);
});

for (const [what, bytes] of [
  ['a NUL in the target', 'GET /ver\0sion HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['a NUL in a header', get('X-A: a\0b\r\n')],
  ['a header without a name', get(': x\r\n')],
  ['a header without a colon', get('nonsense\r\n')],
  ['a method that is none', 'get /version HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['HTTP/9', 'GET /version HTTP/9.9\r\nHost: localhost\r\n\r\n'],
] as const)
  test(`SC-HTTP-05: ${what}: 400 and the end`, async () => {
    await using served = await serve();
    assert.deepEqual(statuses(await said(served.path, bytes)), ['HTTP/1.1 400']);
    assert.deepEqual(served.calls, []);
  });

const HIDDEN = 'POST /containers/web/kill HTTP/1.1\r\nHost: localhost\r\n\r\n';
const post = (headers: string, body: string) =>
  `POST /containers/web/rename?name=n HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n${body}`;

for (const [what, bytes] of [
  ['a length and chunks', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['chunks and a length', post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['two lengths', post(`Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN)],
  ['two equal lengths', post('Content-Length: 0\r\nContent-Length: 0\r\n', HIDDEN)],
  ['a list of lengths', post('Content-Length: 0, 0\r\n', HIDDEN)],
  ['a signed length', post('Content-Length: +0\r\n', HIDDEN)],
  ['a length of hexadecimal digits', post('Content-Length: 0x0\r\n', HIDDEN)],
  ['a length beyond 64 bits', post('Content-Length: 18446744073709551616\r\n', HIDDEN)],
  ['a blank before the colon', post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['an encoding that is none', post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['an encoding behind chunks', post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['a folded encoding', post('Transfer-Encoding:\r\n chunked\r\nX: y\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['a bare line feed', post('X: y\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['a bare carriage return', post('X: y\rTransfer-Encoding: chunked\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['lines that end in line feeds', post('', '').replaceAll('\r\n', '\n') + HIDDEN],
] as const)
  test(`SC-HTTP-04: ${what}: nothing behind it is answered`, async () => {
    await using served = await serve();
    const text = await said(served.path, bytes);
    assert.deepEqual(statuses(text), ['HTTP/1.1 400']);
    assert.ok(!served.calls.some(([verb]) => verb === 'kill'), 'the hidden request was not done');
  });

test('SC-HTTP-04: archives that another thread would read are held to the same', async () => {
  await using served = await serve();
  const put = (headers: string) =>
    `PUT /containers/web/archive?path=/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-tar\r\n${headers}\r\n`;
  for (const headers of [
    'Content-Length: 300000\r\nTransfer-Encoding: chunked\r\n',
    'Content-Length: 300000\r\nContent-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    'Transfer-Encoding : chunked\r\n',
  ]) {
    const text = await said(served.path, `${put(headers)}0\r\n\r\n${HIDDEN}`);
    assert.deepEqual(statuses(text), ['HTTP/1.1 400'], headers);
  }
  assert.deepEqual(served.calls, []);
});

test('SC-HTTP-13: an answer to what cannot be read is text that no browser takes for a page', async () => {
  await using served = await serve();
  const { headers, text } = readReply(Buffer.from(await said(served.path, 'nonsense\r\n\r\n')));
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(text, '400 Bad Request');
});
