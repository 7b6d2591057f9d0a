/** Archives that are read off their client's connection in another thread: what comes before, behind, or not at all. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { after, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';
import { readReply, readToEnd, readUntil } from './serve.ts';

const gantry = await startGantry({ after });
const api = gantry.api();
const made = await api.post('/containers/create', { Image: 'busybox', Cmd: ['true'] });
const { Id } = made.json<{ Id: string }>();

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const PING = 'GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n';

function dial(): Socket {
  const socket = api.connect();
  socket.on('error', () => undefined);
  return socket;
}

const head = (framing: string): string =>
  `PUT /containers/${Id}/archive?path=/tmp HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`;

function chunked(bytes: Buffer, at: number): Buffer {
  const parts: (Buffer | string)[] = [];
  for (let i = 0; i < bytes.length; i += at) {
    const part = bytes.subarray(i, i + at);
    parts.push(`${part.length.toString(16)};some=extension\r\n`, part, '\r\n');
  }
  return Buffer.concat([...parts, '0\r\nX-Trailer: y\r\n\r\n'].map((part) => Buffer.from(part as string)));
}

const whole = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(head(`Content-Length: ${bytes.length}`)), bytes]);
const inChunks = (bytes: Buffer, at: number): Buffer =>
  Buffer.concat([Buffer.from(head('Transfer-Encoding: chunked')), chunked(bytes, at)]);

/** The file is in the container as it was sent. */
async function isThere(name: string, content: Buffer): Promise<void> {
  const { bytes, status } = await api.get(`/containers/${Id}/archive?path=/tmp/${name}`);
  assert.equal(status, 200);
  assert.equal(sha256(bytes.subarray(512, 512 + content.length)), sha256(content));
}

const replies = (count: number) => (got: Buffer) =>
  (got.toString('latin1').match(/HTTP\/1\.1 (?!100)/g)?.length ?? 0) >= count &&
  got.toString('latin1').endsWith('OK');

/** Descriptors of the engine that are connections. */
const connections = (): number =>
  readdirSync(`/proc/${gantry.pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${gantry.pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // closed meanwhile
    }
  }).length;

async function eventually(what: string, check: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !check(); await new Promise((resolve) => setTimeout(resolve, 20)))
    assert.ok(Date.now() < end, what);
}

test('archives and what follows them on one connection are told apart, however the bytes are cut', async () => {
  for (const pieceBytes of [1000, 65_536, 3_000_000]) {
    const contents = [randomBytes(2_000_000), randomBytes(700_001), randomBytes(10)];
    const archives = contents.map((content, i) => tarOf([file(`f${i}`, content)]));
    const wire = Buffer.concat([
      inChunks(archives[0]!, 77_777),
      whole(archives[1]!),
      Buffer.from(PING),
      inChunks(archives[2]!, 100),
      Buffer.from(PING),
    ]);
    const socket = dial();
    for (let at = 0; at < wire.length; at += pieceBytes)
      if (!socket.write(wire.subarray(at, at + pieceBytes)))
        await new Promise((resolve) => socket.once('drain', resolve));
    const text = (await readUntil(socket, replies(5))).toString('latin1');
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), Array(5).fill('HTTP/1.1 200'));
    socket.destroy();
    for (const [i, content] of contents.entries()) await isThere(`f${i}`, content);
  }
});

for (const [name, compress] of [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const)
  test(`an archive that ${name} compressed comes whole, too`, async () => {
    const content = Buffer.concat(
      Array.from({ length: 60 }, () => randomBytes(50_000).toString('hex')).map((each) => Buffer.from(each)),
    );
    const socket = dial();
    socket.write(inChunks(compress(tarOf([file(name, content)])), 300_000));
    assert.equal(readReply(await readUntil(socket, (got) => got.includes('\r\n\r\n'))).status, 200);
    socket.destroy();
    await isThere(name, content);
  });

test('a client that waits to be told to go on is told', async () => {
  const content = randomBytes(1_000_000);
  const archive = tarOf([file('expected', content)]);
  const socket = dial();
  socket.write(head(`Content-Length: ${archive.length}\r\nExpect: 100-continue`));
  await readUntil(socket, (got) => got.includes('100 Continue'));
  socket.write(archive);
  assert.equal(readReply(await readUntil(socket, (got) => got.includes('\r\n\r\n'))).status, 200);
  socket.destroy();
  await isThere('expected', content);
});

test('an archive that is refused in the middle passes, and the connection is still of use', async () => {
  for (const framed of [whole, (bytes: Buffer) => inChunks(bytes, 50_000)]) {
    const good = tarOf([file('before', randomBytes(1_000_000))]).subarray(0, -1024);
    const socket = dial();
    socket.write(framed(Buffer.concat([good, Buffer.alloc(4_000_000, 'no header')])));
    const { status, text } = readReply(await readUntil(socket, (got) => got.includes('}\n')));
    assert.deepEqual([status, JSON.parse(text)], [400, { message: 'archive/tar: invalid tar header' }]);
    socket.write(PING);
    assert.match(String(await readUntil(socket, replies(1))), /^HTTP\/1\.1 200/);
    socket.destroy();
  }
});

test('a container that is not there is told of, and the archive for it passes', async () => {
  const socket = dial();
  const bytes = inChunks(Buffer.alloc(2_000_000), 10_000).toString('latin1').replace(Id, 'nobody');
  socket.write(Buffer.from(bytes, 'latin1'));
  const { status } = readReply(await readUntil(socket, (got) => got.includes('}\n')));
  assert.equal(status, 404);
  socket.write(PING);
  assert.match(String(await readUntil(socket, replies(1))), /^HTTP\/1\.1 200/);
  socket.destroy();
});

test('a chunk without a size ends the connection, and what follows it is no request', async () => {
  const socket = dial();
  const archive = tarOf([file('odd', randomBytes(600_000))]);
  const sound = inChunks(archive, 300_000).subarray(0, 400_000);
  socket.write(sound);
  const bad = 'not a size\r\n';
  // Behind the second chunk's data stands what is no size.
  const rest = inChunks(archive, 300_000).subarray(400_000);
  const end = rest.lastIndexOf('\r\n0\r\n') + 2;
  socket.write(Buffer.concat([rest.subarray(0, end), Buffer.from(bad), Buffer.from(PING)]));
  // Closed by the engine, with or without bytes that it has not read: the kernel then speaks of a reset.
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  await new Promise<void>((resolve) => socket.once('end', () => resolve()).once('close', () => resolve()));
  socket.destroy();
  assert.doesNotMatch(text, /200 OK/);
});

test('a client that ends its side too early is told so; one that leaves leaves nothing behind', async () => {
  const archive = tarOf([file('half', randomBytes(3_000_000))]);
  const before = connections();
  const half = dial();
  half.end(whole(archive).subarray(0, 1_500_000));
  const { status, text } = readReply(await readToEnd(half));
  assert.deepEqual([status, JSON.parse(text)], [400, { message: "the archive's sender failed: aborted" }]);
  const gone = dial();
  await new Promise<void>((resolve) => gone.write(whole(archive).subarray(0, 1_500_000), () => resolve()));
  gone.destroy();
  await eventually('connections stay', () => connections() <= before);
});
