import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { AF, bind, MSG, receive, SOCK, socket, unixAddress } from '../../linux/index.ts';
import type { Entry } from './entries.ts';
import { journaldChannel, journaldWording } from './journald.ts';
import { Messages } from './messages.ts';
import { type SyslogTarget, syslogChannel, syslogWording } from './syslog.ts';

const AT = 1_790_000_000_123_456_789n;
const lines = (text: string, stream: 'stdout' | 'stderr' = 'stdout'): Entry => ({
  is: 'lines',
  stream,
  bytes: Buffer.from(text),
  at: AT,
});
const target = (address: SyslogTarget['address'], change: Partial<SyslogTarget> = {}): SyslogTarget => ({
  is: 'syslog',
  address,
  facility: 3,
  format: 'rfc5424',
  tag: 'tag',
  hostname: 'host',
  tls: { caFile: undefined, certFile: undefined, keyFile: undefined, skipVerify: false },
  ...change,
});
const unexpected = (message: string) => assert.fail(message);
const sinkFor = (to: SyslogTarget) => new Messages(syslogWording(to), syslogChannel(to), unexpected);

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-syslog-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** All that connections to a server bring. */
function listening(t: TestContext, server: Server, event: 'connection' | 'secureConnection' = 'connection') {
  const got: string[] = [];
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  server.on(event, (one: Socket) => {
    sockets.add(one);
    one.on('data', (bytes) => {
      got.push(bytes.toString());
      for (const look of waiting.splice(0)) look();
    });
    one.on('error', () => undefined);
  });
  t.after(() => {
    for (const one of sockets) one.destroy();
    server.close();
  });
  return {
    got: () => got.join(''),
    async until(wanted: RegExp) {
      while (!wanted.test(got.join(''))) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    /** Every connection is cut. */
    cut() {
      for (const one of sockets) one.destroy();
      sockets.clear();
    },
  };
}
const listen = (server: Server, at: { path: string } | { port: number }) =>
  new Promise<void>((resolve) => server.listen(at, () => resolve()));

const said = /said\n[\s\S]*again\n/;
const SAID = /^<30>1 \S+ host tag \d+ tag - said\n<27>1 \S+ host tag \d+ tag - again\n$/;

async function give(sink: Messages): Promise<void> {
  await sink.open();
  await sink.give([lines('said\n\n'), lines('again\n', 'stderr')]);
  await sink.settle();
}

test('each line goes to a unix stream socket as a message; empty ones are none', async (t) => {
  const path = join(directory(t), 's');
  const server = createServer();
  const daemon = listening(t, server);
  await listen(server, { path });
  const sink = sinkFor(target({ is: 'unix', path }));
  t.after(() => sink.close());
  await give(sink);
  await daemon.until(said);
  assert.match(daemon.got(), SAID);
});

test('each line goes over TCP as a message', async (t) => {
  const server = createServer();
  const daemon = listening(t, server);
  await listen(server, { port: 0 });
  const { port } = server.address() as AddressInfo;
  const sink = sinkFor(target({ is: 'tcp', host: '127.0.0.1', port }));
  t.after(() => sink.close());
  await give(sink);
  await daemon.until(said);
  assert.match(daemon.got(), SAID);
});

test('each line is a datagram over UDP', async (t) => {
  const server = createSocket('udp4');
  const got: string[] = [];
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', () => resolve()));
  t.after(() => server.close());
  const both = new Promise<void>((resolve) =>
    server.on('message', (bytes) => got.push(bytes.toString()) === 2 && resolve()),
  );
  const sink = sinkFor(target({ is: 'udp', host: '127.0.0.1', port: server.address().port }));
  t.after(() => sink.close());
  await give(sink);
  await both;
  assert.match(got.join(''), SAID);
});

test('each line is a datagram to a unix socket', async (t) => {
  const path = join(directory(t), 's');
  const fd = socket(AF.UNIX, SOCK.DGRAM, 0);
  t.after(() => closeSync(fd));
  bind(fd, unixAddress(path));
  const sink = sinkFor(target({ is: 'unixgram', path }));
  t.after(() => sink.close());
  await give(sink);
  assert.match(datagrams(fd).join(''), SAID);
});

/** What waits in the socket. */
function datagrams(fd: number): string[] {
  const got: string[] = [];
  const bytes = Buffer.alloc(65_536);
  for (let n = receive(fd, bytes, MSG.DONTWAIT); n >= 0; n = receive(fd, bytes, MSG.DONTWAIT))
    got.push(bytes.toString('utf8', 0, n));
  return got;
}

test('a full queue of datagrams is waited for, and none is lost', async (t) => {
  const path = join(directory(t), 's');
  const fd = socket(AF.UNIX, SOCK.DGRAM, 0);
  t.after(() => closeSync(fd));
  bind(fd, unixAddress(path));
  const sink = sinkFor(target({ is: 'unixgram', path }));
  t.after(() => sink.close());
  await sink.open();
  const count = 2000;
  const giving = sink.give([lines(Array.from({ length: count }, (_, i) => `${i}\n`).join(''))]);
  const got: string[] = [];
  while (got.length < count) {
    got.push(...datagrams(fd));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await giving;
  assert.deepEqual(
    got.map((one) => Number(/(\d+)\n$/.exec(one)?.[1])),
    Array.from({ length: count }, (_, i) => i),
  );
});

test('TLS counts messages, and trusts whom it is told to trust alone', async (t) => {
  const place = directory(t);
  const [key, cert] = [join(place, 'key'), join(place, 'cert')];
  try {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const made = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
    ];
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
  } catch {
    t.skip('openssl is not there');
    return;
  }
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) });
  const daemon = listening(t, server, 'secureConnection');
  server.on('tlsClientError', () => undefined);
  await listen(server, { port: 0 });
  const address = { is: 'tcp+tls', host: 'localhost', port: (server.address() as AddressInfo).port } as const;
  const strange = sinkFor(target(address));
  await assert.rejects(strange.open(), /self-signed|self signed/);
  await strange.close();
  const tls = { caFile: cert, certFile: undefined, keyFile: undefined, skipVerify: false };
  const sink = sinkFor(target(address, { tls }));
  t.after(() => sink.close());
  await give(sink);
  await daemon.until(said);
  const [, length = '', first = ''] = /^(\d+) (<30>1 \S+ host tag \d+ tag - said\n)/.exec(daemon.got()) ?? [];
  assert.equal(Number(length), first.length);
});

