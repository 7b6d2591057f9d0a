/** Ordinary requests, raw: routes, versions, bodies, statuses and texts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { ID } from './fake/documents.ts';
import {
  ask,
  dial,
  hasHead,
  lastCall,
  post,
  readReply,
  readToEnd,
  readUntil,
  serve,
  until,
} from './serve.ts';

test('a ping says OK, and its headers say what the engine can do', async () => {
  await using served = await serve();
  const { status, text, headers } = await ask(served.path, '/_ping');
  assert.deepEqual([status, text], [200, 'OK']);
  assert.equal(headers['api-version'], '1.55');
  assert.equal(headers.ostype, 'linux');
  assert.equal(headers['docker-experimental'], 'false');
  assert.equal(headers['builder-version'], '2');
  assert.equal(headers.swarm, 'inactive');
  assert.equal(headers.server, 'Gantry/0.1.0 (linux)');
  assert.equal(headers['cache-control'], 'no-cache, no-store, must-revalidate');
});

test('a HEAD ping has the same headers and no body', async () => {
  await using served = await serve();
  const { status, text, headers } = await ask(served.path, '/v1.40/_ping', { method: 'HEAD' });
  assert.deepEqual([status, text, headers['api-version'], headers['content-length']], [200, '', '1.55', '0']);
});

for (const [prefix, older] of [
  ['', false],
  ['/v1.55', false],
  ['/v1.24', true],
  ['/v1.0', true],
  ['/v1', true],
  ['/v1.56', false],
  ['/v1.100', false],
  ['/v2.0', false],
] as const)
  test(`a request at ${prefix || 'no version'} is answered ${older ? 'in its own form' : 'as the newest'}`, async () => {
    await using served = await serve();
    const { status, text } = await ask(served.path, `${prefix}/version`);
    assert.equal(status, 200);
    assert.equal('Components' in JSON.parse(text), !older);
  });

test('1.10 comes after 1.9', async () => {
  await using served = await serve();
  const at = async (version: string) =>
    JSON.parse((await ask(served.path, `/v${version}/containers/json`)).text)[0];
  assert.equal('SizeRw' in (await at('1.8')), true);
  assert.equal('SizeRw' in (await at('1.10')), false);
});

test('a version before the first, or none at all, is refused', async () => {
  await using served = await serve();
  const below = await ask(served.path, '/v0.9/version');
  assert.equal(below.status, 400);
  assert.match(below.text, /client version 0\.9 is too old\. Minimum supported API version is 1\.0/);
  assert.equal((await ask(served.path, '/vx/version')).status, 404);
});

for (const [url, method, body, type] of [
  ['/nowhere', 'GET', '{"message":"page not found"}\n', 'application/json'],
  ['/v1.24/nowhere', 'GET', '{"message":"page not found"}\n', 'application/json'],
  ['/v1.23/nowhere', 'GET', '404 page not found\n', 'text/plain; charset=utf-8'],
  ['/v1.30/containers/json', 'PUT', '{"message":"page not found"}\n', 'application/json'],
  ['/containers/', 'GET', '{"message":"page not found"}\n', 'application/json'],
  ['/v1.21/containers/ps', 'GET', '404 page not found\n', 'text/plain; charset=utf-8'],
] as const)
  test(`${method} ${url} is 404 in the version's form`, async () => {
    await using served = await serve();
    const reply = await ask(served.path, url, { method });
    assert.deepEqual([reply.status, reply.text, reply.headers['content-type']], [404, body, type]);
  });

test('the first spelling of the container list is served up to 1.20', async () => {
  await using served = await serve();
  assert.equal((await ask(served.path, '/v1.20/containers/ps')).status, 200);
});

test('OPTIONS on any path is 200 and empty', async () => {
  await using served = await serve();
  const { status, text } = await ask(served.path, '/v1.12/containers/create', { method: 'OPTIONS' });
  assert.deepEqual([status, text], [200, '']);
});

test('names may contain slashes, be escaped, and carry a leading slash', async () => {
  await using served = await serve();
  await ask(served.path, '/images/registry.example:5000/a/b:1/json');
  assert.deepEqual(served.calls.at(-1), ['imageInspect', 'registry.example:5000/a/b:1']);
  await ask(served.path, '/v1.30/images/a%2Fb/json');
  assert.deepEqual(served.calls.at(-1), ['imageInspect', 'a/b']);
  assert.equal((await ask(served.path, '/containers//web/json')).status, 200);
  assert.equal((await ask(served.path, '/containers/%2Fweb/json')).status, 200);
});

test('an escape that is none is 400', async () => {
  await using served = await serve();
  assert.equal((await ask(served.path, '/containers/%zz/json')).status, 400);
});

test('a proxy may name the whole URL', async () => {
  await using served = await serve();
  assert.equal((await ask(served.path, 'http://localhost/v1.30/version')).status, 200);
});

const notFound = [
  ['1.0', 'No such container: nope\n'],
  ['1.17', 'No such container: nope\n'],
  ['1.18', 'no such id: nope\n'],
  ['1.21', 'no such id: nope\n'],
  ['1.22', 'No such container: nope\n'],
  ['1.24', '{"message":"No such container: nope"}\n'],
  ['1.55', '{"message":"No such container: nope"}\n'],
] as const;
for (const [version, text] of notFound)
  test(`an unknown container at v${version} is ${text.trim()}`, async () => {
    await using served = await serve();
    const reply = await ask(served.path, `/v${version}/containers/nope/json`);
    assert.deepEqual([reply.status, reply.text], [404, text]);
  });

for (const [version, status, text] of [
  ['1.0', 500, 'EOF\n'],
  ['1.23', 500, 'EOF\n'],
  ['1.24', 400, '{"message":"EOF"}\n'],
  ['1.55', 400, '{"message":"invalid JSON: EOF"}\n'],
] as const)
  test(`creating a container from nothing at v${version} is ${status}`, async () => {
    await using served = await serve();
    const reply = await post(served.path, `/v${version}/containers/create`);
    assert.deepEqual([reply.status, reply.text], [status, text]);
  });

for (const [body, version, status, message] of [
  ['{"Image":', '1.55', 400, 'invalid JSON: unexpected EOF'],
  ['{"Image":', '1.41', 400, 'unexpected EOF'],
  ['{Image}', '1.55', 400, "invalid JSON: invalid character 'I' looking for beginning of object key string"],
  ['{"Image":"x"} {"a":1}', '1.55', 400, 'invalid JSON: unexpected content after JSON'],
  [
    '{"Image":7}',
    '1.55',
    400,
    'invalid JSON: json: cannot unmarshal number into Go struct field CreateRequest.Image of type string',
  ],
  [
    '{"HostConfig":{"Memory":"1"}}',
    '1.41',
    400,
    'json: cannot unmarshal string into Go struct field HostConfig.HostConfig.Memory of type int64',
  ],
  ['[]', '1.55', 400, 'invalid JSON: json: cannot unmarshal array into Go value of type CreateRequest'],
  ['{}', '1.55', 400, 'config cannot be empty in order to create a container'],
  [
    '{"Image":"x","MacAddress":"02:42:ac:11:00:02"}',
    '1.55',
    400,
    'container-wide MAC address no longer supported; use endpoint-specific MAC address instead',
  ],
] as const)
  test(`the body ${body} at v${version} is ${status}: ${message}`, async () => {
    await using served = await serve();
    const reply = await post(served.path, `/v${version}/containers/create`, { body });
    assert.deepEqual([reply.status, JSON.parse(reply.text)], [status, { message }]);
    assert.deepEqual(served.calls, []);
  });

test('malformed JSON at v1.23 is 500 with the decoder’s text', async () => {
  await using served = await serve();
  const reply = await post(served.path, '/v1.23/containers/create', { body: '{x' });
  assert.deepEqual(
    [reply.status, reply.text],
    [500, "invalid character 'x' looking for beginning of object key string\n"],
  );
});

for (const [type, version, status] of [
  ['text/plain', '1.55', 400],
  ['application/x-www-form-urlencoded', '1.55', 400],
  ['', '1.55', 400],
  ['application/json; charset=utf-8', '1.55', 201],
  ['Application/JSON', '1.55', 201],
  ['text/plain', '1.15', 500],
  ['text/plain', '1.14', 201],
] as const)
  test(`a body of type "${type}" at v${version} is ${status}`, async () => {
    await using served = await serve();
    const reply = await post(served.path, `/v${version}/containers/create`, {
      body: { Image: 'x' },
      headers: { 'Content-Type': type },
    });
    assert.equal(reply.status, status, reply.text);
  });

test('a JSON body beyond the limit is 413, and the engine hears nothing', async () => {
  await using served = await serve();
  const reply = await post(served.path, '/containers/create', {
    body: `{"Image":"${'x'.repeat(5 * 1024 * 1024)}"}`,
  });
  assert.equal(reply.status, 413);
  assert.match(reply.text, /request body too large/);
  assert.deepEqual(served.calls, []);
});

test('a body of two million brackets is refused quickly enough for others to be served', async () => {
  await using served = await serve();
  const nested = post(served.path, '/containers/create', {
    body: `{"Labels":${'['.repeat(1e6)}${']'.repeat(1e6)}}`,
  });
  assert.equal((await ask(served.path, '/_ping')).status, 200);
  const reply = await nested;
  assert.deepEqual(
    [reply.status, JSON.parse(reply.text)],
    [400, { message: 'invalid JSON: exceeded max depth' }],
  );
});

test('members of a body are found in any letter case', async () => {
  await using served = await serve();
  await post(served.path, '/containers/create?name=n', {
    body: { image: 'x', hostconfig: { memory: 67108864 } },
  });
  assert.deepEqual(served.calls.at(-1), [
    'create',
    { Image: 'x', HostConfig: { Memory: 67108864 } },
    'n',
    undefined,
  ]);
});

test('a chunked body is as good as one with a length', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.write(
    'POST /containers/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  socket.write('9\r\n{"Image":\r\n');
  socket.write('4\r\n"x"}\r\n0\r\n\r\n');
  assert.equal(readReply(await readToEnd(socket)).status, 201);
});

test('a form on a route without a body is as good as a query', async () => {
  await using served = await serve();
  await post(served.path, '/containers/web/rename', {
    body: 'name=new',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  assert.deepEqual(served.calls.at(-1), ['rename', 'web', 'new']);
});

for (const [version, status] of [
  ['1.10', 500],
  ['1.11', 204],
  ['1.12', 204],
  ['1.13', 304],
  ['1.24', 304],
  ['1.55', 304],
] as const)
  test(`starting a running container answers ${status} at v${version}`, async () => {
    await using served = await serve();
    assert.equal((await post(served.path, `/v${version}/containers/web/start`)).status, status);
  });

for (const [version, status] of [
  ['1.12', 204],
  ['1.13', 304],
] as const)
  test(`stopping a stopped container answers ${status} at v${version}`, async () => {
    await using served = await serve();
    served.running = false;
    assert.equal((await post(served.path, `/v${version}/containers/web/stop`)).status, status);
  });

for (const [version, status] of [
  ['1.19', 204],
  ['1.20', 500],
  ['1.24', 500],
  ['1.55', 409],
] as const)
  test(`killing a stopped container answers ${status} at v${version}`, async () => {
    await using served = await serve();
    served.running = false;
    assert.equal((await post(served.path, `/v${version}/containers/web/kill`)).status, status);
  });

test('start takes a HostConfig from 1.3 to 1.23 and refuses a body from 1.24', async () => {
  await using served = await serve();
  served.running = false;
  const body = { Binds: ['/a:/b'] };
  const started = async (version: string, headers = {}) => {
    const { status } = await post(served.path, `/v${version}/containers/web/start`, { body, headers });
    return [status, (served.calls.pop()?.[2] as { hostConfig?: unknown } | undefined)?.hostConfig];
  };
  assert.deepEqual(await started('1.2'), [204, undefined]);
  assert.deepEqual(await started('1.3'), [204, body]);
  assert.deepEqual(await started('1.13', { 'Content-Type': 'text/plain' }), [204, undefined]);
  const withCharset = { 'Content-Type': 'application/json; charset=utf-8' };
  assert.deepEqual(await started('1.4', withCharset), [204, body]);
  assert.deepEqual(await started('1.13', withCharset), [204, body]);
  assert.deepEqual(await started('1.23'), [204, body]);
  assert.deepEqual(await started('1.24'), [400, undefined]);
  assert.deepEqual(await started('1.55'), [400, undefined]);
});

for (const [version, word, status] of [
  ['1.2', 'TRUE', 200],
  ['1.2', 'yes', 400],
  ['1.8', 't', 200],
  ['1.8', 'yes', 400],
  ['1.9', 'yes', 200],
  ['1.55', 'whatever', 200],
] as const)
  test(`all=${word} at v${version} is ${status}`, async () => {
    await using served = await serve();
    const reply = await ask(served.path, `/v${version}/containers/json?all=${word}`);
    assert.equal(reply.status, status);
    if (status === 400) assert.equal(reply.text, 'Bad parameter\n');
    else assert.equal(lastCall(served, 1).all, true);
  });

for (const [version, status] of [
  ['1.18', 200],
  ['1.19', 500],
  ['1.55', 400],
] as const)
  test(`limit=x at v${version} is ${status}`, async () => {
    await using served = await serve();
    assert.equal((await ask(served.path, `/v${version}/containers/json?limit=x`)).status, status);
  });

test('filters come as lists or as maps of booleans', async () => {
  await using served = await serve();
  for (const filters of ['{"name":["a","b"]}', '{"name":{"a":true,"b":true}}']) {
    await ask(served.path, `/containers/json?filters=${encodeURIComponent(filters)}`);
    assert.deepEqual(lastCall(served, 1).filters, new Map([['name', ['a', 'b']]]));
  }
  for (const filters of ['nonsense', '[]', '{"a":1}'])
    assert.equal(
      (await ask(served.path, `/containers/json?filters=${encodeURIComponent(filters)}`)).status,
      400,
    );
});

for (const [query, status] of [
  ['h=40&w=80', 200],
  ['h=40', 400],
  ['h=-1&w=80', 400],
  ['h=4294967296&w=80', 400],
] as const)
  test(`a resize with ${query} is ${status}`, async () => {
    await using served = await serve();
    assert.equal((await post(served.path, `/containers/web/resize?${query}`)).status, status);
    if (status === 200) assert.deepEqual(served.calls.at(-1), ['resize', 'web', { rows: 40, columns: 80 }]);
  });

test('a name that is taken is 409 in the words of each version', async () => {
  await using served = await serve();
  const taken = async (version: string) =>
    (await post(served.path, `/v${version}/containers/create?name=web`, { body: { Image: 'x' } })).text;
  assert.match(
    await taken('1.55'),
    /Conflict\. The container name \\"\/web\\" is already in use by container/,
  );
  assert.match(
    await taken('1.20'),
    new RegExp(
      `^Conflict\\. The name "web" is already in use by container ${ID.slice(0, 12)}\\. You have to delete`,
    ),
  );
  assert.match(
    await taken('1.16'),
    new RegExp(`^Conflict, The name web is already assigned to ${ID.slice(0, 12)}\\.`),
  );
});

test('a page of another origin is refused, one of our own is not', async () => {
  await using served = await serve();
  const from = async (origin: string) =>
    (await ask(served.path, '/version', { headers: { Origin: origin } })).status;
  assert.deepEqual([await from('http://evil.example'), await from('http://localhost')], [403, 200]);
});

test('several requests go over one connection', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  for (const url of ['/_ping', '/v1.12/_ping', '/version']) {
    socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const reply = readReply(
      await readUntil(socket, (bytes) => hasHead(bytes) && readReply(bytes).body.length > 0),
    );
    assert.equal(reply.status, 200);
  }
  socket.destroy();
});

test('pipelined requests are answered in order', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.end(
    'GET /_ping HTTP/1.1\r\nHost: x\r\n\r\nPOST /containers/web/rename?name=n HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  );
  const text = (await readToEnd(socket)).toString();
  assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 204', 'HTTP/1.1 404']);
});

for (const [what, bytes] of [
  [
    'a chunk size that is none',
    'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n',
  ],
  [
    'two lengths',
    'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}',
  ],
  ['a negative length', 'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n'],
  ['no host', 'GET /version HTTP/1.1\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
] as const)
  test(`${what} is 400 and ends the connection`, async () => {
    await using served = await serve();
    const socket = dial(served.path);
    socket.write(Buffer.from(bytes, 'latin1'));
    assert.equal(readReply(await readToEnd(socket)).status, 400);
    assert.deepEqual(served.calls, []);
  });

test('a second request hidden in a body is not answered', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.end(
    'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /version HTTP/1.1\r\nHost: x\r\n\r\n',
  );
  assert.doesNotMatch((await readToEnd(socket)).toString(), /ApiVersion/);
});

test('a body that does not end is answered and cut off', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.write(
    'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n',
  );
  const block = Buffer.alloc(1 << 20, 32);
  let answered = false;
  const reply = readUntil(socket, hasHead).then((bytes) => {
    answered = readReply(bytes).status === 413;
  });
  // No more than what is taken: a server that stopped reading has answered.
  for (let i = 0; i < 100 && !answered; i++)
    await Promise.race([new Promise<void>((taken) => socket.write(block, () => taken())), reply]);
  await until(() => answered);
  assert.ok(socket.bytesWritten < 64 << 20, `${socket.bytesWritten} bytes were taken`);
  socket.destroy();
});

test('a ping is the same answer the first time and every time after, but for its date', async () => {
  await using at = await serve();
  const socket = dial(at.path);
  const request = 'GET /v1.24/_ping HTTP/1.1\r\nHost: x\r\n\r\n';
  const answers: string[] = [];
  for (let i = 0; i < 3; i++) {
    socket.write(request);
    let text = '';
    while (!text.endsWith('\r\n\r\nOK')) text += String((await once(socket, 'data'))[0]);
    answers.push(text.replace(/^Date: .*\r\n/m, 'Date: now\r\n'));
  }
  socket.destroy();
  assert.match(answers[0] ?? '', /^HTTP\/1\.1 200 OK\r\nApi-Version: 1\.\d+\r\n.*Date: now\r\n/s);
  assert.deepEqual(answers, [answers[0], answers[0], answers[0]]);
});

test('detach keys at a start go nowhere: the documents name them, and no engine has ever read them', async () => {
  await using served = await serve();
  served.running = false;
  const { status } = await post(served.path, '/containers/web/start?detachKeys=no-such-key');
  assert.equal(status, 204);
  assert.deepEqual(Object.keys(lastCall(served, 2)).sort(), ['hostConfig', 'keep']);
});
