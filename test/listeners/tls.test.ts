/** Security case SC-WEB-07 at the API's door: who gets through the handshake, and what holds on connections that did. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { createApi, listen, openSecure } from '../../src/api/http/index.ts';
import { silentLog } from '../../src/base/log.ts';
import { readCertificates } from '../../src/daemon/certificates.ts';
import { parseConfig } from '../../src/daemon/config-file.ts';
import { optionsFrom } from '../../src/daemon/options.ts';
import { AF, bind, listen as listenOn, SOCK, socket, unixAddress } from '../../src/linux/index.ts';
import { fakeEngine } from '../api/fake-engine.ts';
import { hasHead, readReply, readToEnd, readUntil, until } from '../api/serve.ts';
import { Authority, pemOf } from './authority.ts';

const home = mkdtempSync(join(tmpdir(), 'gantry-tls-'));
after(() => rmSync(home, { recursive: true }));
const authority = new Authority(join(home, 'ours'));
const other = new Authority(join(home, 'other'));
const server = authority.server();
const client = authority.client();

/** The API of a fake engine behind TLS on a port of its own. */
async function serveTls(t: TestContext, { verify, handshakeMs }: { verify: boolean; handshakeMs?: number }) {
  const refusals: string[] = [];
  const log = {
    ...{ debug() {}, warn() {}, error() {} },
    info(_: string, fields: Readonly<Record<string, unknown>> = {}) {
      refusals.push(String(fields.reason));
    },
  };
  const fake = fakeEngine();
  const clientAuthorities = verify ? readFileSync(authority.ca) : undefined;
  const secure = await openSecure({ ...pemOf(server), clientAuthorities }, log, handshakeMs);
  const api = createApi({ engine: fake.engine, log, version: { engineVersion: '0' } });
  const listener = await listen(api, { kind: 'tcp', host: '127.0.0.1', port: 0, secure });
  t.after(async () => {
    await listener.close();
    await api.close(0);
  });
  return { ...fake, secure, refusals, port: listener.port ?? 0, clientAuthorities };
}

const dial = (port: number, options: ConnectionOptions = {}): Socket => {
  const socket = connect({
    ...{ port, host: '127.0.0.1', ca: readFileSync(authority.ca), allowHalfOpen: true },
    ...options,
  });
  socket.on('error', () => undefined);
  return socket;
};

const PING = 'GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

/** The status of one answer; 0: the connection ended without. */
async function statusOf(socket: Socket, request = PING): Promise<number> {
  socket.write(request);
  return readReply(await readToEnd(socket).catch(() => Buffer.alloc(0))).status || 0;
}

test('SC-WEB-07: without --tlsverify everybody is let in, with or without a certificate', async (t) => {
  const { port } = await serveTls(t, { verify: false });
  assert.equal(await statusOf(dial(port)), 200);
  assert.equal(await statusOf(dial(port, pemOf(other.client()))), 200);
});

test('SC-WEB-07: a client certificate of the authority is let in', async (t) => {
  const { port } = await serveTls(t, { verify: true });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    assert.equal(
      await statusOf(dial(port, { ...pemOf(client), minVersion: version, maxVersion: version })),
      200,
    );
  const forBoth = authority.issue('both');
  assert.equal(await statusOf(dial(port, pemOf(forBoth))), 200);
});

const self = new Authority(join(home, 'self'));
const strangers: readonly [string, () => ConnectionOptions, RegExp][] = [
  ['no certificate', () => ({}), /peer did not return a certificate/],
  [
    'a certificate of another authority',
    () => pemOf(other.client()),
    /UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)/,
  ],
  [
    'a certificate that another authority of the same name issued, sent with it',
    () => {
      const { cert, key } = pemOf(other.client('chained'));
      return { key, cert: Buffer.concat([cert, readFileSync(other.ca)]) };
    },
    /SELF_SIGNED_CERT/,
  ],
  [
    'a certificate that signed itself',
    () => ({ cert: readFileSync(self.ca), key: readFileSync(join(home, 'self/ca-key.pem')) }),
    /SELF_SIGNED_CERT/,
  ],
  ['a certificate that has expired', () => pemOf(authority.client('late', { days: -1 })), /CERT_HAS_EXPIRED/],
  [
    'a certificate for servers alone',
    () => pemOf(authority.client('served', { usage: 'serverAuth' })),
    /INVALID_PURPOSE/,
  ],
];
for (const [who, options, reason] of strangers)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    test(`SC-WEB-07: by ${version} ${who} does not get through, and no request is read`, async (t) => {
      const { port, calls, refusals } = await serveTls(t, { verify: true });
      const tls = { minVersion: version, maxVersion: version };
      const asking = 'POST /containers/web/kill HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
      assert.equal(await statusOf(dial(port, { ...options(), ...tls }), asking), 0);
      await until(() => refusals.length > 0);
      assert.match(refusals.join(), reason);
      assert.deepEqual(calls, []);
      assert.equal(await statusOf(dial(port, pemOf(client))), 200, 'others are served');
    });

