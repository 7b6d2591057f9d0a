/** Registries and addresses of the web that only a proxy can reach. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as ask, createServer, type IncomingMessage } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';
import { freePort, makeCertificates } from '../harness/registry.ts';

const PASSWORD = 'open-sesame';

interface Proxy {
  readonly port: number;
  /** `METHOD TARGET` of each request that came with the password. */
  readonly asked: string[];
}

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

/** A proxy with a password to whom every name is this machine. */
async function startProxy(t: TestContext): Promise<Proxy> {
  const asked: string[] = [];
  const wanted = `Basic ${Buffer.from(`me:${PASSWORD}`).toString('base64')}`;
  const admits = ({ method, url, headers }: IncomingMessage): boolean => {
    if (headers['proxy-authorization'] !== wanted) return false;
    asked.push(`${method} ${url}`);
    return true;
  };
  const server = createServer((request, response) => {
    if (!admits(request)) return void response.writeHead(407).end();
    const { port, pathname, search } = new URL(request.url ?? '');
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const onward = ask(
      { host: '127.0.0.1', port, path: pathname + search, method: request.method, headers },
      (found) => {
        response.writeHead(found.statusCode ?? 500, found.headers);
        found.pipe(response);
      },
    );
    request.pipe(onward);
  });
  server.on('connect', (request, client, head) => {
    client.on('error', () => undefined);
    if (!admits(request)) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const onward = connect(Number(/:(\d+)$/.exec(request.url ?? '')?.[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(client).pipe(onward);
    });
    onward.on('error', () => client.destroy());
    client.on('close', () => onward.destroy());
  });
  const port = await listening(t, server);
  t.after(() => server.closeAllConnections());
  return { port, asked };
}

const address = ({ port }: Proxy, who = `me:${PASSWORD}@`): string => `http://${who}127.0.0.1:${port}`;

/** A registry with one image, known to the proxy as `NAME:PORT`, in plain HTTP or with a certificate for loopback. */
async function startHidden(t: TestContext, name: string, secure: boolean): Promise<string> {
  const registry = await FakeRegistry.start(t);
  registry.putImage('app', 'v1', { layers: [tarOf([file('file', 'behind the proxy\n')])] });
  if (!secure) return `${name}:${registry.host.split(':')[1]}`;
  const home = mkdtempSync(join(tmpdir(), 'gantry-tls-'));
  t.after(() => rmSync(home, { recursive: true }));
  const { certificate, key } = makeCertificates(home);
  const front = createSecureServer(
    { cert: readFileSync(certificate), key: readFileSync(key) },
    (request, response) => {
      const { method, url: path, headers } = request;
      const [host, port] = registry.host.split(':');
      const onward = ask({ host, port, path, method, headers }, (found) => {
        response.writeHead(found.statusCode ?? 500, found.headers);
        found.pipe(response);
      });
      request.pipe(onward);
    },
  );
  const port = await listening(t, front);
  t.after(() => front.closeAllConnections());
  return `${name}:${port}`;
}

test('registries are reached by the proxy of their scheme; what is excepted, and this machine, are not', async (t) => {
  const [proxy, secureProxy] = [await startProxy(t), await startProxy(t)];
  const plain = await startHidden(t, 'plain.test', false);
  const secure = await startHidden(t, 'secure.test', true);
  const near = await FakeRegistry.start(t);
  near.putImage('app', 'v1', { layers: [tarOf([file('file', 'near\n')])] });
  const gantry = await startGantry(t, {
    args: [
      `--http-proxy=${address(proxy)}`,
      `--https-proxy=${address(secureProxy)}`,
      '--no-proxy=excepted.invalid,10.0.0.0/8',
      `--insecure-registry=${plain}`,
      `--insecure-registry=${secure}`,
    ],
  });
  for (const registry of [plain, secure, near.host]) {
    const pulled = await gantry.docker(['pull', `${registry}/app:v1`]);
    assert.equal(pulled.code, 0, pulled.stderr);
  }
  assert.ok(proxy.asked.length >= 3);
  assert.ok(
    proxy.asked.every(
      (line) => line.startsWith(`GET http://${plain}/`) || line.startsWith(`HEAD http://${plain}/`),
    ),
    proxy.asked.join('\n'),
  );
  assert.deepEqual(new Set(secureProxy.asked), new Set([`CONNECT ${plain}`, `CONNECT ${secure}`]));
  const excepted = await gantry.docker(['pull', 'excepted.invalid/app:v1']);
  assert.notEqual(excepted.code, 0);
  assert.deepEqual(
    [...proxy.asked, ...secureProxy.asked].filter((line) => line.includes('excepted')),
    [],
  );
});

test('a certificate is checked through a proxy as without one', async (t) => {
  const proxy = await startProxy(t);
  const secure = await startHidden(t, 'secure.test', true);
  const gantry = await startGantry(t, { args: [`--https-proxy=${address(proxy)}`] });
  const { stderr } = await gantry.docker(['pull', `${secure}/app:v1`]);
  assert.match(stderr, /tls: failed to verify certificate: x509: /);
  assert.deepEqual(new Set(proxy.asked), new Set([`CONNECT ${secure}`]));
});

test('a proxy that refuses, and one that is not there, are told as such, without their password', async (t) => {
  const proxy = await startProxy(t);
  const nobody = `http://me:${PASSWORD}@127.0.0.1:${await freePort()}`;
  const gantry = await startGantry(t, {
    args: [`--https-proxy=${address(proxy, 'me:wrong@')}`, `--http-proxy=${nobody}`],
  });
  const { stderr } = await gantry.docker(['pull', 'secure.test/app:v1']);
  assert.match(
    stderr,
    /Get "https:\/\/secure\.test\/v2\/.*": the proxy refuses: 407 Proxy Authentication Required/,
  );
  const source = encodeURIComponent('http://web.test/rootfs.tar');
  const imported = await gantry.api().post(`/images/create?fromSrc=${source}`);
  assert.match(imported.text, /proxyconnect tcp: dial tcp 127\.0\.0\.1:\d+: connect: connection refused/);
  assert.ok(!`${stderr}${imported.text}${gantry.log()}`.includes(PASSWORD));
});

test('an import from the web goes through the proxy that the environment names; info tells of it without its password', async (t) => {
  const proxy = await startProxy(t);
  const web = createServer((_, response) => response.end(tarOf([file('file', 'from the web\n')])));
  const port = await listening(t, web);
  t.after(() => web.closeAllConnections());
  const gantry = await startGantry(t, { env: { HTTP_PROXY: address(proxy), no_proxy: 'a.test' } });
  const from = `http://web.test:${port}/rootfs.tar`;
  const imported = await gantry.docker(['import', from, 'web:1']);
  assert.equal(imported.code, 0, imported.stderr);
  assert.deepEqual(proxy.asked, [`GET ${from}`]);
  const info = (await gantry.api().get('/info')).json<Record<string, string>>();
  assert.deepEqual(
    [info.HttpProxy, info.HttpsProxy, info.NoProxy],
    [`http://xxxxx:xxxxx@127.0.0.1:${proxy.port}`, '', 'a.test'],
  );
});
