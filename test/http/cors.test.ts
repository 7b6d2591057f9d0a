/** CORS: nothing by default; what the operator allows is said as each version said it, and to nobody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, type Reply, type ServeOptions, serve } from '../api/serve.ts';

const ONE = 'https://console.example.com';
const TWO = 'http://10.0.0.7:8080';

const serveTo = (origins: '*' | readonly string[], more: ServeOptions = {}) =>
  serve({ browsers: { origins, names: [] }, ...more });
const said = ({ headers }: Reply) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));
const preflight = (path: string, url: string, origin: string) =>
  ask(path, url, {
    method: 'OPTIONS',
    headers: { Origin: origin, 'Access-Control-Request-Method': 'DELETE' },
  });

test('SC-WEB-03: without CORS no answer names an origin, and a preflight is refused', async () => {
  await using served = await serve();
  for (const url of ['/_ping', '/version', '/v1.2/version', '/nowhere', '/v1.17/containers/json'])
    assert.deepEqual(said(await ask(served.path, url)), {}, url);
  const asked = await preflight(served.path, '/containers/x', ONE);
  assert.deepEqual([asked.status, said(asked)], [403, {}]);
});

const HEADERS = 'Origin, X-Requested-With, Content-Type, Accept';
const METHODS = 'GET, POST, DELETE, PUT, OPTIONS';

for (const [version, headers, methods] of [
  ['/v1.2', HEADERS, METHODS],
  ['/v1.15', HEADERS, METHODS],
  ['/v1.16', `${HEADERS}, X-Registry-Auth`, METHODS],
  ['/v1.20', `${HEADERS}, X-Registry-Auth`, METHODS],
  ['/v1.21', `${HEADERS}, X-Registry-Auth`, `HEAD, ${METHODS}`],
  ['', `${HEADERS}, X-Registry-Auth`, `HEAD, ${METHODS}`],
] as const)
  test(`CORS at ${version || 'no version'}: these headers and methods, on answers, failures and preflights`, async () => {
    await using served = await serveTo('*');
    const all = {
      'access-control-allow-origin': '*',
      'access-control-allow-headers': headers,
      'access-control-allow-methods': methods,
    };
    assert.deepEqual(said(await ask(served.path, `${version}/containers/json`)), all);
    assert.deepEqual(said(await ask(served.path, `${version}/nowhere`)), all);
    const asked = await preflight(served.path, `${version}/containers/x`, ONE);
    assert.deepEqual([asked.status, asked.text, said(asked)], [200, '', all]);
  });

test('below 1.2 there was neither CORS nor OPTIONS', async () => {
  await using served = await serveTo('*');
  assert.deepEqual(said(await ask(served.path, '/v1.1/containers/json')), {});
  const asked = await preflight(served.path, '/v1.1/containers/x', ONE);
  assert.deepEqual([asked.status, said(asked)], [404, {}]);
});

test('OPTIONS on any path answers 200 and nothing, with CORS and without', async () => {
  for (const origins of [[], '*'] as const) {
    await using served = await serveTo(origins);
    for (const url of ['*', '/', '/nowhere', '/v1.12/containers/x/attach', '/v1.24/build']) {
      const { status, text } = await ask(served.path, url, { method: 'OPTIONS' });
      assert.deepEqual([status, text], [200, ''], url);
    }
    assert.deepEqual(served.calls, []);
  }
});

test('one origin is named on every answer, also to pings that were answered before', async () => {
  await using served = await serveTo([ONE]);
  for (const url of ['/_ping', '/_ping', '/_ping', '/v1.12/_ping']) {
    const answer = await ask(served.path, url);
    assert.equal(answer.headers['access-control-allow-origin'], ONE, url);
    assert.equal(answer.headers.vary, undefined);
  }
});

test('SC-WEB-03: of several origins the one that asks is named, others are refused and never reflected', async () => {
  await using served = await serveTo([ONE, TWO]);
  for (const origin of [ONE, TWO]) {
    const answer = await ask(served.path, '/version', { headers: { Origin: origin } });
    assert.deepEqual(
      [answer.status, answer.headers['access-control-allow-origin'], answer.headers.vary],
      [200, origin, 'Origin'],
    );
  }
  for (const origin of [`${ONE}.evil.example`, 'https://evil.example', `${ONE}:444`, 'null', `${ONE}/`]) {
    const answer = await ask(served.path, '/version', { headers: { Origin: origin } });
    assert.deepEqual([answer.status, said(answer)], [403, {}], origin);
  }
  assert.deepEqual(said(await ask(served.path, '/version')), {});
});

test('SC-WEB-03: credentials are never allowed', async () => {
  for (const origins of ['*', [ONE]] as const) {
    await using served = await serveTo(origins);
    for (const headers of [{ Origin: ONE }, { Origin: ONE, Cookie: 'a=b', Authorization: 'Basic eDp5' }]) {
      const answer = await ask(served.path, '/version', { headers });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['access-control-allow-credentials'], undefined);
    }
  }
});
