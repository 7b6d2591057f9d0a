/** Whole connections to the API, of HTTP/1.1 and of HTTP/2 with BuildKit's services: whatever comes on one, others are served. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { framed } from '../../../src/api/buildkit/grpc/frames.ts';
import { InfoRequest, SolveRequest } from '../../../src/api/buildkit/messages/control.ts';
import { ask, dial, serve } from '../../api/serve.ts';
import type { Fuzzer } from '../fuzzer.ts';
import { inputs } from '../fuzzer.ts';

/** A connection that neither ends nor is ended is left after this long. */
const PATIENCE_MS = 100;

/** Sends it all on a connection of its own; then another client asks. How many bytes came back. */
async function sent(input: Buffer): Promise<number> {
  await using served = await serve();
  const socket = dial(served.path);
  let bytes = 0;
  socket
    .on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
  socket.end(input);
  await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  const ping = await ask(served.path, '/_ping');
  assert.deepEqual([ping.status, ping.text], [200, 'OK']);
  socket.destroy();
  return bytes;
}

const http1: Fuzzer = {
  name: 'connections of HTTP 1.1',
  samples: inputs(
    'GET /_ping HTTP/1.1\r\nHost: a\r\n\r\nGET /v1.41/version HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST /v1.41/containers/create HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n{"Image":"busybox"}',
    'POST /containers/web/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello\n',
    'PUT /containers/web/archive?path=/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'POST /v1.12/build?t=a HTTP/1.1\r\nHost: a\r\nContent-Type: application/tar\r\nContent-Length: 4\r\n\r\nabcd',
  ),
  words: [
    ...[
      'GET ',
      'POST ',
      'DELETE ',
      '/_ping',
      '/containers/web/json',
      '/build',
      '/session',
      '/grpc',
      ' HTTP/1.1\r\n',
      ' HTTP/1.0\r\n',
    ],
    ...[
      'Host: a\r\n',
      'Content-Length: 5\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Upgrade: h2c\r\n',
      'Connection: Upgrade\r\n',
    ],
    ...[
      'Expect: 100-continue\r\n',
      '\r\n',
      '\n',
      '\0',
      '%00',
      '?filters={',
      'X-Registry-Auth: e30=\r\n',
      '0\r\n\r\n',
    ],
  ],
  quickRuns: 25,
  check: async (input) => (await sent(input)) > 0,
};

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Literal fields without an index (RFC 7541, 6.2.2). */
const fields = (all: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat(
    Object.entries(all).flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  );

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = frame(4, 0, 0, Buffer.alloc(0));
const call = (method: string, message: Buffer): Buffer =>
  Buffer.concat([
    SETTINGS,
    frame(
      1,
      4,
      1,
      fields({
        ':method': 'POST',
        ':scheme': 'http',
        ':authority': 'localhost',
        ':path': `/moby.buildkit.v1.Control/${method}`,
        'content-type': 'application/grpc',
        te: 'trailers',
      }),
    ),
    frame(0, 1, 1, framed(message)),
  ]);

const http2: Fuzzer = {
  name: 'connections of HTTP 2',
  samples: [
    call('Info', InfoRequest.encode({})),
    call('Solve', SolveRequest.encode({ ref: 'r', session: 's', frontend: 'dockerfile.v0' })),
    Buffer.concat([SETTINGS, frame(6, 0, 0, Buffer.alloc(8)), frame(8, 0, 0, Buffer.from([0, 0, 1, 0]))]),
  ],
  words: [
    ...[
      frame(4, 1, 0, Buffer.alloc(0)),
      frame(3, 0, 1, Buffer.alloc(4)),
      frame(7, 0, 0, Buffer.alloc(8)),
      frame(9, 4, 1, Buffer.alloc(1)),
    ],
    ...[
      frame(0, 0, 3, Buffer.from('abc')),
      frame(5, 4, 1, Buffer.alloc(4)),
      frame(1, 5, 3, Buffer.from([0x82, 0x84, 0x86])),
    ],
  ].map((bytes) => bytes.toString('latin1')),
  quickRuns: 25,
  check: async (input) => (await sent(Buffer.concat([PREFACE, input]))) > 0,
};

export const CONNECTIONS: readonly Fuzzer[] = [http1, http2];
