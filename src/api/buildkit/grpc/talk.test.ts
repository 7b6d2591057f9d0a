import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { grpcClient } from './client.ts';
import { framed } from './frames.ts';

const [DATA, HEADERS, RESET, SETTINGS] = [0, 1, 3, 4];
const ACK = 1;
const END_HEADERS = 4;
const END_STREAM = 1;

/** A frame of HTTP/2 (RFC 9113, 4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
/** By number from the static table (RFC 7541, appendix A), and a literal without an index. */
const status200 = Buffer.from([0x88]);
const literal = (name: string, value: string): Buffer =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
const wellEnded = frame(HEADERS, END_HEADERS | END_STREAM, 1, literal('grpc-status', '0'));
const reset = frame(RESET, 0, 1, Buffer.alloc(4));

const PREFACE_BYTES = 24;
/** A stream has begun in what a client sent. */
function hasRequest(bytes: Buffer): boolean {
  for (let at = PREFACE_BYTES; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    if (bytes[at + 3] === HEADERS) return true;
  return false;
}

/** A client on a connection whose other side sends these frames to its first call. */
async function clientOf(t: TestContext, ...answers: readonly Buffer[]) {
  const server = createServer((socket: Socket) => {
    let came = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)));
    socket.on('data', (chunk) => {
      const isAnswered = hasRequest(came);
      came = Buffer.concat([came, chunk]);
      if (isAnswered || !hasRequest(came)) return;
      socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0))); // from here on its windows are as it says
      socket.write(frame(HEADERS, END_HEADERS, 1, status200));
      for (const each of answers) socket.write(each);
    });
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const connection = connect(port, '127.0.0.1');
  await new Promise((resolve) => connection.once('connect', resolve));
  const client = grpcClient(connection);
  t.after(() => client.close());
  return client;
}
const message = (i: number): Buffer => Buffer.alloc(10_000, i);
const sent = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => frame(DATA, 0, 1, framed(message(i)))));

test('a stream that is reset behind its end is read to its end, however slowly', async (t) => {
  const client = await clientOf(t, sent(60), wellEnded, reset);
  const talk = client.talk('/x', {}, AbortSignal.timeout(10_000));
  const found: Buffer[] = [];
  for await (const messages of talk.incoming) {
    found.push(...messages);
    await wait(5);
  }
  assert.equal(found.length, 60);
  assert.ok(found.every((each, i) => each.equals(message(i))));
});

test('a stream that is reset before its end has failed, behind what came before', async (t) => {
  const client = await clientOf(t, sent(3), reset);
  const talk = client.talk('/x', {}, AbortSignal.timeout(10_000));
  const found: Buffer[] = [];
  await assert.rejects(async () => {
    for await (const messages of talk.incoming) found.push(...messages);
  });
  assert.equal(found.length, 3);
});

test('a message of many pieces is read, and one that is too large is refused', async (t) => {
  const large = framed(Buffer.alloc(1 << 20, 7));
  const pieces = Array.from({ length: Math.ceil(large.length / 16_384) }, (_, i) =>
    frame(DATA, 0, 1, large.subarray(i * 16_384, (i + 1) * 16_384)),
  );
  const client = await clientOf(t, ...pieces, wellEnded);
  const found: number[] = [];
  for await (const messages of client.talk('/x', {}, AbortSignal.timeout(10_000)).incoming)
    found.push(...messages.map(({ length }) => length));
  assert.deepEqual(found, [1 << 20]);
  const lying = await clientOf(t, frame(DATA, 0, 1, Buffer.from([0, 0x7f, 0xff, 0xff, 0xff])));
  await assert.rejects(
    async () => {
      for await (const _ of lying.talk('/x', {}, AbortSignal.timeout(10_000)).incoming);
    },
    { message: /larger than max/ },
  );
});
