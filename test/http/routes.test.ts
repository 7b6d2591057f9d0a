/** SC-HTTP-08, 09 and 13: what is no call of the API is told so, in one form, and changes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contract } from '../../src/api/contract/index.ts';
import { ask, dial, type Reply, readToEnd, type Served, serve } from '../api/serve.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'];
const declared = new Set<string>(Object.values(contract).map(({ route }) => route));
const paths = [...new Set([...declared].map((route) => route.slice(route.indexOf(' ') + 1)))];

/** What follows the noun may also be a name: `DELETE /images/create` removes the image `create`. */
const isName = (method: string, path: string): boolean =>
  [...declared].some((route) => {
    const [, noun = ''] = /^(\w+ \/\w+\/)\{\w+\}$/.exec(route) ?? [];
    return noun !== '' && `${method} ${path}`.startsWith(noun);
  });

/** A failure has one content type, nothing for a browser to run, no way elsewhere, and no traces of the program. */
function assertShape(what: string, { headers, text }: Reply, asJson: boolean, hasBody = true): void {
  assert.equal(headers['content-type'], asJson ? 'application/json' : 'text/plain; charset=utf-8', what);
  assert.equal(headers.location, undefined, what);
  if (!asJson) assert.equal(headers['x-content-type-options'], 'nosniff', what);
  if (!hasBody) return;
  assert.doesNotMatch(text, /<html|\n {4}at |\/src\//, what);
  if (asJson) assert.deepEqual(Object.keys(JSON.parse(text)), ['message'], what);
  else assert.match(text, /^[^{].*\n$/, what);
}

for (const version of ['', '/v1.41', '/v1.24', '/v1.23', '/v1.12', '/v1.0'])
  test(`SC-HTTP-08, SC-HTTP-13: every route by every method that it has not, ${version || 'without a version'}`, async () => {
    await using served = await serve();
    const asJson = version === '' || Number(version.slice(4)) >= 24;
    let asked = 0;
    for (const path of paths)
      for (const method of METHODS) {
        if (declared.has(`${method} ${path}`) || isName(method, path)) continue;
        const url = `${version}${path.replace(/\{\w+\}/g, 'none')}`;
        const reply = await ask(served.path, url, { method });
        asked++;
        assert.ok([400, 404, 405, 501, 503].includes(reply.status), `${method} ${url}: ${reply.status}`);
        assertShape(`${method} ${url}`, reply, asJson, method !== 'HEAD');
      }
    assert.ok(asked > 300, `${asked} were asked`);
    assert.ok(served.calls.every(([verb]) => !['kill', 'create', 'stop'].includes(String(verb))));
  });

for (const [url, status] of [
  ['/v0.9/version', 400],
  ['/v0/version', 400],
  ['/v/version', 404],
  ['/v1.20/v1.20/version', 404],
  ['/v1.+1/version', 404],
  ['/v1.-1/version', 404],
  ['/v1,20/version', 404],
  ['/V1.20/version', 404],
  ['/v1.20', 404],
  ['/v1.20/', 404],
  ['/v1.20./version', 404],
  ['/v1.20.1.1/version', 404],
  ['/v1..20/version', 404],
  ['/v.20/version', 404],
  ['/v1.1e1/version', 404],
  ['/version/', 404],
  ['/containers/json/', 404],
  ['/containers//json', 404],
  ['/../version', 404],
  ['/./version', 404],
  ['/%2e%2e/version', 404],
  ['/version%00', 404],
  ['/containers/json%0d%0aSet-Cookie:%20a=b', 404],
] as const)
  test(`SC-HTTP-08, SC-HTTP-13: ${url} is ${status}`, async () => {
    await using served = await serve();
    const reply = await ask(served.path, url);
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.headers['set-cookie'], undefined);
    assertShape(url, reply, !/^\/v1\.20\//.test(url));
  });

const upgrades = {
  h2c: 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
  websocket:
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
  tcp: 'Connection: Upgrade\r\nUpgrade: tcp\r\n',
};

async function statuses({ path }: Served, text: string): Promise<string[]> {
  const socket = dial(path);
  socket.end(text);
  return (await readToEnd(socket)).toString('latin1').match(/HTTP\/1\.1 \d+/g) ?? [];
}

const LAST = 'GET /_ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

for (const [what, headers] of Object.entries(upgrades))
  test(`SC-HTTP-09: asking for ${what} of calls that do not upgrade changes nothing, and the next request is served`, async () => {
    await using served = await serve();
    for (const [line, status] of [
      ['GET /version', 200],
      ['POST /containers/web/kill', 204],
      ['GET /nowhere', 404],
      ['GET /v1.12/containers/nope/json', 404],
    ] as const)
      assert.deepEqual(
        await statuses(served, `${line} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n${LAST}`),
        [`HTTP/1.1 ${status}`, 'HTTP/1.1 200'],
        line,
      );
  });

test('SC-HTTP-09: a takeover that fails is one answer and the end: what is pipelined behind it is nobody’s', async () => {
  await using served = await serve();
  for (const line of ['POST /containers/nope/attach?stream=1', 'GET /containers/web/attach/ws?stream=1'])
    for (const headers of ['', upgrades.tcp]) {
      const text = `${line} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\nPOST /containers/web/kill HTTP/1.1\r\nHost: localhost\r\n\r\n`;
      assert.equal((await statuses(served, text)).length, 1, line);
    }
  assert.ok(!served.calls.some(([verb]) => verb === 'kill'));
});

test('CONNECT leads nowhere', async () => {
  await using served = await serve({ tcp: true });
  const socket = dial(served.port);
  socket.write('CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.doesNotMatch((await readToEnd(socket)).toString(), /^HTTP\/1\.1 2/);
});

test('HEAD is answered where it is documented, with the headers of the GET and no body', async () => {
  await using served = await serve();
  const text = `HEAD /_ping HTTP/1.1\r\nHost: localhost\r\n\r\n${LAST}`;
  assert.deepEqual(await statuses(served, text), ['HTTP/1.1 200', 'HTTP/1.1 200']);
  const reply = await ask(served.path, '/containers/web/archive?path=/etc/link', { method: 'HEAD' });
  assert.deepEqual([reply.status, reply.text], [200, '']);
  assert.ok(reply.headers['x-docker-container-path-stat']);
});

test('a body on a GET is passed over, and the next request is served', async () => {
  await using served = await serve();
  const body = 'GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n';
  for (const framing of [
    `Content-Length: ${body.length}\r\n\r\n${body}`,
    `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  ])
    for (const url of ['/_ping', '/version', '/containers/json'])
      assert.deepEqual(
        await statuses(served, `GET ${url} HTTP/1.1\r\nHost: localhost\r\n${framing}${LAST}`),
        ['HTTP/1.1 200', 'HTTP/1.1 200'],
        url,
      );
});

test('Expect: 100-continue is answered before the body, another expectation is 417', async () => {
  await using served = await serve();
  const head = (expectation: string) =>
    `POST /containers/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 19\r\nConnection: close\r\nExpect: ${expectation}\r\n\r\n`;
  const asked = `${head('100-continue')}{"Image":"busybox"}`;
  assert.deepEqual(await statuses(served, asked), ['HTTP/1.1 100', 'HTTP/1.1 201']);
  assert.deepEqual(await statuses(served, `${head('a-miracle')}{"Image":"busybox"}`), ['HTTP/1.1 417']);
});

test('SC-LOG-09, SC-HTTP-13: a failure tells the beginning of what is too long to be told', async () => {
  await using served = await serve();
  const long = 'x'.repeat(200_000);
  for (const [url, ask_] of [
    [`/containers/json?limit=${long}`, {}],
    [`/containers/${long}/json`, {}],
    ['/containers/create', { method: 'POST', body: { Image: 'busybox', HostConfig: { Memory: long } } }],
    [
      '/containers/create',
      { method: 'POST', body: `{"Image": "a"} ${long}`, headers: { 'Content-Type': 'application/json' } },
    ],
  ] as const) {
    const reply = await ask(served.path, url, ask_);
    assert.ok(reply.status === 400 || reply.status === 404, `${reply.status}`);
    assert.ok(reply.text.length < 10_000, `${reply.text.length} characters for ${url.slice(0, 30)}`);
    assertShape(url.slice(0, 30), reply, true);
  }
});