test('SC-WEB-07: no client is let in by an authority that the system or the environment knows', async (t) => {
  const before = process.env.NODE_EXTRA_CA_CERTS;
  process.env.NODE_EXTRA_CA_CERTS = other.ca;
  t.after(() => {
    if (before === undefined) delete process.env.NODE_EXTRA_CA_CERTS;
    else process.env.NODE_EXTRA_CA_CERTS = before;
  });
  const { setDefaultCACertificates, getCACertificates } = await import('node:tls');
  const usual = getCACertificates('default');
  setDefaultCACertificates([...usual, readFileSync(other.ca, 'utf8')]);
  t.after(() => setDefaultCACertificates(usual));
  const { port } = await serveTls(t, { verify: true });
  assert.equal(await statusOf(dial(port, pemOf(other.client('known')))), 0);
});

for (const version of ['TLSv1', 'TLSv1.1'] as const)
  test(`SC-WEB-07: ${version} is not spoken`, async (t) => {
    const { port, refusals } = await serveTls(t, { verify: false });
    // Level 0, or the client's own OpenSSL would not speak it.
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT:@SECLEVEL=0' };
    assert.equal(await statusOf(dial(port, old)), 0);
    await until(() => refusals.length > 0);
    assert.match(refusals.join(), /unsupported protocol/);
  });

test('SC-WEB-07: a client cannot make the daemon shake hands again', async (t) => {
  const { port } = await serveTls(t, { verify: false });
  const socket = dial(port, { maxVersion: 'TLSv1.2' }) as ReturnType<typeof connect>;
  await once(socket, 'secureConnect');
  const refused = await new Promise((resolve) => {
    socket.once('error', resolve);
    socket.renegotiate({}, resolve);
  });
  assert.match(String(refused), /renegotiation/i);
});

test('SC-WEB-07: sessions are not resumed: who comes again shows a certificate again', async (t) => {
  const { port } = await serveTls(t, { verify: true });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const tls = { ...pemOf(client), minVersion: version, maxVersion: version };
    const first = dial(port, tls) as ReturnType<typeof connect>;
    let session: Buffer | undefined;
    first.on('session', (given: Buffer) => {
      session = given;
    });
    assert.equal(await statusOf(first), 200);
    const again = dial(port, { ...tls, session }) as ReturnType<typeof connect>;
    assert.equal(await statusOf(again), 200);
    assert.equal(again.isSessionReused(), false, version);
  }
});

test('SC-WEB-07: an odd name in the handshake changes nothing', async (t) => {
  const { port } = await serveTls(t, { verify: true });
  for (const servername of ['evil.example', 'xn--', 'a'.repeat(255), '..', 'localhost\0.evil']) {
    const odd = { servername, checkServerIdentity: () => undefined };
    assert.equal(await statusOf(dial(port, odd)), 0, `${servername} without a certificate`);
    assert.equal(await statusOf(dial(port, { ...odd, ...pemOf(client) })), 200, servername);
  }
});

test('SC-WEB-07: plain HTTP, and noise, on the port of TLS reach nobody', async (t) => {
  const { port, calls } = await serveTls(t, { verify: false, handshakeMs: 500 });
  for (const bytes of [
    'POST /containers/web/kill HTTP/1.1\r\nHost: x\r\n\r\n',
    '\0\0\0\0',
    '\x16\x03\x01\xff\xff',
  ]) {
    const socket = connectPlain(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.end(bytes, 'latin1');
    const answer = (await readToEnd(socket).catch(() => Buffer.alloc(0))).toString('latin1');
    assert.doesNotMatch(answer, /^HTTP\/1\.1 2/);
  }
  assert.deepEqual(calls, []);
  assert.equal(await statusOf(dial(port)), 200);
});

test('who sends plain HTTP to the port of TLS is told so', async (t) => {
  const { port, calls, refusals } = await serveTls(t, { verify: true });
  const socket = connectPlain(port, '127.0.0.1');
  socket.write('GET /containers/json HTTP/1.1\r\nHost: x\r\n\r\n');
  const { status, body } = readReply(await readToEnd(socket));
  assert.deepEqual([status, body.toString()], [400, 'Client sent an HTTP request to an HTTPS server.\n']);
  assert.deepEqual(calls, []);
  assert.match(refusals.join(), /http request/);
});

test('SC-WEB-07: half a handshake is given up', async (t) => {
  const { port, refusals } = await serveTls(t, { verify: false, handshakeMs: 50 });
  const silent = connectPlain(port, '127.0.0.1');
  silent.write('\x16\x03');
  assert.equal((await readToEnd(silent)).length, 0);
  assert.deepEqual(refusals, ['TLS handshake timeout']);
});

test('a client that ends its side under TLS still gets what it asked for', async (t) => {
  const { port } = await serveTls(t, { verify: false });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = dial(port, { minVersion: version, maxVersion: version });
    socket.end(PING);
    assert.equal(readReply(await readToEnd(socket)).status, 200, version);
  }
});

