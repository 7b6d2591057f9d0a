/** Archives over the wire: headers, versions, and what a commit means to each of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ID, IMAGE_ID } from './fake/documents.ts';
import { ask, dial, lastCall, post, readReply, readToEnd, readUntil, serve } from './serve.ts';

const STAT = 'x-docker-container-path-stat';

test('a path is told in a header, with and without its archive', async () => {
  await using served = await serve();
  for (const [method, body, type] of [
    ['HEAD', '', undefined],
    ['GET', 'tar', 'application/x-tar'],
  ] as const) {
    const reply = await ask(served.path, '/v1.20/containers/web/archive?path=%2Fetc%2Flink', { method });
    assert.deepEqual([reply.status, reply.text, reply.headers['content-type']], [200, body, type]);
    assert.deepEqual(JSON.parse(Buffer.from(reply.headers[STAT] ?? '', 'base64').toString()), {
      name: 'link',
      size: 5,
      mode: 2 ** 27 + 2 ** 23 + 2 ** 22 + 2 ** 20 + 0o777,
      mtime: '2020-09-13T12:26:40.000000001Z',
      linkTarget: '/tmp',
    });
  }
});

test('a path that is missing, or is not there, says so; a HEAD by its status alone', async () => {
  await using served = await serve();
  for (const method of ['GET', 'HEAD', 'PUT']) {
    const without = await ask(served.path, '/containers/web/archive', { method });
    assert.equal(without.status, 400);
    if (method !== 'HEAD') assert.match(without.text, /bad parameter: pathcannot be empty/);
  }
  const missing = await ask(served.path, '/containers/web/archive?path=/x', { method: 'HEAD' });
  assert.deepEqual([missing.status, missing.text], [404, '']);
});

test('an archive is put as it comes, whatever its type is called', async () => {
  await using served = await serve();
  const put = (query: string) =>
    ask(served.path, `/v1.30/containers/web/archive?path=/tmp${query}`, {
      method: 'PUT',
      body: 'bytes',
      headers: { 'Content-Type': 'application/octet-stream' },
    });
  assert.equal((await put('')).status, 200);
  const options = { noOverwriteDirNonDir: false, copyUIDGID: false };
  assert.deepEqual(served.calls.at(-1), ['putArchive', 'web', '/tmp', options, 'bytes']);
  await put('&noOverwriteDirNonDir=true&copyUIDGID=1');
  assert.deepEqual(lastCall(served, 3), { noOverwriteDirNonDir: true, copyUIDGID: true });
});

test('an archive that is refused half-way is let pass, and its sender reads why', async () => {
  await using served = await serve();
  const bytes = 8 << 20;
  const socket = dial(served.path);
  socket.write(
    `PUT /containers/web/archive?path=/refused HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`,
  );
  // Sends all of it before it reads a byte, as simple clients do.
  for (let sent = 0; sent < bytes; sent += 1 << 20)
    await new Promise((resolve) => socket.write(Buffer.alloc(1 << 20), resolve));
  const { status, text } = readReply(await readUntil(socket, (got) => got.includes('half-way')));
  assert.deepEqual([status, text], [400, '{"message":"refused half-way"}\n']);
  socket.write('GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match((await readToEnd(socket)).toString(), /200 OK/); // the connection is still of use
});

test('the whole of a container comes without a type of its own', async () => {
  await using served = await serve();
  const { status, text, headers } = await ask(served.path, '/v1.0/containers/web/export');
  assert.deepEqual([status, text, headers['content-type']], [200, 'all', 'application/octet-stream']);
});

test('no changes are null', async () => {
  await using served = await serve();
  assert.equal((await ask(served.path, '/v1.0/containers/web/changes')).text, '[{"Path":"/etc","Kind":0}]\n');
  assert.equal((await ask(served.path, `/containers/${ID}/changes`)).text, 'null\n');
});

for (const [version, resource, status, text] of [
  ['1.4', '/etc', 200, 'tar'],
  ['1.23', '/etc', 200, 'tar'],
  ['1.23', '/missing', 500, 'Could not find the file /missing in container web\n'],
  ['1.23', '', 500, 'Path cannot be empty\n'],
  ['1.6', '', 500, 'Resource cannot be empty\n'],
  ['1.24', '/etc', 404, '{"message":"page not found"}\n'],
] as const)
  test(`the copy of before 1.24 answers ${status} to "${resource}" at v${version}`, async () => {
    await using served = await serve();
    const body = JSON.stringify({ Resource: resource, HostPath: '/ignored' });
    const reply = await post(served.path, `/v${version}/containers/web/copy`, { body });
    assert.deepEqual([reply.status, reply.text], [status, text]);
  });

for (const [version, text] of [
  ['1.18', 'No such container: nope\n'],
  ['1.19', ''],
  ['1.23', ''],
] as const)
  test(`copying from no container at v${version} is 404 ${text === '' ? 'without a word' : 'with words'}`, async () => {
    await using served = await serve();
    const body = JSON.stringify({ Resource: '/etc' });
    const reply = await post(served.path, `/v${version}/containers/nope/copy`, { body });
    assert.deepEqual([reply.status, reply.text], [404, text]);
  });

test('a copy needs JSON in every version, and says so', async () => {
  await using served = await serve();
  const copy = (version: string) =>
    post(served.path, `/v${version}/containers/web/copy`, {
      body: '{"Resource":"/etc"}',
      headers: { 'Content-Type': 'text/plain' },
    });
  const [old, newer] = [await copy('1.14'), await copy('1.15')];
  assert.deepEqual([old.status, old.text], [500, 'Content-Type not supported: text/plain\n']);
  assert.equal(newer.text, "Content-Type specified (text/plain) must be 'application/json'\n");
});

const nothingSaid = {
  container: 'web',
  repo: undefined,
  tag: undefined,
  comment: '',
  author: '',
  changes: [],
  config: undefined,
};

for (const [version, id] of [
  ['1.6', IMAGE_ID.slice('sha256:'.length, 19)],
  ['1.7', IMAGE_ID.slice('sha256:'.length)],
  ['1.21', IMAGE_ID.slice('sha256:'.length)],
  ['1.22', IMAGE_ID],
  ['1.55', IMAGE_ID],
] as const)
  test(`a commit at v${version} answers the id ${id.slice(0, 15)}…`, async () => {
    await using served = await serve();
    const reply = await post(served.path, `/v${version}/commit?container=web`);
    assert.deepEqual([reply.status, JSON.parse(reply.text)], [201, { Id: id }]);
    const pause = Number(version.slice(2)) >= 13;
    assert.deepEqual(lastCall(served, 2), { ...nothingSaid, pause });
  });

test('a commit takes names, words, instructions and a configuration', async () => {
  await using served = await serve();
  const query = 'container=web&repo=r&tag=t&comment=c&author=a&pause=0&changes=CMD%20a&changes=USER%20b';
  await post(served.path, `/v1.30/commit?${query}`, { body: JSON.stringify({ Cmd: 'one' }) });
  const { config, ...rest } = lastCall(served, 2);
  assert.deepEqual(rest, {
    container: 'web',
    repo: 'r',
    tag: 't',
    comment: 'c',
    author: 'a',
    pause: false,
    changes: ['CMD a', 'USER b'],
  });
  assert.deepEqual(config, { Cmd: ['one'] });
});

test('what commits said in older versions is understood', async () => {
  await using served = await serve();
  const run = encodeURIComponent(JSON.stringify({ Cmd: ['old'] }));
  await post(served.path, `/v1.8/commit?container=web&m=words&run=${run}&changes=CMD%20later`);
  const { comment, config, changes } = lastCall(served, 2);
  assert.deepEqual([comment, config, changes], ['words', { Cmd: ['old'] }, []]);
  await post(served.path, '/v1.8/commit?container=web&run=rubbish');
  assert.equal(lastCall(served, 2).config, undefined);
  const rubbish = { body: 'rubbish', headers: { 'Content-Type': 'text/plain' } };
  assert.equal((await post(served.path, '/v1.14/commit?container=web', rubbish)).status, 201);
  const json = { body: 'rubbish' };
  assert.equal((await post(served.path, '/v1.18/commit?container=web', json)).status, 201);
  assert.equal((await post(served.path, '/v1.19/commit?container=web', json)).status, 500);
  assert.equal((await post(served.path, '/v1.30/commit?container=web', json)).status, 400);
});
