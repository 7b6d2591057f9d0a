/** Attach by WebSocket: messages by version, both ends' closing, bad frames, bad handshakes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { ask, dial, hasHead, lastCall, readReply, readUntil, type Served, serve, until } from './serve.ts';

const keyed = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
const ALL = 'stream=1&stdin=1&stdout=1&stderr=1';

interface Message {
  readonly text: string;
  readonly binary: boolean;
}

interface Talk {
  readonly socket: WebSocket;
  readonly messages: Message[];
  readonly closed: Promise<number>;
}

async function talk({ path }: Served, version: string, query: string = ALL, headers = {}): Promise<Talk> {
  const socket = new WebSocket(`ws+unix://${path}:${version}/containers/web/attach/ws?${query}`, { headers });
  const messages: Message[] = [];
  socket.on('message', (bytes: Buffer, binary) => void messages.push({ text: bytes.toString(), binary }));
  const closed = once(socket, 'close').then(([code]) => Number(code));
  await once(socket, 'open');
  return { socket, messages, closed };
}

const joined = (messages: readonly Message[]): string => messages.map(({ text }) => text).join('');

for (const [version, binary] of [
  ['', true],
  ['/v1.28', true],
  ['/v1.27', false],
  ['/v1.0', false],
] as const)
  test(`at ${version || 'no version'} output comes in ${binary ? 'binary' : 'text'} messages, never framed`, async () => {
    await using served = await serve();
    const { socket, messages, closed } = await talk(served, version);
    socket.send('hello');
    await until(() => joined(messages) === 'hello');
    assert(messages.every((message) => message.binary === binary));
    socket.close();
    await closed;
    await until(() => served.open.size === 0);
  });

test('a letter is never torn between two texts, and what is none is replaced', async () => {
  await using served = await serve();
  const { socket, messages, closed } = await talk(served, '/v1.20');
  const euro = Buffer.from('€');
  socket.send(euro.subarray(0, 1));
  socket.send(Buffer.concat([euro.subarray(1), Buffer.from([0xff])]));
  await until(() => joined(messages) === '€\ufffd');
  socket.close();
  await closed;
});

test('the end of the output closes the socket in good order', async () => {
  await using served = await serve();
  const { messages, closed } = await talk(served, '', 'stream=1&stdout=1&stderr=1');
  assert.equal(await closed, 1000);
  assert.equal(joined(messages), 'nobody types[12 bytes]');
});

test('streams are chosen from 1.42 on, and detach keys from 1.22 on', async () => {
  await using served = await serve();
  const asked = async (version: string) => {
    const { socket } = await talk(served, version, 'stream=1&stdout=1&detachKeys=a');
    socket.terminate();
    const { stdin, stdout, stderr, detachKeys } = lastCall(served, 2);
    return [stdin, stdout, stderr, detachKeys];
  };
  assert.deepEqual(await asked('/v1.42'), [false, true, false, 'a']);
  assert.deepEqual(await asked('/v1.41'), [true, true, true, 'a']);
  assert.deepEqual(await asked('/v1.21'), [true, true, true, undefined]);
});

test('much output comes whole, no faster than it is read', async () => {
  await using served = await serve();
  const { socket, messages, closed } = await talk(served, '');
  const bytes = randomBytes(8 << 20).toString('latin1');
  const sent = Buffer.from(bytes, 'latin1');
  socket.pause();
  for (let at = 0; at < sent.length; at += 1 << 19) socket.send(sent.subarray(at, at + (1 << 19)));
  socket.resume();
  const length = () => messages.reduce((sum, { text }) => sum + text.length, 0);
  const whole = sent.toString().length;
  await until(() => length() >= whole * 0.99);
  socket.close();
  await closed;
});

for (const [what, frame, code] of [
  ['a message larger than a mebibyte', masked(0x2, Buffer.alloc((1 << 20) + 1)), 1009],
  [
    'a header that promises a gigabyte',
    Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]),
    1009,
  ],
  ['a frame without a mask', Buffer.from([0x82, 1, 65]), 1002],
  ['a ping in pieces', masked(0x9, Buffer.from('x'), false), 1002],
  ['a continuation of nothing', masked(0x0, Buffer.from('x')), 1002],
  [
    'bits that nobody agreed on',
    Buffer.concat([Buffer.from([0xf2]), masked(0x2, Buffer.from('x')).subarray(1)]),
    1002,
  ],
  ['a text that is none', masked(0x1, Buffer.from([0xff, 0xfe])), 1007],
] as const)
  test(`SC-WEB-04: ${what} is answered with close ${code}`, async () => {
    await using served = await serve();
    const socket = dial(served.path);
    socket.write(handshake(`/containers/web/attach/ws?${ALL}`));
    const head = await readUntil(socket, hasHead);
    assert.match(head.toString(), /^HTTP\/1\.1 101 /);
    socket.write(frame);
    const rest = await readUntil(socket, (bytes) => bytes.length >= 4);
    assert.equal(rest[0], 0x88, 'a close frame');
    assert.equal(rest.readUInt16BE(2), code);
    socket.destroy();
    await until(() => served.open.size === 0);
  });

test('fragments of a message are one message, with a ping between them', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.write(handshake(`/containers/web/attach/ws?${ALL}`));
  await readUntil(socket, hasHead);
  socket.write(
    Buffer.concat([
      masked(0x2, Buffer.from('ab'), false),
      masked(0x9, Buffer.alloc(0)),
      masked(0x0, Buffer.from('cd')),
    ]),
  );
  const answer = await readUntil(socket, (bytes) => bytes.includes('abcd'));
  assert(answer.includes(Buffer.from([0x8a, 0])), 'a pong');
  socket.destroy();
});

for (const [what, headers, status] of [
  ['no handshake at all', {}, 400],
  ['another protocol', { Connection: 'Upgrade', Upgrade: 'tcp' }, 400],
  ['no key', { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }, 400],
  ['an old version', { ...keyed, 'Sec-WebSocket-Version': '7' }, 400],
  ['a foreign page', { ...keyed, 'Sec-WebSocket-Version': '13', Origin: 'http://evil.example' }, 403],
] as const)
  test(`SC-WEB-04: a handshake with ${what} is ${status}, and nothing is opened`, async () => {
    await using served = await serve();
    const reply = await ask(served.path, `/containers/web/attach/ws?${ALL}`, { headers });
    assert.equal(reply.status, status, reply.text);
    assert.equal(served.calls.length, 0);
  });

test('an unknown container is 404 before any handshake; the own origin is welcome', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.write(handshake('/containers/nobody/attach/ws'));
  const reply = readReply(await readUntil(socket, (bytes) => bytes.includes('nobody')));
  assert.equal(reply.status, 404);
  socket.destroy();
  const own = await talk(served, '', ALL, { Origin: 'http://localhost' });
  own.socket.terminate();
});

function handshake(url: string): string {
  const lines = ['Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const key = `Sec-WebSocket-Key: ${keyed['Sec-WebSocket-Key']}`;
  return [`GET ${url} HTTP/1.1`, ...lines, key, '', ''].join('\r\n');
}

/** A frame as clients must send it (RFC 6455, 5.2). */
function masked(opcode: number, payload: Buffer, last = true): Buffer {
  const key = Buffer.from([1, 2, 3, 4]);
  const length =
    payload.length < 126
      ? Buffer.from([0x80 | payload.length])
      : Buffer.concat([Buffer.from([0xff]), sized(payload.length)]);
  const body = Buffer.from(payload.map((byte, i) => byte ^ (key[i % 4] ?? 0)));
  return Buffer.concat([Buffer.from([(last ? 0x80 : 0) | opcode]), length, key, body]);
}

function sized(bytes: number): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(bytes));
  return size;
}