test('new certificates are for new connections, and open ones go on', async (t) => {
  const { port, secure, clientAuthorities } = await serveTls(t, { verify: true });
  const open = dial(port, pemOf(client));
  open.write('GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n');
  await readUntil(open, (bytes) => hasHead(bytes) && bytes.toString().endsWith('OK'));
  secure.renew({ ...pemOf(other.server()), clientAuthorities: readFileSync(other.ca) });
  assert.equal(await statusOf(dial(port, pemOf(client))), 0, 'the old authority is not trusted any more');
  const now = { ca: readFileSync(other.ca), ...pemOf(other.client('new')) };
  assert.equal(await statusOf(dial(port, now)), 200);
  assert.equal(await statusOf(open), 200, 'the connection from before');
  assert.throws(() => secure.renew({ ...pemOf(server), cert: Buffer.from('no'), clientAuthorities }), {
    name: 'InvalidArgument',
    message: /^tlscert and tlskey cannot be used: /,
  });
  assert.equal(await statusOf(dial(port, now)), 200);
});

test('a passed TCP socket is under TLS, and a passed unix socket beside it plain', async (t) => {
  const [tcp, unix] = [socket(AF.INET, SOCK.STREAM, 0), socket(AF.UNIX, SOCK.STREAM, 0)];
  const anyPort = Buffer.alloc(16); // sockaddr_in
  anyPort.writeUInt16LE(AF.INET);
  anyPort.set([127, 0, 0, 1], 4);
  bind(tcp, anyPort);
  bind(unix, unixAddress(join(home, 'passed')));
  for (const fd of [tcp, unix]) listenOn(fd, 16);
  const clientAuthorities = readFileSync(authority.ca);
  const secure = await openSecure({ ...pemOf(server), clientAuthorities }, silentLog);
  const api = createApi({ engine: fakeEngine().engine, log: silentLog, version: { engineVersion: '0' } });
  const [one, two] = [
    await listen(api, { kind: 'fd', fd: tcp, secure }),
    await listen(api, { kind: 'fd', fd: unix, secure }),
  ];
  t.after(() => Promise.all([one.close(), two.close(), api.close(0)]));
  assert.deepEqual([one.network?.secure, two.network], [true, undefined]);
  const port = one.port ?? 0;
  assert.equal(await statusOf(dial(port, pemOf(client))), 200);
  assert.equal(await statusOf(dial(port)), 0);
  const plain = connectPlain(port, '127.0.0.1');
  plain.on('error', () => undefined);
  assert.equal(await statusOf(plain), 400);
  assert.equal(await statusOf(connectPlain(join(home, 'passed'))), 200);
});

test('the page on remote access makes certificates that the daemon and its clients take', async (t) => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/remote-access.md'), 'utf8');
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  const making = blocks.find((text) => text.includes('openssl req -x509')) ?? '';
  const made = mkdtempSync(join(home, 'page-'));
  // Keys half as long are made in a tenth of the time.
  execFileSync('sh', ['-e', '-c', making.replaceAll('rsa:4096', 'rsa:2048')], { cwd: made, stdio: 'pipe' });
  const configured = parseConfig(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '', 'page');
  const { hosts, tls } = optionsFrom(configured);
  assert.deepEqual(hosts.at(-1), { kind: 'tcp', host: '0.0.0.0', port: 2376 });
  const here = (file = '') => join(made, file.replace('/etc/gantry/tls/', ''));
  const files = {
    cert: here(tls?.cert),
    key: here(tls?.key),
    clientAuthorities: here(tls?.clientAuthorities),
  };
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (event: string) => warnings.push(event) };
  const secure = await openSecure(readCertificates(files, log), silentLog);
  assert.deepEqual(warnings, []);
  const api = createApi({ engine: fakeEngine().engine, log: silentLog, version: { engineVersion: '0' } });
  const listener = await listen(api, { kind: 'tcp', host: '127.0.0.1', port: 0, secure });
  t.after(() => Promise.all([listener.close(), api.close(0)]));
  const ca = readFileSync(join(made, 'ca.pem'));
  const ann = pemOf({ cert: join(made, 'cert.pem'), key: join(made, 'key.pem') });
  assert.equal(await statusOf(dial(listener.port ?? 0, { ca, ...ann })), 200);
  assert.equal(await statusOf(dial(listener.port ?? 0, { ca })), 0);
});
