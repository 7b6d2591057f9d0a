import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { Front, SILENT_UPGRADE } from './front.ts';
import { HEAD_BYTES_MAX, HEAD_TIMEOUT_MS } from './limits.ts';

const takes = (method: string, url: string): boolean => method === 'POST' && url.endsWith('/attach');

/** A socket that was never connected: what is pushed into it comes out as it would to Node's parser. */
function opened(): { socket: Socket; front: Front; read: () => string } {
  const socket = new Socket();
  const front = new Front(socket, takes);
  const read = () => ((socket.read() as Buffer | null) ?? Buffer.alloc(0)).toString('latin1');
  return { socket, front, read };
}

test('requests pass unchanged, a silent takeover is marked', () => {
  const { socket, front, read } = opened();
  socket.push(Buffer.from('GET /a HTTP/1.1\r\nHost: x\r\n\r\n'));
  assert.equal(read(), 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal(front.idle, false);
  front.answered();
  assert.equal(front.idle, true);
  socket.push(Buffer.from('POST /attach HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n'));
  assert.equal(
    read(),
    `POST /attach HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: ${SILENT_UPGRADE}\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
  );
});

for (const [headers, more] of [
  ['Connection: Upgrade\r\nUpgrade: tcp\r\n', ''],
  ['connection: keep-alive, upgrade\r\nupgrade: tcp\r\n', ''],
  ['Upgrade: tcp\r\n', 'Connection: Upgrade\r\n'],
  ['Connection: upgrade\r\n', `Upgrade: ${SILENT_UPGRADE}\r\n`],
] as const)
  test(`of ${JSON.stringify(headers)} only what is missing is added`, () => {
    const { socket, read } = opened();
    socket.push(Buffer.from(`POST /attach HTTP/1.1\r\n${headers}\r\n`));
    assert.equal(read(), `POST /attach HTTP/1.1\r\n${more}${headers}\r\n`);
  });

test('a takeover waits behind requests without an answer', () => {
  const { socket, front, read } = opened();
  socket.push(Buffer.from('GET /a HTTP/1.1\r\n\r\nPOST /attach HTTP/1.1\r\n\r\ntyped'));
  assert.equal(read(), 'GET /a HTTP/1.1\r\n\r\n');
  socket.push(Buffer.from(' more'));
  assert.equal(read(), '');
  front.answered();
  assert.match(read(), /^POST \/attach HTTP\/1\.1\r\n(.*\r\n)+\r\ntyped more$/);
});

test('a body is no head, whatever it holds and wherever it is cut', () => {
  const hidden = 'POST /attach HTTP/1.1\r\n\r\n';
  const wire = `POST /b HTTP/1.1\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\nGET /d HTTP/1.1\r\n\r\n`;
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (cuts) => {
      const { socket, read } = opened();
      let passed = '';
      for (let at = 0; at < wire.length; ) {
        const end = at + (cuts.next().value as number);
        socket.push(Buffer.from(wire.slice(at, end)));
        passed += read();
        at = end;
      }
      assert.equal(passed, wire);
    }),
  );
});

test('half a head is held for a while, then the connection ends', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { socket, read } = opened();
  socket.push(Buffer.from('GET / HT'));
  assert.equal(read(), '');
  t.mock.timers.tick(HEAD_TIMEOUT_MS - 1);
  assert.equal(socket.destroyed, false);
  t.mock.timers.tick(1);
  assert.equal(socket.destroyed, true);
});

test('a head that was completed in time has no deadline any more', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { socket } = opened();
  socket.push(Buffer.from('GET / HT'));
  socket.push(Buffer.from('TP/1.1\r\n\r\n'));
  t.mock.timers.tick(HEAD_TIMEOUT_MS * 2);
  assert.equal(socket.destroyed, false);
});

test('a head beyond its limit goes to the parser, which refuses it', () => {
  const { socket, read } = opened();
  const head = `GET / HTTP/1.1\r\nX: ${'x'.repeat(HEAD_BYTES_MAX)}`;
  socket.push(Buffer.from(head));
  assert.equal(read().length, head.length);
});

test('an end in the middle of a head is passed on', () => {
  const { socket, read } = opened();
  socket.push(Buffer.from('GET / HT'));
  socket.push(null);
  assert.equal(read(), 'GET / HT');
});