test('after a lost connection nothing that was given is given again, and what failed comes first', async (t) => {
  const server = createServer();
  const daemon = listening(t, server);
  await listen(server, { port: 0 });
  const { port } = server.address() as AddressInfo;
  const sink = sinkFor(target({ is: 'tcp', host: '127.0.0.1', port }));
  t.after(() => sink.close());
  await sink.open();
  await sink.give([lines('one\n')]);
  await daemon.until(/one/);
  daemon.cut();
  const entries = [lines('one\n'), lines('two\nthree\n')];
  // What is written to a connection that is being cut may be lost: the error comes a moment later.
  await assert.rejects(async () => {
    for (;;) {
      await sink.give([lines('x\n')]);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  const again = sinkFor(target({ is: 'tcp', host: '127.0.0.1', port }));
  t.after(() => again.close());
  await again.open();
  await again.give([entries[0]!]);
  again.resume();
  await again.give(entries);
  await daemon.until(/three/);
  assert.deepEqual(daemon.got().match(/- \w+\n/g), ['- one\n', '- one\n', '- two\n', '- three\n']);
});

test('nobody there is an error that says where', async (t) => {
  const path = join(directory(t), 'none');
  for (const is of ['unix', 'unixgram'] as const) {
    const sink = sinkFor(target({ is, path }));
    await assert.rejects(sink.open(), /ENOENT/);
    await sink.close();
  }
});

test('the journal gets the fields of its protocol, text of several lines by its length', async (t) => {
  const path = join(directory(t), 'journal');
  const fd = socket(AF.UNIX, SOCK.DGRAM, 0);
  t.after(() => closeSync(fd));
  bind(fd, unixAddress(path));
  const to = {
    is: 'journald',
    socket: path,
    fields: [
      ['CONTAINER_NAME', 'web'],
      ['NOTE', 'a\nb'],
    ],
  } as const;
  const sink = new Messages(journaldWording(to), journaldChannel(to), unexpected);
  t.after(() => sink.close());
  await sink.open();
  const part = { id: 'p1', ordinal: 1, isLast: false };
  await sink.give([
    lines('said\n\n', 'stderr'),
    { is: 'piece', stream: 'stdout', bytes: Buffer.from('begun'), at: AT, part },
  ]);
  const common = 'CONTAINER_NAME=web\nNOTE\n\x03\0\0\0\0\0\0\0a\nb\n';
  const time = 'SYSLOG_TIMESTAMP=2026-09-21T14:13:20.123456789Z\n';
  assert.deepEqual(datagrams(fd), [
    `${common}PRIORITY=3\n${time}CONTAINER_LOG_ORDINAL=1\nMESSAGE=said\n`,
    `${common}PRIORITY=3\n${time}CONTAINER_LOG_ORDINAL=2\nMESSAGE=\n`,
    `${common}PRIORITY=6\n${time}CONTAINER_LOG_ORDINAL=3\nCONTAINER_PARTIAL_ID=p1\nCONTAINER_PARTIAL_ORDINAL=1\n` +
      'CONTAINER_PARTIAL_LAST=false\nCONTAINER_PARTIAL_MESSAGE=true\nMESSAGE=begun\n',
  ]);
});

test('a message that is too large for the journal is left out, and told of', async (t) => {
  const path = join(directory(t), 'journal');
  const fd = socket(AF.UNIX, SOCK.DGRAM, 0);
  t.after(() => closeSync(fd));
  bind(fd, unixAddress(path));
  const to = { is: 'journald', socket: path, fields: [] } as const;
  const warnings: string[] = [];
  const sink = new Messages(journaldWording(to), journaldChannel(to), (message) => warnings.push(message));
  t.after(() => sink.close());
  await sink.open();
  await sink.give([lines(`${'x'.repeat(1 << 20)}\n`), lines('next\n')]);
  assert.match(datagrams(fd).join(''), /MESSAGE=next\n$/);
  assert.match(warnings.join(), /^a message of \d+ bytes is too large to be sent$/);
});
