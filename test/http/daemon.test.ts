/** The daemon's own settings for browsers and names; SC-HTTP-11 and 12 against real containers. */
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ask } from '../api/serve.ts';
import { runDocker } from '../harness/docker.ts';
import { startGantry } from '../harness/gantry.ts';
import { freePort } from '../harness/registry.ts';

const ORIGIN = 'https://console.example.com';

const port = await freePort();
const listening = ['-H', `tcp://127.0.0.1:${port}`, '--api-host', 'builds.corp.example'];
const gantry = await startGantry({ after }, { args: [...listening, '--api-cors-header', ORIGIN] });

test('the machine’s name and names of --api-host are served over TCP, others are not', async () => {
  const status = async (host: string) =>
    (await ask(port, '/version', { headers: { Host: `${host}:${port}` } })).status;
  for (const name of [hostname(), 'builds.corp.example', 'localhost', '127.0.0.1'])
    assert.equal(await status(name), 200, name);
  assert.equal(await status('evil.example'), 403);
});

test('the command line reaches the engine by address and by name', async () => {
  for (const host of [`tcp://127.0.0.1:${port}`, `tcp://localhost:${port}`]) {
    const ran = await runDocker(host, join(gantry.root, 'home'), ['run', '--rm', 'busybox', 'echo', 'hello']);
    assert.deepEqual([ran.stdout, ran.code], ['hello\n', 0], ran.stderr);
  }
});

test('pages of the origin of --api-cors-header are let in, others are not', async () => {
  const from = (Origin: string) => ask(port, '/v1.18/version', { headers: { Origin } });
  assert.equal((await from(ORIGIN)).headers['access-control-allow-origin'], ORIGIN);
  assert.equal((await from('https://evil.example')).status, 403);
});

test('SC-HTTP-11: an id counts before a name, a name before a prefix, and what means several is refused', async () => {
  const api = gantry.api();
  const create = async (name?: string): Promise<string> =>
    (await api.post(`/containers/create${name ? `?name=${name}` : ''}`, { Image: 'busybox' })).json<{
      Id: string;
    }>().Id;
  const all = [];
  // Ids begin with one of sixteen digits.
  for (let i = 0; i < 17; i++) all.push(await create());
  const [digit = ''] = all.map((id) => id[0] ?? '').filter((first, i, firsts) => firsts.indexOf(first) !== i);
  for (const call of [
    api.delete(`/containers/${digit}`),
    api.post(`/containers/${digit}/kill`),
    api.get(`/containers/${digit}/json`),
  ]) {
    const { status, text } = await call;
    assert.equal(status, 400, text);
    assert.match(text, /Multiple IDs found with provided prefix/);
  }
  const [whole = '', other = ''] = all;
  const named = await create(other.slice(0, 12));
  const likeAnId = await create(whole);
  assert.equal((await api.delete(`/containers/${other.slice(0, 12)}`)).status, 204);
  assert.equal((await api.delete(`/containers/${whole}`)).status, 204);
  const listed = (await api.get('/containers/json?all=1')).json<{ Id: string }[]>();
  const left = listed.map(({ Id }) => Id);
  assert.equal(left.includes(named), false, 'the name counts before the beginning of an id');
  assert.equal(left.includes(whole), false, 'the id counts before the name');
  for (const id of [other, likeAnId]) assert.ok(left.includes(id));
  for (const empty of ['/containers//json', '/containers/%20/json'])
    assert.equal((await api.get(empty)).status, 404);
  for (const id of left) assert.equal((await api.delete(`/containers/${id}`)).status, 204);
});

test('SC-HTTP-12: a client that leaves in the middle of an export, a save or a commit holds nothing back', async () => {
  const api = gantry.api();
  const Cmd = ['dd', 'if=/dev/urandom', 'of=/large', 'bs=1M', 'count=64'];
  const { Id } = (await api.post('/containers/create', { Image: 'busybox', Cmd })).json<{ Id: string }>();
  await api.post(`/containers/${Id}/start`);
  await api.post(`/containers/${Id}/wait`);
  for (const [method, url] of [
    ['GET', `/containers/${Id}/export`],
    ['POST', `/commit?container=${Id}&repo=left`],
    ['GET', '/images/busybox/get'],
  ] as const)
    for (const whole of [false, true]) {
      const gone = new AbortController();
      const asked = fetch(`http://127.0.0.1:${port}${url}`, { method, signal: gone.signal });
      if (whole) await asked.then((answer) => answer.arrayBuffer());
      else {
        // An archive is left when it has begun, a commit while it is made.
        if (method === 'GET') await (await asked).body?.getReader().read();
        gone.abort();
        await asked.catch(() => undefined);
      }
    }
  assert.equal((await api.delete(`/containers/${Id}`)).status, 204);
  assert.equal((await api.delete('/images/left')).status, 200);
});
