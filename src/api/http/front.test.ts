import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { Front, SILENT_UPGRADE } from './front.ts';
import { Holdings } from './holdings.ts';
import { HEAD_BYTES_MAX, HEAD_TIMEOUT_MS } from './limits.ts';
import type { Classified } from './router.ts';

const takes = (method: string, url: string): boolean => method === 'POST' && url.endsWith('/attach');

const asked = (method: string, url: string): Classified => ({
  ...{ method, url, target: () => assert.fail('nobody asks for it here') },
  takesConnection: takes(method, url),
  bringsArchive: brings(method, url),
  isLong: false,
  constant: url === '/same' ? 'systemPing' : undefined,
});

const brings = (method: string, url: string): boolean => method === 'PUT' && url.endsWith('/archive');

/** A socket that was never connected: what is pushed into it comes out as it would to Node's parser. */
function opened(): { socket: Socket; front: Front; read: () => string } {
  const socket = new Socket().setMaxListeners(0); // it waits to be connected before it is read
  const front = new Front(socket, {
    classify: asked,
    atOnce: () => Buffer.from('SAME'),
    holdings: new Holdings(4 << 20),
  });
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

test('SC-HTTP-06: a head that comes byte by byte has no more time than any other', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { socket } = opened();
  socket.push(Buffer.from('GET / HTTP/1.1\r\nX: '));
  let seconds = 0;
  for (; !socket.destroyed && seconds < 1000; seconds++) {
    socket.push(Buffer.from('x'));
    t.mock.timers.tick(1000);
  }
  assert.equal(seconds * 1000, HEAD_TIMEOUT_MS);
});

test('a connection that says nothing ends too, one between two requests does not', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [silent, between] = [opened().socket, opened().socket];
  between.push(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  t.mock.timers.tick(HEAD_TIMEOUT_MS);
  assert.deepEqual([silent.destroyed, between.destroyed], [true, false]);
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

const archive = (framing: string): string => `PUT /archive HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`;
const BODILESS = archive('Content-Length: 0');

test('an archive stands aside: the parser sees no body, the reader all of it, whatever follows', async () => {
  const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 60 }));
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 1, maxLength: 300, unit: 'binary-ascii' }),
      cuts,
      async (text, steps) => {
        const wire = `${archive('Transfer-Encoding: chunked')}${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\nGET /next HTTP/1.1\r\n\r\n`;
        const { socket, front, read } = opened();
        let body: Buffer[] | undefined;
        for (let at = 0; at < wire.length; ) {
          const cut = steps.next().value as number;
          socket.push(Buffer.from(wire.slice(at, at + cut), 'latin1'));
          at += cut;
          const claimed = front.claim();
          if (!claimed) continue;
          body = [];
          claimed.on('data', (chunk: Buffer) => body?.push(chunk));
          await new Promise((resolve) => setImmediate(resolve));
        }
        await new Promise((resolve) => setImmediate(resolve));
        const passed = read();
        // A body that came with its head needs nobody's care.
        if (body === undefined) assert.equal(passed, wire);
        else {
          assert.equal(passed, `${BODILESS}GET /next HTTP/1.1\r\n\r\n`);
          assert.equal(Buffer.concat(body).toString('latin1'), text);
        }
      },
    ),
    { numRuns: 60 },
  );
});

for (const framing of [
  'Transfer-Encoding: chunked\r\nContent-Length: 999999',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding:\r\n chunked',
  'Content-Length: 999999\r\nContent-Length: 999999',
  'Content-Length: 5',
])
  test(`${JSON.stringify(framing)} is left to the parser`, () => {
    const { socket, front, read } = opened();
    socket.push(Buffer.from(archive(framing)));
    assert.equal(front.claim(), undefined);
    assert.equal(read(), archive(framing));
  });

test('an archive behind a request without an answer is left to the parser', () => {
  const { socket, front, read } = opened();
  socket.push(Buffer.from(`GET /a HTTP/1.1\r\n\r\n${archive('Content-Length: 999999')}`));
  assert.equal(front.claim(), undefined);
  assert.equal(read(), `GET /a HTTP/1.1\r\n\r\n${archive('Content-Length: 999999')}`);
});

test('while a body is lent nobody reads the connection; given back, what came behind it is the next request', () => {
  const { socket, front, read } = opened();
  let reads = 0;
  Object.assign(socket, { _handle: { fd: 7, reading: false } });
  socket.push(Buffer.from(archive('Content-Length: 300000')));
  const body = front.claim();
  const lent = body?.lend();
  assert.deepEqual([lent?.fd, lent?.state.left, lent?.bytes.length], [7, 300_000, 0]);
  assert.equal(body?.lend(), undefined, 'once');
  Object.assign(socket, {
    _handle: { fd: 7, reading: false, readStart: () => reads++, close: () => undefined },
  });
  socket._read(0);
  body?.resume();
  assert.equal(reads, 0);
  body?.giveBack({
    state: { ...lent!.state, at: 'done', left: 0 },
    bytes: Buffer.from('GET /n HTTP/1.1\r\n\r\n'),
  });
  assert.equal(reads, 1);
  assert.equal(read(), `${archive('Content-Length: 0')}GET /n HTTP/1.1\r\n\r\n`);
  assert.equal(body?.complete, true);
});

/** What is written while `work` runs. */
function written(socket: Socket, work: () => void): string {
  const chunks: Buffer[] = [];
  Object.assign(socket, { write: (chunk: Buffer) => chunks.push(chunk) > 0 });
  work();
  return Buffer.concat(chunks).toString();
}

test('an answer that never changes is written at once, and the parser hears nothing of its request', () => {
  const { socket, front, read } = opened();
  const plain = 'GET /same HTTP/1.1\r\nHost: x\r\nUser-Agent: Go-http-client/1.1\r\n\r\n';
  const half = plain.slice(0, 30);
  assert.equal(
    written(socket, () => {
      socket.push(Buffer.from(plain + plain + half));
      socket.push(Buffer.from(plain.slice(30)));
    }),
    'SAMESAMESAME',
  );
  assert.equal(read(), '');
  assert.equal(front.idle, true);
});

for (const head of [
  'GET /same HTTP/1.0\r\nHost: x\r\n',
  'GET /same HTTP/1.1\r\n',
  'GET /same HTTP/1.1\r\nHost: x\r\nHost: y\r\n',
  'GET /same HTTP/1.1\r\nHost: x\r\nConnection: close\r\n',
  'GET /same HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close\r\n',
  'GET /same HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\n',
  'GET /same HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n',
  'GET /same HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n',
  'GET /same HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n',
  'GET /same HTTP/1.1\r\nHost: x\r\n folded\r\n',
  'GET /same HTTP/1.1\r\nHost: x\nX: y\r\n',
])
  test(`${JSON.stringify(head)} goes its ordinary way`, () => {
    const { socket, read } = opened();
    assert.equal(
      written(socket, () => socket.push(Buffer.from(`${head}\r\n`))),
      '',
    );
    assert.equal(read(), `${head}\r\n`);
  });

test('answers keep the order of their requests', () => {
  const { socket, front } = opened();
  const plain = 'GET /same HTTP/1.1\r\nHost: x\r\n\r\n';
  assert.equal(
    written(socket, () => socket.push(Buffer.from(`GET /a HTTP/1.1\r\nHost: x\r\n\r\n${plain}`))),
    '',
  );
  assert.equal(front.classified('GET', '/a').url, '/a');
  assert.equal(front.classified('GET', '/same').constant, 'systemPing');
});
