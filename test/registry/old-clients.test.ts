/** What clients of the first versions could do: log the engine in, and put a file from the web into an image. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { file, loadLayered } from '../harness/layered.ts';
import { startRegistry } from '../harness/registry.ts';

/** `secret`, by bcrypt. */
const SECRET_BCRYPT = '$2b$04$z2JZ/sqBhCI2LK31fRvgPu3LYNPO1.bWJUbUjixO725xL3DFckf0W';

test('a login of API 1.1 outlives the daemon, serves its registry alone, and nobody reads its password', async (t) => {
  const registry = await startRegistry(t, { htpasswd: `me:${SECRET_BCRYPT}\n` });
  const open = await startRegistry(t);
  const gantry = await startGantry(t);
  const old = () => gantry.api('1.1');
  for (const { host } of [registry, open])
    assert.equal((await gantry.api().post(`/images/busybox/tag?repo=${host}/app&tag=1`)).status, 201);
  const push = async (host: string) => (await old().post(`/images/${host}/app/push`)).text;
  assert.match(await push(registry.host), /error.*(no basic auth credentials|unauthorized|denied)/i);
  const login = { username: 'me', password: 'secret', email: 'me@x', serveraddress: registry.host };
  const wrong = await old().post('/auth', { ...login, password: 'guess' });
  assert.deepEqual([wrong.status, /failed with status: 401 Unauthorized/.test(wrong.text)], [500, true]);
  assert.equal((await old().get('/auth')).json<{ username: string }>().username, '');
  assert.equal((await old().post('/auth', login)).status, 200);
  await gantry.kill9();
  await gantry.start();
  assert.deepEqual((await old().get('/auth')).json(), { username: 'me', password: '', email: 'me@x' });
  assert.doesNotMatch(await push(registry.host), /error/i);
  assert.doesNotMatch(await push(open.host), /error/i);
  assert.doesNotMatch(open.log(), /auth\.user\.name|Authorization/i);
  assert.equal((await gantry.api().delete(`/images/${registry.host}/app:1`)).status, 200);
  await old().post(`/images/create?fromImage=${registry.host}/app&tag=1`);
  assert.equal((await gantry.api().get(`/images/${registry.host}/app:1/json`)).status, 200);
  const newer = await gantry.api().post(`/images/create?fromImage=${registry.host}/app&tag=1`);
  assert.match(
    newer.text,
    /no basic auth credentials|unauthorized|denied/i,
    'later versions bring their own',
  );
  assert.equal(statSync(join(gantry.dataRoot, 'records.sqlite')).mode & 0o077, 0);
  assert.doesNotMatch(gantry.log(), /secret/);
});

test('a file from the web is put into an image, as clients did before builds had ADD', async (t) => {
  const gantry = await startGantry(t);
  const server = createServer((request, response) => {
    if (request.url === '/chunked') response.write('in pieces\n');
    else if (request.url === '/file') response.setHeader('Content-Length', 8);
    else response.statusCode = 404;
    response.end(request.url === '/file' ? 'the file' : '');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const insert = (path: string, at: string) =>
    gantry.api('1.6').post(`/images/busybox/insert?url=${encodeURIComponent(from + path)}&path=${at}`);
  for (const [path, at, content] of [
    ['/file', '/etc/new/file', 'the file'],
    ['/chunked', 'pieces', 'in pieces\n'],
  ] as const) {
    const id = /\{"Id":"([0-9a-f]{12})"\}/.exec((await insert(path, at)).text)?.[1] ?? assert.fail('no id');
    const ran = await gantry.docker(['run', '--rm', '--network', 'none', id, 'cat', `/${at}`]);
    assert.equal(ran.stdout, content);
    const config = async (image: string) =>
      // A container without labels has an empty set of them, and its image too: old command lines show the difference.
      (await gantry.docker(['inspect', '-f', '{{json .Config}}', image])).stdout.replace(
        '"Labels":{}',
        '"Labels":null',
      );
    assert.equal(await config(id), await config('busybox'));
  }
  const images = async () => (await gantry.docker(['images', '-aq'])).stdout;
  const before = await images();
  for (const [path, at] of [
    ['/missing', '/x'],
    ['/file', '/'],
    ['/file', ''],
    ['/file', '/bin/'],
  ] as const)
    assert.ok((await insert(path, at)).status >= 400, `${path} ${at}`);
  assert.equal(
    (await gantry.api('1.6').post('/images/busybox/insert?url=file:///etc/passwd&path=/x')).status,
    500,
  );
  assert.equal((await gantry.api('1.6').post('/images/nobody/insert?url=http://x/&path=/x')).status, 404);
  assert.equal(await images(), before);
  assert.equal((await gantry.docker(['ps', '-aq'])).stdout, '', 'no container is left');
});

test('a pull of API 1.3 from a registry of its own parameter brings layer after layer, and names none', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  await loadLayered(gantry.api(), `${registry.host}/two:1`, [file('second', 'layer')]);
  assert.equal((await gantry.docker(['push', `${registry.host}/two:1`])).code, 0);
  await gantry.docker(['rmi', '-f', `${registry.host}/two:1`, 'busybox']);
  const { text } = await gantry
    .api('1.3')
    .post(`/images/create?fromImage=two&tag=1&registry=${registry.host}`);
  assert.doesNotMatch(text, /"id":|"error":/);
  const steps = [...text.matchAll(/"status":"(Downloading|Download complete)"/g)].map(([, step]) => step);
  // Once a layer is complete nothing of it comes any more: the first one's bytes do not follow the second one's.
  assert.equal(steps.filter((step) => step === 'Download complete').length, 2, text);
  assert.equal(steps.at(-1), 'Download complete');
  const ran = await gantry.docker([
    'run',
    '--rm',
    '--network',
    'none',
    `${registry.host}/two:1`,
    'cat',
    '/second',
  ]);
  assert.equal(ran.stdout, 'layer');
});
